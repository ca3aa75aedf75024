//! Where rows go: SQLite by statements of many rows, PostgreSQL by COPY. Both fire the triggers that an ordinary insert fires.
//! Rows are made on a thread of their own while others are written.

use std::fmt::Write;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection};
use std::str::FromStr;
use tokio::sync::mpsc;
use uuid::Uuid;

/// A value of a row.
pub enum Cell {
    Null,
    Flag(bool),
    Number(i64),
    Text(String),
    Id(Uuid),
    Time(DateTime<Utc>),
}

macro_rules! cells {
    ($($from:ty => $variant:ident),+ $(,)?) => {
        $(impl From<$from> for Cell {
            fn from(value: $from) -> Self {
                Self::$variant(value)
            }
        })+
    };
}

cells!(bool => Flag, i64 => Number, String => Text, Uuid => Id, DateTime<Utc> => Time);

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

pub type Row = Vec<Cell>;

/// A row of anything that a cell is made of.
macro_rules! row {
    ($($value:expr),+ $(,)?) => { vec![$($crate::sink::Cell::from($value)),+] };
}

pub(crate) use row;

pub enum Sink {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Values of one statement of SQLite, which takes 32,766.
const VALUES: usize = 16_000;
/// Rows of one transaction: what a COPY leaves to be checked at its end stays in memory until then.
const TRANSACTION: usize = 200_000;

impl Sink {
    pub async fn open(url: &str) -> Result<Self> {
        if url.starts_with("postgres") {
            let mut connection = PgConnection::connect(url).await?;
            connection.execute("SET synchronous_commit = off").await?;
            return Ok(Self::Postgres(connection));
        }
        // Nobody else has the file, and a half-made one is thrown away.
        let options = SqliteConnectOptions::from_str(url)?
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .foreign_keys(true)
            .pragma("locking_mode", "exclusive")
            .pragma("cache_size", "-2000000")
            .pragma("temp_store", "memory");
        Ok(Self::Sqlite(options.connect().await?))
    }

    /// Writes all rows. They are made meanwhile.
    pub async fn load(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: impl Iterator<Item = Row> + Send + 'static,
    ) -> Result<usize> {
        let chunk = VALUES / columns.len();
        let (send, mut chunks) = mpsc::channel::<Vec<Row>>(8);
        let maker = tokio::task::spawn_blocking(move || {
            let mut rows = rows;
            loop {
                let some: Vec<Row> = rows.by_ref().take(chunk).collect();
                if some.is_empty() || send.blocking_send(some).is_err() {
                    return;
                }
            }
        });
        let written = match self {
            Self::Sqlite(connection) => to_sqlite(connection, table, columns, &mut chunks).await,
            Self::Postgres(connection) => to_postgres(connection, table, columns, &mut chunks).await,
        };
        drop(chunks);
        maker.await.context("rows could not be made")?;
        written.with_context(|| format!("writing {table}"))
    }

    /// The id and name of each row of a statement.
    pub async fn named(&mut self, sql: &'static str) -> Result<Vec<(Uuid, String)>> {
        Ok(match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(connection).await?,
        })
    }

    /// Takes away the indexes of PostgreSQL that are made many times faster over rows that are there, and which no trigger
    /// reads: those of parts of words. Gives what makes them again.
    pub async fn without_word_indexes(&mut self) -> Result<Vec<String>> {
        let Self::Postgres(connection) = self else { return Ok(Vec::new()) };
        let indexes: Vec<(String, String)> = sqlx::query_as(
            "SELECT i.indexname::text, i.indexdef FROM pg_indexes i WHERE i.schemaname = current_schema()
               AND i.indexdef LIKE '%USING gin%' ORDER BY 1",
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut again = Vec::new();
        for (name, definition) in indexes {
            connection.execute(AssertSqlSafe(format!("DROP INDEX \"{name}\""))).await?;
            again.push(definition);
        }
        Ok(again)
    }

    pub async fn make_indexes(&mut self, definitions: Vec<String>) -> Result<()> {
        let Self::Postgres(connection) = self else { return Ok(()) };
        for definition in definitions {
            connection.execute(AssertSqlSafe(definition)).await?;
        }
        Ok(())
    }

    /// Leaves the database as one that has grown over months: PostgreSQL with statistics and without rows to tidy, SQLite
    /// with its write-ahead log.
    pub async fn close(self) -> Result<()> {
        match self {
            Self::Sqlite(mut connection) => {
                connection.execute("PRAGMA locking_mode = normal").await?;
                connection.execute("PRAGMA journal_mode = wal").await?;
                connection.close().await?;
            }
            Self::Postgres(mut connection) => {
                connection.execute("VACUUM ANALYZE").await?;
                connection.execute("CHECKPOINT").await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

async fn to_sqlite(
    connection: &mut SqliteConnection,
    table: &str,
    columns: &[&str],
    chunks: &mut mpsc::Receiver<Vec<Row>>,
) -> Result<usize> {
    let (mut written, mut open) = (0, 0);
    connection.execute("BEGIN").await?;
    while let Some(rows) = chunks.recv().await {
        let one = format!("({})", vec!["?"; columns.len()].join(", "));
        let all = vec![one.as_str(); rows.len()].join(", ");
        let sql = format!("INSERT INTO {table} ({}) VALUES {all}", columns.join(", "));
        let count = rows.len();
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in rows.into_iter().flatten() {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Flag(value) => query.bind(value),
                Cell::Number(value) => query.bind(value),
                Cell::Text(value) => query.bind(value),
                Cell::Id(value) => query.bind(value),
                Cell::Time(value) => query.bind(value),
            };
        }
        query.execute(&mut *connection).await?;
        (written, open) = (written + count, open + count);
        if open >= TRANSACTION {
            open = 0;
            connection.execute("COMMIT").await?;
            connection.execute("BEGIN").await?;
        }
    }
    connection.execute("COMMIT").await?;
    Ok(written)
}

async fn to_postgres(
    connection: &mut PgConnection,
    table: &str,
    columns: &[&str],
    chunks: &mut mpsc::Receiver<Vec<Row>>,
) -> Result<usize> {
    let statement = format!("COPY {table} ({}) FROM STDIN", columns.join(", "));
    let mut written = 0;
    let mut ahead = chunks.recv().await;
    while ahead.is_some() {
        let mut copy = connection.copy_in_raw(&statement).await?;
        let mut open = 0;
        while let Some(rows) = ahead.take() {
            copy.send(copied(&rows).into_bytes()).await?;
            (written, open) = (written + rows.len(), open + rows.len());
            ahead = chunks.recv().await;
            if open >= TRANSACTION {
                break;
            }
        }
        copy.finish().await?;
    }
    Ok(written)
}

/// Rows as COPY reads them (text format).
fn copied(rows: &[Row]) -> String {
    let mut text = String::with_capacity(rows.len() * 512);
    for row in rows {
        for (index, cell) in row.iter().enumerate() {
            if index > 0 {
                text.push('\t');
            }
            // Writing to a string does not fail.
            let _ = match cell {
                Cell::Null => text.write_str("\\N"),
                Cell::Flag(value) => text.write_str(if *value { "t" } else { "f" }),
                Cell::Number(value) => write!(text, "{value}"),
                Cell::Id(value) => write!(text, "{value}"),
                Cell::Time(value) => write!(text, "{}", value.to_rfc3339()),
                Cell::Text(value) => {
                    for c in value.chars() {
                        match c {
                            '\\' => text.push_str("\\\\"),
                            '\t' => text.push_str("\\t"),
                            '\n' => text.push_str("\\n"),
                            '\r' => text.push_str("\\r"),
                            c => text.push(c),
                        }
                    }
                    Ok(())
                }
            };
        }
        text.push('\n');
    }
    text
}
