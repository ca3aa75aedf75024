//! Requests that wait on the server for their user to sign in.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_optional, fetch_scalar};

pub async fn insert(
    tx: &mut Tx,
    name_hash: &[u8],
    environment_id: Uuid,
    text: &str,
    expires_at: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO parked_requests (name_hash, environment_id, text, expires_at) VALUES ($1, $2, $3, $4)",
        name_hash,
        environment_id,
        text,
        expires_at
    )?;
    Ok(())
}

/// The text that is kept under this name, unless its time is over.
pub async fn find(
    conn: &mut Conn,
    environment_id: Uuid,
    name_hash: &[u8],
    now: DateTime<Utc>,
) -> DbResult<Option<String>> {
    let row: Option<(String,)> = fetch_optional!(
        conn,
        "SELECT text FROM parked_requests WHERE name_hash = $1 AND environment_id = $2 AND expires_at > $3",
        name_hash,
        environment_id,
        now
    )?;
    Ok(row.map(|(text,)| text))
}

pub async fn count(tx: &mut Tx, environment_id: Uuid) -> DbResult<i64> {
    fetch_scalar!(tx, "SELECT count(*) FROM parked_requests WHERE environment_id = $1", environment_id)
}

/// Forgets the one that was parked first.
pub async fn delete_oldest(tx: &mut Tx, environment_id: Uuid) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM parked_requests WHERE name_hash IN
           (SELECT name_hash FROM parked_requests WHERE environment_id = $1 ORDER BY expires_at LIMIT 1)",
        environment_id
    )
}

pub async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM parked_requests WHERE name_hash IN
           (SELECT name_hash FROM parked_requests WHERE expires_at <= $1 LIMIT $2)",
        now,
        limit
    )
}
