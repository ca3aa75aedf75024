//! End users as the portal shows them: the list with its query, and one user's page.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::AccountChoice;
use super::audit::AuditItem;
use super::denial::Denial;
use super::search::{Amount, Searched};
use super::session::SessionItem;
use super::words::words;

/// Sessions that a user's page shows: the latest.
pub const SESSIONS_SHOWN: usize = 50;
/// Likewise of its events.
pub const EVENTS_SHOWN: usize = 20;
/// Rows of a list page.
pub const PAGE_SIZE: usize = 50;

words! {
    pub enum UserStatus {
        Active = "active" => "Active",
        /// The e-mail is not verified yet.
        Invited = "invited" => "Invited",
        Locked = "locked" => "Locked",
    }
}

words! {
    /// What the users list sorts by. The word in URLs is `as_str`, with a leading `-` for descending.
    #[derive(Default)]
    pub enum UserSort {
        Name = "name",
        Email = "email",
        #[default]
        LastVisit = "last_visit",
        Visits = "visits",
        Created = "created",
        /// The name of the main account; without one, behind all names.
        Account = "account",
        /// Active, invited, locked.
        Status = "status",
    }
}

impl UserSort {
    /// What an order is called.
    pub fn label(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Self::Name, false) => "Name, A to Z",
            (Self::Name, true) => "Name, Z to A",
            (Self::Email, false) => "E-mail, A to Z",
            (Self::Email, true) => "E-mail, Z to A",
            (Self::LastVisit, true) => "Last visit, newest first",
            (Self::LastVisit, false) => "Last visit, oldest first",
            (Self::Visits, true) => "Visits, most first",
            (Self::Visits, false) => "Visits, fewest first",
            (Self::Created, true) => "Created, newest first",
            (Self::Created, false) => "Created, oldest first",
            (Self::Account, false) => "Main account, A to Z",
            (Self::Account, true) => "Main account, Z to A",
            (Self::Status, false) => "Status, active first",
            (Self::Status, true) => "Status, locked first",
        }
    }

    /// Names read from A, times and counts from the newest and largest.
    pub fn descends_by_default(self) -> bool {
        matches!(self, Self::LastVisit | Self::Visits | Self::Created)
    }
}

/// The users list's state, all of it in the URL. Fields are the URL's own words, empty where not set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserQuery {
    /// Words of name, e-mail or an account's name, or an id.
    #[serde(default)]
    pub q: String,
    /// External id of an account.
    #[serde(default)]
    pub account: String,
    /// Words of an account to choose, where no script finds it while it is typed.
    #[serde(default)]
    pub find: String,
    /// A word of [`UserStatus`].
    #[serde(default)]
    pub status: String,
    /// Excluded e-mail domains, separated by commas.
    #[serde(default)]
    pub exclude: String,
    /// A word of [`UserSort`], `-` before it for descending.
    #[serde(default)]
    pub sort: String,
    /// Opaque: where the page begins. Made by the server.
    #[serde(default)]
    pub cursor: String,
}

impl UserQuery {
    /// The sort and whether it descends. Unknown words fall back to the newest visit first.
    pub fn order(&self) -> (UserSort, bool) {
        let (word, descending) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        UserSort::parse(word).map_or((UserSort::LastVisit, true), |sort| (sort, descending))
    }

    /// Bytes of all its words.
    pub fn length(&self) -> usize {
        let words = [&self.q, &self.account, &self.find, &self.status, &self.exclude, &self.sort, &self.cursor];
        words.into_iter().map(String::len).sum()
    }

    /// Excluded domains, each once: lower case, without `@`.
    pub fn excluded_domains(&self) -> BTreeSet<String> {
        self.exclude
            .split([',', ' '])
            .map(|domain| domain.trim().trim_start_matches('@').to_lowercase())
            .filter(|domain| !domain.is_empty())
            .collect()
    }

    pub fn is_filtered(&self) -> bool {
        !(self.q.is_empty() && self.account.is_empty() && self.status.is_empty() && self.exclude.is_empty())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserItem {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture_url: Option<String>,
    /// Name of the active account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_account: Option<String>,
    /// Accounts beside the main one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub other_accounts: i64,
    pub status: UserStatus,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mfa_enrolled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_visit_at: Option<DateTime<Utc>>,
    /// Distinct days with a visit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub visits: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsersPage {
    /// Shared, since several parts of the page read the same answer.
    pub rows: Arc<Vec<UserItem>>,
    /// How many rows the page was drawn with, where they are left out of what travels in it.
    #[serde(default)]
    pub drawn: usize,
    /// Whether anything was looked for or left out.
    pub is_filtered: bool,
    /// Users of the environment.
    pub total: i64,
    /// How many of them match, counted up to [`USERS_MATCHED`](super::search::USERS_MATCHED) where anything is left out.
    pub matching: Amount,
    /// Accounts to filter by.
    pub accounts: AccountChoice,
    /// What was looked for.
    pub searched: Searched,
    pub next: Option<String>,
    pub previous: Option<String>,
    /// Whether the operator may start impersonations here at all, and if not why.
    pub impersonation: Option<Denial>,
    /// The server's clock, for relative times that are the same on both sides.
    pub now: DateTime<Utc>,
}

impl UsersPage {
    /// What travels in a page beside its markup, from which everything can be read that the browser needs of the rows: with
    /// them, half of the page would be there twice.
    #[must_use]
    pub fn without_rows(self) -> Self {
        Self { drawn: self.rows.len(), rows: Arc::default(), ..self }
    }

    /// Rows of the page, wherever they are.
    pub fn shown(&self) -> usize {
        self.rows.len().max(self.drawn)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAccount {
    pub external_id: String,
    pub name: String,
    pub roles: Vec<String>,
    pub active: bool,
    /// The membership is disabled in this account.
    pub disabled: bool,
    pub applications: Vec<UserApplication>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserApplication {
    pub client_id: String,
    pub name: String,
    pub is_default: bool,
}

/// Everything on one user's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDetail {
    pub id: Uuid,
    /// What an edit says that was seen.
    pub version: i64,
    pub name: String,
    pub email: String,
    pub email_verified: bool,
    pub picture_url: Option<String>,
    pub status: UserStatus,
    pub mfa_enrolled: bool,
    pub created_at: DateTime<Utc>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_visit_at: Option<DateTime<Utc>>,
    pub visits: i64,
    pub accounts: Vec<UserAccount>,
    /// Newest first, at most 50.
    pub sessions: Vec<SessionItem>,
    /// Newest first, at most 20.
    pub events: Vec<AuditItem>,
    /// Whether there are more sessions or events than these.
    pub has_earlier: bool,
    /// The operator who asks, and whether they may end what others started.
    pub asked_by: Uuid,
    pub can_end_any: bool,
    /// Why starting with the preselected account and application is refused, if it is.
    pub impersonation: Option<Denial>,
    pub now: DateTime<Utc>,
}
