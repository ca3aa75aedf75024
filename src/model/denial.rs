//! Why an impersonation is refused, in a word for programs and a sentence for the page.

use serde::{Deserialize, Serialize};

/// Why an impersonation may not start or go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Denial {
    Off,
    RoleMissing,
    SelfImpersonation,
    TargetLocked,
    TargetUnverified,
    TargetProtected,
    NoAccount,
    NotAMember,
    DisabledInAccount,
    NoApplications,
    NotAssigned,
}

impl Denial {
    pub const ALL: [Self; 11] = [
        Self::Off,
        Self::RoleMissing,
        Self::SelfImpersonation,
        Self::TargetLocked,
        Self::TargetUnverified,
        Self::TargetProtected,
        Self::NoAccount,
        Self::NotAMember,
        Self::DisabledInAccount,
        Self::NoApplications,
        Self::NotAssigned,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::RoleMissing => "role_missing",
            Self::SelfImpersonation => "self_impersonation",
            Self::TargetLocked => "target_locked",
            Self::TargetUnverified => "target_unverified",
            Self::TargetProtected => "target_protected",
            Self::NoAccount => "no_account",
            Self::NotAMember => "not_a_member",
            Self::DisabledInAccount => "disabled_in_account",
            Self::NoApplications => "no_applications",
            Self::NotAssigned => "not_assigned",
        }
    }

    /// What the page says beside the disabled button.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Off => {
                "Impersonation is turned off in this environment. An Owner or Admin can turn it on under Impersonation."
            }
            Self::RoleMissing => {
                "You need the Owner role, or Impersonator together with Admin, Backoffice Editor or Backoffice Viewer."
            }
            Self::SelfImpersonation => "This is you: the user has your own e-mail address.",
            Self::TargetLocked => "This user is locked. Locked users cannot be impersonated.",
            Self::TargetUnverified => "This user has not verified their e-mail address yet.",
            Self::TargetProtected => {
                "This user holds a permission that is protected in this environment. Only an Owner may impersonate them."
            }
            Self::NoAccount => "This user does not belong to any account.",
            Self::NotAMember => "This user is not a member of the chosen account.",
            Self::DisabledInAccount => "This user is disabled in the chosen account.",
            Self::NoApplications => "The chosen account has no applications. Assign one to it first.",
            Self::NotAssigned => "The chosen application is not assigned to this account.",
        }
    }
}
