//! What an impersonation may do.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Whatever the user may do.
    Act,
    /// Only what changes nothing.
    Look,
}

impl Mode {
    pub const ALL: [Self; 2] = [Self::Act, Self::Look];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Act => "act",
            Self::Look => "look",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Act => "Act",
            Self::Look => "Look only",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }
}
