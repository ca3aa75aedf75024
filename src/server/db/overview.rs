//! What happened in an environment, for its first page.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::page::Bounded;
use super::{Conn, DbResult, built, fetch_all};
use crate::server::domain::tally::Past;

#[derive(sqlx::FromRow)]
struct PastRow {
    id: Uuid,
    created_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    operator_id: Option<Uuid>,
    account_id: Option<Uuid>,
    application_id: Option<Uuid>,
}

/// The latest impersonations that ended from one time up to another, at most `limit`.
pub async fn ended(
    conn: &mut Conn,
    environment_id: Uuid,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> DbResult<Bounded<Past>> {
    let rows: Vec<PastRow> = fetch_all!(
        conn,
        "SELECT id, created_at, ended_at, operator_id, account_id, application_id FROM sessions
         WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at >= $2 AND ended_at < $3
         ORDER BY ended_at DESC LIMIT $4",
        environment_id,
        from,
        until,
        limit + 1
    )?;
    let past = |row: PastRow| Past {
        id: row.id,
        began_at: row.created_at,
        ended_at: row.ended_at,
        operator_id: row.operator_id,
        account_id: row.account_id,
        application_id: row.application_id,
    };
    Ok(Bounded::new(rows.into_iter().map(past).collect(), limit))
}

/// The tables in which something has a name.
#[derive(Clone, Copy)]
pub enum Named {
    Operators,
    Accounts,
    Applications,
}

/// The names behind ids of one kind; of whom is gone there is none.
pub async fn names(conn: &mut Conn, named: Named, ids: &[Uuid]) -> DbResult<Vec<(Uuid, String)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build(match named {
        Named::Operators => "SELECT id, name FROM operators WHERE id IN (",
        Named::Accounts => "SELECT id, name FROM accounts WHERE id IN (",
        Named::Applications => "SELECT id, name FROM applications WHERE id IN (",
    });
    sql.bind_all(ids.iter().copied()).push(")");
    built!(sql, fetch_all)
}
