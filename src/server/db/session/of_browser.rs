//! Sessions as a browser has them, with all that decides whether they may go on: one query for as many as there are.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, fetch_known};
use crate::server::domain::session::Session;

/// Sessions that a browser holds and that have not ended.
pub async fn held_by(conn: &mut Conn, browser_id: Uuid, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "JOIN browser_sessions b ON b.session_id = s.id
             WHERE b.browser_id = $1 AND s.ended_at IS NULL ORDER BY b.created_at DESC LIMIT $2",
        browser_id,
        limit
    )
}

/// Who was who in an application by a browser, the last first, whether they may go on or not.
pub async fn used_by(conn: &mut Conn, browser_id: Uuid, application_id: Uuid, limit: i64) -> DbResult<Vec<Session>> {
    fetch_sessions!(
        conn,
        "JOIN browser_uses b ON b.session_id = s.id
             WHERE b.browser_id = $1 AND b.application_id = $2 ORDER BY b.turn DESC, s.id DESC LIMIT $3",
        browser_id,
        application_id,
        limit
    )
}
