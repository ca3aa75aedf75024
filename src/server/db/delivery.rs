//! The outbox of back-channel logout: which application has to hear of the end of which session.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_optional, on};

/// Puts in a row for every application that holds tokens of the session and wants to be told. Gives how many.
pub async fn enqueue(
    tx: &mut Tx,
    session_id: Uuid,
    environment_id: Uuid,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> DbResult<u64> {
    execute!(
        tx,
        "INSERT INTO logout_deliveries (session_id, application_id, environment_id, user_id, created_at, next_attempt_at)
         SELECT h.session_id, h.application_id, $2, $3, $4, $4
         FROM session_applications h JOIN applications p ON p.id = h.application_id
         WHERE h.session_id = $1 AND p.backchannel_logout_uri IS NOT NULL",
        session_id,
        environment_id,
        user_id,
        now
    )
}

/// A message whose time has come, with all that it is made of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DueRow {
    pub session_id: Uuid,
    pub application_id: Uuid,
    pub environment_id: Uuid,
    pub environment_slug: String,
    pub environment_host: Option<String>,
    pub user_id: Uuid,
    pub created_at: DateTime<Utc>,
    /// Attempts so far.
    pub attempts: i64,
    pub client_id: String,
    pub application_name: String,
    pub signing_algorithm: String,
    pub backchannel_logout_uri: Option<String>,
}

/// Messages whose time has come, longest first, but for those of the applications in `busy`. Only placeholder numbers are
/// put together.
pub async fn due(conn: &mut Conn, now: DateTime<Utc>, busy: &[Uuid], limit: i64) -> DbResult<Vec<DueRow>> {
    let mut sql = "SELECT d.session_id, d.application_id, d.environment_id, e.slug AS environment_slug,
           e.host AS environment_host, d.user_id, d.created_at, d.attempts, p.client_id, p.name AS application_name, p.signing_algorithm, p.backchannel_logout_uri
         FROM logout_deliveries d JOIN applications p ON p.id = d.application_id JOIN environments e ON e.id = d.environment_id
         WHERE d.delivered_at IS NULL AND d.dead_at IS NULL AND d.next_attempt_at <= $1"
        .to_owned();
    if !busy.is_empty() {
        let placeholders = (0..busy.len()).map(|index| format!("${}", index + 3)).collect::<Vec<_>>().join(", ");
        sql += &format!(" AND d.application_id NOT IN ({placeholders})");
    }
    sql += " ORDER BY d.next_attempt_at LIMIT $2";
    let rows = on!(conn, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(now).bind(limit);
        for application_id in busy {
            query = query.bind(application_id);
        }
        query.fetch_all(c).await
    })?;
    Ok(rows)
}

/// Takes a message for one attempt; nobody else gets it before `until`. Gives whether this call took it: of several
/// servers one does.
pub async fn claim(tx: &mut Tx, row: &DueRow, now: DateTime<Utc>, until: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE logout_deliveries SET attempts = attempts + 1, last_attempt_at = $4, next_attempt_at = $5
         WHERE session_id = $1 AND application_id = $2 AND attempts = $3 AND next_attempt_at <= $4
           AND delivered_at IS NULL AND dead_at IS NULL",
        row.session_id,
        row.application_id,
        row.attempts,
        now,
        until
    )?;
    Ok(changed == 1)
}

/// Notes that the application was told, whoever told it.
pub async fn delivered(
    tx: &mut Tx,
    session_id: Uuid,
    application_id: Uuid,
    status: i64,
    now: DateTime<Utc>,
) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE logout_deliveries SET delivered_at = $4, dead_at = NULL, last_status = $3, last_error = NULL
         WHERE session_id = $1 AND application_id = $2 AND delivered_at IS NULL",
        session_id,
        application_id,
        status,
        now
    )
}

/// How an attempt failed, and what comes next.
pub struct Failure<'a> {
    pub session_id: Uuid,
    pub application_id: Uuid,
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
        "UPDATE logout_deliveries SET last_status = $4, last_error = $5, next_attempt_at = $6, dead_at = $7
         WHERE session_id = $1 AND application_id = $2 AND attempts = $3 AND delivered_at IS NULL AND dead_at IS NULL",
        failure.session_id,
        failure.application_id,
        failure.attempt,
        failure.status,
        failure.error,
        failure.next_attempt_at,
        failure.dead_at
    )?;
    Ok(changed == 1)
}

/// Makes a message due at once, also one that was given up. Gives whether there was one that is not delivered yet.
pub async fn make_due(tx: &mut Tx, session_id: Uuid, application_id: Uuid, now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE logout_deliveries SET next_attempt_at = $3, dead_at = NULL
         WHERE session_id = $1 AND application_id = $2 AND delivered_at IS NULL",
        session_id,
        application_id,
        now
    )?;
    Ok(changed == 1)
}

/// A message in the list of its application.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeliveryRow {
    pub session_id: Uuid,
    pub session_kind: String,
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    pub created_at: DateTime<Utc>,
    pub attempts: i64,
    pub next_attempt_at: DateTime<Utc>,
    pub last_attempt_at: Option<DateTime<Utc>>,
    pub last_status: Option<i64>,
    pub last_error: Option<String>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub dead_at: Option<DateTime<Utc>>,
}

macro_rules! select_delivery {
    ($rest:literal) => {
        concat!(
            "SELECT d.session_id, s.kind AS session_kind, d.user_id, u.name AS user_name, u.email AS user_email, d.created_at,
               d.attempts, d.next_attempt_at, d.last_attempt_at, d.last_status, d.last_error, d.delivered_at, d.dead_at
             FROM logout_deliveries d JOIN users u ON u.id = d.user_id JOIN sessions s ON s.id = d.session_id ",
            $rest
        )
    };
}

/// The latest messages to an application, newest first.
pub async fn of_application(conn: &mut Conn, application_id: Uuid, limit: i64) -> DbResult<Vec<DeliveryRow>> {
    fetch_all!(
        conn,
        select_delivery!("WHERE d.application_id = $1 ORDER BY d.created_at DESC, d.session_id DESC LIMIT $2"),
        application_id,
        limit
    )
}

pub async fn one(conn: &mut Conn, session_id: Uuid, application_id: Uuid) -> DbResult<Option<DeliveryRow>> {
    fetch_optional!(
        conn,
        select_delivery!("WHERE d.session_id = $1 AND d.application_id = $2"),
        session_id,
        application_id
    )
}

/// How many of an application's latest messages are in which state.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct CountsRow {
    pub delivered: i64,
    pub dead: i64,
    pub pending: i64,
}

/// The states of the latest `limit` messages to an application.
pub async fn counts(conn: &mut Conn, application_id: Uuid, limit: i64) -> DbResult<CountsRow> {
    let counts = fetch_optional!(
        conn,
        "SELECT count(delivered_at) AS delivered, count(dead_at) AS dead, count(*) - count(delivered_at) - count(dead_at) AS pending
         FROM (SELECT delivered_at, dead_at FROM logout_deliveries WHERE application_id = $1
               ORDER BY created_at DESC, session_id DESC LIMIT $2) AS latest",
        application_id,
        limit
    )?;
    Ok(counts.unwrap_or_default())
}
