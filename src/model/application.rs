//! Applications of an environment as operators see them, and what became of telling them about ended sessions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a client proves itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub secret: bool,
    /// By assertions, signed with its own keys.
    pub keys: bool,
}

impl Proof {
    pub fn label(self) -> &'static str {
        match (self.secret, self.keys) {
            (true, true) => "Secret or keys",
            (true, false) => "Secret",
            (false, true) => "Keys",
            (false, false) => "Public",
        }
    }
}

/// Where the message about one ended session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Not tried yet, or being tried for the first time.
    Sending,
    /// Tried in vain, and about to be tried again.
    Retrying,
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    pub fn label(self) -> &'static str {
        match self {
            Self::Sending => "Sending",
            Self::Retrying => "Retrying",
            Self::Delivered => "Delivered",
            Self::Failed => "Failed",
        }
    }
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationItem {
    pub id: Uuid,
    pub client_id: String,
    pub name: String,
    /// Whether users sign in on Understudy's pages; else in the application's own.
    pub hosted: bool,
    pub proof: Proof,
    pub keep_session_alive: bool,
    /// Accounts that have it. Counting stops at 1,001.
    pub accounts: i64,
    /// Whether it wants to be told about ended sessions.
    pub told: bool,
    /// What became of the latest message.
    pub last_delivery: Option<DeliveryState>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationsPage {
    /// By name, at most 500.
    pub rows: Vec<ApplicationItem>,
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationAccount {
    pub external_id: String,
    pub name: String,
    /// It is the account's default application.
    pub is_default: bool,
}

/// The message about one ended session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryItem {
    pub session_id: Uuid,
    pub impersonation: bool,
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    /// When the session ended.
    pub created_at: DateTime<Utc>,
    pub state: DeliveryState,
    pub attempts: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it is tried again, or was settled.
    pub at: DateTime<Utc>,
}

/// How many of the latest messages, at most 1,000, are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    pub waiting: i64,
    pub delivered: i64,
    pub failed: i64,
}

/// Everything on one application's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationDetail {
    pub id: Uuid,
    pub client_id: String,
    pub name: String,
    pub hosted: bool,
    pub proof: Proof,
    pub keep_session_alive: bool,
    pub algorithm: String,
    pub app_url: String,
    pub login_url: String,
    pub initiate_login_url: Option<String>,
    pub redirect_uris: Vec<String>,
    pub logout_redirect_uris: Vec<String>,
    /// Origins whose pages may call the provider, as they follow from the addresses.
    pub origins: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
    /// The environment's issuer: what a client is configured with.
    pub issuer: String,
    /// By name, at most 100.
    pub accounts: Vec<ApplicationAccount>,
    pub more_accounts: bool,
    pub counts: DeliveryCounts,
    /// Newest first, at most 50.
    pub deliveries: Vec<DeliveryItem>,
    pub can_retry: bool,
    pub now: DateTime<Utc>,
}
