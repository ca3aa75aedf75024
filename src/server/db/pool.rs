//! The connections to the database: who reads, who writes, and how many there are.

use std::sync::Arc;

use super::epoch::{forget_request, is_request};
use super::limit::{LIMIT, Running, Watch};
use super::{Conn, Db, DbResult, Kind, Postgresly, Sqlitely, Store, Tx, postgres};

/// Connections to a database, on SQLite those for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool {
    pub used: usize,
    pub idle: usize,
    pub most: usize,
}

impl Db {
    /// A connection for reading, outside any transaction. Where a request is answered, each statement on it takes [`LIMIT`] at
    /// most; where nobody waits for it any more, it is ended.
    pub async fn read(&self) -> DbResult<Conn> {
        let limited = is_request();
        // On the heap, as statements are: most requests come by without one.
        let (kind, running) = match &self.store {
            Store::Sqlite(sqlite) => {
                let reader = Box::pin(sqlite.read()).await?;
                let running = reader.running.clone();
                (Kind::Sqlite(Sqlitely::Plain(reader)), running)
            }
            Store::Postgres(pool) => {
                let reader = Box::pin(postgres::Reader::acquire(pool, limited)).await?;
                let running = reader.running.clone();
                (Kind::Postgres(Postgresly::Plain(reader)), running)
            }
        };
        Ok(self.conn(kind, Some(running), limited))
    }

    /// A transaction for writing. On SQLite transactions take turns.
    pub async fn write(&self) -> DbResult<Tx> {
        self.begin(false).await
    }

    /// A transaction for writing that takes long: it keeps nobody else's commit waiting.
    pub async fn write_long(&self) -> DbResult<Tx> {
        self.begin(true).await
    }

    async fn begin(&self, long: bool) -> DbResult<Tx> {
        forget_request();
        let kind = match &self.store {
            Store::Sqlite(sqlite) => Kind::Sqlite(Sqlitely::Tx(Box::pin(sqlite.writer.begin(long)).await?)),
            Store::Postgres(pool) => Kind::Postgres(Postgresly::Tx(Box::pin(postgres::begin(pool)).await?)),
        };
        Ok(Tx(self.conn(kind, None, false)))
    }

    fn conn(&self, kind: Kind, running: Option<Arc<Running>>, limited: bool) -> Conn {
        Conn { kind, watch: Watch { statements: self.statements.clone(), running, limit: limited.then_some(LIMIT) } }
    }

    /// The connections that there are now.
    pub fn pool(&self) -> Pool {
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.pool(),
            Store::Postgres(pool) => {
                let (idle, open) = (pool.num_idle(), pool.size() as usize);
                Pool { used: open.saturating_sub(idle), idle, most: pool.options().get_max_connections() as usize }
            }
        }
    }
}
