//! Browsers, the sessions that each holds, and who was who in an application by it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::Stored;
use super::{Conn, DbError, DbResult, Tx, execute, fetch_known, fetch_optional, fetch_scalar, read_as};
use crate::model::session::SessionKind;
use crate::server::domain::session::listed::BrowserSession;

/// Rows of a browser that are looked at: more than it may hold.
pub const HELD: i64 = 1_200;
/// Uses of one application that are looked at.
pub const USES: i64 = 100;

pub async fn insert(
    tx: &mut Tx,
    id: Uuid,
    environment_id: Uuid,
    secret_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO browsers (id, environment_id, secret_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        id,
        environment_id,
        secret_hash,
        now,
        expires_at
    )?;
    Ok(())
}

/// The browser of an environment that has this cookie.
pub async fn by_secret(
    conn: &mut Conn,
    environment_id: Uuid,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> DbResult<Option<Uuid>> {
    let row: Option<(Uuid,)> = fetch_optional!(
        conn,
        "SELECT id FROM browsers WHERE secret_hash = $1 AND environment_id = $2 AND expires_at > $3",
        secret_hash,
        environment_id,
        now
    )?;
    Ok(row.map(|(id,)| id))
}

/// From now on the browser is known by this cookie alone, until `expires_at`.
pub async fn renew(tx: &mut Tx, id: Uuid, secret_hash: &[u8], expires_at: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE browsers SET secret_hash = $2, expires_at = $3, former_hash = NULL, former_until = NULL,
           former_operator_session_id = NULL WHERE id = $1",
        id,
        secret_hash,
        expires_at
    )?;
    Ok(())
}

/// A cookie that a hand-off took away, as far as another hand-off may still come with it.
pub struct Former<'a> {
    pub secret_hash: &'a [u8],
    /// The portal session in which it was taken away: no other one may come with it.
    pub operator_session_id: Uuid,
}

/// [`renew`], where the cookie of before is remembered until `until`.
pub async fn renew_after(
    tx: &mut Tx,
    id: Uuid,
    secret_hash: &[u8],
    expires_at: DateTime<Utc>,
    former: &Former<'_>,
    until: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE browsers SET secret_hash = $2, expires_at = $3, former_hash = $4, former_until = $5,
           former_operator_session_id = $6 WHERE id = $1",
        id,
        secret_hash,
        expires_at,
        former.secret_hash,
        until,
        former.operator_session_id
    )?;
    Ok(())
}

/// The browser from which a hand-off took this cookie away a moment ago, with the cookie that it has instead.
pub async fn by_former(
    tx: &mut Tx,
    environment_id: Uuid,
    former: &Former<'_>,
    now: DateTime<Utc>,
) -> DbResult<Option<(Uuid, Vec<u8>)>> {
    fetch_optional!(
        tx,
        "SELECT id, secret_hash FROM browsers WHERE former_hash = $1 AND former_operator_session_id = $2
           AND former_until > $3 AND environment_id = $4 AND expires_at > $3",
        former.secret_hash,
        former.operator_session_id,
        now,
        environment_id
    )
}

/// Whether a hand-off gave the browser its cookie a moment ago, in this portal session.
pub async fn is_fresh(tx: &mut Tx, id: Uuid, operator_session_id: Uuid, now: DateTime<Utc>) -> DbResult<bool> {
    fetch_scalar!(
        tx,
        "SELECT CAST(COUNT(*) AS BIGINT) > 0 FROM browsers
         WHERE id = $1 AND former_operator_session_id = $2 AND former_until > $3",
        id,
        operator_session_id,
        now
    )
}

/// Gives a session to a browser: for one application, or for all where there is none. One that it has already is opened
/// once more.
pub async fn hold(
    tx: &mut Tx,
    browser_id: Uuid,
    session_id: Uuid,
    application_id: Option<Uuid>,
    now: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO browser_sessions (browser_id, session_id, application_id, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (browser_id, session_id) DO UPDATE SET reopened_at = excluded.created_at",
        browser_id,
        session_id,
        application_id,
        now
    )?;
    Ok(())
}

/// Sessions of the browser that run.
pub async fn count_running(conn: &mut Conn, browser_id: Uuid, now: DateTime<Utc>) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(*) FROM browser_sessions b JOIN sessions s ON s.id = b.session_id
         WHERE b.browser_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2",
        browser_id,
        now
    )
}

/// Forgets sessions of the browser that ended, oldest ended first, but for the `kept` that ended last.
pub async fn forget_ended(tx: &mut Tx, browser_id: Uuid, kept: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM browser_sessions WHERE browser_id = $1 AND session_id IN
           (SELECT b.session_id FROM browser_sessions b JOIN sessions s ON s.id = b.session_id
            WHERE b.browser_id = $1 AND s.ended_at IS NOT NULL
            ORDER BY s.ended_at DESC, s.id DESC LIMIT 1000 OFFSET $2)",
        browser_id,
        kept
    )
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    session_id: Uuid,
    application_id: Option<Uuid>,
    user_id: Uuid,
    created_at: DateTime<Utc>,
    reopened_at: Option<DateTime<Utc>>,
    kind: Stored<SessionKind>,
    ended_at: Option<DateTime<Utc>>,
    used: bool,
}

impl TryFrom<HeldRow> for BrowserSession {
    type Error = DbError;

    fn try_from(row: HeldRow) -> DbResult<Self> {
        Ok(Self {
            session_id: row.session_id,
            application_id: row.application_id,
            user_id: row.user_id,
            created_at: row.created_at,
            reopened_at: row.reopened_at,
            kind: row.kind.known("sessions", "kind", row.session_id)?,
            ended_at: row.ended_at,
            used: row.used,
        })
    }
}

read_as!(HeldRow => BrowserSession);

/// What a browser holds, newest first. Whether a session that has not ended may go on is asked when it is used.
pub async fn held(conn: &mut Conn, browser_id: Uuid) -> DbResult<Vec<BrowserSession>> {
    fetch_known!(
        conn,
        "SELECT b.session_id, b.application_id, s.user_id, b.created_at, b.reopened_at, s.kind, s.ended_at,
           EXISTS (SELECT 1 FROM browser_uses u WHERE u.session_id = b.session_id AND u.browser_id = b.browser_id) AS used
         FROM browser_sessions b JOIN sessions s ON s.id = b.session_id
         WHERE b.browser_id = $1 ORDER BY (s.ended_at IS NOT NULL), b.created_at DESC, b.session_id DESC LIMIT $2",
        browser_id,
        HELD
    )
}

/// Who was last in an application by a browser.
pub async fn last_use(conn: &mut Conn, browser_id: Uuid, application_id: Uuid) -> DbResult<Option<Uuid>> {
    let row: Option<(Uuid,)> = fetch_optional!(
        conn,
        "SELECT session_id FROM browser_uses WHERE browser_id = $1 AND application_id = $2
         ORDER BY turn DESC, session_id DESC LIMIT 1",
        browser_id,
        application_id
    )?;
    Ok(row.map(|(id,)| id))
}

/// Notes that a session is the last one in an application by a browser. Where it is the first time, or the person has just
/// chosen it, those that have ended by now are forgotten: this one came after them.
pub async fn note_use(
    tx: &mut Tx,
    browser_id: Uuid,
    application_id: Uuid,
    session_id: Uuid,
    chosen: bool,
    now: DateTime<Utc>,
) -> DbResult<()> {
    let is_known: bool = fetch_scalar!(
        tx,
        "SELECT EXISTS (SELECT 1 FROM browser_uses WHERE browser_id = $1 AND application_id = $2 AND session_id = $3)",
        browser_id,
        application_id,
        session_id
    )?;
    if chosen || !is_known {
        execute!(
            tx,
            "DELETE FROM browser_uses WHERE browser_id = $1 AND application_id = $2 AND EXISTS
               (SELECT 1 FROM sessions s WHERE s.id = browser_uses.session_id AND (s.ended_at IS NOT NULL OR s.expires_at <= $3))",
            browser_id,
            application_id,
            now
        )?;
    }
    execute!(
        tx,
        "UPDATE browser_sessions SET reopened_at = NULL WHERE browser_id = $1 AND session_id = $2 AND reopened_at IS NOT NULL",
        browser_id,
        session_id
    )?;
    let turn: i64 = fetch_scalar!(
        tx,
        "SELECT COALESCE(MAX(turn), 0) + 1 FROM browser_uses WHERE browser_id = $1 AND application_id = $2",
        browser_id,
        application_id
    )?;
    execute!(
        tx,
        "INSERT INTO browser_uses (browser_id, application_id, session_id, turn) VALUES ($1, $2, $3, $4)
         ON CONFLICT (browser_id, application_id, session_id) DO UPDATE SET turn = excluded.turn",
        browser_id,
        application_id,
        session_id,
        turn
    )?;
    Ok(())
}

/// Browsers that nobody can be known by any more, with all that they held. Gives how many went.
pub async fn delete_expired(tx: &mut Tx, now: DateTime<Utc>, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM browsers WHERE id IN (SELECT id FROM browsers WHERE expires_at <= $1 LIMIT $2)",
        now,
        limit
    )
}
