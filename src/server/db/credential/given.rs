//! To whom a session was given by cookie.

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use crate::server::db::{Conn, DbResult, on};

/// Whether one of these cookies is of this session, or took its place, whether the session has ended or not. Only placeholder
/// numbers are put together.
pub async fn was_given(conn: &mut Conn, session_id: Uuid, secret_hashes: &[Vec<u8>]) -> DbResult<bool> {
    if secret_hashes.is_empty() {
        return Ok(false);
    }
    let placeholders = (0..secret_hashes.len()).map(|index| format!("${}", index + 2)).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM session_cookies WHERE session_id = $1 AND secret_hash IN ({placeholders}))
           OR EXISTS (SELECT 1 FROM replaced_sessions WHERE session_id = $1 AND secret_hash IN ({placeholders}))"
    );
    let given = on!(conn, c => {
        let mut query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(session_id);
        for secret_hash in secret_hashes {
            query = query.bind(secret_hash);
        }
        query.fetch_one(c).await
    })?;
    Ok(given)
}
