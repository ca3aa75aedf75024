//! Sign-ins with an unknown e-mail that failed, counted by the hour.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_scalar};

/// One more. Gives how many there were in this hour.
pub async fn count(tx: &mut Tx, environment_id: Uuid, door: &str, hour: DateTime<Utc>) -> DbResult<i64> {
    fetch_scalar!(
        tx,
        "INSERT INTO failed_sign_ins (environment_id, door, hour, attempts) VALUES ($1, $2, $3, 1)
         ON CONFLICT (environment_id, door, hour) DO UPDATE SET attempts = failed_sign_ins.attempts + 1
         RETURNING attempts",
        environment_id,
        door,
        hour
    )
}

/// How many there were since then, by environment and door.
pub async fn since(conn: &mut Conn, time: DateTime<Utc>) -> DbResult<Vec<(String, String, i64)>> {
    fetch_all!(
        conn,
        "SELECT e.name, f.door, CAST(SUM(f.attempts) AS BIGINT)
         FROM failed_sign_ins f JOIN environments e ON e.id = f.environment_id
         WHERE f.hour >= $1 GROUP BY e.name, e.position, f.door ORDER BY e.position, e.name, f.door",
        time
    )
}

pub async fn forget(tx: &mut Tx, before: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "DELETE FROM failed_sign_ins WHERE hour < $1", before)
}
