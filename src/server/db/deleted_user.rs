//! Users who were deleted, as long as their names are being taken out of the audit trail, and the one change of an event that
//! its triggers allow for that.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_all, fetch_optional};
use crate::server::domain::event::AuditEvent;
use crate::server::domain::trail::Place;

/// A user whose names are not all out of the trail yet.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeletedUser {
    pub user_id: Uuid,
    pub environment_id: Uuid,
    pub deleted_at: DateTime<Utc>,
    /// What named the user, as a list in JSON.
    pub names: String,
    /// Whether its events are looked at for the second and last time.
    pub again: bool,
    passed_at: Option<DateTime<Utc>>,
    passed_id: Option<Uuid>,
}

impl DeletedUser {
    /// The last event that was looked at.
    pub fn passed(&self) -> Option<Place> {
        self.passed_at.zip(self.passed_id)
    }
}

pub async fn insert(tx: &mut Tx, environment_id: Uuid, user_id: Uuid, names: &str, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO deleted_users (user_id, environment_id, deleted_at, names) VALUES ($1, $2, $3, $4)",
        user_id,
        environment_id,
        now,
        names
    )?;
    Ok(())
}

/// The user, who then is nobody else's until the transaction ends; nothing where nothing is left to do. SQLite's writers wait
/// for each other anyway.
pub async fn taken(tx: &mut Tx, user_id: Uuid) -> DbResult<Option<DeletedUser>> {
    const ROW: &str =
        "SELECT user_id, environment_id, deleted_at, names, again, passed_at, passed_id FROM deleted_users
                       WHERE user_id = $1 AND names IS NOT NULL";
    const ROW_TAKEN: &str =
        "SELECT user_id, environment_id, deleted_at, names, again, passed_at, passed_id FROM deleted_users
                             WHERE user_id = $1 AND names IS NOT NULL FOR UPDATE SKIP LOCKED";
    let sql = if tx.is_sqlite() { ROW } else { ROW_TAKEN };
    fetch_optional!(tx, sql, user_id)
}

/// The users of whom something is left to do, who were deleted first.
pub async fn left(conn: &mut Conn, limit: i64) -> DbResult<Vec<Uuid>> {
    let rows: Vec<(Uuid,)> = fetch_all!(
        conn,
        "SELECT user_id FROM deleted_users WHERE names IS NOT NULL ORDER BY deleted_at LIMIT $1",
        limit
    )?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Notes how far it is done, and what names were found meanwhile.
pub async fn pass(tx: &mut Tx, user_id: Uuid, names: &str, passed: Option<Place>) -> DbResult<()> {
    let (at, id) = passed.unzip();
    let changed = execute!(
        tx,
        "UPDATE deleted_users SET names = $2, passed_at = $3, passed_id = $4 WHERE user_id = $1",
        user_id,
        names,
        at,
        id
    )?;
    expect_one("deleted_users", changed)
}

/// All is looked at once more, from the beginning.
pub async fn look_again(tx: &mut Tx, user_id: Uuid) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE deleted_users SET again = TRUE, passed_at = NULL, passed_id = NULL WHERE user_id = $1",
        user_id
    )?;
    expect_one("deleted_users", changed)
}

/// All is done: what the names were is known no longer.
pub async fn forget_names(tx: &mut Tx, user_id: Uuid) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE deleted_users SET names = NULL, passed_at = NULL, passed_id = NULL WHERE user_id = $1",
        user_id
    )?;
    expect_one("deleted_users", changed)
}

/// Writes an event without what named its user. The triggers refuse it for anybody who was not deleted.
pub async fn rewrite(tx: &mut Tx, event: &AuditEvent) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE audit_events SET user_name = $2, user_email = $3, actor_name = $4, description = $5, reason = $6, ticket = $7,
           ip_address = $8, user_agent = $9, search_text = $10 WHERE id = $1",
        event.id,
        event.user_name.as_deref(),
        event.user_email.as_deref(),
        event.actor_name.as_str(),
        event.description.as_str(),
        event.reason.as_deref(),
        event.ticket.as_deref(),
        event.ip_address.as_deref(),
        event.user_agent.as_deref(),
        event.search_text()
    )?;
    expect_one("audit_events", changed)
}
