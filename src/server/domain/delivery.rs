//! What others have to be told: messages of the outbox, of whatever kind.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::session::SessionKind;
use crate::model::words::words;

words! {
    /// What is sent, and with it what a message's destination and subject are.
    pub enum MessageKind {
        /// An application is told of the end of a session (OpenID Connect Back-Channel Logout 1.0).
        BackChannelLogout = "back_channel_logout",
    }
}

/// A message that waits to be delivered.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub kind: MessageKind,
    /// To whom: the application, of back-channel logout.
    pub destination: Uuid,
    /// About what: the session, of back-channel logout.
    pub about: Uuid,
    /// JSON: what else it is made of.
    pub payload: String,
    pub created_at: DateTime<Utc>,
    /// Attempts before the one that it is claimed for.
    pub attempts: i64,
}

impl Message {
    /// The number of the attempt that it is claimed for, from 1.
    pub fn attempt(&self) -> i64 {
        self.attempts + 1
    }
}

/// A message about an ended session, in the list of its application.
#[derive(Clone, Debug)]
pub struct ListedMessage {
    pub id: Uuid,
    pub session_id: Uuid,
    pub session_kind: SessionKind,
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    pub created_at: DateTime<Utc>,
    pub attempts: i64,
    pub next_attempt_at: DateTime<Utc>,
    pub last_error: Option<String>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub dead_at: Option<DateTime<Utc>>,
}
