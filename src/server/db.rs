//! The database: SQL and nothing else. One SQL text runs on SQLite and on PostgreSQL.
//!
//! [`Conn`] is a connection to either, [`Tx`] a write transaction on it. The [`on!`] macro runs the same typed query on
//! whichever it is: `on!(conn, c => sqlx::query_as(SQL).bind(id).fetch_optional(c).await)`.

pub mod account;
pub mod application;
pub mod audit;
mod batch;
pub mod browser;
mod build;
pub mod checklist;
pub mod client_token;
pub mod configuration;
pub mod count;
pub mod credential;
pub mod deleted_user;
pub mod delivery;
pub mod environment;
mod epoch;
pub mod failed_sign_in;
pub mod import;
pub mod inspect;
mod limit;
mod migration;
pub mod names;
pub mod notice;
pub mod operator;
pub mod overview;
pub mod page;
pub mod parked;
pub mod password_link;
mod pool;
mod postgres;
pub mod problem;
pub mod retention;
pub mod role;
pub mod search;
pub mod session;
pub mod settings;
pub mod setup;
pub mod signing_key;
mod sqlite;
pub mod start;
pub mod text;
pub mod upkeep;
pub mod user;
pub mod version;
pub mod word;

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{PgConnection, PgPool, Postgres, SqliteConnection, Transaction};

use crate::server::platform::metrics::{Statements, TimedStatement};
use epoch::Epochs;
pub use epoch::{Epoch, forget_request, in_request};
pub use limit::LIMIT;
use limit::Watch;
pub use pool::Pool;
use sqlite::{GroupTx, Sqlite};

/// How long a write waits for its turn, behind others of this process and of other processes together.
const TURN: Duration = Duration::from_secs(15);

/// A statement that failed, or a row that is not what the schema promises.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error(transparent)]
    Sqlx(sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// `id` is the row's own, or that of what the row belongs to where it has none.
    #[error("{column} of {table} {id} holds {value:?}, which is no {vocabulary}")]
    Inconsistent { table: &'static str, column: &'static str, id: String, vocabulary: &'static str, value: String },
    #[error("expected to change {expected} row of {table}, changed {actual}")]
    RowsAffected { table: &'static str, expected: u64, actual: u64 },
    #[error("the database did not say whether it changed: {0}")]
    Look(String),
    /// The turn of a write did not come in time. Nothing was changed.
    #[error("the database was busy with other writes for too long")]
    Busy,
    /// The database was told to end a statement that took longer than [`LIMIT`]. Nothing failed: too much was asked for.
    #[error("a statement took too long and was ended")]
    TooLong,
    #[error("{0}")]
    Url(String),
}

pub type DbResult<T> = Result<T, DbError>;

impl DbError {
    /// Whether a unique index refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether a row that another one names is not there: it was deleted meanwhile.
    pub fn is_foreign_key_violation(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }

    /// Whether it was somebody else's turn for too long: the same may well succeed a moment later.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy | Self::Sqlx(sqlx::Error::PoolTimedOut)) || self.is_locked() || self.is_deadlock()
    }

    /// Whether PostgreSQL gave up one of two transactions that waited for each other (`deadlock_detected`).
    fn is_deadlock(&self) -> bool {
        matches!(self, Self::Sqlx(sqlx::Error::Database(error)) if error.code().as_deref() == Some("40P01"))
    }

    /// Whether SQLite found the file locked. The low byte of the extended code says it (`SQLITE_BUSY`, `SQLITE_LOCKED`).
    fn is_locked(&self) -> bool {
        let Self::Sqlx(sqlx::Error::Database(error)) = self else { return false };
        error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some()
            && error.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6))
    }
}

/// A database of either kind. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    store: Store,
    epochs: Arc<Epochs>,
    statements: Statements,
}

#[derive(Clone)]
enum Store {
    /// One writer, many readers, on one file in WAL mode.
    Sqlite(Arc<Sqlite>),
    Postgres(PgPool),
}

enum Sqlitely {
    Plain(sqlite::Reader),
    Tx(GroupTx),
}

enum Postgresly {
    Plain(postgres::Reader),
    Tx(Transaction<'static, Postgres>),
}

/// One connection, inside a transaction or not.
pub struct Conn {
    kind: Kind,
    watch: Watch,
}

enum Kind {
    Sqlite(Sqlitely),
    Postgres(Postgresly),
}

/// The connection beneath, for [`on!`].
pub enum Raw<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

impl Conn {
    pub fn raw(&mut self) -> Raw<'_> {
        self.parts().0
    }

    fn parts(&mut self) -> (Raw<'_>, &Watch) {
        let raw = match &mut self.kind {
            Kind::Sqlite(Sqlitely::Plain(c)) => Raw::Sqlite(c),
            Kind::Sqlite(Sqlitely::Tx(c)) => Raw::Sqlite(c),
            Kind::Postgres(Postgresly::Plain(c)) => Raw::Postgres(c),
            Kind::Postgres(Postgresly::Tx(c)) => Raw::Postgres(c),
        };
        (raw, &self.watch)
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.kind, Kind::Sqlite(_))
    }

    /// A statement begins on this connection: see [`Watch::begin`].
    pub fn begin(&self, here: &'static str) -> TimedStatement {
        self.watch.begin(here)
    }

    /// The statement has ended.
    pub fn end(&self) {
        self.watch.end();
    }
}

/// A write transaction. Dropped without [`Tx::commit`], nothing happened.
pub struct Tx(Conn);

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

impl Tx {
    pub async fn commit(self) -> DbResult<()> {
        epoch::forget_request();
        match self.0.kind {
            Kind::Sqlite(Sqlitely::Tx(tx)) => Box::pin(tx.commit()).await?,
            Kind::Postgres(Postgresly::Tx(tx)) => Box::pin(tx.commit()).await?,
            Kind::Sqlite(Sqlitely::Plain(_)) | Kind::Postgres(Postgresly::Plain(_)) => {}
        }
        Ok(())
    }
}

/// Runs one query text on whichever database `$conn` is connected to.
macro_rules! on {
    ($conn:expr, $c:ident => $body:expr) => {{
        // Its name tells that of the function around it.
        fn here() {}
        let statement = $conn.begin(std::any::type_name_of_val(&here));
        let outcome = match $conn.raw() {
            $crate::server::db::Raw::Sqlite($c) => statement.run(async { $body }).await,
            $crate::server::db::Raw::Postgres($c) => statement.run(async { $body }).await,
        };
        drop(statement);
        $conn.end();
        outcome
    }};
}

/// Runs a statement and gives the number of rows that it changed.
macro_rules! execute {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => {
            sqlx::query($sql)$(.bind($bind))*.execute(c).await.map(|done| done.rows_affected())
        })
        .map_err($crate::server::db::DbError::from)
    };
}

/// The row that a query finds, if any, as the type that is asked for.
macro_rules! fetch_optional {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => sqlx::query_as($sql)$(.bind($bind))*.fetch_optional(c).await)
            .map_err($crate::server::db::DbError::from)
    };
}

/// The row of a query that always has one.
macro_rules! fetch_one {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => sqlx::query_as($sql)$(.bind($bind))*.fetch_one(c).await)
            .map_err($crate::server::db::DbError::from)
    };
}

/// All rows that a query finds.
macro_rules! fetch_all {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => sqlx::query_as($sql)$(.bind($bind))*.fetch_all(c).await)
            .map_err($crate::server::db::DbError::from)
    };
}

/// The one value of a query that always has one row.
macro_rules! fetch_scalar {
    ($conn:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::db::on!($conn, c => sqlx::query_scalar($sql)$(.bind($bind))*.fetch_one(c).await)
            .map_err($crate::server::db::DbError::from)
    };
}

pub use batch::{Batch, Writes};
pub use build::Statement;
pub(crate) use build::built;
pub(crate) use word::{fetch_bounded, fetch_known, read_as};
pub(crate) use {execute, fetch_all, fetch_one, fetch_optional, fetch_scalar, on};

/// The file of a SQLite database; `None` for another kind, and for one in memory.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") {
        return None;
    }
    let file = SqliteConnectOptions::from_str(url).ok()?.get_filename().to_path_buf();
    let text = file.to_string_lossy();
    (!text.is_empty() && text != ":memory:" && !text.starts_with("file:")).then_some(file.clone())
}

/// Checks that an update hit exactly one row.
pub(crate) fn expect_one(table: &'static str, actual: u64) -> DbResult<()> {
    if actual == 1 { Ok(()) } else { Err(DbError::RowsAffected { table, expected: 1, actual }) }
}

impl Db {
    /// Connects to `url`: `sqlite:PATH`, or `postgres://…`. A SQLite file is created where missing.
    ///
    /// # Errors
    /// Where the URL is of neither kind or the database does not answer.
    pub async fn connect(url: &str, max_connections: u32) -> DbResult<Self> {
        Self::connect_patiently(url, max_connections, TURN).await
    }

    /// As [`Db::connect`], with the time that a write waits for its turn on SQLite, 15 s otherwise.
    ///
    /// # Errors
    /// As [`Db::connect`].
    pub async fn connect_patiently(url: &str, max_connections: u32, patience: Duration) -> DbResult<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let pool = postgres::connect(url, max_connections).await?;
            return Ok(Self::on(Store::Postgres(pool)));
        }
        if !url.starts_with("sqlite:") {
            return Err(DbError::Url(format!(
                "DATABASE_URL must begin with sqlite: or postgres://, not with {:?}",
                url.split(':').next().unwrap_or_default()
            )));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A revoked session must stay revoked through a power failure: every commit reaches the disk.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(TURN)
            .pragma("temp_store", "memory");
        Ok(Self::on(Store::Sqlite(Arc::new(Sqlite::open(options, max_connections, patience).await?))))
    }

    fn on(store: Store) -> Self {
        Self { store, epochs: Arc::default(), statements: Statements::default() }
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> DbResult<()> {
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.migrate(&migration::sqlite()).await?,
            // As long as it takes.
            Store::Postgres(pool) => {
                migration::postgres().run(&mut *postgres::Reader::acquire(pool, false).await?).await?
            }
        }
        Ok(())
    }

    /// How long its statements take.
    pub fn statements(&self) -> &Statements {
        &self.statements
    }

    /// Whether rows in memory are still current: see [`Epoch`]. It is asked of the database, not of this process.
    pub async fn epoch(&self) -> DbResult<Epoch> {
        self.epochs.now(&self.store).await
    }

    pub fn kind(&self) -> &'static str {
        match &self.store {
            Store::Sqlite(_) => "SQLite",
            Store::Postgres(_) => "PostgreSQL",
        }
    }

    pub fn is_sqlite(&self) -> bool {
        matches!(self.store, Store::Sqlite(_))
    }

    pub async fn close(&self) {
        self.epochs.close().await;
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.close().await,
            Store::Postgres(pool) => pool.close().await,
        }
    }
}
