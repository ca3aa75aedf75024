//! Users of a selection, some hundreds at most: who they are, and what ends with them.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::{Conn, DbResult, built};

/// A user of a selection.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SelectedUser {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub locked_at: Option<DateTime<Utc>>,
    /// Holds a protected permission in any account.
    pub is_protected: bool,
    pub memberships: i64,
}

/// Those of `ids`, of which there are 500 at most, that are users of the environment, by name.
pub async fn users(conn: &mut Conn, environment_id: Uuid, ids: &[Uuid]) -> DbResult<Vec<SelectedUser>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build(
        "SELECT u.id, u.name, u.email, u.locked_at, EXISTS (SELECT 1 FROM membership_roles mr
             JOIN role_permissions rp ON rp.role_id = mr.role_id
             JOIN protected_permissions pp ON pp.permission = rp.permission AND pp.environment_id = u.environment_id
             WHERE mr.user_id = u.id) AS is_protected,
           (SELECT count(*) FROM memberships m WHERE m.user_id = u.id) AS memberships
         FROM users u WHERE u.environment_id = ",
    );
    sql.bind(environment_id).push(" AND u.id").is_one_of(ids).push(" ORDER BY u.sort_name, u.id").planned_anew();
    built!(sql, fetch_all)
}

/// How many sessions of each of these users run: the user's own, and impersonations.
pub async fn running(conn: &mut Conn, ids: &[Uuid], now: DateTime<Utc>) -> DbResult<Vec<(Uuid, i64, i64)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build(
        "SELECT user_id, CAST(sum(CASE WHEN kind = 'password' THEN 1 ELSE 0 END) AS BIGINT),
           CAST(sum(CASE WHEN kind = 'impersonation' THEN 1 ELSE 0 END) AS BIGINT)
         FROM sessions WHERE ended_at IS NULL AND expires_at > ",
    );
    sql.bind(now).push(" AND user_id").is_one_of(ids).push(" GROUP BY user_id").planned_anew();
    built!(sql, fetch_all)
}

/// Those of `ids` that are members of an account.
pub async fn members(conn: &mut Conn, account_id: Uuid, ids: &[Uuid]) -> DbResult<Vec<Uuid>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build("SELECT user_id FROM memberships WHERE account_id = ");
    sql.bind(account_id).push(" AND user_id").is_one_of(ids).planned_anew();
    let rows: Vec<(Uuid,)> = built!(sql, fetch_all)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
