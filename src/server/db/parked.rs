//! Requests that wait on the server for their user to sign in.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_optional, fetch_scalar};

pub struct NewParked<'a> {
    pub name_hash: &'a [u8],
    pub environment_id: Uuid,
    /// Where the browser is.
    pub network: &'a str,
    pub text: &'a str,
    pub expires_at: DateTime<Utc>,
}

pub async fn insert(tx: &mut Tx, new: &NewParked<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO parked_requests (name_hash, environment_id, network, text, bytes, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        new.name_hash,
        new.environment_id,
        new.network,
        new.text,
        new.text.len() as i64,
        new.expires_at
    )?;
    Ok(())
}

/// The text that is kept under this name, and until when.
pub async fn find(
    conn: &mut Conn,
    environment_id: Uuid,
    name_hash: &[u8],
) -> DbResult<Option<(String, DateTime<Utc>)>> {
    fetch_optional!(
        conn,
        "SELECT text, expires_at FROM parked_requests WHERE name_hash = $1 AND environment_id = $2",
        name_hash,
        environment_id
    )
}

/// How many requests of a network wait, and their bytes.
pub async fn share(tx: &mut Tx, environment_id: Uuid, network: &str) -> DbResult<(i64, i64)> {
    let row: Option<(i64, i64)> = fetch_optional!(
        tx,
        "SELECT count(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM parked_requests WHERE environment_id = $1 AND network = $2",
        environment_id,
        network
    )?;
    Ok(row.unwrap_or_default())
}

/// Forgets the one of a network that was parked first. Gives its bytes; `None` where there is none.
pub async fn delete_oldest(tx: &mut Tx, environment_id: Uuid, network: &str) -> DbResult<Option<i64>> {
    let row: Option<(i64,)> = fetch_optional!(
        tx,
        "DELETE FROM parked_requests WHERE name_hash IN
           (SELECT name_hash FROM parked_requests WHERE environment_id = $1 AND network = $2 ORDER BY expires_at LIMIT 1)
         RETURNING bytes",
        environment_id,
        network
    )?;
    Ok(row.map(|(bytes,)| bytes))
}

/// Bytes of all that wait in an environment.
pub async fn bytes(tx: &mut Tx, environment_id: Uuid) -> DbResult<i64> {
    fetch_scalar!(
        tx,
        "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM parked_requests WHERE environment_id = $1",
        environment_id
    )
}

/// Forgets those of an environment that were parked first, whosever they are.
pub async fn delete_first(tx: &mut Tx, environment_id: Uuid, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM parked_requests WHERE name_hash IN
           (SELECT name_hash FROM parked_requests WHERE environment_id = $1 ORDER BY expires_at LIMIT $2)",
        environment_id,
        limit
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
