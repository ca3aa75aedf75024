//! An operator's impersonations, those that run and those that are over, and whom they were of.

use uuid::Uuid;

use crate::server::db::page::{Bounded, Cursor, SortValue};
use crate::server::db::{Conn, DbResult, built, fetch_all};
use crate::server::domain::session::Session;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RecentUser {
    pub id: Uuid,
    pub name: String,
    pub email: String,
}

/// The users of an operator's latest impersonations in an environment, among so many of these, each once.
pub async fn recent_users(
    conn: &mut Conn,
    environment_id: Uuid,
    operator_id: Uuid,
    among: i64,
    limit: i64,
) -> DbResult<Vec<RecentUser>> {
    fetch_all!(
        conn,
        "SELECT u.id, u.name, u.email FROM (
           SELECT user_id, MAX(created_at) AS latest FROM (
             SELECT s.user_id, s.created_at FROM sessions s WHERE s.operator_id = $1 AND s.environment_id = $2
             ORDER BY s.created_at DESC, s.id DESC LIMIT $3) AS impersonated
           GROUP BY user_id) AS of_each
         JOIN users u ON u.id = of_each.user_id ORDER BY of_each.latest DESC LIMIT $4",
        operator_id,
        environment_id,
        among,
        limit
    )
}

/// Impersonations of an environment that an operator started, newest first, or those beyond the cursor.
pub async fn of_operator(
    conn: &mut Conn,
    environment_id: Uuid,
    operator_id: Uuid,
    from: Option<&Cursor>,
    limit: i64,
) -> DbResult<Bounded<Session>> {
    let mut sql = conn.build(standing!("WHERE s.kind = 'impersonation' AND s.operator_id = "));
    sql.bind(operator_id).push(" AND s.environment_id = ").bind(environment_id);
    let (sign, order) = if from.is_some_and(|cursor| cursor.backwards) { (">", "ASC") } else { ("<", "DESC") };
    if let Some(Cursor { value: SortValue::Time(began), id, .. }) = from {
        sql.push(format_args!(" AND (s.created_at, s.id) {sign} (")).bind(*began).push(", ").bind(*id).push(")");
    }
    sql.push(format_args!(" ORDER BY s.created_at {order}, s.id {order} LIMIT ")).bind(limit + 1);
    built!(sql, fetch_bounded, limit)
}
