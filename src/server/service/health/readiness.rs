//! Whether this server can serve.

use std::time::Duration;

use tokio::time::timeout;

pub use crate::server::cache::readiness::Part;
use crate::server::db::environment;
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

/// How long the database may take to say anything.
const PATIENCE: Duration = Duration::from_secs(3);

/// The part because of which this server cannot serve, if there is one. What is wrong with it is in the log.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn failing(state: &AppState) -> Option<Part> {
    state.readiness.failing(state.clock.monotonic(), look(state)).await
}

async fn look(state: &AppState) -> Option<Part> {
    let environments = match timeout(PATIENCE, asked(state)).await {
        Ok(Ok(environments)) => environments,
        Ok(Err(error)) => return told(Part::Database, &format!("{error:#}")),
        Err(_) => return told(Part::Database, "no answer in time"),
    };
    match state.db.is_current().await {
        Ok(true) => {}
        Ok(false) => return told(Part::Migrations, "the schema is that of an earlier version"),
        Err(error) => return told(Part::Migrations, &format!("{error:#}")),
    }
    for environment in environments {
        if let Err(error) = relying_party::keys(state, environment.id).await {
            return told(Part::Keys, &format!("{error:#}"));
        }
    }
    None
}

/// Asks the database what every request asks it.
async fn asked(state: &AppState) -> ServiceResult<Vec<Environment>> {
    let mut conn = state.db.read().await?;
    let environments = environment::all(&mut conn).await?;
    // No request is answered without this.
    state.db.epoch().await?;
    Ok(environments)
}

fn told(part: Part, error: &str) -> Option<Part> {
    tracing::error!(part = part.as_str(), error, "this server cannot serve");
    Some(part)
}
