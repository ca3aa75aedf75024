//! Writing much while others write little, and nobody waits for the disk on somebody else's behalf.
//!
//! An import can be taken up again, so its transactions need not each reach the disk before the next one begins; only their
//! order has to be kept, and that of whatever else is committed in between. On PostgreSQL a transaction says so itself. On SQLite:
//!
//! - The write-ahead log is written to the disk beside the transactions: inside of one, everybody who wants to write would wait for
//!   all that the import wrote so far.
//! - The log is copied into the file by the importer, while it goes on. A snapshot keeps other processes from copying what is not
//!   copied yet: to whoever commits there, that would be a long wait.
//!
//! [`Bulk::finish`] makes everything that was committed durable, like any other commit.

mod log;

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::server::db::sqlite::Sqlite;
use crate::server::db::{Db, DbResult, Raw, Store, Tx};
use log::Log;

/// A process that writes much, and nothing else at the time.
pub struct Bulk(Option<OnFile>);

struct OnFile {
    sqlite: Arc<Sqlite>,
    log: Log,
    is_over: bool,
}

/// 16 MiB of pages: those that every transaction changes are not read again for each.
const RELAXED: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384";
const STRICT: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -2000";

impl Bulk {
    pub async fn begin(db: &Db) -> DbResult<Self> {
        let Store::Sqlite(sqlite) = &db.store else { return Ok(Self(None)) };
        let Some(log) = Log::of(sqlite) else { return Ok(Self(None)) };
        let mut bulk = OnFile { sqlite: sqlite.clone(), log, is_over: false };
        bulk.sqlite.writer.between(RELAXED).await?;
        bulk.log.shorten().await?;
        Ok(Self(Some(bulk)))
    }

    /// After each transaction.
    pub async fn committed(&mut self) -> DbResult<()> {
        match &mut self.0 {
            Some(bulk) => bulk.log.committed().await,
            None => Ok(()),
        }
    }

    /// From here on each commit reaches the disk before it counts. Everything before has.
    pub async fn finish(&mut self) -> DbResult<()> {
        let Some(mut bulk) = self.0.take() else { return Ok(()) };
        bulk.sqlite.writer.between(STRICT).await?;
        // Where that fails, it is tried once more when this is dropped.
        bulk.is_over = true;
        bulk.log.finish().await
    }
}

impl Drop for OnFile {
    /// Whoever goes away in the middle leaves a connection that is as careful as before.
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.is_over, Handle::try_current()) {
            let sqlite = self.sqlite.clone();
            drop(runtime.spawn(async move { sqlite.writer.between(STRICT).await }));
        }
    }
}

/// The transaction's commit does not wait for the disk on PostgreSQL; the next one that does takes it along. And everything is looked
/// up by an index: PostgreSQL keeps the plans of its own checks and of triggers, and those that were made while a table was small
/// would read all of it for every batch later.
pub async fn relax(tx: &mut Tx) -> DbResult<()> {
    const SETTINGS: &str = "SELECT set_config('synchronous_commit', 'off', TRUE), set_config('enable_seqscan', 'off', TRUE),
        set_config('enable_hashjoin', 'off', TRUE), set_config('enable_mergejoin', 'off', TRUE), set_config('jit', 'off', TRUE)";
    if let Raw::Postgres(conn) = tx.raw() {
        sqlx::query(SETTINGS).execute(conn).await?;
    }
    Ok(())
}
