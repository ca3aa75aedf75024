//! The list of accounts, and one account's page.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::audit::AuditItem;
use super::search::Searched;
use super::session::SessionItem;
use super::words::words;

words! {
    /// What the list of accounts sorts by. The word in URLs is `as_str`, with a leading `-` for descending.
    #[derive(Default)]
    pub enum AccountSort {
        #[default]
        Name = "name" => "Name",
        Users = "users" => "Users",
        Activity = "activity" => "Last activity",
    }
}

/// The list's state, all of it in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountQuery {
    /// Words of name or external id.
    pub q: String,
    /// A word of [`AccountSort`], `-` before it for descending.
    pub sort: String,
    /// Opaque: where the page begins. Made by the server.
    pub cursor: String,
}

impl AccountQuery {
    /// The sort and whether it descends. Unknown words fall back to names from A.
    pub fn order(&self) -> (AccountSort, bool) {
        let (word, descending) = match self.sort.strip_prefix('-') {
            Some(word) => (word, true),
            None => (self.sort.as_str(), false),
        };
        AccountSort::parse(word).map_or((AccountSort::Name, false), |sort| (sort, descending))
    }
}

/// An account in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountItem {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    pub users: i64,
    pub applications: i64,
    /// When something happened in it for the last time, as far as the trail was read: some seconds late.
    pub active_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub struct AccountsPage {
    pub rows: Vec<AccountItem>,
    /// Accounts of the environment.
    pub total: i64,
    /// What was looked for.
    pub searched: Searched,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub now: DateTime<Utc>,
}

/// An application as an account has it, or could have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountApplication {
    pub client_id: String,
    pub name: String,
    pub is_default: bool,
}

/// One account.
#[derive(Clone, Debug)]
pub struct AccountDetail {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    /// What an edit says that was seen.
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub users: i64,
    pub active_at: Option<DateTime<Utc>>,
    /// Those that it has, the default one first.
    pub applications: Vec<AccountApplication>,
    /// Those that it could have, too: the first hundred by name.
    pub others: Vec<AccountApplication>,
    pub now: DateTime<Utc>,
}

/// A session that ran in an account, of whichever user.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountSession {
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    pub session: SessionItem,
}

/// Sessions of an account, the newest first.
#[derive(Clone, Debug)]
pub struct AccountSessions {
    pub rows: Vec<AccountSession>,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub now: DateTime<Utc>,
}

/// The log of an account, as its own administrators see it.
#[derive(Clone, Debug)]
pub struct AccountLog {
    pub rows: Vec<AuditItem>,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub now: DateTime<Utc>,
}

/// What goes with an account that is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRemoval {
    pub external_id: String,
    pub name: String,
    pub memberships: i64,
    pub applications: i64,
    /// Impersonations that run in it.
    pub impersonations: i64,
}
