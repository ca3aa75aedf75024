//! Whether anything at all was committed to the database since the last look, by whichever process: what lets a server
//! keep rows in memory and still answer as if it had read them just now.
//!
//! Both databases know without reading a table. SQLite changes the header of its write-ahead log's index with each commit
//! (sqlite.org/walformat.html, section 2.2.1), which is a read of some bytes; where that file cannot be read, it counts the
//! commits of other connections. PostgreSQL names the snapshot that a query would see. Both of these take a query: see
//! [`looks`].

mod looks;

use std::cell::Cell;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, OnceLock};

use super::{DbResult, Store};
use looks::Looks;
use parking_lot::Mutex;

/// Grows whenever something was committed.
pub type Epoch = u64;

tokio::task_local! {
    /// The epoch of the request that is being answered, from its first look until it writes.
    static REQUEST: Cell<Option<Epoch>>;
}

/// Answers one request. All that it reads until it writes may be as old as its first look, which came after its arrival.
pub fn in_request<T>(answer: impl Future<Output = T>) -> impl Future<Output = T> {
    REQUEST.scope(Cell::new(None), answer)
}

/// From here on the request must see what it writes itself.
pub fn forget_request() {
    // Outside a request there is nothing to forget.
    let _ = REQUEST.try_with(|epoch| epoch.set(None));
}

/// Whether a request is being answered.
pub fn is_request() -> bool {
    REQUEST.try_with(|_| ()).is_ok()
}

#[derive(Default)]
pub struct Epochs {
    marks: Arc<Marks>,
    looks: OnceLock<Looks>,
}

/// Epoch and mark of the last look.
#[derive(Default)]
struct Marks(Mutex<(Epoch, Option<Mark>)>);

/// Bytes of the header of the index, of which there are two copies, one after the other.
const INDEX_HEADER: usize = 48;

/// What the database says. Only equality means something.
#[derive(PartialEq, Eq)]
enum Mark {
    Index([u8; INDEX_HEADER]),
    /// Counted by one connection, which has a number: others count from elsewhere.
    Commits {
        connection: u64,
        count: i64,
    },
    Snapshot(String),
}

impl Epochs {
    /// The epoch now. What was read from the database after an earlier call that gave the same epoch is still current.
    pub async fn now(&self, store: &Store) -> DbResult<Epoch> {
        if let Ok(Some(epoch)) = REQUEST.try_with(Cell::get) {
            return Ok(epoch);
        }
        let index = match store {
            Store::Sqlite(sqlite) => sqlite.index.as_deref().and_then(index_header),
            Store::Postgres(_) => None,
        };
        let epoch = match index {
            Some(header) => self.marks.epoch_of(Mark::Index(header)),
            None => self.looks.get_or_init(|| Looks::begin(store.clone(), self.marks.clone())).next().await?,
        };
        let _ = REQUEST.try_with(|known| known.set(Some(epoch)));
        Ok(epoch)
    }

    pub async fn close(&self) {
        if let Some(looks) = self.looks.get() {
            looks.close().await;
        }
    }
}

impl Marks {
    /// The epoch of a mark that was read just now. One that comes late, after another, begins an epoch of its own: rows
    /// are then read once more than they had to be, never once too few.
    fn epoch_of(&self, mark: Mark) -> Epoch {
        let mut last = self.0.lock();
        if last.1.as_ref() != Some(&mark) {
            *last = (last.0 + 1, Some(mark));
        }
        last.0
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
