//! Whether this server can serve.

use crate::server::db::{DbResult, environment};
use crate::server::state::AppState;

/// Asks the database what every request asks it.
pub async fn check(state: &AppState) -> DbResult<()> {
    let mut conn = state.db.read().await?;
    environment::all(&mut conn).await?;
    // No request is answered without this.
    state.db.epoch().await?;
    Ok(())
}
