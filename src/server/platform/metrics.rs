//! What is counted and measured, for Prometheus. Each server has its own, so that two in one process do not mix.
//!
//! Every label is a word of the program, `&'static str`: nothing that is sent can become one, and their number is that of the
//! words. docs/observability.md lists all of them.

mod levels;
mod statements;

use std::time::Duration;

use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::model::denial::Denial;
use crate::model::session::{EndReason, SessionKind};
use levels::Gauges;
pub use levels::Levels;
pub use statements::{Statements, TimedStatement};

/// What [`Metrics::text`] is, for whoever reads it.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Names and words of a series.
type Labels<const N: usize> = [(&'static str, &'static str); N];
pub type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Histograms = Family<Labels<1>, Histogram, fn() -> Histogram>;

/// Seconds: an answer from memory takes less than the first, one that takes longer than the last is cut off.
const REQUEST_SECONDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// The outcome of a start that was not refused.
const STARTED: &str = "started";

/// What became of an attempt to tell an application that a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Delivered,
    /// It answered with another status.
    Rejected,
    /// Nobody answered, or it could not even be tried.
    Unanswered,
    /// There will be no other attempt.
    GivenUp,
}

impl Told {
    const ALL: [Self; 4] = [Self::Delivered, Self::Rejected, Self::Unanswered, Self::GivenUp];

    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Rejected => "rejected",
            Self::Unanswered => "unanswered",
            Self::GivenUp => "given_up",
        }
    }
}

pub struct Metrics {
    registry: Registry,
    requests: Counters<2>,
    request_seconds: Histograms,
    starts: Counters<1>,
    hand_offs: Counters<1>,
    ends: Counters<2>,
    sign_ins: Counters<2>,
    tokens: Counters<2>,
    told: Counters<1>,
    switched: Counters<1>,
    gauges: Gauges,
}

impl Metrics {
    /// With the statements of a database, and what the limits refused.
    pub fn new(statements: &Statements, limited: &Counters<1>) -> Self {
        let histograms: fn() -> Histogram = || Histogram::new(REQUEST_SECONDS);
        let mut metrics = Self {
            registry: Registry::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histograms),
            starts: Family::default(),
            hand_offs: Family::default(),
            ends: Family::default(),
            sign_ins: Family::default(),
            tokens: Family::default(),
            told: Family::default(),
            switched: Family::default(),
            gauges: Gauges::default(),
        };
        metrics.begin_at_zero();
        metrics.register(statements, limited);
        metrics
    }

    /// A series that is there from the start shows its first increase.
    fn begin_at_zero(&self) {
        for denial in Denial::ALL {
            drop(self.starts.get_or_create(&[("outcome", denial.as_str())]));
        }
        drop(self.starts.get_or_create(&[("outcome", STARTED)]));
        for reason in EndReason::ALL {
            drop(
                self.ends.get_or_create(&[("kind", SessionKind::Impersonation.as_str()), ("reason", reason.as_str())]),
            );
        }
        for told in Told::ALL {
            drop(self.told.get_or_create(&[("outcome", told.as_str())]));
        }
        for on in [true, false] {
            drop(self.switched.get_or_create(&[("to", on_or_off(on))]));
        }
    }

    fn register(&mut self, statements: &Statements, limited: &Counters<1>) {
        self.gauges.register(&mut self.registry);
        let ours = self.registry.sub_registry_with_prefix("understudy");
        ours.register("requests", "Requests by door and outcome", self.requests.clone());
        let help = "Seconds from the head of a request to that of its answer";
        ours.register("request_duration_seconds", help, self.request_seconds.clone());
        ours.register("impersonation_starts", "Impersonations started, and refused by why", self.starts.clone());
        ours.register("hand_offs", "Hand-off codes redeemed, and refused by why", self.hand_offs.clone());
        ours.register("sessions_ended", "Sessions that ended, by kind and reason", self.ends.clone());
        ours.register("sign_ins", "Sign-ins of operators and users", self.sign_ins.clone());
        ours.register("tokens", "Requests for tokens by grant and outcome", self.tokens.clone());
        let help = "Attempts to tell an application that a session ended";
        ours.register("logout_deliveries", help, self.told.clone());
        ours.register("impersonation_switched", "How often impersonation was turned on and off", self.switched.clone());
        ours.register("rate_limited", "Attempts that a limit refused", limited.clone());
        statements.register(ours);
    }

    /// A request was answered, or given up.
    pub fn request(&self, door: &'static str, outcome: &'static str, took: Duration) {
        self.requests.get_or_create(&[("door", door), ("outcome", outcome)]).inc();
        self.request_seconds.get_or_create(&[("door", door)]).observe(took.as_secs_f64());
    }

    /// An impersonation began.
    pub fn started(&self) {
        self.starts.get_or_create(&[("outcome", STARTED)]).inc();
    }

    /// An impersonation was refused.
    pub fn denied(&self, denial: Denial) {
        self.starts.get_or_create(&[("outcome", denial.as_str())]).inc();
    }

    /// A hand-off code was presented: `redeemed`, or the word of a refusal.
    pub fn hand_off(&self, outcome: &'static str) {
        self.hand_offs.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub fn ended(&self, kind: SessionKind, reason: EndReason) {
        self.ends.get_or_create(&[("kind", kind.as_str()), ("reason", reason.as_str())]).inc();
    }

    /// Somebody tried to sign in to the portal or to an environment.
    pub fn sign_in(&self, realm: &'static str, outcome: &'static str) {
        self.sign_ins.get_or_create(&[("realm", realm), ("outcome", outcome)]).inc();
    }

    /// Tokens were asked for: `issued`, or the code of an error.
    pub fn token(&self, grant: &'static str, outcome: &'static str) {
        self.tokens.get_or_create(&[("grant", grant), ("outcome", outcome)]).inc();
    }

    pub fn told(&self, told: Told) {
        self.told.get_or_create(&[("outcome", told.as_str())]).inc();
    }

    /// Impersonation was turned on or off in an environment.
    pub fn switched(&self, on: bool) {
        self.switched.get_or_create(&[("to", on_or_off(on))]).inc();
    }

    /// All of it, with these levels, in the text format of Prometheus.
    pub fn text(&self, levels: &Levels) -> String {
        self.gauges.set(levels);
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        text
    }
}

fn on_or_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}
