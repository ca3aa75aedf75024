//! Roles of an environment: what a membership may be, and which permissions that adds up to.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many roles a list has at most.
pub const LISTED: usize = 500;
/// Counting who has a role stops there.
pub const MEMBERS_COUNTED: i64 = 1_000;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleItem {
    pub id: Uuid,
    /// What files, tokens and the API call it.
    pub key: String,
    pub name: String,
    pub version: i64,
    pub permissions: Vec<String>,
    /// Memberships that have it; one more than [`MEMBERS_COUNTED`] where there are more.
    pub members: i64,
}

/// Roles by their keys, at most [`LISTED`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoleList {
    pub rows: Vec<RoleItem>,
    /// Whether there are more than these.
    pub more: bool,
}
