//! Whether anything at all was committed to the database since the last look, by whichever process: what lets a server
//! keep rows in memory and still answer as if it had read them just now.
//!
//! Both databases know without reading a table. SQLite changes the header of its write-ahead log's index with each commit
//! (sqlite.org/walformat.html, section 2.2.1), which is a read of some bytes; where that file cannot be read, it counts the
//! commits of other connections (`PRAGMA data_version`). PostgreSQL names the snapshot that a query would see (`pg_current_snapshot`), which is another one after each commit.
//! Calls that come while one look is under way share the next: each gets the result of a look that began after it called.

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::sync::Mutex;

use super::{DbResult, Store};

/// Grows whenever something was committed.
pub type Epoch = u64;

tokio::task_local! {
    /// The epoch of the request that is being answered, from its first look until it writes.
    static REQUEST: Cell<Option<Epoch>>;
}

/// Answers one request. All that it reads until it writes may be as old as its first look, which came after its arrival.
pub async fn in_request<T>(answer: impl Future<Output = T>) -> T {
    REQUEST.scope(Cell::new(None), answer).await
}

/// From here on the request must see what it writes itself.
pub fn forget_request() {
    // Outside a request there is nothing to forget.
    let _ = REQUEST.try_with(|epoch| epoch.set(None));
}

#[derive(Default)]
pub struct Epochs {
    /// Looks that have begun.
    begun: AtomicU64,
    last: Mutex<Last>,
    /// Epoch and mark of what takes no query to know.
    quick: std::sync::Mutex<(Epoch, Option<Mark>)>,
    /// Epochs that were given out: whichever way one was found, no other has its number.
    next: AtomicU64,
}

#[derive(Default)]
struct Last {
    /// Number of the look that this is the result of.
    look: u64,
    epoch: Epoch,
    mark: Option<Mark>,
    connection: Option<Own>,
}

/// Bytes of the header of the index, of which there are two copies, one after the other.
const INDEX_HEADER: usize = 48;

/// What the database says. Only equality means something, and only between looks through the same connection.
#[derive(PartialEq, Eq)]
enum Mark {
    Index([u8; INDEX_HEADER]),
    Commits(i64),
    Snapshot(String),
}

/// A connection for nothing but this question: SQLite counts the commits of *other* connections.
enum Own {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Epochs {
    /// The epoch now. What was read from the database after an earlier call that gave the same epoch is still current.
    pub async fn now(&self, store: &Store) -> DbResult<Epoch> {
        if let Ok(Some(epoch)) = REQUEST.try_with(Cell::get) {
            return Ok(epoch);
        }
        let epoch = match store {
            Store::Sqlite(sqlite) => match sqlite.index.as_deref().and_then(index_header) {
                Some(header) => self.at(Mark::Index(header)),
                None => self.look(store).await?,
            },
            Store::Postgres(_) => self.look(store).await?,
        };
        let _ = REQUEST.try_with(|known| known.set(Some(epoch)));
        Ok(epoch)
    }

    /// The epoch of a mark that was read just now.
    fn at(&self, mark: Mark) -> Epoch {
        let mut last = self.quick.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1.as_ref() != Some(&mark) {
            *last = (self.next.fetch_add(1, Ordering::SeqCst) + 1, Some(mark));
        }
        last.0
    }

    async fn look(&self, store: &Store) -> DbResult<Epoch> {
        let enough = self.begun.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.look >= enough {
            return Ok(last.epoch);
        }
        let look = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        // A connection that broke since is opened anew, once; what it says then is not comparable.
        let known = match &mut last.connection {
            Some(own) => own.mark().await.ok(),
            None => None,
        };
        let mark = match known {
            Some(mark) => mark,
            None => {
                last.mark = None;
                let mut own = Own::connect(store).await?;
                let mark = own.mark().await?;
                last.connection = Some(own);
                mark
            }
        };
        if last.mark.as_ref() != Some(&mark) {
            last.mark = Some(mark);
            last.epoch = self.next.fetch_add(1, Ordering::SeqCst) + 1;
        }
        last.look = look;
        Ok(last.epoch)
    }

    pub async fn close(&self) {
        if let Some(own) = self.last.lock().await.connection.take() {
            // A connection that cannot be closed in order is closed by the process's end.
            let _ = match own {
                Own::Sqlite(connection) => connection.close().await,
                Own::Postgres(connection) => connection.close().await,
            };
        }
    }
}

/// The header of the index of SQLite's write-ahead log, if it can be read and is not being written right now. Commits
/// write both of its copies, in the reverse order of reading.
fn index_header(index: &File) -> Option<[u8; INDEX_HEADER]> {
    let mut both = [0; 2 * INDEX_HEADER];
    index.read_exact_at(&mut both, 0).ok()?;
    let (first, second) = both.split_at(INDEX_HEADER);
    (first == second && first.iter().any(|byte| *byte != 0)).then(|| first.try_into().ok()).flatten()
}

impl Own {
    async fn connect(store: &Store) -> DbResult<Self> {
        Ok(match store {
            Store::Sqlite(sqlite) => Self::Sqlite(sqlite.connect().await?),
            Store::Postgres(pool) => Self::Postgres(PgConnection::connect_with(&pool.connect_options()).await?),
        })
    }

    async fn mark(&mut self) -> DbResult<Mark> {
        Ok(match self {
            Self::Sqlite(c) => Mark::Commits(sqlx::query_scalar("PRAGMA data_version").fetch_one(c).await?),
            Self::Postgres(c) => {
                Mark::Snapshot(sqlx::query_scalar("SELECT CAST(pg_current_snapshot() AS text)").fetch_one(c).await?)
            }
        })
    }
}
