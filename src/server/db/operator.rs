//! Operators, their roles and their portal sessions.

pub mod manage;

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::{Stored, known};
use super::{Conn, DbResult, Tx, execute, expect_one, fetch_all, fetch_optional, fetch_scalar};
use crate::model::environment::Colour;
use crate::model::operator::{Role, Roles};
use crate::server::domain::environment::Environment;

#[derive(Clone, sqlx::FromRow)]
pub struct OperatorRecord {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub password_hash: String,
    pub disabled_at: Option<DateTime<Utc>>,
}

/// Without the hash, at which a password can be guessed.
impl fmt::Debug for OperatorRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, email, disabled_at, .. } = self;
        let mut record = f.debug_struct("OperatorRecord");
        record.field("id", id).field("email", email).field("disabled_at", disabled_at).finish_non_exhaustive()
    }
}

/// The operator behind a portal cookie.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PortalSession {
    pub session_id: Uuid,
    pub operator_id: Uuid,
    pub email: String,
    pub name: String,
    pub expires_at: DateTime<Utc>,
}

pub struct NewOperatorSession<'a> {
    pub id: Uuid,
    pub operator_id: Uuid,
    pub secret_hash: &'a [u8],
    pub now: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ip_address: Option<&'a str>,
    pub user_agent: Option<&'a str>,
}

pub async fn by_email(conn: &mut Conn, email: &str) -> DbResult<Option<OperatorRecord>> {
    fetch_optional!(conn, "SELECT id, email, name, password_hash, disabled_at FROM operators WHERE email = $1", email)
}

/// The operator, who then stays as it is until the transaction ends: whoever changes it waits. SQLite's writers wait for each
/// other anyway.
pub async fn held(tx: &mut Tx, id: Uuid) -> DbResult<Option<OperatorRecord>> {
    const ROW: &str = "SELECT id, email, name, password_hash, disabled_at FROM operators WHERE id = $1";
    const ROW_FOR_SHARE: &str =
        "SELECT id, email, name, password_hash, disabled_at FROM operators WHERE id = $1 FOR SHARE";
    let sql = if tx.is_sqlite() { ROW } else { ROW_FOR_SHARE };
    fetch_optional!(tx, sql, id)
}

/// Whether a portal session may go on, which it then may until the transaction ends.
pub async fn hold_session(tx: &mut Tx, session_id: Uuid, now: DateTime<Utc>) -> DbResult<bool> {
    const LIVE: &str = "SELECT id FROM operator_sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2";
    const LIVE_FOR_SHARE: &str =
        "SELECT id FROM operator_sessions WHERE id = $1 AND ended_at IS NULL AND expires_at > $2 FOR SHARE";
    let sql = if tx.is_sqlite() { LIVE } else { LIVE_FOR_SHARE };
    let found: Option<(Uuid,)> = fetch_optional!(tx, sql, session_id, now)?;
    Ok(found.is_some())
}

pub async fn exists(conn: &mut Conn, id: Uuid) -> DbResult<bool> {
    let known: i64 = fetch_scalar!(conn, "SELECT count(*) FROM operators WHERE id = $1", id)?;
    Ok(known > 0)
}

/// How many there are or were.
pub async fn count(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT count(*) FROM operators")
}

/// Whether there is one or ever was.
pub async fn any(conn: &mut Conn) -> DbResult<bool> {
    fetch_scalar!(conn, "SELECT EXISTS (SELECT 1 FROM operators)")
}

pub async fn insert(tx: &mut Tx, row: &OperatorRecord, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO operators (id, email, name, password_hash, disabled_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        &row.email,
        &row.name,
        &row.password_hash,
        row.disabled_at,
        now
    )?;
    Ok(())
}

pub async fn set_disabled(tx: &mut Tx, operator_id: Uuid, disabled_at: Option<DateTime<Utc>>) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE operators SET disabled_at = $2, version = version + 1 WHERE id = $1",
        operator_id,
        disabled_at
    )?;
    expect_one("operators", changed)
}

pub async fn set_password(tx: &mut Tx, operator_id: Uuid, password_hash: &str) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE operators SET password_hash = $2 WHERE id = $1", operator_id, password_hash)?;
    expect_one("operators", changed)
}

/// Owners of anything who may sign in.
pub async fn count_owners(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(DISTINCT o.id) FROM operators o JOIN operator_roles r ON r.operator_id = o.id
         WHERE o.disabled_at IS NULL AND r.role = 'owner'"
    )
}

/// Grants a role; without an environment, for all of them. Granting it again changes nothing.
pub async fn grant(tx: &mut Tx, id: Uuid, operator_id: Uuid, environment_id: Option<Uuid>, role: Role) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO operator_roles (id, operator_id, environment_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        id,
        operator_id,
        environment_id,
        role
    )?;
    Ok(())
}

/// Takes a role away again. Gives how many grants that removed.
pub async fn revoke(tx: &mut Tx, operator_id: Uuid, environment_id: Option<Uuid>, role: Role) -> DbResult<u64> {
    match environment_id {
        Some(environment_id) => execute!(
            tx,
            "DELETE FROM operator_roles WHERE operator_id = $1 AND environment_id = $2 AND role = $3",
            operator_id,
            environment_id,
            role
        ),
        None => execute!(
            tx,
            "DELETE FROM operator_roles WHERE operator_id = $1 AND environment_id IS NULL AND role = $2",
            operator_id,
            role
        ),
    }
}

/// An environment's id, slug, name, host and colour, and one role there.
type PlaceRow = (Uuid, String, String, Option<String>, Option<String>, Stored<Role>);

/// The environments, archived ones aside, in which the operator has a role, in their order, each with all of its roles there. A role that nobody
/// knows gives no right.
pub async fn places(conn: &mut Conn, operator_id: Uuid) -> DbResult<Vec<(Environment, Roles)>> {
    let rows: Vec<PlaceRow> = fetch_all!(
        conn,
        "SELECT e.id, e.slug, e.name, e.host, e.colour, r.role
         FROM environments e JOIN operator_roles r ON r.environment_id = e.id OR r.environment_id IS NULL
         WHERE r.operator_id = $1 AND e.archived_at IS NULL ORDER BY e.position, e.name, e.id",
        operator_id
    )?;
    places_of(operator_id, rows)
}

fn places_of(operator_id: Uuid, rows: Vec<PlaceRow>) -> DbResult<Vec<(Environment, Roles)>> {
    let read = |(id, slug, name, host, colour, role): PlaceRow| {
        let colour = colour.as_deref().and_then(Colour::parse);
        Ok((Environment { id, slug, name, host, colour }, role.known("operator_roles", "role", operator_id)?))
    };
    let rows = known(rows.into_iter().map(read))?;
    let mut places: Vec<(Environment, Roles)> = Vec::new();
    for of_one in rows.chunk_by(|(one, _), (next, _)| one.id == next.id) {
        let roles: Roles = of_one.iter().map(|(_, role)| *role).collect();
        places.extend(of_one.first().map(|(environment, _)| (environment.clone(), roles)));
    }
    Ok(places)
}

/// The environments, archived ones aside, in which the operator has any role.
pub async fn environments(conn: &mut Conn, operator_id: Uuid) -> DbResult<Vec<Environment>> {
    fetch_all!(
        conn,
        "SELECT e.id, e.slug, e.name, e.host, e.colour FROM environments e
         WHERE e.archived_at IS NULL AND EXISTS (SELECT 1 FROM operator_roles r
                       WHERE r.operator_id = $1 AND (r.environment_id = e.id OR r.environment_id IS NULL))
         ORDER BY e.position, e.name, e.id",
        operator_id
    )
}

pub async fn insert_session(tx: &mut Tx, session: &NewOperatorSession<'_>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO operator_sessions (id, operator_id, secret_hash, created_at, expires_at, ip_address, user_agent)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        session.id,
        session.operator_id,
        session.secret_hash,
        session.now,
        session.expires_at,
        session.ip_address,
        session.user_agent
    )?;
    Ok(())
}

/// The live session with this cookie, of an operator who is not disabled.
pub async fn session_by_secret(
    conn: &mut Conn,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> DbResult<Option<PortalSession>> {
    fetch_optional!(
        conn,
        "SELECT s.id AS session_id, o.id AS operator_id, o.email, o.name, s.expires_at
         FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
         WHERE s.secret_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND o.disabled_at IS NULL",
        secret_hash,
        now
    )
}

#[derive(sqlx::FromRow)]
struct SignedInRow {
    #[sqlx(flatten)]
    session: PortalSession,
    environment_id: Option<Uuid>,
    slug: Option<String>,
    environment_name: Option<String>,
    host: Option<String>,
    colour: Option<String>,
    role: Option<Stored<Role>>,
}

/// [`session_by_secret`] and the operator's [`places`], in one statement.
pub async fn signed_in(
    conn: &mut Conn,
    secret_hash: &[u8],
    now: DateTime<Utc>,
) -> DbResult<Option<(PortalSession, Vec<(Environment, Roles)>)>> {
    let rows: Vec<SignedInRow> = fetch_all!(
        conn,
        "SELECT s.id AS session_id, o.id AS operator_id, o.email, o.name, s.expires_at,
           e.id AS environment_id, e.slug, e.name AS environment_name, e.host, e.colour, r.role
         FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
         LEFT JOIN operator_roles r ON r.operator_id = o.id
         LEFT JOIN environments e
           ON (e.id = r.environment_id OR (r.environment_id IS NULL AND r.role IS NOT NULL)) AND e.archived_at IS NULL
         WHERE s.secret_hash = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND o.disabled_at IS NULL
         ORDER BY e.position, e.name, e.id",
        secret_hash,
        now
    )?;
    let Some(session) = rows.first().map(|row| row.session.clone()) else { return Ok(None) };
    let place = |row: SignedInRow| {
        Some((row.environment_id?, row.slug?, row.environment_name?, row.host, row.colour, row.role?))
    };
    let places = places_of(session.operator_id, rows.into_iter().filter_map(place).collect())?;
    Ok(Some((session, places)))
}

pub async fn end_session(tx: &mut Tx, session_id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "UPDATE operator_sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL", session_id, now)
}

/// Ends all portal sessions of an operator that are not over. Gives how many.
pub async fn end_sessions(tx: &mut Tx, operator_id: Uuid, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE operator_sessions SET ended_at = $2 WHERE operator_id = $1 AND ended_at IS NULL AND expires_at > $2",
        operator_id,
        now
    )
}
