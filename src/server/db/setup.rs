//! Links with which an installation without operators is set up.

use chrono::{DateTime, Utc};

use super::{Conn, DbResult, Tx, execute, fetch_scalar};

/// Adds a link, and forgets those whose time is over. Several may work at a time: each server prints one when it starts.
pub async fn add(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>, expires_at: DateTime<Utc>) -> DbResult<()> {
    execute!(tx, "DELETE FROM setup_links WHERE expires_at <= $1", now)?;
    execute!(
        tx,
        "INSERT INTO setup_links (code_hash, created_at, expires_at) VALUES ($1, $2, $3)",
        code_hash,
        now,
        expires_at
    )?;
    Ok(())
}

/// Whether a link works.
pub async fn works(conn: &mut Conn, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let links: i64 = fetch_scalar!(
        conn,
        "SELECT count(*) FROM setup_links WHERE code_hash = $1 AND expires_at > $2",
        code_hash,
        now
    )?;
    Ok(links > 0)
}

/// Uses a link up. Gives whether this call did it: of several at the same instant one does.
pub async fn use_up(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let deleted = execute!(tx, "DELETE FROM setup_links WHERE code_hash = $1 AND expires_at > $2", code_hash, now)?;
    Ok(deleted == 1)
}

/// No link works any more.
pub async fn forget(tx: &mut Tx) -> DbResult<()> {
    execute!(tx, "DELETE FROM setup_links")?;
    Ok(())
}
