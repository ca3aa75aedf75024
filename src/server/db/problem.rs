//! Mistakes of applications: what was refused, how often, and when last.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_known};
use crate::model::problem::ProblemKind;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ProblemRow {
    pub environment_id: Uuid,
    /// Nil where it cannot be told which application it was.
    pub application_id: Uuid,
    pub kind: ProblemKind,
    pub value: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub occurrences: i64,
    pub request_id: String,
}

/// Adds to what is known of this mistake.
pub async fn add(tx: &mut Tx, row: &ProblemRow) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO application_problems (environment_id, application_id, kind, value, first_at, last_at, occurrences, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (environment_id, application_id, kind, value) DO UPDATE SET last_at = excluded.last_at,
           occurrences = application_problems.occurrences + excluded.occurrences, request_id = excluded.request_id",
        row.environment_id,
        row.application_id,
        row.kind,
        &row.value,
        row.first_at,
        row.last_at,
        row.occurrences,
        &row.request_id
    )?;
    Ok(())
}

/// Leaves the newest of each kind of an application.
pub async fn keep_newest(tx: &mut Tx, environment_id: Uuid, application_id: Uuid, of_a_kind: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM application_problems WHERE environment_id = $1 AND application_id = $2 AND (kind, value) NOT IN
           (SELECT kind, value FROM (SELECT kind, value, ROW_NUMBER() OVER (PARTITION BY kind ORDER BY last_at DESC, value) AS place
              FROM application_problems WHERE environment_id = $1 AND application_id = $2) AS ranked WHERE place <= $3)",
        environment_id,
        application_id,
        of_a_kind
    )
}

/// Newest first.
pub async fn of_application(
    conn: &mut Conn,
    environment_id: Uuid,
    application_id: Uuid,
    since: DateTime<Utc>,
) -> DbResult<Vec<ProblemRow>> {
    fetch_known!(
        conn,
        "SELECT environment_id, application_id, kind, value, first_at, last_at, occurrences, request_id
         FROM application_problems WHERE environment_id = $1 AND application_id = $2 AND last_at > $3
         ORDER BY last_at DESC, kind, value",
        environment_id,
        application_id,
        since
    )
}

pub async fn delete_old(tx: &mut Tx, before: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "DELETE FROM application_problems WHERE last_at <= $1", before)
}
