//! Deleting a user: what goes along, and that nothing names the user afterwards.

use uuid::Uuid;

use super::{erase, sessions};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::model::user_edit::UserRemoval;
use crate::server::db::import as table;
use crate::server::db::user::{self, several};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::Caller;
use crate::server::service::directory::edit::may_become;
use crate::server::service::directory::writer::DirectoryWriter;

/// What would end with a user.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all who could not delete anybody.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn removal(caller: &Caller, user_id: Uuid) -> ServiceResult<UserRemoval> {
    caller.require(Roles::can_administer)?;
    let mut conn = caller.state.db.read().await?;
    let found = several::users(&mut conn, caller.environment.id, &[user_id]).await?;
    let row = found.into_iter().next().ok_or(ServiceError::NotFound)?;
    let running = several::running(&mut conn, &[user_id], caller.state.now()).await?;
    let (sessions, impersonations) = running.first().map_or((0, 0), |(_, own, others)| (*own, *others));
    Ok(UserRemoval {
        id: row.id,
        name: row.name,
        email: row.email,
        sessions,
        impersonations,
        memberships: row.memberships,
    })
}

/// Removes a user with sessions and memberships. The audit trail keeps what was done and for which id, and not who that was: what
/// named the user goes from it, the newest events of very many last.
///
/// # Errors
/// [`ServiceError::NotFound`], [`ServiceError::Forbidden`] for all but Owner and Admin, and for Admin where the user holds a
/// protected permission.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn delete(caller: &Caller, user_id: Uuid) -> ServiceResult<()> {
    caller.require(Roles::can_administer)?;
    let environment_id = caller.environment.id;
    let mut tx = caller.state.db.write().await?;
    let row = user::by_id(&mut tx, environment_id, user_id).await?.ok_or(ServiceError::NotFound)?;
    // Nobody begins a session of the user from here on.
    table::known_users(&mut tx, environment_id, &[&row.email], true).await?;
    may_become(caller, &mut tx, user_id).await?;
    let mut writer = DirectoryWriter::of_caller(caller, &mut tx);
    sessions::end_all(&mut writer, user_id).await?;
    let event = writer.event_of(action::USER_DELETED, action::severity(action::USER_DELETED), "A user was deleted");
    writer.record(event.about_user(row.id, erase::NAME, "")).await?;
    table::delete_user(&mut tx, environment_id, user_id).await?;
    erase::begin(&caller.state, &mut tx, &row).await?;
    tx.commit().await?;
    erase::go_on(&caller.state, user_id).await;
    Ok(())
}
