//! Operators as those see and change them who administer them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::operator::Role;
use crate::server::db::page::{Bounded, Cursor, SortValue};
use crate::server::db::word::{Stored, known};
use crate::server::db::{
    Conn, DbResult, Statement, Tx, built, execute, expect_one, fetch_all, fetch_optional, fetch_scalar,
};
use crate::server::domain::grants::{Grants, Place};

/// An operator, not removed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ManagedOperator {
    pub id: Uuid,
    pub email: String,
    pub name: String,
    pub disabled_at: Option<DateTime<Utc>>,
    /// Until a password was chosen by the invitation's link.
    pub invited_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub version: i64,
    pub last_signed_in_at: Option<DateTime<Utc>>,
    /// Until when the link works that was made last, used ones and those that were never made aside.
    pub link_expires_at: Option<DateTime<Utc>>,
}

/// A portal session that runs.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RunningPortalSession {
    pub id: Uuid,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

const ROW: &str = "SELECT o.id, o.email, o.name, o.disabled_at, o.invited_at, o.created_at, o.version,
                     (SELECT s.created_at FROM operator_sessions s WHERE s.operator_id = o.id
                      ORDER BY s.created_at DESC LIMIT 1) AS last_signed_in_at,
                     (SELECT l.expires_at FROM operator_links l WHERE l.operator_id = o.id) AS link_expires_at
                   FROM operators o WHERE o.removed_at IS NULL";

/// Makes whoever else changes operators or their roles wait until the transaction ends, so that of two who take away the last
/// two Owners the second sees what the first did. SQLite's writers wait for each other anyway.
pub async fn lock(tx: &mut Tx) -> DbResult<()> {
    if !tx.is_sqlite() {
        execute!(tx, "LOCK TABLE operator_roles IN SHARE ROW EXCLUSIVE MODE")?;
    }
    Ok(())
}

fn and_there(sql: &mut Statement<'_>, environment_id: Option<Uuid>) {
    if let Some(environment_id) = environment_id {
        sql.push(
            " AND EXISTS (SELECT 1 FROM operator_roles r
               WHERE r.operator_id = o.id AND (r.environment_id IS NULL OR r.environment_id = ",
        );
        sql.bind(environment_id).push("))");
    }
}

/// One operator; with an environment, only one who has a role there.
pub async fn by_id(conn: &mut Conn, id: Uuid, environment_id: Option<Uuid>) -> DbResult<Option<ManagedOperator>> {
    let mut sql = conn.build(ROW);
    sql.push(" AND o.id = ").bind(id);
    and_there(&mut sql, environment_id);
    built!(sql, fetch_optional)
}

/// Operators by their addresses, beyond the cursor; with an environment, those who have a role there.
pub async fn page(
    conn: &mut Conn,
    environment_id: Option<Uuid>,
    from: Option<&Cursor>,
    limit: i64,
) -> DbResult<Bounded<ManagedOperator>> {
    let mut sql = conn.build(ROW);
    and_there(&mut sql, environment_id);
    let backwards = from.is_some_and(|cursor| cursor.backwards);
    if let Some(Cursor { value: SortValue::Text(email), .. }) = from {
        sql.push(if backwards { " AND o.email < " } else { " AND o.email > " }).bind(email);
    }
    sql.push(if backwards { " ORDER BY o.email DESC LIMIT " } else { " ORDER BY o.email LIMIT " }).bind(limit + 1);
    let rows: Vec<ManagedOperator> = built!(sql, fetch_all)?;
    Ok(Bounded::new(rows, limit))
}

/// What was granted to an operator. A role that nobody knows gives no right.
pub async fn grants(conn: &mut Conn, operator_id: Uuid) -> DbResult<Grants> {
    Ok(grants_of(conn, &[operator_id]).await?.remove(&operator_id).unwrap_or_default())
}

/// [`grants`] of each of these operators who has any.
pub async fn grants_of(conn: &mut Conn, ids: &[Uuid]) -> DbResult<HashMap<Uuid, Grants>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut sql = conn.build("SELECT operator_id, environment_id, role FROM operator_roles WHERE operator_id");
    sql.is_one_of(ids);
    let rows: Vec<(Uuid, Place, Stored<Role>)> = built!(sql, fetch_all)?;
    let read =
        |(id, place, role): (Uuid, Place, Stored<Role>)| Ok((id, place, role.known("operator_roles", "role", id)?));
    let mut of: HashMap<Uuid, Vec<(Place, Role)>> = HashMap::new();
    for (id, place, role) in known(rows.into_iter().map(read))? {
        of.entry(id).or_default().push((place, role));
    }
    Ok(of.into_iter().map(|(id, rows)| (id, rows.into_iter().collect())).collect())
}

/// Whether somebody who may sign in owns a place: everything, or one environment by a grant for it or for all.
pub async fn has_owner(conn: &mut Conn, place: Place) -> DbResult<bool> {
    const OF_ALL: &str = "SELECT CAST(count(*) AS BIGINT) FROM operators o WHERE o.disabled_at IS NULL AND EXISTS (
        SELECT 1 FROM operator_roles r WHERE r.operator_id = o.id AND r.role = 'owner' AND r.environment_id IS NULL)";
    const OF_ONE: &str = "SELECT CAST(count(*) AS BIGINT) FROM operators o WHERE o.disabled_at IS NULL AND EXISTS (
        SELECT 1 FROM operator_roles r WHERE r.operator_id = o.id AND r.role = 'owner'
          AND (r.environment_id IS NULL OR r.environment_id = $1))";
    let owners: i64 = match place {
        None => fetch_scalar!(conn, OF_ALL)?,
        Some(id) => fetch_scalar!(conn, OF_ONE, id)?,
    };
    Ok(owners > 0)
}

/// The operator is another version from now on.
pub async fn advance(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE operators SET version = version + 1 WHERE id = $1", id)?;
    expect_one("operators", changed)
}

/// The operator was invited, or with `None` has taken the invitation up and may sign in.
pub async fn set_invited(tx: &mut Tx, id: Uuid, invited_at: Option<DateTime<Utc>>) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE operators SET invited_at = $2, disabled_at = $2, version = version + 1 WHERE id = $1",
        id,
        invited_at
    )?;
    expect_one("operators", changed)
}

/// Takes from an operator the address, by which somebody else can then be invited, the password, all roles and the link. What
/// the operator did stays.
pub async fn remove(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> DbResult<()> {
    execute!(tx, "DELETE FROM operator_roles WHERE operator_id = $1", id)?;
    execute!(tx, "DELETE FROM operator_links WHERE operator_id = $1", id)?;
    let changed = execute!(
        tx,
        "UPDATE operators SET email = $2, password_hash = '', disabled_at = $3, invited_at = NULL, removed_at = $3,
           version = version + 1 WHERE id = $1",
        id,
        format!("removed:{id}"),
        now
    )?;
    expect_one("operators", changed)
}

/// The operator's portal sessions that run and began after `since`, newest first. None lasts longer than from there.
pub async fn running_sessions(
    conn: &mut Conn,
    id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> DbResult<Bounded<RunningPortalSession>> {
    let rows: Vec<RunningPortalSession> = fetch_all!(
        conn,
        "SELECT id, created_at, expires_at, ip_address, user_agent FROM operator_sessions
         WHERE operator_id = $1 AND created_at >= $2 AND ended_at IS NULL AND expires_at > $3
         ORDER BY created_at DESC, id DESC LIMIT $4",
        id,
        since,
        now,
        limit + 1
    )?;
    Ok(Bounded::new(rows, limit))
}

/// Gives an operator a link; an earlier one works no more.
pub async fn replace_link(
    tx: &mut Tx,
    operator_id: Uuid,
    code_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO operator_links (operator_id, code_hash, created_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (operator_id) DO UPDATE
           SET code_hash = excluded.code_hash, created_at = excluded.created_at, expires_at = excluded.expires_at",
        operator_id,
        code_hash,
        now,
        expires_at
    )?;
    Ok(())
}

/// An operator's link works no more.
pub async fn drop_link(tx: &mut Tx, operator_id: Uuid) -> DbResult<()> {
    execute!(tx, "DELETE FROM operator_links WHERE operator_id = $1", operator_id)?;
    Ok(())
}

/// The operator to whom a link belongs that works still.
pub async fn link_holder(conn: &mut Conn, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<Option<ManagedOperator>> {
    let found: Option<(Uuid,)> = fetch_optional!(
        conn,
        "SELECT operator_id FROM operator_links WHERE code_hash = $1 AND expires_at > $2",
        code_hash,
        now
    )?;
    match found {
        Some((id,)) => by_id(conn, id, None).await,
        None => Ok(None),
    }
}

/// Uses a link up. Gives whether this call did it: of several at the same instant one does.
pub async fn use_link(tx: &mut Tx, code_hash: &[u8], now: DateTime<Utc>) -> DbResult<bool> {
    let deleted = execute!(tx, "DELETE FROM operator_links WHERE code_hash = $1 AND expires_at > $2", code_hash, now)?;
    Ok(deleted == 1)
}
