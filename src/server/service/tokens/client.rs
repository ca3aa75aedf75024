//! Tokens that clients have of their own, in no session of a user: the assertions by which they prove themselves, and the
//! access tokens that they get for themselves.

mod assertion;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::client_token as table;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

pub use assertion::{Assertion, accept};

/// Revokes an application's own access token, which expires at `expires_at` in any case.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn revoke(state: &AppState, environment_id: Uuid, jti: &str, expires_at: DateTime<Utc>) -> ServiceResult<()> {
    let mut tx = state.db.write().await?;
    table::revoke(&mut tx, environment_id, jti, expires_at).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether an application's own access token was revoked.
pub async fn is_revoked(state: &AppState, environment_id: Uuid, jti: &str) -> ServiceResult<bool> {
    let mut conn = state.db.read().await?;
    Ok(table::is_revoked(&mut conn, environment_id, jti).await?)
}

/// Forgets used assertions and revoked tokens that have expired. Gives how many.
pub async fn forget_expired(state: &AppState) -> ServiceResult<u64> {
    let now = state.now();
    let mut conn = state.db.read().await?;
    if !table::has_expired(&mut conn, now).await? {
        return Ok(0);
    }
    drop(conn);
    let mut tx = state.db.write().await?;
    let forgotten = table::forget_expired(&mut tx, now).await?;
    tx.commit().await?;
    Ok(forgotten)
}
