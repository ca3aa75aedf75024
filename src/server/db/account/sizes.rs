//! How many users accounts have and when something happened in them, as it is kept for lists.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::{Conn, DbResult, Tx, execute, fetch_all, fetch_optional};
use crate::server::domain::trail::Place;

/// Adds up what writers wrote on PostgreSQL. On SQLite there is nothing.
pub async fn add_up(tx: &mut Tx) -> DbResult<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    execute!(
        tx,
        "WITH gone AS (DELETE FROM account_size_changes RETURNING account_id, users),
           sums AS (SELECT account_id, sum(users)::bigint AS users FROM gone GROUP BY account_id)
         UPDATE account_sizes s SET users = s.users + sums.users FROM sums WHERE s.account_id = sums.account_id"
    )?;
    Ok(())
}

/// How far an environment's trail was read.
pub async fn read_until(conn: &mut Conn, environment_id: Uuid) -> DbResult<Option<Place>> {
    fetch_optional!(conn, "SELECT read_at, read_id FROM account_activity WHERE environment_id = $1", environment_id)
}

/// Where it happened: the first events behind a place that are older than a time, each with its account.
pub async fn events(
    conn: &mut Conn,
    environment_id: Uuid,
    (after, after_id): Place,
    until: DateTime<Utc>,
    limit: i64,
) -> DbResult<Vec<(DateTime<Utc>, Uuid, Option<Uuid>)>> {
    fetch_all!(
        conn,
        "SELECT occurred_at, id, account_id FROM audit_events
         WHERE environment_id = $1 AND (occurred_at, id) > ($2, $3) AND occurred_at < $4 ORDER BY occurred_at, id LIMIT $5",
        environment_id,
        after,
        after_id,
        until,
        limit
    )
}

/// Something happened in an account at a time.
pub async fn active(tx: &mut Tx, account_id: Uuid, at: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE account_sizes SET active_us = $2 WHERE account_id = $1 AND active_us < $2",
        account_id,
        at.timestamp_micros()
    )
}

/// The trail was read up to a place, by whoever read it last up to `before`. Gives whether that was so: of two who read the same,
/// one is told.
pub async fn read_on(tx: &mut Tx, environment_id: Uuid, before: Option<Place>, (at, id): Place) -> DbResult<bool> {
    let changed = match before {
        None => execute!(
            tx,
            "INSERT INTO account_activity (environment_id, read_at, read_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            environment_id,
            at,
            id
        )?,
        Some((before, before_id)) => execute!(
            tx,
            "UPDATE account_activity SET read_at = $2, read_id = $3
             WHERE environment_id = $1 AND read_at = $4 AND read_id = $5",
            environment_id,
            at,
            id,
            before,
            before_id
        )?,
    };
    Ok(changed == 1)
}
