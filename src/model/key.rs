//! Signing keys of an environment, as operators see them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, so that clients know it before it signs.
    Next,
    /// Signs.
    Active,
    /// Signs no more; what it signed is still good.
    Retiring,
}

impl KeyState {
    pub fn label(self) -> &'static str {
        match self {
            Self::Next => "Next",
            Self::Active => "Active",
            Self::Retiring => "Retiring",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "next" => Some(Self::Next),
            "active" => Some(Self::Active),
            "retiring" => Some(Self::Retiring),
            _ => None,
        }
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
