//! Signing keys of an environment, as operators see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// What a key signs with. Every environment signs with each; an application chooses one.
    pub enum SigningAlgorithm {
        Rs256 = "RS256",
        Es256 = "ES256",
    }
}

words! {
    pub enum KeyState {
        /// Published, so that clients know it before it signs.
        Next = "next" => "Next",
        /// Signs.
        Active = "active" => "Active",
        /// Signs no more; what it signed is still good.
        Retiring = "retiring" => "Retiring",
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyItem {
    /// The key's name in the header of what it signs.
    pub kid: String,
    pub algorithm: String,
    pub state: KeyState,
    pub created_at: DateTime<Utc>,
    /// When it began to sign.
    pub activated_at: Option<DateTime<Utc>>,
    /// When it is deleted, and with it the last chance to verify what it signed.
    pub removed_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeysPage {
    /// Active ones first, RS256 before ES256.
    pub keys: Vec<KeyItem>,
    /// Where clients read the public halves.
    pub jwks_url: String,
    pub can_rotate: bool,
    pub now: DateTime<Utc>,
}
