//! Several writes that go to the database together. Each message to it and back costs more than what most statements do.
//!
//! SQLite runs them one after the other. PostgreSQL takes them as one statement (`WITH`): none of them sees what another one
//! wrote, though constraints are checked when all are done.

use std::fmt::Write;

use sqlx::{Executor, PgConnection, Postgres, QueryBuilder, Row};

use super::build::{Statement, Text};
use super::sqlite::{Script, changed_by};
use super::{DbResult, Kind, Postgresly, Raw, Sqlitely, Tx, epoch};

/// Writes of a transaction: each an `INSERT`, `UPDATE` or `DELETE` that does not ask for anything back, and one at least.
pub struct Batch<'c> {
    sql: Statement<'c>,
    count: usize,
}

/// A [`Batch`] that is written.
pub struct Writes(Written);

enum Written {
    Sqlite(Script),
    Postgres(QueryBuilder<Postgres>),
}

impl<'c> Batch<'c> {
    /// The next of them, to be written.
    pub fn add(&mut self) -> &mut Statement<'c> {
        let at = self.count;
        self.count += 1;
        match (self.sql.is_sqlite(), at) {
            (true, 0) => &mut self.sql,
            (true, _) => self.sql.push("; "),
            (false, 0) => self.sql.push("WITH w0 AS ("),
            (false, _) => self.sql.push(format_args!(" RETURNING 1), w{at} AS (")),
        }
    }

    /// They are all written.
    pub fn done(self) -> Writes {
        let count = self.count;
        Writes(match self.sql.text {
            Text::Sqlite(query, _) => Written::Sqlite(Script { query, count }),
            Text::Postgres(mut query, _) => {
                query.push(" RETURNING 1) SELECT ARRAY[").push(counts(count)).push("]");
                Written::Postgres(query)
            }
        })
    }
}

impl Tx {
    pub fn batch(&mut self) -> Batch<'_> {
        Batch { sql: self.build(""), count: 0 }
    }

    /// Runs the writes. Gives how many rows each of them changed.
    pub async fn run(&mut self, writes: Writes) -> DbResult<Vec<u64>> {
        // Its name tells that of the function around it.
        fn here() {}
        let statement = self.begin(std::any::type_name_of_val(&here));
        let changed = match (writes.0, self.raw()) {
            (Written::Sqlite(mut script), Raw::Sqlite(conn)) => {
                let mut changed = Vec::with_capacity(script.count);
                let run = statement.run(changed_by(conn, &mut script.query, &mut changed));
                run.await.map(|()| changed)
            }
            (Written::Postgres(query), Raw::Postgres(conn)) => statement.run(changed_together(conn, query)).await,
            // Written for another database than this one.
            _ => Err(sqlx::Error::PoolClosed),
        };
        drop(statement);
        self.end();
        Ok(changed?)
    }

    /// Runs the writes, and commits the transaction with them. Gives how many rows each of them changed.
    pub async fn commit_with(mut self, writes: Writes) -> DbResult<Vec<u64>> {
        fn here() {}
        let script = match writes.0 {
            Written::Sqlite(script) => script,
            written => {
                let changed = self.run(Writes(written)).await?;
                self.commit().await?;
                return Ok(changed);
            }
        };
        epoch::forget_request();
        let statement = self.begin(std::any::type_name_of_val(&here));
        match self.0.kind {
            Kind::Sqlite(Sqlitely::Tx(tx)) => statement.run(tx.commit_with(script)).await,
            Kind::Sqlite(Sqlitely::Plain(_)) | Kind::Postgres(Postgresly::Plain(_) | Postgresly::Tx(_)) => {
                Err(sqlx::Error::PoolClosed.into())
            }
        }
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

async fn changed_together(conn: &mut PgConnection, mut query: QueryBuilder<Postgres>) -> sqlx::Result<Vec<u64>> {
    let changed: Vec<i64> = conn.fetch_one(query.build()).await?.try_get(0)?;
    Ok(changed.into_iter().map(i64::unsigned_abs).collect())
}
