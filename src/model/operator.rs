//! Operators: the people who sign in to the portal, and what their roles let them do.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::environment::EnvironmentOption;
use super::words::{UnknownWord, words};

words! {
    /// A role of an operator, granted for one environment or for all.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Role {
        Owner = "owner" => "Owner",
        Admin = "admin" => "Admin",
        Impersonator = "impersonator" => "Impersonator",
        BackofficeEditor = "backoffice_editor" => "Backoffice Editor",
        BackofficeViewer = "backoffice_viewer" => "Backoffice Viewer",
    }
}

/// The roles of one operator in one environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles(u8);

impl Roles {
    pub fn has(self, role: Role) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// One bit a role, in the order of [`Role::ALL`]. Other bits are ignored: [`Roles::try_from`] refuses them.
    pub fn from_bits(bits: i64) -> Self {
        Role::ALL.into_iter().filter(|role| bits & (1 << *role as u8) != 0).collect()
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// Seeing users, accounts, applications and the audit trail needs a role that gives access to them;
    /// Impersonator is an addition to one, not one itself.
    pub fn can_view(self) -> bool {
        self.has(Role::Owner)
            || self.has(Role::Admin)
            || self.has(Role::BackofficeEditor)
            || self.has(Role::BackofficeViewer)
    }

    /// Owner; or Impersonator together with Admin, Backoffice Editor or Backoffice Viewer.
    pub fn can_impersonate(self) -> bool {
        self.has(Role::Owner) || (self.has(Role::Impersonator) && self.can_view())
    }

    /// Changing users, accounts and who belongs to which.
    pub fn can_edit(self) -> bool {
        self.can_administer() || self.has(Role::BackofficeEditor)
    }

    /// Changing the environment's impersonation settings.
    pub fn can_change_settings(self) -> bool {
        self.has(Role::Owner) || self.has(Role::Admin)
    }

    /// Taking a permission off the protected ones: whom they bind does not loosen them.
    pub fn can_unprotect(self) -> bool {
        self.has(Role::Owner)
    }

    /// Ending impersonations that others started.
    pub fn can_end_any_session(self) -> bool {
        self.has(Role::Owner) || self.has(Role::Admin)
    }

    /// Changing applications and roles, deleting, rotating keys, and having applications told again about the end of a session.
    pub fn can_administer(self) -> bool {
        self.has(Role::Owner) || self.has(Role::Admin)
    }

    pub fn labels(self) -> String {
        self.iter().map(Role::label).collect::<Vec<_>>().join(" · ")
    }
}

impl TryFrom<i64> for Roles {
    type Error = UnknownWord;

    /// [`Roles::from_bits`], where each bit is a role's.
    fn try_from(bits: i64) -> Result<Self, UnknownWord> {
        let roles = Self::from_bits(bits);
        let unknown = || UnknownWord { vocabulary: "Roles", word: bits.to_string() };
        (i64::from(roles.0) == bits).then_some(roles).ok_or_else(unknown)
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | 1 << role as u8))
    }
}

/// What the portal's frame shows on every signed-in page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shell {
    pub operator_id: Uuid,
    pub operator_name: String,
    pub operator_email: String,
    /// Without a name where the operator has no role in it, whether it exists or not.
    pub environment: EnvironmentOption,
    /// The operator's roles in `environment`.
    pub roles: Roles,
    /// Every environment in which the operator has a role.
    pub environments: Vec<EnvironmentOption>,
    /// Impersonations running now in `environment`.
    pub live_impersonations: i64,
    /// Changes whenever one of them begins or ends: what the stream of changes is held against.
    pub live_mark: String,
    /// Impersonations that were started from this portal session, in whichever environment: signing out ends them.
    pub ending_with_sign_out: i64,
}

/// What signing out of the portal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignedOut {
    Done,
    /// Nothing was changed: more sessions would end with it than whoever asked was shown.
    Asks,
}

/// What is said before a portal session ends from which so many impersonations were started that run.
pub fn ending_with_sign_out(ending: i64) -> String {
    match ending {
        1 => "1 running session will end: you started it from here.".to_owned(),
        ending => format!("{ending} running sessions will end: you started them from here."),
    }
}
