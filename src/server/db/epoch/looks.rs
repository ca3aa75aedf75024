//! Looks that take a query, one after the other over a connection of their own: each is for all who asked before it
//! began, and for nobody who asked after.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Epoch, Mark, Marks};
use crate::server::db::{DbError, DbResult, Store};

/// A look is a single row from memory. On a busy machine it may wait for its turn, and not for this long.
const LONGEST: Duration = Duration::from_secs(4);

pub struct Looks(UnboundedSender<Asked>);

enum Asked {
    Look(oneshot::Sender<DbResult<Epoch>>),
    Close(oneshot::Sender<()>),
}

impl Looks {
    /// Looks are made from now on, until nobody can ask any more.
    pub fn begin(store: Store, marks: Arc<Marks>) -> Self {
        let (asking, asked) = unbounded_channel();
        let looker = Looker { store, marks, connection: None, opened: 0 };
        tokio::spawn(looker.run(asked));
        Self(asking)
    }

    /// The epoch at a look that begins after this call.
    pub async fn next(&self) -> DbResult<Epoch> {
        let (answer, answered) = oneshot::channel();
        // Who does not take this question drops it, and so the answer.
        let _ = self.0.send(Asked::Look(answer));
        answered.await.unwrap_or_else(|_| Err(sqlx::Error::PoolClosed.into()))
    }

    pub async fn close(&self) {
        let (answer, answered) = oneshot::channel();
        let _ = self.0.send(Asked::Close(answer));
        // Closed already, if nobody answers.
        let _ = answered.await;
    }
}

struct Looker {
    store: Store,
    marks: Arc<Marks>,
    connection: Option<Own>,
    /// Connections that were opened so far.
    opened: u64,
}

/// A connection for nothing but this question: SQLite counts the commits of *other* connections.
enum Own {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Looker {
    async fn run(mut self, mut asked: UnboundedReceiver<Asked>) {
        let (mut batch, mut waiting) = (Vec::new(), Vec::new());
        while asked.recv_many(&mut batch, usize::MAX).await > 0 {
            // Requests that have just arrived get as far as asking: one look serves them all.
            tokio::task::yield_now().await;
            while let Ok(one) = asked.try_recv() {
                batch.push(one);
            }
            for one in batch.drain(..) {
                match one {
                    Asked::Look(answer) => waiting.push(answer),
                    Asked::Close(answer) => {
                        self.close().await;
                        // Who closes does not wait for it, or it is told.
                        let _ = answer.send(());
                        return;
                    }
                }
            }
            let outcome = self.look_in_time().await.map(|mark| self.marks.epoch_of(mark));
            for answer in waiting.drain(..) {
                // Who does not wait any more needs no answer.
                let _ = answer.send(match &outcome {
                    Ok(epoch) => Ok(*epoch),
                    Err(error) => Err(DbError::Look(error.to_string())),
                });
            }
        }
        self.close().await;
    }

    /// Everybody stands behind a look: one whose connection is stuck is given up for another connection, once.
    async fn look_in_time(&mut self) -> DbResult<Mark> {
        for _ in 0..2 {
            match timeout(LONGEST, self.look()).await {
                Ok(outcome) => return outcome,
                Err(_) => tracing::warn!("the database did not say in time whether it changed"),
            }
            // Dropped, not closed: closing it would wait for the same answer.
            self.connection = None;
        }
        Err(DbError::Look("no answer in time".to_owned()))
    }

    async fn look(&mut self) -> DbResult<Mark> {
        if let Some(mark) = self.mark().await {
            return Ok(mark);
        }
        // There is no connection yet, or it broke: a new one, once.
        self.opened += 1;
        self.connection = Some(match &self.store {
            Store::Sqlite(sqlite) => Own::Sqlite(sqlite.connect().await?),
            Store::Postgres(pool) => Own::Postgres(PgConnection::connect_with(&pool.connect_options()).await?),
        });
        self.mark().await.ok_or_else(|| sqlx::Error::WorkerCrashed.into())
    }

    async fn mark(&mut self) -> Option<Mark> {
        let connection = self.opened;
        let found = match self.connection.as_mut()? {
            Own::Sqlite(c) => sqlx::query_scalar("PRAGMA data_version")
                .fetch_one(c)
                .await
                .map(|count| Mark::Commits { connection, count }),
            Own::Postgres(c) => {
                sqlx::query_scalar("SELECT CAST(pg_current_snapshot() AS text)").fetch_one(c).await.map(Mark::Snapshot)
            }
        };
        found.inspect_err(|error| tracing::warn!(%error, "the database did not say whether it changed")).ok()
    }

    async fn close(&mut self) {
        // A connection that cannot be closed in order is closed by the process's end.
        let _ = match self.connection.take() {
            Some(Own::Sqlite(connection)) => connection.close().await,
            Some(Own::Postgres(connection)) => connection.close().await,
            None => Ok(()),
        };
    }
}
