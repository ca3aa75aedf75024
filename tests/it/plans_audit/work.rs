//! What a database did for a question: on SQLite the steps of its machine, on PostgreSQL the rows that it read of the trail and of
//! its index, which its own statistics count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use understudy::server::db::{Conn, Db, Raw, Tx};

use crate::support::try_execute;

/// SQLite tells of so many steps at a time.
const STEPS: u64 = 100;
/// Steps of SQLite, and rows of PostgreSQL, that a page may take: a look at each of 125,000 events is some millions of steps.
const MOST_STEPS: u64 = 400_000;
const MOST_ROWS: u64 = 6_000;

pub struct Work {
    steps: Arc<AtomicU64>,
}

/// What was done so far, and how often a whole table was read.
#[derive(Debug)]
pub struct Done {
    steps: u64,
    rows: u64,
    scans: u64,
}

/// The databases know how large their tables are by now.
pub async fn look_at_sizes(db: &Db) {
    if db.kind() == "PostgreSQL" {
        for table in ["audit_events", "audit_terms", "audit_group_terms", "audit_slots", "audit_chunks"] {
            try_execute(db, &format!("ANALYZE {table}")).await.expect("statistics");
        }
    }
}

/// One in which all is counted: PostgreSQL knows what its own transaction did.
pub async fn transaction(db: &Db) -> Tx {
    db.write().await.expect("a transaction")
}

impl Work {
    pub async fn watch(conn: &mut Conn) -> Self {
        let steps = Arc::new(AtomicU64::new(0));
        if let Raw::Sqlite(sqlite) = conn.raw() {
            let steps = steps.clone();
            let mut handle = sqlite.lock_handle().await.expect("the connection");
            handle.set_progress_handler(i32::try_from(STEPS).expect("a number"), move || {
                steps.fetch_add(STEPS, Ordering::Relaxed);
                true
            });
        }
        Self { steps }
    }

    pub async fn done(&self, conn: &mut Conn) -> Done {
        let steps = self.steps.load(Ordering::Relaxed);
        let Raw::Postgres(postgres) = conn.raw() else { return Done { steps, rows: 0, scans: 0 } };
        let sql = "SELECT CAST(SUM(COALESCE(seq_tup_read, 0) + COALESCE(idx_tup_fetch, 0)) AS BIGINT),
                     CAST(SUM(CASE WHEN relname IN ('audit_events', 'audit_terms', 'audit_group_terms', 'audit_slots') THEN seq_scan END) AS BIGINT)
                   FROM pg_stat_xact_user_tables WHERE relname LIKE 'audit%'";
        let (rows, scans): (i64, i64) = sqlx::query_as(sql).fetch_one(postgres).await.expect("statistics");
        Done { steps, rows: rows.unsigned_abs(), scans: scans.unsigned_abs() }
    }
}

impl Done {
    /// Whether anything is counted at all.
    pub fn is_something(&self) -> bool {
        self.steps + self.rows > 10_000
    }
}

#[track_caller]
pub fn expect_little(before: &Done, after: &Done, what: &str) {
    let (steps, rows) = (after.steps - before.steps, after.rows - before.rows);
    assert_eq!(before.scans, after.scans, "{what}: it reads a whole table");
    assert!(steps <= MOST_STEPS && rows <= MOST_ROWS, "{what}: {steps} steps, {rows} rows");
}
