//! A SQLite file: many readers and one writer, each with connections of its own.
//!
//! Not sqlx's pool: a file does not go away, so nothing has to be asked before and after each use whether it is still
//! there, and several transactions that wait for the one writer can share a commit.

mod reader;
mod writer;

use std::fs::File;
use std::mem::ManuallyDrop;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Semaphore;

use super::{DbResult, Pool};
pub use reader::Reader;
use reader::{Idle, Open};
pub use writer::{GroupTx, Script, Writer, changed_by};

/// Statements that a reader keeps prepared: more take memory in every reader, and with fewer those of a list are prepared again at
/// each page.
const STATEMENTS: usize = 40;
/// Readers for each processor, and how many there may be however few processors there are. Readers wait for little but these, and each
/// has some megabytes of its own.
const OF_PROCESSOR: usize = 2;
const READERS: usize = 4;

pub struct Sqlite {
    writing: SqliteConnectOptions,
    reading: SqliteConnectOptions,
    idle: Idle,
    readers: Arc<Semaphore>,
    most: usize,
    pub writer: Writer,
    /// The index of the write-ahead log, for reading. Never closed: POSIX takes all locks of a process on a file back when
    /// the process closes any descriptor of it, and SQLite's own connections hold locks on this one.
    pub index: Option<ManuallyDrop<File>>,
}

impl Sqlite {
    /// Opens the file for writing, and later for as many readers at once as are asked for, `most` at the most and no more than are
    /// of use.
    /// A write waits for its turn as long as `patience`.
    pub async fn open(options: SqliteConnectOptions, most: u32, patience: Duration) -> DbResult<Self> {
        let mut connection = options.connect().await?;
        // The index is there once the file was read or written.
        sqlx::query("PRAGMA user_version").execute(&mut connection).await?;
        let index = File::open(index_of(options.get_filename())).ok().map(ManuallyDrop::new);
        // SQLite's own waiting sleeps up to 100 ms at a time and so misses every short gap; the writer asks more often.
        sqlx::query("PRAGMA busy_timeout = 0").execute(&mut connection).await?;
        let writer = Writer::new(connection, patience);
        let processors = available_parallelism().map_or(1, NonZero::get);
        let most = (most.max(1) as usize).min((processors * OF_PROCESSOR).max(READERS));
        Ok(Self {
            reading: options.clone().pragma("query_only", "on").statement_cache_capacity(STATEMENTS),
            writing: options,
            idle: Arc::default(),
            readers: Arc::new(Semaphore::new(most)),
            most,
            writer,
            index,
        })
    }

    /// Where the write-ahead log is.
    pub fn log(&self) -> PathBuf {
        beside(self.writing.get_filename(), "-wal")
    }

    /// A connection that nobody else has, for as long as the caller wants.
    pub async fn connect(&self) -> DbResult<SqliteConnection> {
        Ok(self.reading.connect().await?)
    }

    pub async fn migrate(&self, migrator: &Migrator) -> DbResult<()> {
        let mut connection = self.writing.connect().await?;
        migrator.run(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    pub async fn read(&self) -> DbResult<Reader> {
        // The semaphore closes with the database only: then there is nothing to read any more.
        let permit = self.readers.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let known = self.idle.lock().pop();
        let open = match known {
            Some(open) => open,
            None => Open::new(&self.reading).await?,
        };
        Ok(Reader::new(open, self.idle.clone(), permit))
    }

    /// The connections for reading.
    pub fn pool(&self) -> Pool {
        let idle = self.idle.lock().len();
        Pool { used: self.most.saturating_sub(self.readers.available_permits()), idle, most: self.most }
    }

    /// Waits for what is being written, and closes every connection that is not in use.
    pub async fn close(&self) {
        self.readers.close();
        let idle = std::mem::take(&mut *self.idle.lock());
        for open in idle {
            // A connection that cannot be closed in order is closed by the process's end.
            let _ = open.close().await;
        }
        self.writer.close().await;
    }
}

fn index_of(file: &Path) -> PathBuf {
    beside(file, "-shm")
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
