//! How long an environment keeps what is over, and removing it, a bounded batch at a time.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, built, execute, fetch_all, fetch_optional, fetch_scalar};
use crate::model::session::SessionKind;
use crate::server::domain::retention::{Removed, Retention};
use crate::server::domain::trail::Place;

/// What is kept how long, and how far removing it has come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept {
    pub days: Retention,
    /// When all was removed that was due.
    pub swept_at: Option<DateTime<Utc>>,
    /// What was removed that no event says yet.
    pub untold: Removed,
}

#[derive(sqlx::FromRow)]
struct KeptRow {
    audit_days: i64,
    session_days: i64,
    portal_session_days: i64,
    failed_sign_in_days: i64,
    swept_at: Option<DateTime<Utc>>,
    removed_events: i64,
    removed_sessions: i64,
    removed_portal_sessions: i64,
    removed_failed_sign_ins: i64,
}

impl From<KeptRow> for Kept {
    fn from(row: KeptRow) -> Self {
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Self {
            days: Retention {
                audit: row.audit_days,
                sessions: row.session_days,
                portal_sessions: row.portal_session_days,
                failed_sign_ins: row.failed_sign_in_days,
            },
            swept_at: row.swept_at,
            untold: Removed {
                events: count(row.removed_events),
                sessions: count(row.removed_sessions),
                portal_sessions: count(row.removed_portal_sessions),
                failed_sign_ins: count(row.removed_failed_sign_ins),
            },
        }
    }
}

/// The usual days where none were given.
pub async fn of(conn: &mut Conn, environment_id: Uuid) -> DbResult<Kept> {
    let row: Option<KeptRow> = fetch_optional!(
        conn,
        "SELECT audit_days, session_days, portal_session_days, failed_sign_in_days, swept_at, removed_events, removed_sessions,
           removed_portal_sessions, removed_failed_sign_ins
         FROM retention WHERE environment_id = $1",
        environment_id
    )?;
    Ok(row.map(Kept::from).unwrap_or_default())
}

/// The environment has a row from now on.
async fn ensure(tx: &mut Tx, environment_id: Uuid) -> DbResult<()> {
    execute!(tx, "INSERT INTO retention (environment_id) VALUES ($1) ON CONFLICT DO NOTHING", environment_id)?;
    Ok(())
}

/// What is kept how long, which nobody else changes before this transaction ends.
pub async fn hold(tx: &mut Tx, environment_id: Uuid) -> DbResult<Kept> {
    ensure(tx, environment_id).await?;
    execute!(tx, "UPDATE retention SET swept_at = swept_at WHERE environment_id = $1", environment_id)?;
    of(tx, environment_id).await
}

pub async fn set(tx: &mut Tx, environment_id: Uuid, days: &Retention) -> DbResult<()> {
    ensure(tx, environment_id).await?;
    execute!(
        tx,
        "UPDATE retention SET audit_days = $2, session_days = $3, portal_session_days = $4, failed_sign_in_days = $5,
           swept_at = NULL WHERE environment_id = $1",
        environment_id,
        days.audit,
        days.sessions,
        days.portal_sessions,
        days.failed_sign_ins
    )?;
    Ok(())
}

/// Adds to what was removed and no event says yet.
pub async fn count(tx: &mut Tx, environment_id: Uuid, removed: &Removed) -> DbResult<()> {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    ensure(tx, environment_id).await?;
    execute!(
        tx,
        "UPDATE retention SET removed_events = removed_events + $2, removed_sessions = removed_sessions + $3,
           removed_portal_sessions = removed_portal_sessions + $4, removed_failed_sign_ins = removed_failed_sign_ins + $5
         WHERE environment_id = $1",
        environment_id,
        count(removed.events),
        count(removed.sessions),
        count(removed.portal_sessions),
        count(removed.failed_sign_ins)
    )?;
    Ok(())
}

/// An event says what was removed.
pub async fn told(tx: &mut Tx, environment_id: Uuid) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE retention SET removed_events = 0, removed_sessions = 0, removed_portal_sessions = 0,
           removed_failed_sign_ins = 0 WHERE environment_id = $1",
        environment_id
    )?;
    Ok(())
}

pub async fn swept(tx: &mut Tx, environment_id: Uuid, now: DateTime<Utc>) -> DbResult<()> {
    ensure(tx, environment_id).await?;
    execute!(tx, "UPDATE retention SET swept_at = $2 WHERE environment_id = $1", environment_id, now)?;
    Ok(())
}

/// An event as far as it matters for whether it is due.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct OldEvent {
    pub occurred_at: DateTime<Utc>,
    pub id: Uuid,
    pub operator_id: Option<Uuid>,
}

/// The oldest events of before a time, beyond `after`.
pub async fn old_events(
    conn: &mut Conn,
    environment_id: Uuid,
    after: Place,
    before: DateTime<Utc>,
    limit: i64,
) -> DbResult<Vec<OldEvent>> {
    fetch_all!(
        conn,
        "SELECT occurred_at, id, operator_id FROM audit_events
         WHERE environment_id = $1 AND (occurred_at, id) > ($2, $3) AND occurred_at < $4 ORDER BY occurred_at, id LIMIT $5",
        environment_id,
        after.0,
        after.1,
        before,
        limit
    )
}

/// When the newest event happened.
pub async fn newest_event(conn: &mut Conn, environment_id: Uuid) -> DbResult<Option<DateTime<Utc>>> {
    fetch_scalar!(conn, "SELECT MAX(occurred_at) FROM audit_events WHERE environment_id = $1", environment_id)
}

/// Deletes events, of which those of impersonations are from before one time and the others from before another. A trigger lets
/// no other go, for as long as this takes and for this environment.
pub async fn delete_events(
    tx: &mut Tx,
    environment_id: Uuid,
    (before, impersonated_before): (DateTime<Utc>, DateTime<Utc>),
    ids: &[Uuid],
) -> DbResult<u64> {
    ensure(tx, environment_id).await?;
    execute!(
        tx,
        "UPDATE retention SET removing_before = $2, removing_impersonated_before = $3 WHERE environment_id = $1",
        environment_id,
        before,
        impersonated_before
    )?;
    let mut sql = tx.build("DELETE FROM audit_events WHERE id IN (");
    sql.bind_all(ids).push(")").used_once();
    let deleted = built!(sql, execute)?;
    execute!(
        tx,
        "UPDATE retention SET removing_before = NULL, removing_impersonated_before = NULL WHERE environment_id = $1",
        environment_id
    )?;
    Ok(deleted)
}

/// Deletes sessions of a kind that ended before a time, and whose codes and tokens are gone already.
pub async fn delete_sessions(
    tx: &mut Tx,
    environment_id: Uuid,
    kind: SessionKind,
    before: DateTime<Utc>,
    limit: i64,
) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM sessions WHERE id IN
           (SELECT id FROM sessions WHERE environment_id = $1 AND kind = $2 AND ended_at IS NOT NULL AND ended_at < $3
              AND tidied_at IS NOT NULL ORDER BY ended_at LIMIT $4)",
        environment_id,
        kind.as_str(),
        before,
        limit
    )
}

/// Deletes the counts of the oldest hour of before a time, with those by address. Gives how many counts they were, one a
/// door; `None` where there are none.
pub async fn delete_failed_sign_ins(tx: &mut Tx, environment_id: Uuid, before: DateTime<Utc>) -> DbResult<Option<u64>> {
    let oldest: Option<DateTime<Utc>> =
        fetch_scalar!(tx, "SELECT MIN(hour) FROM failed_sign_ins WHERE environment_id = $1", environment_id)?;
    let Some(hour) = oldest.filter(|hour| *hour < before) else { return Ok(None) };
    let counts =
        execute!(tx, "DELETE FROM failed_sign_ins WHERE environment_id = $1 AND hour = $2", environment_id, hour)?;
    let sql = "DELETE FROM failed_sign_in_addresses WHERE environment_id = $1 AND hour = $2";
    execute!(tx, sql, environment_id, hour)?;
    Ok(Some(counts))
}
