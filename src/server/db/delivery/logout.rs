//! Messages about the ends of sessions: whom they are for, and how their application's page shows them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::session::SessionKind;
use crate::server::db::word::Stored;
use crate::server::db::{Conn, DbError, DbResult, Tx, fetch_all, fetch_known, fetch_optional, read_as};
use crate::server::domain::delivery::ListedMessage;

/// The applications that hold tokens of a session and want to be told of its end.
pub async fn listeners(tx: &mut Tx, session_id: Uuid) -> DbResult<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        tx,
        "SELECT h.application_id FROM session_applications h JOIN applications p ON p.id = h.application_id
         WHERE h.session_id = $1 AND p.backchannel_logout_uri IS NOT NULL",
        session_id
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

#[derive(sqlx::FromRow)]
struct DeliveryRow {
    id: Uuid,
    session_id: Uuid,
    session_kind: Stored<SessionKind>,
    user_id: Uuid,
    user_name: String,
    user_email: String,
    created_at: DateTime<Utc>,
    attempts: i64,
    next_attempt_at: DateTime<Utc>,
    last_error: Option<String>,
    delivered_at: Option<DateTime<Utc>>,
    dead_at: Option<DateTime<Utc>>,
}

impl TryFrom<DeliveryRow> for ListedMessage {
    type Error = DbError;

    fn try_from(row: DeliveryRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            session_id: row.session_id,
            session_kind: row.session_kind.known("sessions", "kind", row.session_id)?,
            user_id: row.user_id,
            user_name: row.user_name,
            user_email: row.user_email,
            created_at: row.created_at,
            attempts: row.attempts,
            next_attempt_at: row.next_attempt_at,
            last_error: row.last_error,
            delivered_at: row.delivered_at,
            dead_at: row.dead_at,
        })
    }
}

read_as!(DeliveryRow => ListedMessage);

macro_rules! select_delivery {
    ($messages:literal, $rest:literal) => {
        concat!(
            "SELECT d.id, s.id AS session_id, s.kind AS session_kind, u.id AS user_id, u.name AS user_name, u.email AS user_email,
               d.created_at, d.attempts, d.next_attempt_at, d.last_error, d.delivered_at, d.dead_at
             FROM (SELECT * FROM deliveries WHERE kind = 'back_channel_logout' AND destination = $1 ",
            $messages,
            ") AS d JOIN sessions s ON s.id = d.about JOIN users u ON u.id = s.user_id ",
            $rest
        )
    };
}

/// The latest `limit` messages to an application, newest first, but for those of them about users who are removed: [`counts`] says
/// whether there are more.
pub async fn of_application(conn: &mut Conn, application_id: Uuid, limit: i64) -> DbResult<Vec<ListedMessage>> {
    fetch_known!(
        conn,
        select_delivery!("ORDER BY created_at DESC, id DESC LIMIT $2", "ORDER BY d.created_at DESC, d.id DESC"),
        application_id,
        limit
    )
}

/// The message to an application about a session, whose user is there still.
pub async fn one(conn: &mut Conn, application_id: Uuid, session_id: Uuid) -> DbResult<Option<ListedMessage>> {
    fetch_optional!(conn, select_delivery!("AND about = $2", ""), application_id, session_id)
}

/// What became of telling one application of the end of a session.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SessionMessage {
    pub application_id: Uuid,
    pub application_name: String,
    pub attempts: i64,
    pub last_error: Option<String>,
    pub next_attempt_at: DateTime<Utc>,
    pub delivered_at: Option<DateTime<Utc>>,
    pub dead_at: Option<DateTime<Utc>>,
}

/// The messages about the end of one session, by application: there is one for each that held tokens of it.
pub async fn of_session(conn: &mut Conn, session_id: Uuid) -> DbResult<Vec<SessionMessage>> {
    fetch_all!(
        conn,
        "SELECT p.id AS application_id, p.name AS application_name, d.attempts, d.last_error, d.next_attempt_at, d.delivered_at,
                d.dead_at
         FROM session_applications h JOIN applications p ON p.id = h.application_id
         JOIN deliveries d ON d.kind = 'back_channel_logout' AND d.destination = p.id AND d.about = h.session_id
         WHERE h.session_id = $1 ORDER BY p.sort_name, p.id",
        session_id
    )
}

/// How many of an application's latest messages are in which state.
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct MessageCounts {
    pub delivered: i64,
    pub dead: i64,
    pub pending: i64,
}

impl MessageCounts {
    pub fn total(&self) -> i64 {
        self.delivered + self.dead + self.pending
    }
}

/// The states of the latest `limit` messages to an application.
pub async fn counts(conn: &mut Conn, application_id: Uuid, limit: i64) -> DbResult<MessageCounts> {
    let counts = fetch_optional!(
        conn,
        "SELECT count(delivered_at) AS delivered, count(dead_at) AS dead, count(*) - count(delivered_at) - count(dead_at) AS pending
         FROM (SELECT delivered_at, dead_at FROM deliveries WHERE kind = 'back_channel_logout' AND destination = $1
               ORDER BY created_at DESC, id DESC LIMIT $2) AS latest",
        application_id,
        limit
    )?;
    Ok(counts.unwrap_or_default())
}
