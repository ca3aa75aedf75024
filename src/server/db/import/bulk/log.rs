//! The write-ahead log of an importer on SQLite, written to the disk and copied into the file beside the writing, by another
//! processor.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use sqlx::{Connection, Executor, SqliteConnection};
use tokio::task::JoinHandle;

use crate::server::db::sqlite::Sqlite;
use crate::server::db::{DbError, DbResult};

/// Pages of the log, of 4 KiB, after which it begins anew: 32 MiB, so that a page that several transactions changed is copied
/// once, and the copying does not keep the disk from others for long.
const LOG_MOST: u32 = 8 * 1024;
/// Pages after which those so far are copied.
const STEP: u32 = 2048;
/// Where the log's index says how many pages are in the log, and how many of them are copied (sqlite.org/walformat.html, sections
/// 2.1 and 2.2).
const PAGES_AT: u64 = 16;
const COPIED_AT: u64 = 96;

const HOLD: &str = "BEGIN; SELECT id FROM imports LIMIT 1";
const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

pub struct Log {
    sqlite: Arc<Sqlite>,
    file: Arc<File>,
    /// A snapshot: nobody copies what was written after it.
    held: Option<SqliteConnection>,
    /// The connection of the snapshot before.
    spare: Option<SqliteConnection>,
    /// Up to where it is copied, or is being.
    copied: u32,
    copying: Option<JoinHandle<DbResult<SqliteConnection>>>,
    copier: Option<SqliteConnection>,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

impl Log {
    /// Nothing where there is none on the disk, as in memory.
    pub fn of(sqlite: &Arc<Sqlite>) -> Option<Self> {
        sqlite.index.as_ref()?;
        let file = Arc::new(File::open(sqlite.log()).ok()?);
        let sqlite = sqlite.clone();
        Some(Self { sqlite, file, held: None, spare: None, copied: 0, copying: None, copier: None, syncing: None })
    }

    /// After each transaction. What the one before it wrote has reached the disk then: whoever commits waits for no more than
    /// two of them.
    pub async fn committed(&mut self) -> DbResult<()> {
        self.synced().await?;
        let Some(pages) = self.said_at(PAGES_AT).filter(|pages| *pages < LOG_MOST) else { return self.shorten().await };
        self.sync();
        // Whoever commits makes the log begin anew where all of it was copied.
        self.copied = self.copied.min(pages);
        if pages - self.copied >= STEP && self.copying.as_ref().is_none_or(JoinHandle::is_finished) {
            self.copy(pages).await?;
        }
        Ok(())
    }

    /// Copies the log into the file, so that it begins anew, and keeps others from doing so from then on. Where somebody still
    /// reads an older state, or has just written, a part remains, and it is tried again after the next transaction: a snapshot
    /// would keep the log from beginning anew then.
    pub async fn shorten(&mut self) -> DbResult<()> {
        self.has_copied().await?;
        if let Some(mut held) = self.held.take() {
            held.execute("COMMIT").await?;
            self.spare = Some(held);
        }
        self.sqlite.writer.between(COPY).await?;
        if self.said_at(PAGES_AT) == self.said_at(COPIED_AT) {
            self.copied = 0;
            self.hold().await?;
        }
        Ok(())
    }

    /// Everything that was committed has reached the disk, and nobody is kept from anything.
    pub async fn finish(&mut self) -> DbResult<()> {
        self.has_copied().await?;
        self.synced().await?;
        for connection in [self.held.take(), self.spare.take(), self.copier.take()].into_iter().flatten() {
            // What cannot be closed in order is closed when it is dropped.
            let _ = connection.close().await;
        }
        self.sync();
        self.synced().await
    }

    /// Begins to copy what is in the log so far.
    async fn copy(&mut self, pages: u32) -> DbResult<()> {
        self.has_copied().await?;
        self.hold().await?;
        self.copied = pages;
        let mut copier = match self.copier.take() {
            Some(open) => open,
            None => self.sqlite.connect().await?,
        };
        self.copying = Some(tokio::spawn(async move {
            copier.execute(COPY).await?;
            Ok(copier)
        }));
        Ok(())
    }

    /// Moves the snapshot to what is there now.
    async fn hold(&mut self) -> DbResult<()> {
        let mut next = match self.spare.take() {
            Some(open) => open,
            None => self.sqlite.connect().await?,
        };
        next.execute(HOLD).await?;
        if let Some(mut before) = self.held.replace(next) {
            before.execute("COMMIT").await?;
            self.spare = Some(before);
        }
        Ok(())
    }

    async fn has_copied(&mut self) -> DbResult<()> {
        if let Some(copying) = self.copying.take() {
            self.copier = Some(copying.await.map_err(broken)??);
        }
        Ok(())
    }

    fn sync(&mut self) {
        let file = self.file.clone();
        self.syncing = Some(tokio::task::spawn_blocking(move || file.sync_data()));
    }

    async fn synced(&mut self) -> DbResult<()> {
        match self.syncing.take() {
            Some(syncing) => syncing.await.map_err(broken)?.map_err(|error| DbError::Sqlx(sqlx::Error::Io(error))),
            None => Ok(()),
        }
    }

    fn said_at(&self, offset: u64) -> Option<u32> {
        let mut number = [0; 4];
        self.sqlite.index.as_deref()?.read_exact_at(&mut number, offset).ok()?;
        Some(u32::from_ne_bytes(number))
    }
}

fn broken(error: tokio::task::JoinError) -> DbError {
    DbError::Sqlx(sqlx::Error::Io(io::Error::other(error)))
}
