//! What every request handler holds: the injected clock, randomness and outgoing HTTP, the database, keys and limits. No state of users.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::sync::Notify;
use url::Url;
use uuid::{Builder, Uuid};

use super::cache::epoch_map::EpochMap;
use super::cache::problems::PendingProblems;
use super::cache::readiness::Readiness;
use super::cache::registry::Configuration;
use super::cache::samples::Samples;
use super::cache::sessions::SessionCache;
use super::cache::verified::VerifiedTokens;
use super::cache::watchers::{RunningImpersonations, Watchers};
use super::crypto::keyring::Keyring;
use super::crypto::password::Passwords;
use super::db::Db;
use super::db::operator::PortalSession;
use super::domain::environment::Environment;
use super::domain::tally;
use super::platform::client_address::TrustedProxies;
use super::platform::clock::Clock;
use super::platform::lines::Refusals;
use super::platform::metrics::Metrics;
use super::platform::outbound::Outbound;
use super::platform::random::Random;
use super::platform::rate_limit::RateLimits;
use super::platform::url::issuer;
use crate::model::operator::Roles;
use crate::model::user::{UserQuery, UsersPage};

#[derive(Clone)]
pub struct AppState(Arc<Inner>);

pub struct Inner {
    pub db: Db,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub outbound: Arc<dyn Outbound>,
    pub keyring: Keyring,
    /// Environments, applications and keys, as the database has them.
    pub configuration: Configuration,
    /// Sessions, as the database has them.
    pub sessions: SessionCache,
    /// Operators by their portal sessions, as the database has them.
    pub portal_sessions: PortalSessions,
    /// Pages of users, as the database has them.
    pub user_lists: UserLists,
    /// How common words are among the users of each environment.
    pub samples: Samples,
    /// Where each operator works, as the database has it.
    pub places: Places,
    /// By environment, what its impersonations of the days before today come to.
    pub tallies: Mutex<HashMap<Uuid, tally::Kept>>,
    /// What runs in each environment, as the database has it.
    pub running: EpochMap<Uuid, RunningImpersonations>,
    /// By portal session, how many impersonations end with it.
    pub ending_with_sign_out: EpochMap<Uuid, i64>,
    /// Whether it is known that there was ever an operator: that stays so.
    pub is_set_up: AtomicBool,
    /// The epoch at which all running impersonations were last held against the policy.
    pub reviewed: AtomicU64,
    pub verified: VerifiedTokens,
    pub passwords: Passwords,
    pub limits: RateLimits,
    /// Who watches what runs.
    pub watchers: Watchers,
    /// Log lines that strangers can cause.
    pub lines: Refusals,
    pub metrics: Metrics,
    pub readiness: Readiness,
    /// What applications got wrong, until it is written down.
    pub problems: PendingProblems,
    /// Bytes of requests that this server has parked.
    pub parked_bytes: AtomicU64,
    /// Told whenever a message is put into the outbox, just before that is committed.
    pub outbox: Notify,
    /// Scheme, host and port, without a path.
    pub public_url: Url,
    /// The same as an origin: nearly every answer needs it.
    origin: String,
    pub trusted_proxies: TrustedProxies,
    /// When each kind of trouble with forwarding headers was last told, in seconds of the monotonic clock plus one.
    pub proxy_trouble: [AtomicU64; 3],
    /// Milliseconds and counter of the newest key.
    last_id: Mutex<(u64, u16)>,
}

/// Operators of whom anything is kept at most.
const OPERATORS: usize = 10_000;
/// Environments of which it is kept what runs at most.
const ENVIRONMENTS: usize = 1_000;
/// Pages of users that are kept at most: each has up to fifty rows.
const LISTS: usize = 128;

/// Portal sessions that have not ended, by the hash of their cookies.
pub type PortalSessions = EpochMap<Vec<u8>, PortalSession>;
/// Pages of lists without what they say to the caller alone, and whether impersonation is on, by environment and query.
pub type UserLists = EpochMap<(Uuid, UserQuery), (UsersPage, bool)>;
/// By operator, the environments in which it has a role, with its roles there.
pub type Places = EpochMap<Uuid, Arc<Vec<(Environment, Roles)>>>;

/// `rand_a` has twelve bits.
const COUNTER_MAX: u16 = 0x0fff;

impl std::ops::Deref for AppState {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl AppState {
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        outbound: Arc<dyn Outbound>,
        keyring: Keyring,
        public_url: Url,
        trusted_proxies: impl Into<TrustedProxies>,
    ) -> Self {
        let limits = RateLimits::new(clock.clone());
        let passwords = Passwords::default();
        let metrics = Metrics::new(db.statements(), limits.refused());
        Self(Arc::new(Inner {
            db,
            clock,
            random,
            outbound,
            keyring,
            configuration: Configuration::default(),
            sessions: SessionCache::default(),
            portal_sessions: EpochMap::new(OPERATORS),
            user_lists: EpochMap::new(LISTS),
            tallies: Mutex::default(),
            samples: Samples::default(),
            places: EpochMap::new(OPERATORS),
            running: EpochMap::new(ENVIRONMENTS),
            ending_with_sign_out: EpochMap::new(OPERATORS),
            is_set_up: AtomicBool::default(),
            reviewed: AtomicU64::default(),
            verified: VerifiedTokens::default(),
            passwords,
            limits,
            watchers: Watchers::default(),
            lines: Refusals::default(),
            metrics,
            readiness: Readiness::default(),
            problems: PendingProblems::default(),
            parked_bytes: AtomicU64::default(),
            outbox: Notify::new(),
            origin: public_url.origin().ascii_serialization(),
            public_url,
            trusted_proxies: trusted_proxies.into(),
            proxy_trouble: Default::default(),
            last_id: Mutex::default(),
        }))
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A new key: UUIDv7 of this server's clock. Keys of one server sort in the order in which they were made, also
    /// within a millisecond (RFC 9562, section 6.2, a counter in `rand_a`).
    pub fn new_id(&self) -> Uuid {
        let mut bytes = [0; 10];
        self.random.fill(&mut bytes);
        let now = u64::try_from(self.now().timestamp_millis()).unwrap_or_default();
        let (millis, counter) = {
            let mut last = self.last_id.lock();
            *last = match *last {
                (millis, COUNTER_MAX) if millis >= now => (millis + 1, 0),
                (millis, counter) if millis >= now => (millis, counter + 1),
                _ => (now, 0),
            };
            *last
        };
        bytes[..2].copy_from_slice(&counter.to_be_bytes());
        Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }

    /// `http://localhost:3000`, without a slash at the end.
    pub fn origin(&self) -> String {
        self.origin.clone()
    }

    /// The issuer of an environment.
    pub fn issuer(&self, environment: &Environment) -> String {
        self.issuer_at(&environment.slug, environment.host.as_deref())
    }

    /// [`Self::issuer`] of the environment with this slug and this host name of its own.
    pub fn issuer_at(&self, slug: &str, host: Option<&str>) -> String {
        issuer(&self.origin, slug, host)
    }

    /// The origin at which an environment's pages are: its issuer is there, or below it.
    pub fn origin_of(&self, environment: &Environment) -> String {
        match &environment.host {
            Some(_) => self.issuer(environment),
            None => self.origin(),
        }
    }

    /// Whether cookies must be `Secure`.
    pub fn is_https(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
