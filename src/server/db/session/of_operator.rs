//! Whom an operator impersonated.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, fetch_all};

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
