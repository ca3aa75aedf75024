//! What others have to be told: messages of the outbox, of whatever kind.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::words::words;

words! {
    /// What is sent, and with it what a message's destination and subject are.
    pub enum Kind {
        /// An application is told of the end of a session (OpenID Connect Back-Channel Logout 1.0).
        BackChannelLogout = "back_channel_logout",
    }
}

/// A message that waits to be delivered.
#[derive(Clone, Debug)]
pub struct Message {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub kind: Kind,
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
