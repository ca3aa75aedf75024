//! Links with which users choose a password.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_optional};

/// Gives a user a link; an earlier one of theirs works no more.
pub async fn replace(
    tx: &mut Tx,
    user_id: Uuid,
    code_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO password_links (user_id, code_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE
           SET code_hash = excluded.code_hash, created_at = excluded.created_at, expires_at = excluded.expires_at",
        user_id,
        code_hash,
        now,
        expires_at
    )?;
    Ok(())
}

/// The user of this environment to whom a link belongs that still works.
pub async fn user_of(
    conn: &mut Conn,
    environment_id: Uuid,
    code_hash: &[u8],
    now: DateTime<Utc>,
) -> DbResult<Option<Uuid>> {
    let row: Option<(Uuid,)> = fetch_optional!(
        conn,
        "SELECT l.user_id FROM password_links l JOIN users u ON u.id = l.user_id
         WHERE l.code_hash = $1 AND l.expires_at > $2 AND u.environment_id = $3",
        code_hash,
        now,
        environment_id
    )?;
    Ok(row.map(|(user_id,)| user_id))
}

/// Uses a link up. Gives whether this call did it: of several at the same instant one does.
pub async fn use_up(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let deleted = execute!(tx, "DELETE FROM password_links WHERE code_hash = $1 AND expires_at > $2", code_hash, now)?;
    Ok(deleted == 1)
}

pub async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM password_links WHERE user_id IN (SELECT user_id FROM password_links WHERE expires_at <= $1 LIMIT $2)",
        now,
        limit
    )
}

/// A user's link works no more: whoever has it may not be the user.
pub async fn delete_of(tx: &mut Tx, user_id: Uuid) -> DbResult<u64> {
    execute!(tx, "DELETE FROM password_links WHERE user_id = $1", user_id)
}
