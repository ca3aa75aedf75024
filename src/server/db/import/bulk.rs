//! Writing much while others write little, and nobody waits for the disk on somebody else's behalf.
//!
//! An import can be taken up again, so its transactions need not each reach the disk before the next one begins; only their
//! order has to be kept, and that of whatever else is committed in between. On PostgreSQL a transaction says so itself. On SQLite:
//!
//! - The write-ahead log is written to the disk between transactions, when the importer holds no lock: inside of one, everybody who
//!   wants to write would wait for that.
//! - The log is copied into the file when it has become long, by the importer. Until then a snapshot keeps other processes from
//!   it: to whoever commits there, that would be a long wait.
//!
//! [`Bulk::finish`] makes everything that was committed durable, like any other commit.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sqlx::{Connection, Executor, SqliteConnection};
use tokio::runtime::Handle;

use crate::server::db::sqlite::Sqlite;
use crate::server::db::{Db, DbError, DbResult, Raw, Store, Tx};

/// Pages of the log, of 4 KiB, after which it is copied into the file: 32 MiB, so that a page that several transactions changed
/// is copied once, and the copying does not keep the disk from others for long.
const LOG_MOST: u32 = 8 * 1024;
/// Where the log's index says how many pages are in the log, and how many of them are copied (sqlite.org/walformat.html, sections
/// 2.1 and 2.2).
const PAGES_AT: u64 = 16;
const COPIED_AT: u64 = 96;

/// A process that writes much, and nothing else at the time.
pub struct Bulk(Option<OnFile>);

struct OnFile {
    sqlite: Arc<Sqlite>,
    log: Arc<File>,
    snapshot: Option<SqliteConnection>,
    is_over: bool,
}

impl Bulk {
    pub async fn begin(db: &Db) -> DbResult<Self> {
        let Store::Sqlite(sqlite) = &db.store else { return Ok(Self(None)) };
        // Without a log on the disk, as in memory, everything stays as it is.
        let (Some(_), Ok(log)) = (&sqlite.index, File::open(sqlite.log())) else { return Ok(Self(None)) };
        let is_over = false;
        let mut bulk = OnFile { sqlite: sqlite.clone(), log: Arc::new(log), snapshot: None, is_over };
        // 32 MiB of pages: those that every transaction changes are not read again for each.
        let relaxed = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768";
        bulk.sqlite.writer.between(relaxed).await?;
        bulk.shorten().await?;
        Ok(Self(Some(bulk)))
    }

    /// After each transaction.
    pub async fn committed(&mut self) -> DbResult<()> {
        let Some(bulk) = &mut self.0 else { return Ok(()) };
        if bulk.said_at(PAGES_AT).is_none_or(|pages| pages >= LOG_MOST) {
            return bulk.shorten().await;
        }
        bulk.write_out().await
    }

    /// From here on each commit reaches the disk before it counts. Everything before has.
    pub async fn finish(&mut self) -> DbResult<()> {
        let Some(mut bulk) = self.0.take() else { return Ok(()) };
        bulk.release().await;
        bulk.sqlite.writer.between(STRICT).await?;
        // Where that fails, it is tried once more when this is dropped.
        bulk.is_over = true;
        bulk.write_out().await
    }
}

const STRICT: &str = "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 1000; PRAGMA cache_size = -2000";

impl OnFile {
    fn said_at(&self, offset: u64) -> Option<u32> {
        let mut number = [0; 4];
        self.sqlite.index.as_deref()?.read_exact_at(&mut number, offset).ok()?;
        Some(u32::from_ne_bytes(number))
    }

    async fn write_out(&self) -> DbResult<()> {
        let log = self.log.clone();
        let done = tokio::task::spawn_blocking(move || log.sync_data()).await;
        done.map_err(io::Error::other).flatten().map_err(|error| DbError::Sqlx(sqlx::Error::Io(error)))
    }

    /// Copies the log into the file, so that it begins anew, and keeps others from doing so from then on. Where somebody still
    /// reads an older state, or has just written, a part remains, and it is tried again after the next transaction: a snapshot would keep
    /// the log from beginning anew then.
    async fn shorten(&mut self) -> DbResult<()> {
        self.release().await;
        self.sqlite.writer.between("PRAGMA wal_checkpoint(PASSIVE)").await?;
        if self.said_at(PAGES_AT) != self.said_at(COPIED_AT) {
            return Ok(());
        }
        let mut snapshot = self.sqlite.connect().await?;
        snapshot.execute("BEGIN").await?;
        snapshot.execute("SELECT id FROM imports LIMIT 1").await?;
        self.snapshot = Some(snapshot);
        Ok(())
    }

    async fn release(&mut self) {
        if let Some(snapshot) = self.snapshot.take() {
            // What cannot be closed in order is closed when it is dropped.
            let _ = snapshot.close().await;
        }
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

/// The transaction's commit does not wait for the disk on PostgreSQL; the next one that does takes it along.
pub async fn relax(tx: &mut Tx) -> DbResult<()> {
    if let Raw::Postgres(conn) = tx.raw() {
        sqlx::query("SET LOCAL synchronous_commit = off").execute(conn).await?;
    }
    Ok(())
}
