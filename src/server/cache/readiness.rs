//! Whether this server can serve, as it was found a moment ago: strangers may ask as often as they like.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

/// For how long an answer is good.
const KEPT: Duration = Duration::from_secs(1);

/// What a server needs to serve, and what it must not be doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The database answers.
    Database,
    /// Its schema is this version's, or a later one's.
    Migrations,
    /// The master key opens the signing keys.
    Keys,
    /// The server was not told to stop.
    Stopping,
}

impl Part {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Migrations => "migrations",
            Self::Keys => "keys",
            Self::Stopping => "stopping",
        }
    }
}

/// What was found last.
#[derive(Default)]
pub struct Readiness {
    found: Mutex<Option<(Duration, Option<Part>)>>,
    stopping: AtomicBool,
}

impl Readiness {
    /// From now on the server is not ready: it takes what still comes, and nobody should send it more.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// The part that fails, if one does. At `now`, of a clock that only goes forward, `look` finds it out where nobody did a
    /// moment ago; who asks meanwhile waits for that.
    pub async fn failing(&self, now: Duration, look: impl Future<Output = Option<Part>>) -> Option<Part> {
        if self.stopping.load(Ordering::Relaxed) {
            return Some(Part::Stopping);
        }
        let mut found = self.found.lock().await;
        if let Some((_, failing)) = found.filter(|(at, _)| now < *at + KEPT) {
            return failing;
        }
        let failing = look.await;
        *found = Some((now, failing));
        failing
    }
}
