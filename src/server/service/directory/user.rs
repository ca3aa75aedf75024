//! Users, their memberships, and what they may do in each account.

mod bulk;
mod edit;
pub mod erase;
mod keep;
mod lead;
mod profile;
mod read;
mod remove;
mod sessions;
mod write;

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::change::{Change, What};
use super::given::Given;
use crate::server::db::import::KnownUser;

pub use bulk::{apply, matching, plan};
pub use edit::{create, create_in, lock, remove_membership, set_membership, unlock, update, verify};
pub use profile::{Profile, change_profile, editing};
pub use read::{get, list};
pub use remove::{delete, removal};
pub use write::write;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub account: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub disabled: bool,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "is_default")]
    pub line: u64,
}

/// What a user is to be. What is not said is left out where it is written down: imports put a million of these aside.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The line of a file that says so.
    #[serde(skip_serializing_if = "is_default")]
    pub line: u64,
    /// Of further rows about the same user.
    #[serde(skip_serializing_if = "is_default")]
    pub merged_lines: Vec<u64>,
    /// There was nobody of this address when it was looked up.
    #[serde(skip_serializing_if = "is_default")]
    pub is_new: bool,
    /// The version that was seen; without one, whatever there is now is changed. A new user has none.
    #[serde(skip_serializing_if = "is_default")]
    pub version: Option<i64>,
    pub email: String,
    /// What the company's own directory calls the user, whatever the e-mail is by now.
    #[serde(skip_serializing_if = "is_default")]
    pub external_id: Given<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub email_verified: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub password_hash: Given<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub picture_url: Given<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub mfa_enrolled: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub locked: Option<bool>,
    #[serde(skip_serializing_if = "is_default")]
    pub memberships: Given<Vec<Membership>>,
    /// Memberships are added to those that are there.
    #[serde(skip_serializing_if = "is_default")]
    pub adds: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub active_account: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub last_visit_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_default")]
    pub visits: Option<i64>,
    #[serde(skip_serializing_if = "is_default")]
    pub created_at: Option<DateTime<Utc>>,
}

/// Without the hash, at which a password can be guessed.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, version, email, external_id, name, memberships, .. } = self;
        let mut user = f.debug_struct("User");
        user.field("line", line).field("version", version).field("email", email).field("external_id", external_id);
        user.field("name", name).field("memberships", memberships).finish_non_exhaustive()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl User {
    fn listed(&self) -> &[Membership] {
        self.memberships.set().map(Vec::as_slice).unwrap_or_default()
    }

    /// The accounts that are named.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        self.listed().iter().map(|membership| membership.account.as_str())
    }

    /// The roles that are named.
    pub fn roles(&self) -> impl Iterator<Item = &str> {
        self.listed().iter().flat_map(|membership| membership.roles.iter().map(String::as_str))
    }

    /// What the row changes about a user who is known.
    pub fn changes(&self, known: &KnownUser) -> Vec<Change> {
        let mut changes: Vec<Change> = Vec::new();
        if self.name.as_ref().is_some_and(|name| *name != known.name) {
            changes.push((What::Renamed, known.name.clone()));
        }
        let external_id = self.external_id.over(known.external_id.clone());
        if external_id != known.external_id {
            changes.push((What::ExternalId, external_id.unwrap_or_else(|| "none".to_owned())));
        }
        let mut plain = |what: What| changes.push((what, String::new()));
        match self.email_verified {
            Some(true) if !known.email_verified => plain(What::Verified),
            Some(false) if known.email_verified => plain(What::Unverified),
            _ => {}
        }
        match (&self.password_hash, &known.password_hash) {
            (Given::Set(_), None) => plain(What::PasswordSet),
            (Given::Set(hash), Some(known)) if hash != known => plain(What::PasswordChanged),
            (Given::Cleared, Some(_)) => plain(What::PasswordRemoved),
            _ => {}
        }
        if self.picture_url.over(known.picture_url.clone()) != known.picture_url {
            plain(What::Picture);
        }
        match self.mfa_enrolled {
            Some(true) if !known.mfa_enrolled => plain(What::MfaEnrolled),
            Some(false) if known.mfa_enrolled => plain(What::MfaReset),
            _ => {}
        }
        match self.locked {
            Some(true) if known.locked_at.is_none() => plain(What::Locked),
            Some(false) if known.locked_at.is_some() => plain(What::Unlocked),
            _ => {}
        }
        if self.last_visit_at.is_some_and(|time| time.timestamp_micros() > known.last_visit_us) {
            plain(What::LastVisit);
        }
        if self.visits.is_some_and(|visits| visits > known.visits) {
            plain(What::Visits);
        }
        self.membership_changes(known, &mut changes);
        if self.active_after(Some(known)) != known.active_account.as_deref() {
            changes.push((What::ActiveAccount, String::new()));
        }
        changes
    }

    fn membership_changes(&self, known: &KnownUser, changes: &mut Vec<Change>) {
        let listed = match &self.memberships {
            Given::Kept => return,
            Given::Cleared => &[][..],
            Given::Set(list) => list,
        };
        for membership in listed {
            let about = membership.account.clone();
            let Some(held) = known.memberships.iter().find(|held| held.account == membership.account) else {
                changes.push((What::MembershipAdded, about));
                continue;
            };
            match (membership.disabled, held.disabled_at.is_some()) {
                (true, false) => changes.push((What::MembershipDisabled, about)),
                // A file that only adds does not say that anything is in force.
                (false, true) if !self.adds => changes.push((What::MembershipEnabled, about)),
                _ => {}
            }
            let role = |role: &str| format!("{}:{role}", membership.account);
            for given in membership.roles.iter().filter(|role| !held.roles.iter().any(|(_, known)| known == *role)) {
                changes.push((What::RoleGiven, role(given)));
            }
            for (_, lost) in held.roles.iter().filter(|(_, known)| !self.adds && !membership.roles.contains(known)) {
                changes.push((What::RoleRemoved, role(lost)));
            }
        }
        let stays = |account: &str| self.adds || listed.iter().any(|membership| membership.account == account);
        for lost in known.memberships.iter().filter(|held| !stays(&held.account)) {
            changes.push((What::MembershipRemoved, lost.account.clone()));
        }
    }

    /// The account that is asked for; else the one that was active, where it stays; else the first that is not disabled.
    fn active_after<'a>(&'a self, known: Option<&'a KnownUser>) -> Option<&'a str> {
        let before = known.and_then(|known| known.active_account.as_deref());
        let listed = match &self.memberships {
            Given::Kept => return self.active_account.as_deref().or(before),
            Given::Cleared => &[][..],
            Given::Set(list) => list,
        };
        let is_listed = |account: &&str| self.adds || listed.iter().any(|membership| membership.account == **account);
        let first =
            || listed.iter().find(|membership| !membership.disabled).map(|membership| membership.account.as_str());
        self.active_account.as_deref().or(before.filter(is_listed)).or_else(first)
    }
}

/// Users that are known, by e-mail.
pub type KnownUsers = HashMap<String, KnownUser>;
