//! What the command line lists and checks: operators with their grants, and the schema's version.

use uuid::Uuid;

use super::word::Stored;
use super::{Conn, DbResult, fetch_all, fetch_optional, fetch_scalar, migration};
use crate::model::operator::Role;

/// One role of one operator; an operator without roles has one row without a role.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OperatorGrant {
    pub email: String,
    pub name: String,
    pub disabled: bool,
    /// Also one that nobody knows: whoever looks at operators sees it.
    pub role: Option<Stored<Role>>,
    /// Slug of the environment, or nothing where the role holds in all.
    pub environment: Option<String>,
}

pub async fn operator_grants(conn: &mut Conn) -> DbResult<Vec<OperatorGrant>> {
    fetch_all!(
        conn,
        "SELECT o.email, o.name, (o.disabled_at IS NOT NULL) AS disabled, r.role, e.slug AS environment
         FROM operators o LEFT JOIN operator_roles r ON r.operator_id = o.id
         LEFT JOIN environments e ON e.id = r.environment_id
         WHERE o.removed_at IS NULL ORDER BY o.email, r.role, e.position"
    )
}

/// How many of this binary's migrations the database has not had yet.
///
/// # Errors
/// Where it never had any: the table of migrations is missing.
pub async fn pending_migrations(conn: &mut Conn) -> DbResult<usize> {
    let applied: Vec<(i64,)> = fetch_all!(conn, "SELECT version FROM _sqlx_migrations WHERE success = TRUE")?;
    let known = if conn.is_sqlite() { migration::sqlite() } else { migration::postgres() };
    Ok(known.iter().filter(|migration| !applied.contains(&(migration.version,))).count())
}

/// How many users have an address that could not be written as it should be.
pub async fn count_conflicts(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT count(*) FROM users WHERE email_conflict IS NOT NULL")
}

/// Users whom an import said to have a second factor, by environment, where there are any.
pub async fn mfa_enrolled(conn: &mut Conn) -> DbResult<Vec<(String, i64)>> {
    fetch_all!(
        conn,
        "SELECT e.name, count(*) FROM users u JOIN environments e ON e.id = u.environment_id
         WHERE u.mfa_enrolled = TRUE GROUP BY e.name, e.position ORDER BY e.position, e.name"
    )
}

/// Password hashes of users, by user, beyond `after`.
pub async fn password_hashes_after(conn: &mut Conn, after: Uuid, limit: i64) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(
        conn,
        "SELECT id, password_hash FROM users WHERE id > $1 AND password_hash IS NOT NULL ORDER BY id LIMIT $2",
        after,
        limit
    )
}

/// Where applications are told of ended sessions.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct LogoutAddress {
    pub environment: String,
    pub application: String,
    pub uri: String,
}

pub async fn logout_addresses(conn: &mut Conn, limit: i64) -> DbResult<Vec<LogoutAddress>> {
    fetch_all!(
        conn,
        "SELECT e.name AS environment, p.name AS application, p.backchannel_logout_uri AS uri
         FROM applications p JOIN environments e ON e.id = p.environment_id
         WHERE p.backchannel_logout_uri IS NOT NULL ORDER BY e.position, e.name, p.name, p.id LIMIT $1",
        limit
    )
}

/// Whether an environment holds anything of each kind.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Holdings {
    pub applications: bool,
    pub accounts: bool,
    pub users: bool,
}

pub async fn holdings(conn: &mut Conn, environment_id: Uuid) -> DbResult<Holdings> {
    let found: Option<Holdings> = fetch_optional!(
        conn,
        "SELECT EXISTS (SELECT 1 FROM applications WHERE environment_id = $1) AS applications,
           EXISTS (SELECT 1 FROM accounts WHERE environment_id = $1) AS accounts,
           EXISTS (SELECT 1 FROM users WHERE environment_id = $1) AS users",
        environment_id
    )?;
    Ok(found.unwrap_or(Holdings { applications: false, accounts: false, users: false }))
}
