//! What runs in an environment, for those who watch it: one look for all of them, each second at most and only where
//! something was committed since the last one, by whichever server.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

pub use crate::server::cache::watchers::RunningImpersonations;
use crate::server::db::session as table;
use crate::server::error::ServiceResult;
use crate::server::service::caller::Caller;
use crate::server::state::AppState;

/// How late a change is told at the most.
const INTERVAL: Duration = Duration::from_secs(1);

/// What runs, at once and from then on.
///
/// # Errors
/// [`ServiceError::Forbidden`](crate::server::error::ServiceError::Forbidden) for who may not see sessions.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn watch(caller: &Caller) -> ServiceResult<watch::Receiver<RunningImpersonations>> {
    caller.require_view()?;
    let (state, environment_id) = (&caller.state, caller.environment.id);
    if let Some(receiver) = state.watchers.join(environment_id) {
        return Ok(receiver);
    }
    let (receiver, begun) = state.watchers.begin(environment_id, running(state, environment_id).await?);
    if begun {
        tokio::spawn(follow(state.clone(), environment_id));
    }
    Ok(receiver)
}

/// What runs now.
///
/// # Errors
/// As [`watch`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn look(caller: &Caller) -> ServiceResult<RunningImpersonations> {
    caller.require_view()?;
    running(&caller.state, caller.environment.id).await
}

/// [`look`] for what nobody asks for, or where it was asked already who may.
pub(in crate::server::service) async fn running(
    state: &AppState,
    environment_id: Uuid,
) -> ServiceResult<RunningImpersonations> {
    let now = state.now();
    let read = || async {
        let mut conn = state.db.read().await?;
        let (count, newest, first_expires_at) = table::running(&mut conn, environment_id, now).await?;
        let mut hasher = DefaultHasher::new();
        (count, newest).hash(&mut hasher);
        ServiceResult::Ok((RunningImpersonations { count, mark: hasher.finish() }, first_expires_at))
    };
    state.running.get_at(now, &state.db, environment_id, read).await
}

async fn follow(state: AppState, environment_id: Uuid) {
    let mut timer = tokio::time::interval(INTERVAL);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    while state.watchers.is_watched(environment_id) {
        timer.tick().await;
        let looked = async {
            // Before the look: what is committed between the two is seen by the next one.
            let epoch = state.db.epoch().await?;
            if seen == Some(epoch) {
                return Ok(epoch);
            }
            state.watchers.tell(environment_id, running(&state, environment_id).await?);
            ServiceResult::Ok(epoch)
        };
        match looked.await {
            Ok(epoch) => seen = Some(epoch),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "what runs could not be looked at"),
        }
    }
}
