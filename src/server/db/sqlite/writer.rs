//! The one writer of a SQLite file. Transactions follow each other on its connection, each in a savepoint of its own, and
//! those that others are already waiting behind share one commit: the disk is waited for once for all of them.
//!
//! Another process may be writing, too. Whoever waits for it asks every other millisecond, so that a process that writes
//! much but pauses between its transactions lets everybody through; a turn that does not come in time, counted from when it
//! was asked for, is refused.
//!
//! A transaction is committed for its caller only when the shared commit has reached the disk; where that fails, all that
//! shared it fail. Each step runs as a task of its own, so that a caller who goes away in the middle of one leaves no
//! half-done step behind.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, Either, Executor, QueryBuilder, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_stream::StreamExt;

use crate::server::db::{DbError, DbResult};

/// Transactions in one commit at most: none waits for long behind others.
const GROUP: usize = 64;
/// How long the first of a group may wait for the rest.
const PATIENCE: Duration = Duration::from_millis(10);
/// How often somebody else's lock is tried.
const RETRY: Duration = Duration::from_millis(2);

pub struct Writer {
    line: Arc<Mutex<Line>>,
    /// How long somebody waits for a turn.
    patience: Duration,
    waiting: Arc<AtomicUsize>,
}

/// The connection, and what is on it that has not been committed yet.
struct Line {
    connection: Option<SqliteConnection>,
    /// Since when the shared transaction is open, if it is.
    open_since: Option<Instant>,
    /// Whom to tell how the commit went.
    pending: Vec<oneshot::Sender<Result<(), String>>>,
    savepoint: Savepoint,
    /// All of the open transaction is one caller's, and has no savepoint: SQLite would keep every page of a long one twice.
    is_whole: bool,
}

/// What there is of the last transaction's savepoint.
#[derive(Default)]
enum Savepoint {
    #[default]
    None,
    /// Of somebody whose work is done. The next statement on the connection releases it, together with what it is for:
    /// each statement is a message to SQLite's thread and back.
    Done,
    /// Left by somebody who could not undo it.
    Abandoned,
    /// Opened for whoever comes next, together with what was written last.
    Fresh,
}

/// A transaction in its turn. Dropped without [`GroupTx::commit`], nothing of it happened.
pub struct GroupTx {
    /// Taken only by `commit` and `drop`.
    line: Option<OwnedMutexGuard<Line>>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    pub fn new(connection: SqliteConnection, patience: Duration) -> Self {
        let line = Line {
            connection: Some(connection),
            open_since: None,
            pending: Vec::new(),
            savepoint: Savepoint::None,
            is_whole: false,
        };
        Self { line: Arc::new(Mutex::new(line)), patience, waiting: Arc::default() }
    }

    /// The next transaction. With `alone`, what others have written before is committed first, and nothing is added to it: for
    /// one that takes long.
    ///
    /// # Errors
    /// [`DbError::Busy`] where its turn does not come.
    pub async fn begin(&self, alone: bool) -> DbResult<GroupTx> {
        let (line, waiting) = (self.line.clone(), self.waiting.clone());
        let deadline = Instant::now() + self.patience;
        let begun = tokio::spawn(async move {
            waiting.fetch_add(1, Ordering::SeqCst);
            let turn = timeout_at(deadline, line.clone().lock_owned()).await;
            waiting.fetch_sub(1, Ordering::SeqCst);
            let Ok(mut line) = turn else {
                // Somebody may have left a commit to this one: it is made in its turn, though nobody waits here any more.
                drop(tokio::spawn(async move {
                    let mut line = line.lock_owned().await;
                    if line.is_due(waiting.load(Ordering::SeqCst)) {
                        line.commit().await;
                    }
                }));
                return Err(DbError::Busy);
            };
            if alone {
                line.commit().await;
            }
            line.enter(deadline, alone).await?;
            Ok(GroupTx { line: Some(line), waiting })
        });
        joined(begun.await)
    }

    /// Runs what belongs between two transactions, after all that was written before is committed.
    pub async fn between(&self, sql: &'static str) -> DbResult<()> {
        let mut line = self.line.clone().lock_owned().await;
        // A task of its own, as each step is.
        joined(
            tokio::spawn(async move {
                line.commit().await;
                line.run(sql).await
            })
            .await,
        )
    }

    pub async fn close(&self) {
        let mut line = self.line.lock().await;
        line.commit().await;
        if let Some(connection) = line.connection.take() {
            // A connection that cannot be closed in order is closed by the process's end.
            let _ = connection.close().await;
        }
    }
}

/// The result of a step that ran as a task of its own.
fn joined<T>(result: Result<DbResult<T>, tokio::task::JoinError>) -> DbResult<T> {
    result.map_err(|error| DbError::Sqlx(sqlx::Error::Io(std::io::Error::other(error))))?
}

impl Line {
    fn connection(&mut self) -> DbResult<&mut SqliteConnection> {
        self.connection.as_mut().ok_or(DbError::Sqlx(sqlx::Error::PoolClosed))
    }

    async fn run(&mut self, sql: &'static str) -> DbResult<()> {
        self.connection()?.execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    /// Opens the shared transaction where it is not, and a savepoint in it, or one that nobody shares.
    async fn enter(&mut self, deadline: Instant, alone: bool) -> DbResult<()> {
        self.undo_abandoned().await;
        let sql = match (self.open_since, &self.savepoint) {
            (Some(_), Savepoint::Fresh) => {
                self.savepoint = Savepoint::None;
                return Ok(());
            }
            // It holds the write lock from the start, so that it never has to upgrade.
            (None, _) if alone => "BEGIN IMMEDIATE",
            (None, _) => "BEGIN IMMEDIATE; SAVEPOINT one",
            (Some(_), Savepoint::Done) => "RELEASE one; SAVEPOINT one",
            (Some(_), _) => "SAVEPOINT one",
        };
        while let Err(error) = self.run(sql).await {
            let locked = error.is_locked() && self.open_since.is_none();
            if locked && Instant::now() < deadline {
                sleep(RETRY).await;
                continue;
            }
            self.give_up(&error.to_string()).await;
            return Err(if locked { DbError::Busy } else { error });
        }
        self.savepoint = Savepoint::None;
        self.is_whole = alone && self.open_since.is_none();
        self.open_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    async fn undo_abandoned(&mut self) {
        if matches!(self.savepoint, Savepoint::Abandoned) {
            self.undo().await;
        }
    }

    /// Undoes what happened since the last savepoint.
    async fn undo(&mut self) {
        self.savepoint = Savepoint::None;
        if self.is_whole {
            return self.give_up("it was taken back").await;
        }
        if let Err(error) = self.run("ROLLBACK TO one; RELEASE one").await {
            self.give_up(&error.to_string()).await;
        }
    }

    /// Whether the commit is due now rather than after those who wait.
    fn is_due(&self, waiting: usize) -> bool {
        let late = self.open_since.is_some_and(|since| since.elapsed() >= PATIENCE);
        waiting == 0 || late || self.is_whole || self.pending.len() >= GROUP
    }

    /// Commits what the shared transaction holds, and tells everybody in it.
    async fn commit(&mut self) {
        self.undo_abandoned().await;
        if self.open_since.is_none() {
            return;
        }
        // It releases every savepoint, too.
        match self.run("COMMIT").await {
            Ok(()) => self.tell_committed(),
            Err(error) => self.give_up(&error.to_string()).await,
        }
    }

    fn tell_committed(&mut self) {
        self.open_since = None;
        self.savepoint = Savepoint::None;
        self.is_whole = false;
        for one in self.pending.drain(..) {
            // Whoever went away in the meantime has nobody left to tell.
            let _ = one.send(Ok(()));
        }
    }

    /// The last writes of a transaction, and in the same message what follows: the commit, or the next one's savepoint. Gives how
    /// many rows each of the writes changed, and whether everything is committed.
    async fn finish(&mut self, mut writes: Script, is_due: bool) -> DbResult<(Vec<u64>, bool)> {
        let count = writes.count;
        writes.query.push(if is_due { "; COMMIT" } else { "; RELEASE one; SAVEPOINT one" });
        let mut changed = Vec::with_capacity(count);
        let outcome = changed_by(self.connection()?, &mut writes.query, &mut changed).await;
        // What follows the writes changes no rows.
        let all_written = changed.len() >= count;
        changed.truncate(count);
        match outcome {
            Ok(()) if is_due => self.tell_committed(),
            Ok(()) => self.savepoint = Savepoint::Fresh,
            Err(error) => {
                if all_written {
                    self.give_up(&error.to_string()).await;
                } else {
                    self.undo().await;
                }
                return Err(error.into());
            }
        }
        Ok((changed, is_due))
    }

    /// Rolls everything back. SQLite may have done so already, for a full disk for example.
    async fn give_up(&mut self, why: &str) {
        if let Err(error) = self.run("ROLLBACK").await {
            tracing::debug!(error = error.to_string(), "a shared transaction had not begun or was already rolled back");
        }
        self.open_since = None;
        self.savepoint = Savepoint::None;
        self.is_whole = false;
        for one in self.pending.drain(..) {
            let _ = one.send(Err(why.to_owned()));
        }
    }
}

/// Writes that follow each other, and how many they are.
pub struct Script {
    pub query: QueryBuilder<Sqlite>,
    pub count: usize,
}

/// Runs what `query` says, and adds how many rows each of its statements changed as far as it comes.
pub async fn changed_by(
    connection: &mut SqliteConnection,
    query: &mut QueryBuilder<Sqlite>,
    changed: &mut Vec<u64>,
) -> sqlx::Result<()> {
    let mut steps = connection.fetch_many(query.build());
    while let Some(step) = steps.try_next().await? {
        if let Either::Left(done) = step {
            changed.push(done.rows_affected());
        }
    }
    Ok(())
}

impl GroupTx {
    /// The last writes, and the commit: see [`Self::commit`]. Gives how many rows each of them changed.
    pub async fn commit_with(mut self, writes: Script) -> DbResult<Vec<u64>> {
        let Some(mut line) = self.line.take() else { return Ok(Vec::new()) };
        let waiting = self.waiting.clone();
        let finished = tokio::spawn(async move {
            let is_due = line.is_due(waiting.load(Ordering::SeqCst));
            let outcome = line.finish(writes, is_due).await;
            let told = match &outcome {
                Ok((_, false)) => {
                    let (tell, told) = oneshot::channel();
                    line.pending.push(tell);
                    Some(told)
                }
                Ok((_, true)) => None,
                // Others may have left their commit to this one.
                Err(_) => {
                    if line.is_due(waiting.load(Ordering::SeqCst)) {
                        line.commit().await;
                    }
                    None
                }
            };
            drop(line);
            let (changed, _) = outcome?;
            if let Some(told) = told {
                shared(told.await)?;
            }
            Ok(changed)
        });
        joined(finished.await)
    }

    /// Waits until it is on the disk, alone or with others.
    pub async fn commit(mut self) -> DbResult<()> {
        let Some(mut line) = self.line.take() else { return Ok(()) };
        let waiting = self.waiting.clone();
        let (tell, told) = oneshot::channel();
        line.savepoint = Savepoint::Done;
        line.pending.push(tell);
        if line.is_due(waiting.load(Ordering::SeqCst)) {
            // Nobody has to wait for it: it tells.
            drop(tokio::spawn(async move { line.commit().await }));
        } else {
            drop(line);
        }
        shared(told.await)
    }
}

/// How the commit went that was shared.
fn shared(told: Result<Result<(), String>, oneshot::error::RecvError>) -> DbResult<()> {
    match told {
        Ok(Ok(())) => Ok(()),
        Ok(Err(why)) => Err(DbError::Sqlx(sqlx::Error::Protocol(format!("the shared commit failed: {why}")))),
        Err(_) => Err(DbError::Sqlx(sqlx::Error::PoolClosed)),
    }
}

impl Drop for GroupTx {
    fn drop(&mut self) {
        let Some(mut line) = self.line.take() else { return };
        let waiting = self.waiting.clone();
        match Handle::try_current() {
            Ok(runtime) => {
                _ = runtime.spawn(async move {
                    line.undo().await;
                    if line.is_due(waiting.load(Ordering::SeqCst)) {
                        line.commit().await;
                    }
                })
            }
            // Outside the runtime nothing can be waited for: whoever comes next undoes it first.
            Err(_) => line.savepoint = Savepoint::Abandoned,
        }
    }
}

#[expect(clippy::expect_used, reason = "the line is there until the transaction is committed or dropped")]
impl Deref for GroupTx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.line.as_ref().and_then(|line| line.connection.as_ref()).expect("a transaction has its connection")
    }
}

#[expect(clippy::expect_used, reason = "the line is there until the transaction is committed or dropped")]
impl DerefMut for GroupTx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.line.as_mut().and_then(|line| line.connection.as_mut()).expect("a transaction has its connection")
    }
}
