//! Several writes that go to the database together. Each message to it and back costs more than what most statements do.
//!
//! SQLite runs them one after the other. PostgreSQL takes them as one statement (`WITH`): none of them sees what another one
//! wrote, though constraints are checked when all are done.

use std::fmt::Write;

use sqlx::{Either, Executor, Row};
use tokio_stream::StreamExt;

use super::build::{Statement, Text};
use super::{DbError, DbResult, Tx};

/// Writes of a transaction: each an `INSERT`, `UPDATE` or `DELETE` that does not ask for anything back.
pub struct Batch<'c> {
    sql: Statement<'c>,
    count: usize,
}

impl Tx {
    pub fn batch(&mut self) -> Batch<'_> {
        Batch { sql: self.build(""), count: 0 }
    }
}

impl<'c> Batch<'c> {
    /// The next of them, to be written.
    pub fn next(&mut self) -> &mut Statement<'c> {
        let at = self.count;
        self.count += 1;
        match (self.sql.is_sqlite(), at) {
            (true, 0) => &mut self.sql,
            (true, _) => self.sql.push("; "),
            (false, 0) => self.sql.push("WITH w0 AS ("),
            (false, _) => self.sql.push(format_args!(" RETURNING 1), w{at} AS (")),
        }
    }

    /// How many there are so far.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Runs them. Gives how many rows each of them changed.
    pub async fn run(mut self) -> DbResult<Vec<u64>> {
        // Its name tells that of the function around it.
        fn here() {}
        if self.count > 0 && !self.sql.is_sqlite() {
            self.sql.push(" RETURNING 1) SELECT ARRAY[").push(counts(self.count)).push("]");
        }
        let Statement { text, watch, .. } = self.sql;
        let statement = watch.begin(std::any::type_name_of_val(&here));
        let changed = match text {
            _ if self.count == 0 => Ok(Vec::new()),
            Text::Sqlite(mut query, conn) => statement.run(changed_one_by_one(conn, query.build())).await,
            Text::Postgres(mut query, conn) => statement.run(changed_together(conn, query.build())).await,
        };
        drop(statement);
        watch.end();
        changed.map_err(DbError::from)
    }
}

/// How many rows each part of the statement changed.
fn counts(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(text, "{comma}(SELECT count(*) FROM w{at})");
    }
    text
}

async fn changed_one_by_one(
    conn: &mut sqlx::SqliteConnection,
    query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>,
) -> sqlx::Result<Vec<u64>> {
    let mut changed = Vec::new();
    let mut steps = conn.fetch_many(query);
    while let Some(step) = steps.try_next().await? {
        if let Either::Left(done) = step {
            changed.push(done.rows_affected());
        }
    }
    Ok(changed)
}

async fn changed_together(
    conn: &mut sqlx::PgConnection,
    query: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
) -> sqlx::Result<Vec<u64>> {
    let changed: Vec<i64> = conn.fetch_one(query).await?.try_get(0)?;
    Ok(changed.into_iter().map(i64::unsigned_abs).collect())
}
