//! What changes of one thing at a time have in common.

use std::collections::HashMap;

use uuid::Uuid;

use super::writer::DirectoryWriter;
use crate::model::session::EndReason;
use crate::model::validate::FieldError;
use crate::server::db::import::{self as table, Keyed};
use crate::server::db::session::{self as session_table, Within};
use crate::server::db::{Tx, settings};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::session;

/// Ends the impersonations that run in what is about to be removed, each with its event and the messages to applications.
pub async fn end_within(writer: &mut DirectoryWriter<'_>, within: Within) -> ServiceResult<()> {
    let reason = EndReason::AccountOrApplicationRemoved;
    loop {
        let batch =
            session_table::impersonations_within(writer.tx, writer.environment_id, within, session::AT_ONCE).await?;
        if batch.is_empty() {
            return Ok(());
        }
        for running in &batch {
            session::end_in(writer.state, writer.tx, running, reason, &writer.actor, &writer.origin).await?;
        }
    }
}

/// A refusal as a form shows it: the value, then what is wrong with it.
pub fn about(field: &str, value: &str) -> impl FnOnce(String) -> FieldError {
    move |fault| {
        let value = if value.is_empty() { "This" } else { value };
        FieldError::new(field, format!("{value} {fault}."))
    }
}

/// # Errors
/// [`ServiceError::Invalid`] for `field` where one of `keys` names nothing in the caller's environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn require_there(
    caller: &Caller,
    tx: &mut Tx,
    keyed: Keyed,
    field: &str,
    keys: impl Iterator<Item = &str>,
) -> ServiceResult<HashMap<String, Uuid>> {
    let keys: Vec<&str> = keys.collect();
    let found = table::ids(tx, keyed, caller.environment.id, &keys).await?;
    let what = match keyed {
        Keyed::Roles => "role",
        Keyed::Applications => "application",
        Keyed::Accounts => "account",
    };
    match keys.iter().find(|key| !found.contains_key(**key)) {
        Some(key) => Err(ServiceError::invalid(field, format!("There is no {what} {key} here."))),
        None => Ok(found),
    }
}

/// Protected permissions keep impersonators from those who hold them: whom they bind does not take them away.
///
/// # Errors
/// [`ServiceError::Forbidden`] where one of `permissions` is protected and the caller is no Owner.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn may_take(caller: &Caller, tx: &mut Tx, permissions: &[String]) -> ServiceResult<()> {
    if caller.roles.can_unprotect() {
        return Ok(());
    }
    let protected = settings::protected_permissions(tx, caller.environment.id).await?;
    if permissions.iter().any(|held| protected.contains(held)) { Err(ServiceError::Forbidden) } else { Ok(()) }
}

/// What comes to the same as being the user, such as another address or a link to choose a password, is an Owner's affair where
/// protected permissions keep others from acting as the user.
///
/// # Errors
/// [`ServiceError::Forbidden`] where the user holds a protected permission and the caller is no Owner.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn may_become(caller: &Caller, tx: &mut Tx, user_id: Uuid) -> ServiceResult<()> {
    if caller.roles.can_unprotect() || !settings::is_protected(tx, caller.environment.id, user_id).await? {
        Ok(())
    } else {
        Err(ServiceError::Forbidden)
    }
}
