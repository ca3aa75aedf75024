//! The rows of an import that is under way: put aside in short transactions, and taken from there in short transactions.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::{Conn, DbError, DbResult, Tx, execute, fetch_all, fetch_optional, fetch_scalar};

/// An import that has begun and is not over.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RunningImport {
    pub id: Uuid,
    pub environment_id: Uuid,
    /// Which process works at it: another one that takes it over writes its own.
    pub owner: Uuid,
    /// That process, as a person finds it.
    pub holder: String,
    /// Past the point of no return: its rows are being written.
    pub applying: bool,
    pub started_at: DateTime<Utc>,
    pub touched_at: DateTime<Utc>,
    /// How it ends, and what it may do until then: JSON.
    pub closing: String,
}

/// A batch of rows, as JSON.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Chunk {
    pub number: i64,
    pub content: String,
}

/// Begins an import. Gives whether there was none in this environment.
pub async fn begin(tx: &mut Tx, row: &RunningImport) -> DbResult<bool> {
    let made = execute!(
        tx,
        "INSERT INTO imports (id, environment_id, owner, holder, applying, started_at, touched_at, closing)
         VALUES ($1, $2, $3, $4, FALSE, $5, $6, '[]') ON CONFLICT (environment_id) DO NOTHING",
        row.id,
        row.environment_id,
        row.owner,
        &row.holder,
        row.started_at,
        row.touched_at
    )?;
    Ok(made == 1)
}

/// The import of an environment, if there is one under way.
pub async fn of_environment(conn: &mut Conn, environment_id: Uuid) -> DbResult<Option<RunningImport>> {
    fetch_optional!(
        conn,
        "SELECT id, environment_id, owner, holder, applying, started_at, touched_at, closing FROM imports
         WHERE environment_id = $1",
        environment_id
    )
}

/// Imports at which nobody has worked since `before`, or by a clock that was ahead of `after`.
pub async fn stale(conn: &mut Conn, before: DateTime<Utc>, after: DateTime<Utc>) -> DbResult<Vec<RunningImport>> {
    fetch_all!(
        conn,
        "SELECT id, environment_id, owner, holder, applying, started_at, touched_at, closing FROM imports
         WHERE touched_at < $1 OR touched_at > $2",
        before,
        after
    )
}

/// Says that `owner` is at work. Gives whether the import is still its own.
pub async fn touch(tx: &mut Tx, id: Uuid, owner: Uuid, now: DateTime<Utc>) -> DbResult<bool> {
    let touched = execute!(tx, "UPDATE imports SET touched_at = $3 WHERE id = $1 AND owner = $2", id, owner, now)?;
    Ok(touched == 1)
}

/// Takes an import over from a process that is gone, with owner, holder and time of `by`. Gives whether nobody else did, and
/// it had not come back.
pub async fn take_over(tx: &mut Tx, row: &RunningImport, by: &RunningImport) -> DbResult<bool> {
    let taken = execute!(
        tx,
        "UPDATE imports SET owner = $3, holder = $4, touched_at = $5 WHERE id = $1 AND owner = $2 AND touched_at = $6",
        row.id,
        row.owner,
        by.owner,
        &by.holder,
        by.touched_at,
        row.touched_at
    )?;
    Ok(taken == 1)
}

/// Puts batches aside.
pub async fn put(tx: &mut Tx, import_id: Uuid, chunks: &[Chunk]) -> DbResult<()> {
    for chunk in chunks {
        execute!(
            tx,
            "INSERT INTO import_chunks (import_id, number, content) VALUES ($1, $2, $3)",
            import_id,
            chunk.number,
            &chunk.content
        )?;
    }
    Ok(())
}

/// The point of no return: from here on the import is finished, whoever does it.
pub async fn start_applying(tx: &mut Tx, id: Uuid, owner: Uuid, closing: &str) -> DbResult<bool> {
    let started = execute!(
        tx,
        "UPDATE imports SET applying = TRUE, closing = $3 WHERE id = $1 AND owner = $2",
        id,
        owner,
        closing
    )?;
    Ok(started == 1)
}

/// The next batches that are still to be written after `last`.
pub async fn next(conn: &mut Conn, import_id: Uuid, last: i64, limit: i64) -> DbResult<Vec<Chunk>> {
    fetch_all!(
        conn,
        "SELECT number, content FROM import_chunks WHERE import_id = $1 AND number > $2 ORDER BY number LIMIT $3",
        import_id,
        last,
        limit
    )
}

/// Removes the batches from one number up to another. Gives how many there were.
pub async fn remove(tx: &mut Tx, import_id: Uuid, first: i64, last: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM import_chunks WHERE import_id = $1 AND number >= $2 AND number <= $3",
        import_id,
        first,
        last
    )
}

/// Removes some batches, so that no transaction becomes long. Gives how many went.
pub async fn remove_some(tx: &mut Tx, import_id: Uuid, limit: i64) -> DbResult<u64> {
    execute!(
        tx,
        "DELETE FROM import_chunks WHERE import_id = $1 AND number IN
           (SELECT number FROM import_chunks WHERE import_id = $1 ORDER BY number LIMIT $2)",
        import_id,
        limit
    )
}

/// Takes an import back from the point of no return: what is left of it is forgotten, whoever does it.
pub async fn stop_applying(tx: &mut Tx, id: Uuid, owner: Uuid) -> DbResult<bool> {
    let stopped = execute!(tx, "UPDATE imports SET applying = FALSE WHERE id = $1 AND owner = $2", id, owner)?;
    Ok(stopped == 1)
}

/// How many batches are still to be written.
pub async fn left(conn: &mut Conn, import_id: Uuid) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT count(*) FROM import_chunks WHERE import_id = $1", import_id)
}

/// Whether the database refuses what is written and would do so again: the rows are at fault, and not the moment.
pub fn is_refusal(error: &DbError) -> bool {
    let DbError::Sqlx(error) = error else {
        return !matches!(error, DbError::Busy | DbError::Look(_) | DbError::TooLong);
    };
    let sqlx::Error::Database(error) = error else {
        return matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::Encode(_));
    };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
        // The low byte of the extended code: SQLITE_TOOBIG, SQLITE_CONSTRAINT, SQLITE_MISMATCH.
        return code.parse::<i32>().is_ok_and(|code| matches!(code & 0xff, 18..=20));
    }
    // Classes of SQLSTATE: cardinality, data, integrity, program limits.
    ["21", "22", "23", "54"].iter().any(|class| code.starts_with(class))
}

/// Whether it was the moment on PostgreSQL: what a row refers to was removed between its look-up and its write, or two
/// transactions stood in each other's way. SQLite's writers come one after the other.
pub fn is_passing(error: &DbError) -> bool {
    let DbError::Sqlx(sqlx::Error::Database(error)) = error else { return false };
    // SQLSTATE: foreign key, deadlock, serialization.
    error.code().is_some_and(|code| matches!(&*code, "23503" | "40P01" | "40001"))
}

pub async fn end(tx: &mut Tx, id: Uuid) -> DbResult<()> {
    execute!(tx, "DELETE FROM imports WHERE id = $1", id)?;
    Ok(())
}
