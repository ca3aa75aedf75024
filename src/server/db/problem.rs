//! Mistakes of applications: what was refused, how often, and when last.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::Stored;
use super::{Conn, DbError, DbResult, Tx, execute, fetch_known, read_as};
use crate::model::problem::ProblemKind;
use crate::server::domain::problem::ApplicationProblem;

#[derive(sqlx::FromRow)]
struct ProblemRow {
    environment_id: Uuid,
    application_id: Uuid,
    kind: Stored<ProblemKind>,
    value: String,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    occurrences: i64,
    request_id: String,
}

impl TryFrom<ProblemRow> for ApplicationProblem {
    type Error = DbError;

    fn try_from(row: ProblemRow) -> DbResult<Self> {
        Ok(Self {
            environment_id: row.environment_id,
            application_id: row.application_id,
            kind: row.kind.known("application_problems", "kind", row.application_id)?,
            value: row.value,
            first_at: row.first_at,
            last_at: row.last_at,
            occurrences: row.occurrences,
            request_id: row.request_id,
        })
    }
}

read_as!(ProblemRow => ApplicationProblem);

/// Adds to what is known of this mistake.
pub async fn add(tx: &mut Tx, row: &ApplicationProblem) -> DbResult<()> {
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
) -> DbResult<Vec<ApplicationProblem>> {
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
