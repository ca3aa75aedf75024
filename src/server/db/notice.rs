//! What a server saw that an administrator should know, kept for `understudy doctor`.

use chrono::{DateTime, Utc};

use super::{Conn, DbResult, Tx, execute, fetch_all};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Notice {
    pub kind: String,
    pub detail: String,
    pub last_seen_at: DateTime<Utc>,
}

pub async fn note(tx: &mut Tx, kind: &str, detail: &str, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO notices (kind, detail, last_seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (kind, detail) DO UPDATE SET last_seen_at = excluded.last_seen_at",
        kind,
        detail,
        now
    )?;
    Ok(())
}

/// The latest ones of a kind since then.
pub async fn since(conn: &mut Conn, kind: &str, time: DateTime<Utc>, limit: i64) -> DbResult<Vec<Notice>> {
    fetch_all!(
        conn,
        "SELECT kind, detail, last_seen_at FROM notices WHERE kind = $1 AND last_seen_at >= $2
         ORDER BY last_seen_at DESC, detail LIMIT $3",
        kind,
        time,
        limit
    )
}

pub async fn forget(tx: &mut Tx, before: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "DELETE FROM notices WHERE last_seen_at < $1", before)
}
