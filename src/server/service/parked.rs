//! Long authorization requests wait on the server while their user signs in: addresses and forms carry a short name, so
//! that no proxy, browser or field between cuts them.

use chrono::TimeDelta;
use uuid::Uuid;

use crate::server::db::parked as table;
use crate::server::error::ServiceResult;
use crate::server::secret::SecretKind;
use crate::server::state::AppState;

/// Bytes of a request at most. Bodies and addresses end soon after.
pub const LONGEST: usize = 64_000;
/// How long a sign-in page may stand open.
const LIFETIME: TimeDelta = TimeDelta::hours(1);
/// Waiting requests of an environment. Strangers make them: beyond this the oldest go.
const MOST: i64 = 5_000;
/// Rows in one transaction.
const BATCH: i64 = 200;

/// Keeps `text`, and gives its name.
pub async fn park(state: &AppState, environment_id: Uuid, text: &str) -> ServiceResult<String> {
    let (name, name_hash) = SecretKind::ParkedRequest.generate(state.random.as_ref());
    let mut tx = state.db.write().await?;
    if table::count(&mut tx, environment_id).await? >= MOST {
        table::delete_oldest(&mut tx, environment_id).await?;
    }
    table::insert(&mut tx, &name_hash, environment_id, text, state.now() + LIFETIME).await?;
    tx.commit().await?;
    Ok(name)
}

/// Whether `text` could be the name of something parked.
pub fn is_name(text: &str) -> bool {
    SecretKind::ParkedRequest.hash_of(text).is_some()
}

/// What was parked under this name, as often as it is asked for: people go back and load again.
pub async fn find(state: &AppState, environment_id: Uuid, name: &str) -> ServiceResult<Option<String>> {
    let Some(name_hash) = SecretKind::ParkedRequest.hash_of(name) else { return Ok(None) };
    let mut conn = state.db.read().await?;
    Ok(table::find(&mut conn, environment_id, &name_hash, state.now()).await?)
}

/// Forgets what nobody came back for. Gives how many went.
pub async fn forget_expired(state: &AppState) -> ServiceResult<u64> {
    let mut deleted = 0;
    loop {
        let mut tx = state.db.write().await?;
        let batch = table::delete_expired(&mut tx, state.now(), BATCH).await?;
        if batch == 0 {
            return Ok(deleted);
        }
        tx.commit().await?;
        deleted += batch;
    }
}
