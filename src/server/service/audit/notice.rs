//! What a server saw of its surroundings, kept for `understudy doctor`.

use crate::server::db::notice as table;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// Keeps that this was seen now.
pub async fn keep(state: &AppState, kind: &str, detail: &str) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    table::note(&mut tx, kind, detail, state.now()).await?;
    tx.commit().await?;
    Ok(())
}
