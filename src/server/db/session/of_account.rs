//! The sessions of an account, of whichever user: those of one kind, newest first.

use uuid::Uuid;

use super::SessionListRow;
use crate::model::session::SessionKind;
use crate::server::db::{Conn, DbResult, built};
use crate::server::domain::session::listed::ListedSession;
use crate::server::domain::trail::Place;

/// A session with its user: id, name and e-mail.
pub struct SessionOfAccount {
    pub user_id: Uuid,
    pub user_name: String,
    pub user_email: String,
    pub session: ListedSession,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: Uuid,
    user_name: String,
    user_email: String,
    #[sqlx(flatten)]
    session: SessionListRow,
}

/// A page of them: strictly older than a place or, `backwards`, newer, the nearest first.
pub async fn of_account(
    conn: &mut Conn,
    account_id: Uuid,
    kind: SessionKind,
    after: Option<Place>,
    backwards: bool,
    limit: i64,
) -> DbResult<Vec<SessionOfAccount>> {
    let mut sql = conn.build(
        "SELECT s.user_id, u.name AS user_name, u.email AS user_email, s.id, s.kind, s.created_at, s.last_seen_at, s.expires_at,
           s.ended_at, s.end_reason, s.account_id, CAST(NULL AS TEXT) AS account_name, s.application_id,
           p.name AS application_name, s.operator_id, o.name AS operator_name, s.reason, s.ticket, s.ip_address, s.user_agent
         FROM sessions s JOIN users u ON u.id = s.user_id LEFT JOIN applications p ON p.id = s.application_id
           LEFT JOIN operators o ON o.id = s.operator_id
         WHERE s.account_id = ",
    );
    sql.bind(account_id).push(" AND s.kind = ").bind(kind);
    let (sign, order) = if backwards { (">", "ASC") } else { ("<", "DESC") };
    if let Some((began, id)) = after {
        sql.push(format_args!(" AND (s.created_at, s.id) {sign} (")).bind(began);
        sql.push(", ").bind(id).push(")");
    }
    sql.push(format_args!(" ORDER BY s.created_at {order}, s.id {order} LIMIT ")).bind(limit);
    let rows: Vec<Row> = built!(sql, fetch_all)?;
    let whole = |row: Row| {
        let (user_id, user_name, user_email) = (row.user_id, row.user_name, row.user_email);
        Ok(SessionOfAccount { user_id, user_name, user_email, session: row.session.try_into()? })
    };
    rows.into_iter().map(whole).collect()
}
