//! What is found from anywhere: users, accounts and applications at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::AccountOption;

/// Of each kind, at most.
pub const FOUND: usize = 6;

/// The first of each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// Whom the operator impersonated lately, latest first; where nothing was typed.
    pub recent: Vec<FoundUser>,
    pub users: Vec<FoundUser>,
    pub accounts: Vec<AccountOption>,
    pub applications: Vec<FoundApplication>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundUser {
    pub id: Uuid,
    pub name: String,
    pub email: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundApplication {
    pub id: Uuid,
    pub name: String,
    pub client_id: String,
}
