//! The audit trail: events and how they are asked for.

pub mod action;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::AccountChoice;
use super::mode::Mode;
use super::search::Searched;
use super::words::words;

words! {
    #[derive(PartialOrd, Ord)]
    pub enum Severity {
        Info = "info" => "Info",
        Medium = "medium" => "Medium",
        High = "high" => "High",
        Critical = "critical" => "Critical",
    }
}

words! {
    pub enum ActorKind {
        Operator = "operator",
        User = "user",
        /// An application by itself. Earlier versions wrote what it is instead of what it acts as.
        Client = "client" | "application",
        Agent = "agent",
        System = "system",
    }
}

/// One event, as lists and details show it. Names are those at the time of the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditItem {
    pub id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub action: String,
    pub severity: Severity,
    pub actor_kind: ActorKind,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    /// The operator behind an impersonated event; then `actor_name` is the user as whom it was done.
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub user_id: Option<Uuid>,
    pub user_name: Option<String>,
    pub user_email: Option<String>,
    pub account_name: Option<String>,
    pub application_name: Option<String>,
    pub session_id: Option<Uuid>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    /// A sentence about what happened.
    pub description: String,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    /// Whether the account's own audit log shows it.
    pub visible_to_account: bool,
    /// What could be done in the session that it happened in; `None` outside of sessions, and where it was not noted yet.
    pub mode: Option<Mode>,
}

impl AuditItem {
    pub fn is_impersonated(&self) -> bool {
        self.operator_id.is_some()
    }
}

/// The audit list's state, all of it in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Words of actor, user, action, reason, ticket, account or address, or an id.
    #[serde(default)]
    pub q: String,
    /// An action, or the part before its dot.
    #[serde(default)]
    pub action: String,
    /// A word of [`Severity`].
    #[serde(default)]
    pub severity: String,
    /// External id of an account.
    #[serde(default)]
    pub account: String,
    /// Words of an account to choose, where no script finds it while it is typed.
    #[serde(default)]
    pub find: String,
    /// `impersonated` for events inside or about impersonations only.
    #[serde(default)]
    pub only: String,
    /// First and last day, `YYYY-MM-DD`, both included.
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
    /// Minutes that the reader's clock is before UTC as the first day begins and as the last one ends: they differ where
    /// the clock is changed in between. Empty for days in UTC.
    #[serde(default)]
    pub from_offset: String,
    #[serde(default)]
    pub to_offset: String,
    #[serde(default)]
    pub cursor: String,
}

impl AuditQuery {
    pub fn is_filtered(&self) -> bool {
        *self != Self { cursor: self.cursor.clone(), find: self.find.clone(), ..Self::default() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    pub rows: Vec<AuditItem>,
    /// Accounts to filter by.
    pub accounts: AccountChoice,
    /// What was looked for.
    pub searched: Searched,
    /// A search looks through a part of the trail at a time: how far this page did, where there is more.
    pub searched_until: Option<DateTime<Utc>>,
    /// Whether it did so towards newer events.
    #[serde(default)]
    pub searched_onward: bool,
    pub next: Option<String>,
    pub previous: Option<String>,
    pub now: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::ActorKind;

    #[test]
    fn an_actor_is_known_by_its_word_and_a_client_by_that_of_earlier_versions_too() {
        for kind in ActorKind::ALL {
            assert_eq!(ActorKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(ActorKind::Client.as_str(), "client");
        assert_eq!(ActorKind::parse("application"), Some(ActorKind::Client));
        assert_eq!(ActorKind::parse("wizard"), None);
    }
}
