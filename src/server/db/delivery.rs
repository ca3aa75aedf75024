//! The outbox: what others have to be told, whatever it is. What is shown of one kind is in a module of its own.

pub mod logout;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::Stored;
use super::{Conn, DbError, DbResult, Tx, built, execute, fetch_one, read_as};
use crate::server::domain::delivery::{Message, MessageKind};

/// A message that is due as soon as it is committed.
pub struct NewMessage<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub kind: MessageKind,
    pub destination: Uuid,
    pub about: Uuid,
    /// JSON.
    pub payload: &'a str,
    pub now: DateTime<Utc>,
}

/// Puts a message in, unless its destination was or will be told the same already.
pub async fn insert(tx: &mut Tx, message: &NewMessage<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO deliveries (id, environment_id, kind, destination, about, payload, created_at, next_attempt_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (destination, about, kind) DO NOTHING",
        message.id,
        message.environment_id,
        message.kind,
        message.destination,
        message.about,
        message.payload,
        message.now
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct MessageRow {
    id: Uuid,
    environment_id: Uuid,
    kind: Stored<MessageKind>,
    destination: Uuid,
    about: Uuid,
    payload: String,
    created_at: DateTime<Utc>,
    attempts: i64,
}

impl TryFrom<MessageRow> for Message {
    type Error = DbError;

    fn try_from(row: MessageRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            environment_id: row.environment_id,
            kind: row.kind.known("deliveries", "kind", row.id)?,
            destination: row.destination,
            about: row.about,
            payload: row.payload,
            created_at: row.created_at,
            attempts: row.attempts,
        })
    }
}

read_as!(MessageRow => Message);

/// Messages whose time has come, longest first, but for those to the destinations in `busy`. Those of a kind that another
/// version knows wait for it, and keep no other from its turn.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>, busy: &[Uuid], limit: i64) -> DbResult<Vec<Message>> {
    let mut sql = conn.build(
        "SELECT id, environment_id, kind, destination, about, payload, created_at, attempts FROM deliveries
         WHERE delivered_at IS NULL AND dead_at IS NULL AND next_attempt_at <= ",
    );
    sql.bind(now).push(" AND kind IN (").bind_all(MessageKind::ALL.map(MessageKind::as_str)).push(")");
    if !busy.is_empty() {
        sql.push(" AND destination NOT IN (").bind_all(busy).push(")");
    }
    sql.push(" ORDER BY next_attempt_at LIMIT ").bind(limit);
    built!(sql, fetch_all)
}

/// Takes a message for one attempt; nobody else gets it before `until`. Gives whether this call took it: of several
/// servers one does.
pub async fn claim(tx: &mut Tx, message: &Message, now: DateTime<Utc>, until: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE deliveries SET attempts = attempts + 1, last_attempt_at = $3, next_attempt_at = $4
         WHERE id = $1 AND attempts = $2 AND next_attempt_at <= $3 AND delivered_at IS NULL AND dead_at IS NULL",
        message.id,
        message.attempts,
        now,
        until
    )?;
    Ok(changed == 1)
}

/// Notes that a message arrived, whoever brought it.
pub async fn delivered(tx: &mut Tx, id: Uuid, status: i64, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE deliveries SET delivered_at = $3, dead_at = NULL, last_status = $2, last_error = NULL
         WHERE id = $1 AND delivered_at IS NULL",
        id,
        status,
        now
    )
}

/// How an attempt failed, and what comes next.
pub struct Failure<'a> {
    pub id: Uuid,
    /// The number of the attempt, from 1.
    pub attempt: i64,
    pub status: Option<i64>,
    pub error: &'a str,
    pub next_attempt_at: DateTime<Utc>,
    /// Set where there is no next attempt.
    pub dead_at: Option<DateTime<Utc>>,
}

/// Notes that an attempt failed, unless a later one has begun. Gives whether it did.
pub async fn failed(tx: &mut Tx, failure: &Failure<'_>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE deliveries SET last_status = $3, last_error = $4, next_attempt_at = $5, dead_at = $6
         WHERE id = $1 AND attempts = $2 AND delivered_at IS NULL AND dead_at IS NULL",
        failure.id,
        failure.attempt,
        failure.status,
        failure.error,
        failure.next_attempt_at,
        failure.dead_at
    )?;
    Ok(changed == 1)
}

/// Makes a message due at once, also one that was given up. Gives whether there was one that is not delivered yet.
pub async fn make_due(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE deliveries SET next_attempt_at = $2, dead_at = NULL WHERE id = $1 AND delivered_at IS NULL",
        id,
        now
    )?;
    Ok(changed == 1)
}

/// As many messages as are counted at most.
const COUNTED: i64 = 10_000;

/// How many messages wait, as far as they are counted, and since when the first of these does.
pub async fn waiting(conn: &mut Conn) -> DbResult<(i64, Option<DateTime<Utc>>)> {
    fetch_one!(
        conn,
        "SELECT count(*), min(created_at) FROM (
            SELECT created_at FROM deliveries WHERE delivered_at IS NULL AND dead_at IS NULL
            ORDER BY next_attempt_at LIMIT $1) AS waiting",
        COUNTED
    )
}
