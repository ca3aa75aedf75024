//! A user's running sessions: those that end because the user was locked, has others, or has another password. Who ends several
//! in one transaction takes the oldest first: two who met in another order would wait for each other.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::{Conn, DbResult, fetch_known};
use crate::server::domain::session::Session;

/// Running sessions of a user but for `kept` that began until `began`, the user's own and impersonations, oldest first.
pub async fn running_but(
    conn: &mut Conn,
    user_id: Uuid,
    kept: Uuid,
    began: DateTime<Utc>,
    limit: i64,
) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.user_id = $1 AND s.id <> $2 AND s.created_at <= $3 AND s.ended_at IS NULL
             ORDER BY s.created_at, s.id LIMIT $4",
        user_id,
        kept,
        began,
        limit
    )
}

/// Running sessions that a user's own password began: behind the `kept` newest the next `limit`, oldest first.
pub async fn own_running(conn: &mut Conn, user_id: Uuid, kept: i64, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.id IN (SELECT t.id FROM sessions t WHERE t.user_id = $1 AND t.kind = 'password' AND t.ended_at IS NULL
               ORDER BY t.created_at DESC, t.id DESC LIMIT $3 OFFSET $2)
             ORDER BY s.created_at, s.id",
        user_id,
        kept,
        limit
    )
}

/// Running sessions of users who were locked after this. The cross join makes SQLite begin with the users, who are few.
pub async fn of_users_locked_after(conn: &mut Conn, time: DateTime<Utc>, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.id IN (SELECT t.id FROM users v CROSS JOIN sessions t
               WHERE v.locked_at > $1 AND t.user_id = v.id AND t.ended_at IS NULL
                 AND t.kind IN ('password', 'impersonation') LIMIT $2)",
        time,
        limit
    )
}

/// Running sessions that began before their users got other passwords, after this time.
pub async fn outdated(conn: &mut Conn, time: DateTime<Utc>, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "WHERE s.id IN (SELECT t.id FROM users v CROSS JOIN sessions t
               WHERE v.sessions_end_before > $1 AND t.user_id = v.id AND t.kind = 'password' AND t.ended_at IS NULL
                 AND t.created_at < v.sessions_end_before LIMIT $2)",
        time,
        limit
    )
}
