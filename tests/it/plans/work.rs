//! What a database did for whatever ran between two moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::Row;
use understudy::server::db::{Conn, Raw};

use crate::support::TestApp;

/// How often SQLite tells how far it is.
const EVERY: i32 = 50;

/// Counts the steps of SQLite's machine, or the rows that PostgreSQL reads from tables and indexes.
pub struct Work<'a> {
    app: &'a TestApp,
    steps: Arc<AtomicU64>,
    sqlite: bool,
    before: u64,
}

impl<'a> Work<'a> {
    pub async fn of(app: &'a TestApp) -> Self {
        let mut conn = app.state.db.read().await.expect("a connection");
        let steps: Arc<AtomicU64> = Arc::default();
        let sqlite = conn.is_sqlite();
        // The reader that is given back last is given out first: it is the one that pages are read on.
        if let Raw::Sqlite(reader) = conn.raw() {
            let counted = steps.clone();
            reader.lock_handle().await.expect("a handle").set_progress_handler(EVERY, move || {
                counted.fetch_add(EVERY.unsigned_abs().into(), Ordering::Relaxed);
                true
            });
        }
        Self { app, steps, sqlite, before: 0 }
    }

    pub fn is_sqlite(&self) -> bool {
        self.sqlite
    }

    pub async fn begin(&mut self) {
        self.before = self.read().await;
    }

    /// What was done since it began.
    pub async fn done(&self) -> u64 {
        self.read().await - self.before
    }

    async fn read(&self) -> u64 {
        if self.sqlite {
            return self.steps.load(Ordering::Relaxed);
        }
        // Each connection of the pool tells what it did only when it is asked to, or when a second is over.
        let pool = self.app.state.db.pool();
        let mut held: Vec<Conn> = Vec::new();
        for _ in 0..(pool.used + pool.idle).max(1) {
            held.push(self.app.state.db.read().await.expect("a connection"));
        }
        let mut rows = 0;
        for conn in &mut held {
            if let Raw::Postgres(conn) = conn.raw() {
                sqlx::query("SELECT pg_stat_force_next_flush()").execute(&mut *conn).await.expect("a flush");
                let row = sqlx::query(
                    "SELECT CAST((SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables)
                       + (SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes) AS BIGINT)",
                );
                rows = row.fetch_one(&mut *conn).await.expect("what was read").get::<i64, _>(0);
            }
        }
        u64::try_from(rows).unwrap_or_default()
    }
}
