//! Deleting what nothing asks for any more, a bounded batch at a time.

use chrono::{DateTime, Utc};

use super::{DbResult, Tx, execute, fetch_all};
use uuid::Uuid;

/// Messages of the outbox from before this, delivered or given up.
pub async fn deliveries(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM deliveries WHERE id IN
           (SELECT id FROM deliveries WHERE (delivered_at IS NOT NULL OR dead_at IS NOT NULL) AND created_at < $1 LIMIT $2)",
        before,
        limit
    )
}

/// Portal sessions whose time was over before this.
pub async fn operator_sessions(tx: &mut Tx, before: DateTime<Utc>, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM operator_sessions WHERE id IN (SELECT id FROM operator_sessions WHERE expires_at < $1 LIMIT $2)",
        before,
        limit
    )
}

/// Sessions that ended before this and still have their codes, tokens and cookies.
pub async fn untidied_sessions(tx: &mut Tx, ended_before: DateTime<Utc>, limit: i64) -> DbResult<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        tx,
        "SELECT id FROM sessions WHERE ended_at IS NOT NULL AND tidied_at IS NULL AND ended_at < $1 ORDER BY ended_at LIMIT $2",
        ended_before,
        limit
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Deletes the codes, tokens and cookies of a session, and notes that it was done. Gives how many rows went.
pub async fn tidy_session(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    let mut deleted = execute!(tx, "DELETE FROM refresh_tokens WHERE session_id = $1", id)?;
    deleted += execute!(tx, "DELETE FROM authorization_codes WHERE session_id = $1", id)?;
    deleted += execute!(tx, "DELETE FROM hand_off_codes WHERE session_id = $1", id)?;
    deleted += execute!(tx, "DELETE FROM session_cookies WHERE session_id = $1", id)?;
    deleted += execute!(tx, "DELETE FROM browser_sessions WHERE session_id = $1", id)?;
    deleted += execute!(tx, "DELETE FROM session_applications WHERE session_id = $1", id)?;
    execute!(tx, "UPDATE sessions SET tidied_at = $2 WHERE id = $1", id, now)?;
    Ok(deleted)
}
