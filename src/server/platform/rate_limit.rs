//! Rate limits, one a kind of attempt and key, on the injected clock's monotonic time.
//!
//! Keys are hashes of fixed length, however long what they are made of is. Limits are this process's own: another server
//! beside it counts for itself, and a restart forgets.

mod attempt;
mod buckets;
mod sign_ins;
mod turns;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;
use uuid::Uuid;

use super::clock::Clock;
use super::lines::Lines;
use super::metrics::Counters;
pub use attempt::{Attempt, Realm};
pub use sign_ins::Charge;
use sign_ins::SignIns;

/// Our clock as governor reads it.
#[derive(Clone)]
struct Adapter(Arc<dyn Clock>);

impl GovernorClock for Adapter {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.monotonic().into()
    }
}

type Keyed = RateLimiter<Uuid, DashMapStateStore<Uuid>, Adapter, NoOpMiddleware<Nanos>>;

/// Too many attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    pub retry_after_seconds: u32,
}

/// One limiter for each kind of attempt.
pub struct RateLimits {
    clock: Adapter,
    is_off: AtomicBool,
    refused: Counters<1>,
    /// Of sign-ins, which strangers can crowd, and of what those who are signed in do.
    lines: [Lines; 2],
    sign_ins: Mutex<SignIns>,
    start_per_operator: Keyed,
    report_per_session: Keyed,
    tokens_per_session: Keyed,
    repeats_per_session: Keyed,
}

impl RateLimits {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let clock = Adapter(clock);
        let limiter = |burst: u32, every: Duration| {
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            let quota = Quota::with_period(every).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
            RateLimiter::new(quota, DashMapStateStore::default(), clock.clone())
        };
        Self {
            sign_ins: Mutex::default(),
            start_per_operator: limiter(60, Duration::from_secs(2)),
            report_per_session: limiter(120, Duration::from_millis(500)),
            tokens_per_session: limiter(120, Duration::from_secs(2)),
            repeats_per_session: limiter(120, Duration::from_secs(2)),
            clock,
            is_off: AtomicBool::new(false),
            refused: Counters::default(),
            lines: [Lines::new(10), Lines::new(10)],
        }
    }

    /// How often each limit refused something.
    pub fn refused(&self) -> &Counters<1> {
        &self.refused
    }

    /// Counts it, and says it in a line of the log. `key` is the operator's or the session's id, or the environment's of a sign-in.
    fn limited(&self, limit: &'static str, key: Option<Uuid>, wait: Duration) -> Limited {
        self.refused.get_or_create(&[("limit", limit)]).inc();
        let limited = limited(wait);
        let is_stranger = matches!(limit, "sign_in" | "right_password");
        if let Some(left_out) = self.lines[usize::from(!is_stranger)].next(self.clock.0.monotonic()) {
            let (key, seconds) = (key.map(tracing::field::display), limited.retry_after_seconds);
            tracing::info!(limit, of = key, retry_after_seconds = seconds, left_out, "a limit was reached");
        }
        limited
    }

    /// From now on everything may be tried as often as anybody likes.
    pub fn lift(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }

    /// One attempt to sign in, counted as if it fails: who was right, or was not heard, takes it back.
    ///
    /// # Errors
    /// [`Limited`]; then nothing is counted.
    pub fn sign_in(&self, attempt: &Attempt<'_>) -> Result<Charge, Limited> {
        if self.is_off.load(Ordering::Relaxed) {
            return Ok(Charge::default());
        }
        let now = self.clock.0.monotonic();
        // Told after the lock is given back: a log that waits keeps nobody else waiting.
        let outcome = self.sign_ins().attempt(attempt, now);
        outcome.map_err(|wait| self.limited("sign_in", attempt.realm.environment(), wait))
    }

    /// The attempt was no guess: it does not count.
    pub fn take_back(&self, charge: &Charge) {
        let now = self.clock.0.monotonic();
        self.sign_ins().take_back(charge, now);
    }

    /// One session of an account begun with the right password, which [`Self::take_back`] made no guess.
    ///
    /// # Errors
    /// [`Limited`]; then nothing is counted.
    pub fn right_password(&self, attempt: &Attempt<'_>) -> Result<(), Limited> {
        if self.is_off.load(Ordering::Relaxed) {
            return Ok(());
        }
        let now = self.clock.0.monotonic();
        let outcome = self.sign_ins().right_password(attempt, now);
        outcome.map_err(|wait| self.limited("right_password", attempt.realm.environment(), wait))
    }

    /// One impersonation started by an operator.
    pub fn start(&self, operator: Uuid) -> Result<(), Limited> {
        self.check("start", &self.start_per_operator, operator)
    }

    /// One event reported by an application in a session.
    pub fn report(&self, session: Uuid) -> Result<(), Limited> {
        self.check("report", &self.report_per_session, session)
    }

    /// Tokens given once more in a session, by a refresh token or by a browser's cookie.
    pub fn tokens(&self, session: Uuid) -> Result<(), Limited> {
        self.check("tokens", &self.tokens_per_session, session)
    }

    /// The same for a refresh token that was traded before: whoever repeats it uses up nobody's first use of another.
    pub fn tokens_again(&self, session: Uuid) -> Result<(), Limited> {
        self.check("tokens_again", &self.repeats_per_session, session)
    }

    /// Forgets the keys that are as good as new.
    pub fn sweep(&self) {
        for limiter in
            [&self.start_per_operator, &self.report_per_session, &self.tokens_per_session, &self.repeats_per_session]
        {
            limiter.retain_recent();
        }
        let now = self.clock.0.monotonic();
        self.sign_ins().sweep(now);
    }

    fn sign_ins(&self) -> parking_lot::MutexGuard<'_, SignIns> {
        self.sign_ins.lock()
    }

    fn check(&self, limit: &'static str, limiter: &Keyed, key: Uuid) -> Result<(), Limited> {
        if self.is_off.load(Ordering::Relaxed) {
            return Ok(());
        }
        limiter.check_key(&key).map_err(|until| {
            let wait = until.earliest_possible().duration_since(self.clock.now());
            self.limited(limit, Some(key), wait.into())
        })
    }
}

fn limited(wait: Duration) -> Limited {
    // Rounded up: who waits as long as is said has waited long enough.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    Limited { retry_after_seconds: u32::try_from(seconds.max(1)).unwrap_or(u32::MAX) }
}
