//! Rate limits, one a kind of attempt and key, on the injected clock.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use governor::clock::{Clock as GovernorClock, Reference};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use super::clock::Clock;
use super::error::ServiceError;

/// Our clock as governor reads it.
#[derive(Clone)]
struct Adapter(Arc<dyn Clock>);

impl GovernorClock for Adapter {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let micros = u64::try_from(self.0.now().timestamp_micros()).unwrap_or_default();
        Nanos::from(micros.saturating_mul(1000))
    }
}

type Keyed = RateLimiter<String, DashMapStateStore<String>, Adapter, NoOpMiddleware<Nanos>>;

/// One limiter for each kind of attempt.
pub struct RateLimits {
    clock: Adapter,
    is_off: AtomicBool,
    sign_in_per_account: Keyed,
    sign_in_per_address: Keyed,
    start_per_operator: Keyed,
    report_per_session: Keyed,
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
            sign_in_per_account: limiter(10, Duration::from_secs(30)),
            sign_in_per_address: limiter(60, Duration::from_secs(2)),
            start_per_operator: limiter(60, Duration::from_secs(2)),
            report_per_session: limiter(120, Duration::from_millis(500)),
            clock,
            is_off: AtomicBool::new(false),
        }
    }

    /// From now on everything may be tried as often as anybody likes.
    pub fn lift(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }

    /// One attempt to sign in as `account` (a realm and an e-mail) from `address`.
    pub fn sign_in(&self, account: &str, address: Option<&str>) -> Result<(), ServiceError> {
        if let Some(address) = address {
            self.check(&self.sign_in_per_address, address)?;
        }
        self.check(&self.sign_in_per_account, account)
    }

    /// One impersonation started by an operator.
    pub fn start(&self, operator: &str) -> Result<(), ServiceError> {
        self.check(&self.start_per_operator, operator)
    }

    /// One event reported by an application in a session.
    pub fn report(&self, session: &str) -> Result<(), ServiceError> {
        self.check(&self.report_per_session, session)
    }

    /// Forgets the keys that are as good as new.
    pub fn sweep(&self) {
        for limiter in
            [&self.sign_in_per_account, &self.sign_in_per_address, &self.start_per_operator, &self.report_per_session]
        {
            limiter.retain_recent();
        }
    }

    fn check(&self, limiter: &Keyed, key: &str) -> Result<(), ServiceError> {
        if self.is_off.load(Ordering::Relaxed) {
            return Ok(());
        }
        limiter.check_key(&key.to_owned()).map_err(|until| {
            let wait: Duration = until.earliest_possible().duration_since(self.clock.now()).into();
            ServiceError::RateLimited { retry_after_seconds: u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX) }
        })
    }
}
