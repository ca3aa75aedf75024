//! To whom a session was given by cookie.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, built};

/// Whether one of these cookies is of this session, or took its place, whether the session has ended or not.
pub async fn was_given(conn: &mut Conn, session_id: Uuid, secret_hashes: &[Vec<u8>]) -> DbResult<bool> {
    if secret_hashes.is_empty() {
        return Ok(false);
    }
    let mut sql = conn.build("SELECT EXISTS (SELECT 1 FROM session_cookies WHERE session_id = ");
    sql.bind(session_id).push(" AND secret_hash IN (").bind_all(secret_hashes);
    sql.push(")) OR EXISTS (SELECT 1 FROM replaced_sessions WHERE session_id = ");
    sql.bind(session_id).push(" AND secret_hash IN (").bind_all(secret_hashes).push("))");
    let (given,) = built!(sql, fetch_one)?;
    Ok(given)
}
