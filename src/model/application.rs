//! Applications of an environment as operators see them, and what became of telling them about ended sessions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::AccountOption;
use super::problem::ProblemItem;
use super::search::Searched;
use super::words::words;

words! {
    /// How a client proves itself at the token endpoint.
    pub enum Proof {
        /// Not at all: a public client.
        Public = "public" => "Public",
        Secret = "secret" => "Secret",
        /// By assertions signed with its own keys.
        Keys = "keys" => "Keys",
        Either = "either" => "Secret or keys",
    }
}

impl Proof {
    /// Of a client that has a secret or not, and keys or not.
    pub fn of(secret: bool, keys: bool) -> Self {
        match (secret, keys) {
            (false, false) => Self::Public,
            (true, false) => Self::Secret,
            (false, true) => Self::Keys,
            (true, true) => Self::Either,
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Public => "None: a public client, which proves itself by PKCE",
            Self::Secret => "Client secret",
            Self::Keys => "Assertions signed with its own keys (private_key_jwt)",
            Self::Either => "Client secret, or assertions signed with its own keys",
        }
    }
}

words! {
    /// Where an application's users sign in: on Understudy's pages, or in the application itself.
    pub enum LoginMethod {
        Hosted = "hosted",
        Embedded = "embedded",
    }
}

words! {
    /// What a registered address is for: the end of an authorization request, or of signing out.
    #[derive(Hash)]
    pub enum RedirectKind {
        Login = "login",
        Logout = "logout",
    }
}

words! {
    /// Whether an application is told of ended sessions, and where a message about one is.
    pub enum LogoutState {
        /// It gave no address.
        Off = "off" => "Not set up",
        /// There was no message yet.
        Unused = "unused" => "Nothing sent yet",
        /// Not tried yet, or being tried for the first time.
        Sending = "sending" => "Sending",
        /// Tried in vain, and about to be tried again.
        Retrying = "retrying" => "Retrying",
        Delivered = "delivered" => "Delivered",
        /// Given up.
        Failed = "failed" => "Failed",
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
    /// Whether it is told of ended sessions, and what became of the latest message.
    pub logout: LogoutState,
}

/// The list, and what applications got wrong that nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationList {
    /// By name, at most [`LISTED`].
    pub rows: Vec<ApplicationItem>,
    /// Whether there are more than these.
    pub more: bool,
    /// Whether anything was looked for, and what.
    pub is_filtered: bool,
    pub searched: Searched,
    /// Unknown client ids and origins of the last day, newest first, at most 50.
    pub problems: Vec<ProblemItem>,
    pub now: DateTime<Utc>,
}

/// How many applications a list has at most.
pub const LISTED: usize = 500;

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
    pub state: LogoutState,
    pub attempts: i64,
    /// What went wrong last; empty where nothing did.
    pub last_error: String,
    /// When it is tried again, or was settled.
    pub at: DateTime<Utc>,
}

/// Where an application is, and where browsers and messages are sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Addresses {
    pub app_url: String,
    pub login_url: String,
    pub initiate_login_url: Option<String>,
    pub redirect_uris: Vec<String>,
    /// Where users may be led after they signed out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whose pages may call the provider: they follow from the others.
    pub origins: Vec<String>,
    pub backchannel_logout_uri: Option<String>,
}

/// How many of the latest messages, at most 1,000, stand how, as people read it: `1,000+` where counting stopped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    pub delivered: String,
    pub waiting: String,
    pub failed: String,
}

/// Everything on one application's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApplicationDetail {
    pub application: ApplicationItem,
    /// What an edit says that was seen.
    pub version: i64,
    pub algorithm: String,
    pub addresses: Addresses,
    /// The environment's issuer: what a client is configured with.
    pub issuer: String,
    /// The accounts that have it, by name, at most 100.
    pub accounts: Vec<AccountOption>,
    /// Whether more have it than these.
    pub more_accounts: bool,
    /// External ids of those whose default application it is.
    pub default_of: Vec<String>,
    pub counts: DeliveryCounts,
    /// Newest first, at most 50.
    pub deliveries: Vec<DeliveryItem>,
    /// Whether there are more than these.
    pub more_deliveries: bool,
    /// What it got wrong within a day, newest first, at most 50.
    pub problems: Vec<ProblemItem>,
    pub can_retry: bool,
    pub now: DateTime<Utc>,
}
