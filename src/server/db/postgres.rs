//! Connections to PostgreSQL. All are of one pool, and each has the limit of statements of requests set once, when it is
//! opened, so that no request pays for it. Who may take longer says so: a transaction in the message that begins it, and what
//! reads outside of requests before it begins and after it.
//!
//! What nobody waits for any more runs on: a future that is dropped tells PostgreSQL nothing, and sqlx's pool would wait for
//! the answer before it gave the connection to somebody else. Such a connection is closed instead, after [`GRACE`], which
//! PostgreSQL notices within [`CHECK`] (from version 14 on; before, the limit ends the statement). Asking it to cancel would
//! need the number of the server's process, which sqlx does not tell.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres, Transaction};
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::DbResult;
use super::limit::{LIMIT, Running};

/// How long a connection of the pool may have been idle before it is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(5);
/// How often PostgreSQL looks whether a connection is still there on which a statement runs.
const CHECK: Duration = Duration::from_millis(250);
/// How long an abandoned statement has to end by itself, as nearly all do: a connection is dear to open, and browsers go away
/// all the time.
const GRACE: Duration = Duration::from_millis(250);
/// The first version that looks, as `server_version_num` has it.
const CHECKS_SINCE: u32 = 140_000;
/// As whoever runs the database has set it for this role, which is without a limit where nothing was said.
const WITHOUT_LIMIT: &str = "SET statement_timeout TO DEFAULT";
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout TO DEFAULT";

/// # Errors
/// Where `url` is malformed or the database does not answer.
pub async fn connect(url: &str, max_connections: u32) -> DbResult<PgPool> {
    let options = PgConnectOptions::from_str(url)?.application_name("understudy");
    let pool = PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(10))
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(opened(connection)))
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_with(options)
        .await?;
    Ok(pool)
}

async fn opened(connection: &mut PgConnection) -> sqlx::Result<()> {
    limit(connection).await?;
    if connection.server_version_num().is_some_and(|version| version >= CHECKS_SINCE) {
        let check = format!("SET client_connection_check_interval = {}", CHECK.as_millis());
        // Not every system that PostgreSQL runs on can tell: there the limit has to do.
        if let Err(error) = connection.execute(AssertSqlSafe(check)).await {
            tracing::debug!(%error, "PostgreSQL does not look whether its connections are still there");
        }
    }
    Ok(())
}

async fn limit(connection: &mut PgConnection) -> sqlx::Result<()> {
    let sql = format!("SET statement_timeout = {}", LIMIT.as_millis());
    connection.execute(AssertSqlSafe(sql)).await?;
    Ok(())
}

/// A transaction, whose statements may take as long as they do.
pub async fn begin(pool: &PgPool) -> DbResult<Transaction<'static, Postgres>> {
    Ok(pool.begin_with(BEGIN).await?)
}

/// A connection for reading, given back when dropped, or closed where a statement still runs on it.
pub struct Reader {
    /// Taken only by `drop`.
    connection: Option<PoolConnection<Postgres>>,
    pub running: Arc<Running>,
    limited: bool,
}

impl Reader {
    /// One on which statements take [`LIMIT`] at most, or as long as they do.
    pub async fn acquire(pool: &PgPool, limited: bool) -> DbResult<Self> {
        // Made first: whatever happens to this future, the connection has its limit again when it is given back.
        let mut reader = Self { connection: Some(pool.acquire().await?), running: Arc::default(), limited };
        if !limited {
            reader.execute(WITHOUT_LIMIT).await?;
        }
        Ok(reader)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let (abandoned, limited) = (self.running.abandon(), self.limited);
        if !abandoned && limited {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return connection.close_on_drop() };
        drop(runtime.spawn(async move {
            let is_quiet = !abandoned || matches!(timeout(GRACE, connection.ping()).await, Ok(Ok(())));
            if !is_quiet || !limited && limit(&mut connection).await.is_err() {
                connection.close_on_drop();
            }
        }));
    }
}

#[expect(clippy::expect_used, reason = "the connection is there until the reader is dropped")]
impl Deref for Reader {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("a reader has its connection")
    }
}

#[expect(clippy::expect_used, reason = "the connection is there until the reader is dropped")]
impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("a reader has its connection")
    }
}
