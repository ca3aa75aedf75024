//! Users as an administrator's pages change them: what a form begins with, what removing somebody takes along, and what becomes of
//! many at once.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::impersonation::REASON_MAX;
use super::text;
use super::user::UserDetail;
use super::validate::FieldError;

/// Bytes of a user's metadata.
pub const METADATA_MAX: usize = 16 * 1024;
/// Users that one selection has at most.
pub const SELECTED_MAX: usize = 500;

/// Why a user is locked: at most [`REASON_MAX`] characters that can be read.
///
/// # Errors
/// A [`FieldError`] for the field `reason`.
pub fn validate_lock_reason(reason: &str) -> Result<String, FieldError> {
    let reason = text::written(reason);
    let refused = |message: String| Err(FieldError::new("reason", message));
    match reason.chars().count() {
        _ if !text::is_visible(&reason) => refused("Say why the user is locked: the next one to look will ask.".into()),
        length if length > REASON_MAX => {
            refused(format!("The reason has {length} characters; {REASON_MAX} is the most."))
        }
        _ if text::has_control_characters(&reason) => {
            refused("The reason has characters in it that cannot be shown. Type it anew.".into())
        }
        _ => Ok(reason),
    }
}

/// What the page that edits a user begins with.
#[derive(Clone, Debug)]
pub struct UserEditing {
    pub user: UserDetail,
    pub external_id: Option<String>,
    pub locale: Option<String>,
    /// A JSON object, as it is stored.
    pub metadata: Option<String>,
    pub locked_at: Option<DateTime<Utc>>,
    pub lock_reason: Option<String>,
    pub has_password: bool,
    /// Holds a permission that keeps all but Owners from acting as the user, and from what comes to the same.
    pub is_protected: bool,
    /// The roles of the environment: key and name.
    pub roles: Vec<(String, String)>,
    /// Of each of the user's accounts, in their order, the keys of the roles there.
    pub role_keys: Vec<Vec<String>>,
}

/// What goes with a user who is deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRemoval {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    /// The user's own sessions that run.
    pub sessions: i64,
    /// Impersonations of the user that run.
    pub impersonations: i64,
    pub memberships: i64,
}

/// What is to become of many users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkAction {
    Lock {
        reason: String,
    },
    Unlock,
    /// With these roles, by their keys; who is a member stays one with the roles of before.
    AddToAccount {
        account: String,
        roles: Vec<String>,
    },
    RemoveFromAccount {
        account: String,
    },
    Delete,
}

/// What would become of one of many users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkEffect {
    Changes,
    /// It is so already.
    Stays,
    /// The caller may not: the user is an Owner's affair.
    Refused,
}

/// One user of a selection, and what would become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkPlanned {
    pub user: UserRemoval,
    pub effect: BulkEffect,
}

/// What an action would do to a selection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BulkPlan {
    pub users: Vec<BulkPlanned>,
    /// Ids of the selection that are no users by now.
    pub gone: usize,
    /// How many would change, and what would end with that.
    pub changing: usize,
    pub sessions: i64,
    pub impersonations: i64,
    pub memberships: i64,
}

/// What became of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BulkOutcome {
    Changed,
    Stayed,
    /// Why nothing was changed.
    Failed(String),
}

/// One user of a selection, and what became of it. Who was deleted has no name any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BulkResult {
    pub id: Uuid,
    pub name: String,
    pub outcome: BulkOutcome,
}
