//! A connection for reading a SQLite file. Its statement runs on a thread of sqlx's, which goes on with it when the future of
//! whoever waited is dropped: SQLite itself is told to end it, and the connection is nobody else's until it has.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use parking_lot::Mutex;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::server::db::DbResult;
use crate::server::db::limit::Running;

/// After how many of its steps SQLite asks whether to go on: a thousand take about 20 µs, beside which asking cannot be measured.
const STEPS: i32 = 1000;

/// A connection, and what SQLite asks of it.
pub struct Open {
    connection: SqliteConnection,
    running: Arc<Running>,
}

impl Open {
    pub async fn new(options: &SqliteConnectOptions) -> DbResult<Self> {
        let mut connection = options.connect().await?;
        let running = Arc::<Running>::default();
        let asked = running.clone();
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !asked.is_over());
        Ok(Self { connection, running })
    }

    pub async fn close(self) -> DbResult<()> {
        self.connection.close().await?;
        Ok(())
    }

    /// Waits until nothing runs on it.
    async fn settle(&mut self) -> DbResult<()> {
        self.connection.ping().await?;
        self.running.end();
        Ok(())
    }
}

/// Connections that nobody uses.
pub type Idle = Arc<Mutex<Vec<Open>>>;

/// A connection in use, given back when dropped.
pub struct Reader {
    /// Taken only by `drop`, as is the permit.
    open: Option<Open>,
    permit: Option<OwnedSemaphorePermit>,
    idle: Idle,
    pub running: Arc<Running>,
}

impl Reader {
    pub fn new(open: Open, idle: Idle, permit: OwnedSemaphorePermit) -> Self {
        let running = open.running.clone();
        Self { open: Some(open), permit: Some(permit), idle, running }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let (Some(mut open), permit) = (self.open.take(), self.permit.take()) else { return };
        if !self.running.abandon() {
            self.idle.lock().push(open);
            return;
        }
        // Outside the runtime nothing can be waited for: then the connection goes, and its thread with the statement.
        let Ok(runtime) = Handle::try_current() else { return };
        let idle = self.idle.clone();
        drop(runtime.spawn(async move {
            if open.settle().await.is_ok() {
                idle.lock().push(open);
            }
            drop(permit);
        }));
    }
}

#[expect(clippy::expect_used, reason = "the connection is there until the reader is dropped")]
impl Deref for Reader {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.open.as_ref().expect("a reader has its connection").connection
    }
}

#[expect(clippy::expect_used, reason = "the connection is there until the reader is dropped")]
impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.open.as_mut().expect("a reader has its connection").connection
    }
}
