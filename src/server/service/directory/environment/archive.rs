//! Putting an environment away, and taking it out again. Nothing of it is deleted: nobody sees it, its provider answers as if it
//! were not there, and nobody acts as a user in it.

use uuid::Uuid;

use super::change::{held, record};
use crate::model::audit::action;
use crate::model::session::EndReason;
use crate::server::db::environment as table;
use crate::server::db::session::impersonations_begun_before;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::caller::ServerCaller;
use crate::server::service::session::{self, AT_ONCE};

/// What ended with an environment that was archived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Archived {
    pub impersonations: u64,
}

/// Archives an environment. What is archived already stays so.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`], [`ServiceError::Invalid`] for
/// the last one that is not archived: there would be no page left to restore it from.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn archive(caller: &ServerCaller, id: Uuid) -> ServiceResult<Archived> {
    let mut tx = caller.state.db.write().await?;
    let all = held(caller, &mut tx).await?;
    let row = all.iter().find(|row| row.id == id).ok_or(ServiceError::NotFound)?;
    if row.archived_at.is_some() {
        return Ok(Archived::default());
    }
    if !all.iter().any(|other| other.id != id && other.archived_at.is_none()) {
        let message = format!("{} is the last environment that is not archived.", row.name);
        return Err(ServiceError::invalid("", message));
    }
    table::set_archived(&mut tx, id, Some(caller.state.now())).await?;
    record(caller, &mut tx, id, action::ENVIRONMENT_ARCHIVED, &format!("{} was archived", row.name)).await?;
    tx.commit().await?;
    end_running(caller, id).await
}

/// None of them may go on any more; their ends are written some at a time.
async fn end_running(caller: &ServerCaller, id: Uuid) -> ServiceResult<Archived> {
    let mut ended = Archived::default();
    loop {
        let mut tx = caller.state.db.write().await?;
        let batch = impersonations_begun_before(&mut tx, id, None, caller.state.now(), AT_ONCE).await?;
        if batch.is_empty() {
            return Ok(ended);
        }
        for running in &batch {
            let (reason, by) = (EndReason::EnvironmentArchived, &caller.actor);
            let by_this = session::end_in(&caller.state, &mut tx, running, reason, by, &caller.origin).await?;
            ended.impersonations += u64::from(by_this);
        }
        tx.commit().await?;
    }
}

/// Takes an archived environment out again, as it was. Impersonations that ended stay ended.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owners of all environments, [`ServiceError::NotFound`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn restore(caller: &ServerCaller, id: Uuid) -> ServiceResult<()> {
    let mut tx = caller.state.db.write().await?;
    let all = held(caller, &mut tx).await?;
    let row = all.iter().find(|row| row.id == id).ok_or(ServiceError::NotFound)?;
    if row.archived_at.is_none() {
        return Ok(());
    }
    table::set_archived(&mut tx, id, None).await?;
    record(caller, &mut tx, id, action::ENVIRONMENT_RESTORED, &format!("{} was restored", row.name)).await?;
    tx.commit().await?;
    Ok(())
}
