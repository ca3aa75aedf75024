//! What is as it is now: read when somebody asks, and cheap to read.

use std::time::Duration;

use tokio::time::timeout;

use crate::server::db::{delivery, environment, settings};
use crate::server::error::ServiceResult;
use crate::server::platform::metrics::Levels;
use crate::server::service::impersonation::live;
use crate::server::state::AppState;

/// How long the database may take: whoever reads metrics waits ten seconds for all of them, if nothing else is said.
const PATIENCE: Duration = Duration::from_secs(3);

/// All metrics, in the text format of Prometheus. Where the database does not answer they say so, and have the rest.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn text(state: &AppState) -> String {
    let pool = state.db.pool();
    let seen = match timeout(PATIENCE, seen(state)).await {
        Ok(Ok(seen)) => seen,
        Ok(Err(error)) => {
            tracing::warn!(error = format!("{error:#}"), "what runs and what waits could not be measured");
            Levels::default()
        }
        Err(_) => {
            tracing::warn!("what runs and what waits could not be measured in time");
            Levels::default()
        }
    };
    let levels =
        Levels { connections_used: pool.used, connections_idle: pool.idle, connections_most: pool.most, ..seen };
    state.metrics.text(&levels)
}

async fn seen(state: &AppState) -> ServiceResult<Levels> {
    let mut conn = state.db.read().await?;
    let environments = environment::all(&mut conn).await?;
    let (waiting, oldest) = delivery::waiting(&mut conn).await?;
    let environments_on = settings::enabled(&mut conn).await?;
    drop(conn);
    let mut impersonations = 0;
    for environment in environments {
        impersonations += live::running(state, environment.id).await?.count;
    }
    let waiting_seconds = oldest.map_or(0, |since| (state.now() - since).num_seconds().max(0));
    Ok(Levels { database_up: true, impersonations, environments_on, waiting, waiting_seconds, ..Levels::default() })
}
