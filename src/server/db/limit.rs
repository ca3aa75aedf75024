//! How long a statement of a request may take. One that takes longer is ended, and so is one for which nobody waits any
//! more: a future that is dropped ends nothing, the database goes on with what it was asked.
//!
//! SQLite asks every so many steps whether it should go on ([`Running::is_over`]). PostgreSQL counts by itself, and notices
//! that a connection was closed: see [`super::postgres`]. What no request waits for may take as long as it does: transactions
//! for writing, timers, imports, the command line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::server::platform::metrics::{Statements, TimedStatement};

/// The longest that a statement of a request may take. A page reads in milliseconds; whoever asks for what takes longer is
/// told to ask for less.
pub const LIMIT: Duration = Duration::from_secs(2);

/// What runs on a connection for reading, as its user says it and as the database asks for it.
pub struct Running {
    since: Instant,
    /// One of the three words below, or the nanoseconds after `since` at which what runs is to end.
    until: AtomicU64,
}

const NOTHING: u64 = 0;
const ABANDONED: u64 = 1;
const WITHOUT_END: u64 = u64::MAX;

impl Default for Running {
    fn default() -> Self {
        Self { since: Instant::now(), until: AtomicU64::new(NOTHING) }
    }
}

impl Running {
    fn now(&self) -> u64 {
        // A connection is not open for 500 years.
        u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(WITHOUT_END)
    }

    /// A statement begins, which may take as long as `limit`.
    pub fn begin(&self, limit: Option<Duration>) {
        let until = limit.map_or(WITHOUT_END, |limit| {
            let limit = u64::try_from(limit.as_nanos()).unwrap_or(WITHOUT_END);
            self.now().saturating_add(limit).max(ABANDONED + 1)
        });
        self.until.store(until, Ordering::Relaxed);
    }

    /// The statement has ended.
    pub fn end(&self) {
        self.until.store(NOTHING, Ordering::Relaxed);
    }

    /// Nobody waits any more: what still runs is over. Gives whether anything does.
    pub fn abandon(&self) -> bool {
        let runs = self.until.load(Ordering::Relaxed) != NOTHING;
        if runs {
            self.until.store(ABANDONED, Ordering::Relaxed);
        }
        runs
    }

    /// Whether what runs has run for long enough.
    pub fn is_over(&self) -> bool {
        match self.until.load(Ordering::Relaxed) {
            NOTHING | WITHOUT_END => false,
            until => self.now() >= until,
        }
    }
}

/// The statements of one connection, as long as somebody has it: how long they take, and which of them runs.
pub struct Watch {
    pub(super) statements: Statements,
    /// `None` for transactions, which undo and release what they have by themselves.
    pub(super) running: Option<Arc<Running>>,
    pub(super) limit: Option<Duration>,
}

impl Watch {
    /// A statement begins: see [`Statements::begin`]. It ends with [`Self::end`], or nobody waits for it any more.
    pub fn begin(&self, here: &'static str) -> TimedStatement {
        if let Some(running) = &self.running {
            running.begin(self.limit);
        }
        self.statements.begin(here)
    }

    /// The statement has ended, in whichever way.
    pub fn end(&self) {
        if let Some(running) = &self.running {
            running.end();
        }
    }
}

/// Whether the database ended a statement because it took too long, or was told to: `SQLITE_INTERRUPT` on SQLite, and the
/// class *operator intervention* on PostgreSQL, `query_canceled` (PostgreSQL, appendix A).
pub fn was_ended(error: &sqlx::Error) -> bool {
    const INTERRUPT: &str = "9";
    const QUERY_CANCELED: &str = "57014";
    let sqlx::Error::Database(error) = error else { return false };
    let code = error.code();
    match error.try_downcast_ref::<sqlx::sqlite::SqliteError>() {
        Some(_) => code.as_deref() == Some(INTERRUPT),
        None => code.as_deref() == Some(QUERY_CANCELED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_over_at_its_limit_or_when_nobody_waits_for_it_and_not_before() {
        let running = Running::default();
        assert!(!running.is_over() && !running.abandon(), "nothing runs");
        running.begin(Some(Duration::from_secs(3600)));
        assert!(!running.is_over(), "an hour has not passed");
        running.begin(Some(Duration::ZERO));
        assert!(running.is_over(), "no time was given");
        running.end();
        assert!(!running.is_over() && !running.abandon(), "it has ended");
        running.begin(None);
        assert!(!running.is_over(), "it has no limit");
        assert!(running.abandon() && running.is_over(), "nobody waits for it");
    }
}
