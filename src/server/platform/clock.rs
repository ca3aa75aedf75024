//! The only place that asks what time it is, so that tests can move it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

pub trait Clock: Send + Sync {
    /// Now, exact to the microsecond: what both databases store.
    fn now(&self) -> DateTime<Utc>;

    /// Time since some moment in the past that stays the same while the process runs. It never goes back, whatever is done to
    /// the machine's clock: for measuring how long ago something was.
    fn monotonic(&self) -> Duration;
}

pub struct SystemClock;

static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one legal reading of the system's clock")]
    fn now(&self) -> DateTime<Utc> {
        truncate(Utc::now())
    }

    fn monotonic(&self) -> Duration {
        STARTED.elapsed()
    }
}

/// A clock that stands still until it is told to move.
pub struct ManualClock {
    wall: AtomicI64,
    passed: AtomicI64,
}

impl ManualClock {
    pub fn at(start: DateTime<Utc>) -> Self {
        Self { wall: AtomicI64::new(start.timestamp_micros()), passed: AtomicI64::default() }
    }

    pub fn advance(&self, by: TimeDelta) {
        self.set_forward(by);
        self.passed.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::SeqCst);
    }

    /// Sets what the clock on the wall says, forward or back, while no time passes.
    pub fn set_forward(&self, by: TimeDelta) {
        self.wall.fetch_add(by.num_microseconds().unwrap_or_default(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        from_micros(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.passed.load(Ordering::SeqCst)).unwrap_or_default())
    }
}

fn truncate(time: DateTime<Utc>) -> DateTime<Utc> {
    from_micros(time.timestamp_micros())
}

/// The time `micros` microseconds after 1970-01-01T00:00Z.
pub fn from_micros(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
