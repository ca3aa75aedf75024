//! Sessions of users, and everything about a session on which its right to go on depends.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::Bounded;
use super::word::Stored;
use super::{
    Conn, DbError, DbResult, Statement, Tx, built, execute, fetch_bounded, fetch_known, fetch_one, fetch_optional,
    fetch_scalar, read_as,
};
use crate::model::mode::Mode;
use crate::model::session::{EndReason, SessionKind};
use crate::server::domain::session::Session;
use crate::server::domain::session::listed::ListedSession;

pub struct NewSession<'a> {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub user_id: Uuid,
    pub kind: SessionKind,
    pub account_id: Option<Uuid>,
    pub application_id: Option<Uuid>,
    pub operator_id: Option<Uuid>,
    pub reason: Option<&'a str>,
    pub ticket: Option<&'a str>,
    pub deadline: Option<DateTime<Utc>>,
    pub mode: Mode,
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ip_address: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

pub async fn insert(tx: &mut Tx, session: &NewSession<'_>) -> DbResult<()> {
    let mut sql = tx.build("");
    put(&mut sql, session);
    built!(sql, execute)?;
    Ok(())
}

/// [`insert`] as a statement of a [`Batch`](super::Batch).
pub fn put(sql: &mut Statement<'_>, s: &NewSession<'_>) {
    sql.push(
        "INSERT INTO sessions (id, environment_id, user_id, kind, account_id, application_id, operator_id, reason, ticket,
           deadline, mode, created_at, last_seen_at, expires_at, ip_address, user_agent) ",
    );
    sql.values([s], |list, s| {
        list.bind(s.id).bind(s.environment_id).bind(s.user_id).bind(s.kind).bind(s.account_id).bind(s.application_id);
        list.bind(s.operator_id).bind(s.reason).bind(s.ticket).bind(s.deadline).bind(s.mode).bind(s.now).bind(s.now);
        list.bind(s.expires_at).bind(s.ip_address).bind(s.user_agent);
    });
}

#[macro_use]
mod standing;
// After the macros of that one, which they use.
mod of_account;
mod of_browser;
mod of_operator;
mod of_user;
pub use of_account::{SessionOfAccount, of_account};
pub use of_browser::{held_by, used_by};
pub use of_operator::{RecentUser, of_operator, recent_users};
pub use of_user::{of_users_locked_after, outdated, own_running, running_but};

pub async fn standing(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<Session>> {
    fetch_optional!(conn, standing!("WHERE s.id = $1 AND s.environment_id = $2"), id, environment_id)
}

/// Sessions whose time is over, longest first.
pub async fn expired(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.ended_at IS NULL AND s.kind IN ('password', 'impersonation') AND s.expires_at <= $1 ORDER BY s.expires_at LIMIT $2",
        now,
        limit
    )
}

/// Running impersonations of all environments, by id, beyond `after`.
pub async fn impersonations_after(conn: &mut Conn, after: Uuid, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.ended_at IS NULL AND s.kind = 'impersonation' AND s.id > $1
             ORDER BY s.id LIMIT $2",
        after,
        limit
    )
}

/// Running impersonations of an environment, newest first, or those behind a place: the time at which one began and its id.
/// With `true` they are those before it, the nearest first.
pub async fn live_impersonations(
    conn: &mut Conn,
    environment_id: Uuid,
    now: DateTime<Utc>,
    from: Option<((DateTime<Utc>, Uuid), bool)>,
    limit: i64,
) -> DbResult<Bounded<Session>> {
    let mut sql =
        conn.build(standing!("WHERE s.kind = 'impersonation' AND s.ended_at IS NULL AND s.environment_id = "));
    sql.bind(environment_id).push(" AND s.expires_at > ").bind(now);
    let (sign, order) = match from {
        Some((_, true)) => (">", "ASC"),
        _ => ("<", "DESC"),
    };
    if let Some(((began, id), _)) = from {
        sql.push(format_args!(" AND (s.created_at, s.id) {sign} (")).bind(began).push(", ").bind(id).push(")");
    }
    sql.push(format_args!(" ORDER BY s.created_at {order}, s.id {order} LIMIT ")).bind(limit + 1);
    built!(sql, fetch_bounded, limit)
}

pub async fn count_live_impersonations(conn: &mut Conn, environment_id: Uuid, now: DateTime<Utc>) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(*) FROM sessions WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at IS NULL AND expires_at > $2",
        environment_id,
        now
    )
}

/// The newest running impersonations of an environment that began before `began`; with an operator, only that one's.
pub async fn impersonations_begun_before(
    conn: &mut Conn,
    environment_id: Uuid,
    operator_id: Option<Uuid>,
    began: DateTime<Utc>,
    limit: i64,
) -> DbResult<Vec<Session>> {
    match operator_id {
        Some(operator_id) => fetch_sessions!(
            conn,
            "WHERE s.environment_id = $1 AND s.operator_id = $4 AND s.kind = 'impersonation' AND s.ended_at IS NULL
                   AND s.created_at <= $2 ORDER BY s.created_at DESC, s.id DESC LIMIT $3",
            environment_id,
            began,
            limit,
            operator_id
        ),
        None => fetch_sessions!(
            conn,
            "WHERE s.environment_id = $1 AND s.kind = 'impersonation' AND s.ended_at IS NULL AND s.created_at <= $2
                 ORDER BY s.created_at DESC, s.id DESC LIMIT $3",
            environment_id,
            began,
            limit
        ),
    }
}

/// The newest running impersonations of a user by an operator. Those whose time is over take no others' places.
pub async fn impersonations_of(
    conn: &mut Conn,
    environment_id: Uuid,
    user_id: Uuid,
    operator_id: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> DbResult<Bounded<Session>> {
    fetch_bounded!(
        conn,
        limit,
        standing!(
            "WHERE s.operator_id = $3 AND s.user_id = $2 AND s.environment_id = $1 AND s.ended_at IS NULL
               AND s.expires_at > $4
             ORDER BY s.created_at DESC, s.id DESC LIMIT $5"
        ),
        environment_id,
        user_id,
        operator_id,
        now,
        limit + 1
    )
}

/// Running impersonations of an operator, in all environments.
pub async fn impersonations_by(conn: &mut Conn, operator_id: Uuid, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.operator_id = $1 AND s.ended_at IS NULL ORDER BY s.created_at, s.id LIMIT $2",
        operator_id,
        limit
    )
}

/// What impersonations run in.
#[derive(Clone, Copy)]
pub enum Within {
    Account(Uuid),
    Application(Uuid),
}

/// Running impersonations in one account or one application of an environment.
pub async fn impersonations_within(
    conn: &mut Conn,
    environment_id: Uuid,
    within: Within,
    limit: i64,
) -> DbResult<Vec<Session>> {
    let (account_id, application_id) = match within {
        Within::Account(id) => (Some(id), None),
        Within::Application(id) => (None, Some(id)),
    };
    fetch_sessions!(
        conn,
        "WHERE s.environment_id = $1 AND s.kind = 'impersonation' AND s.ended_at IS NULL
           AND (s.account_id = $2 OR s.application_id = $3) ORDER BY s.created_at, s.id LIMIT $4",
        environment_id,
        account_id,
        application_id,
        limit
    )
}

/// Running impersonations that were handed off from a portal session, opened or not.
pub async fn impersonations_from(conn: &mut Conn, operator_session_id: Uuid, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.ended_at IS NULL AND s.id IN (SELECT h.session_id FROM hand_off_codes h WHERE h.operator_session_id = $1)
             ORDER BY s.created_at, s.id LIMIT $2",
        operator_session_id,
        limit
    )
}

/// How many impersonations run that were handed off from a portal session, and when the first of them expires.
pub async fn running_from(
    conn: &mut Conn,
    operator_session_id: Uuid,
    now: DateTime<Utc>,
) -> DbResult<(i64, Option<DateTime<Utc>>)> {
    fetch_one!(
        conn,
        "SELECT count(*), min(s.expires_at) FROM sessions s WHERE s.ended_at IS NULL AND s.expires_at > $2
           AND s.id IN (SELECT h.session_id FROM hand_off_codes h WHERE h.operator_session_id = $1)",
        operator_session_id,
        now
    )
}

pub async fn count_live_impersonations_by(
    conn: &mut Conn,
    environment_id: Uuid,
    operator_id: Uuid,
    now: DateTime<Utc>,
) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(*) FROM sessions WHERE operator_id = $2 AND environment_id = $1 AND kind = 'impersonation'
           AND ended_at IS NULL AND expires_at > $3",
        environment_id,
        operator_id,
        now
    )
}

/// How many impersonations of an environment run, when the newest of them began, in the database's own words, and when the
/// first of them expires. The first two change whenever one begins or ends.
pub async fn running(
    conn: &mut Conn,
    environment_id: Uuid,
    now: DateTime<Utc>,
) -> DbResult<(i64, Option<String>, Option<DateTime<Utc>>)> {
    fetch_one!(
        conn,
        "SELECT count(*), CAST(max(created_at) AS TEXT), min(expires_at) FROM sessions
         WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at IS NULL AND expires_at > $2",
        environment_id,
        now
    )
}

/// Marks a session as ended. Gives whether this call did it: a session ends once.
pub async fn end(tx: &mut Tx, id: Uuid, reason: EndReason, now: DateTime<Utc>) -> DbResult<bool> {
    let changed = execute!(
        tx,
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL",
        id,
        now,
        reason
    )?;
    Ok(changed == 1)
}

/// The account that a session works in from now on.
pub async fn set_account(tx: &mut Tx, id: Uuid, account_id: Uuid) -> DbResult<u64> {
    execute!(tx, "UPDATE sessions SET account_id = $2 WHERE id = $1 AND ended_at IS NULL", id, account_id)
}

/// Notes that an application holds tokens of a session from now on: it is told when the session ends.
pub fn put_application(sql: &mut Statement<'_>, id: Uuid, application_id: Uuid, now: DateTime<Utc>) {
    sql.push("INSERT INTO session_applications (session_id, application_id, created_at) ");
    sql.values([id], |list, id| _ = list.bind(id).bind(application_id).bind(now)).push(" ON CONFLICT DO NOTHING");
}

/// Whether a session is running still, which it then stays until the transaction ends: whoever ends it waits. Several may
/// hold it at a time. SQLite's writers wait for each other anyway: there it is as the transaction has read it.
pub async fn hold(tx: &mut Tx, id: Uuid) -> DbResult<bool> {
    if tx.is_sqlite() {
        return Ok(true);
    }
    let found: Option<(Uuid,)> =
        fetch_optional!(tx, "SELECT id FROM sessions WHERE id = $1 AND ended_at IS NULL FOR SHARE", id)?;
    Ok(found.is_some())
}

/// [`standing`] of a session that this transaction takes for itself alone: whoever else wants it waits. It is read when it is
/// taken: a statement that waits for one row has read the others before.
pub async fn taken(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<Option<Session>> {
    if !tx.is_sqlite() {
        let _: Option<(Uuid,)> = fetch_optional!(tx, "SELECT id FROM sessions WHERE id = $1 FOR UPDATE", id)?;
    }
    standing(tx, environment_id, id).await
}

/// The latest use of a session, for lists. Gives whether it was running still, and keeps it so until the transaction ends.
pub async fn touch(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    let mut sql = tx.build("");
    put_touch(&mut sql, id, now);
    built!(sql, execute)
}

/// [`touch`] as a statement of a [`Batch`](super::Batch).
pub fn put_touch(sql: &mut Statement<'_>, id: Uuid, now: DateTime<Utc>) {
    sql.push("UPDATE sessions SET last_seen_at = ")
        .bind(now)
        .push(" WHERE id = ")
        .bind(id)
        .push(" AND ended_at IS NULL");
}

#[derive(sqlx::FromRow)]
struct SessionListRow {
    id: Uuid,
    kind: Stored<SessionKind>,
    created_at: DateTime<Utc>,
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    end_reason: Option<Stored<EndReason>>,
    account_id: Option<Uuid>,
    account_name: Option<String>,
    application_id: Option<Uuid>,
    application_name: Option<String>,
    operator_id: Option<Uuid>,
    operator_name: Option<String>,
    reason: Option<String>,
    ticket: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
}

impl TryFrom<SessionListRow> for ListedSession {
    type Error = DbError;

    fn try_from(row: SessionListRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            kind: row.kind.known("sessions", "kind", row.id)?,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            expires_at: row.expires_at,
            ended_at: row.ended_at,
            end_reason: row.end_reason.map(|word| word.known("sessions", "end_reason", row.id)).transpose()?,
            account_id: row.account_id,
            account_name: row.account_name,
            application_id: row.application_id,
            application_name: row.application_name,
            operator_id: row.operator_id,
            operator_name: row.operator_name,
            reason: row.reason,
            ticket: row.ticket,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
        })
    }
}

read_as!(SessionListRow => ListedSession);

/// A user's sessions, running ones first, then newest first.
pub async fn of_user(conn: &mut Conn, user_id: Uuid, limit: i64) -> DbResult<Bounded<ListedSession>> {
    fetch_bounded!(
        conn,
        limit,
        "SELECT s.id, s.kind, s.created_at, s.last_seen_at, s.expires_at, s.ended_at, s.end_reason, s.account_id,
           a.name AS account_name, s.application_id, p.name AS application_name, s.operator_id, o.name AS operator_name, s.reason, s.ticket, s.ip_address, s.user_agent
         FROM sessions s LEFT JOIN accounts a ON a.id = s.account_id LEFT JOIN applications p ON p.id = s.application_id
           LEFT JOIN operators o ON o.id = s.operator_id
         WHERE s.user_id = $1
         ORDER BY CASE WHEN s.ended_at IS NULL THEN 0 ELSE 1 END, s.created_at DESC, s.id DESC LIMIT $2",
        user_id,
        limit + 1
    )
}
