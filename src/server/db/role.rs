//! Roles of an environment, as operators see them.

use uuid::Uuid;

use super::page::Bounded;
use super::{Conn, DbResult, fetch_all, fetch_optional};

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RoleRecord {
    pub id: Uuid,
    pub key: String,
    pub name: String,
    pub version: i64,
    /// Memberships that have it, counted up to the number that was asked for.
    pub members: i64,
}

/// The roles of an environment by their keys. Who has one is counted up to `counted`.
pub async fn list(conn: &mut Conn, environment_id: Uuid, limit: i64, counted: i64) -> DbResult<Bounded<RoleRecord>> {
    let rows = fetch_all!(
        conn,
        "SELECT r.id, r.key, r.name, r.version,
                (SELECT count(*) FROM (SELECT 1 FROM membership_roles m WHERE m.role_id = r.id LIMIT $3) counted) AS members
         FROM roles r WHERE r.environment_id = $1 ORDER BY r.key LIMIT $2",
        environment_id,
        limit + 1,
        counted
    )?;
    Ok(Bounded::new(rows, limit))
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid, counted: i64) -> DbResult<Option<RoleRecord>> {
    fetch_optional!(
        conn,
        "SELECT r.id, r.key, r.name, r.version,
                (SELECT count(*) FROM (SELECT 1 FROM membership_roles m WHERE m.role_id = r.id LIMIT $3) counted) AS members
         FROM roles r WHERE r.environment_id = $1 AND r.id = $2",
        environment_id,
        id,
        counted
    )
}

/// What each of the first roles by key may do: role and permission.
pub async fn permissions(conn: &mut Conn, environment_id: Uuid, limit: i64) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(
        conn,
        "SELECT p.role_id, p.permission FROM role_permissions p
         WHERE p.role_id IN (SELECT id FROM roles WHERE environment_id = $1 ORDER BY key LIMIT $2)
         ORDER BY p.permission",
        environment_id,
        limit
    )
}

pub async fn permissions_of(conn: &mut Conn, role_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> =
        fetch_all!(conn, "SELECT permission FROM role_permissions WHERE role_id = $1 ORDER BY permission", role_id)?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}
