//! Sessions in memory: one a tab, each behind a cookie of its own path, so that two tabs can hold two users.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};

use crate::logout;
use crate::provider::Tokens;

const PENDING_LIFETIME: Duration = Duration::from_secs(600);
const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// More sign-ins at once are not begun: each takes memory until it is old.
const PENDING_MAX: usize = 10_000;

/// A sign-in that has begun in one browser.
pub struct Pending {
    pub nonce: Nonce,
    pub verifier: PkceCodeVerifier,
    /// Also in a cookie: the answer must come to the browser that asked.
    pub secret: String,
    begun_at: Instant,
}

pub enum Stage {
    SignedIn(Box<Tokens>),
    Ended(Ending),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// From this page.
    Here,
    /// Anywhere else: expired, revoked, ended by an operator. The provider does not say.
    Elsewhere,
}

pub struct Session {
    secret: String,
    /// The provider's name for it, by which it says that the session ended.
    sid: Option<String>,
    begun_at: Instant,
    /// Held while tokens are exchanged: a refresh token is used once.
    pub stage: tokio::sync::Mutex<Stage>,
}

#[derive(Default)]
pub struct Sessions {
    pending: Mutex<HashMap<String, Pending>>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    used_logout_tokens: Mutex<HashMap<String, Instant>>,
}

/// 256 random bits, in letters that cookies and paths take.
pub fn random() -> String {
    CsrfToken::new_random_len(32).secret().clone()
}

impl Sessions {
    /// Remembers a sign-in by its `state`. Gives the secret for the browser's cookie, or nothing when there are too many.
    pub fn begin(&self, state: String, nonce: Nonce, verifier: PkceCodeVerifier) -> Option<String> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.retain(|_, pending| pending.begun_at.elapsed() < PENDING_LIFETIME);
        if pending.len() >= PENDING_MAX {
            return None;
        }
        let secret = random();
        pending.insert(state, Pending { nonce, verifier, secret: secret.clone(), begun_at: Instant::now() });
        Some(secret)
    }

    /// Takes the sign-in out, if it was begun in the browser with this cookie: it works once.
    pub fn take(&self, state: &str, cookie: Option<&str>) -> Option<Pending> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let known = pending.get(state)?;
        if cookie != Some(known.secret.as_str()) || known.begun_at.elapsed() >= PENDING_LIFETIME {
            return None;
        }
        pending.remove(state)
    }

    /// A new session: its id for the path, its secret for the cookie.
    pub fn open(&self, tokens: Tokens) -> (String, String) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.begun_at.elapsed() < SESSION_LIFETIME);
        let (id, secret) = (random(), random());
        let sid = tokens.id_claims.get("sid").and_then(serde_json::Value::as_str).map(ToOwned::to_owned);
        let stage = tokio::sync::Mutex::new(Stage::SignedIn(Box::new(tokens)));
        let session = Session { secret: secret.clone(), sid, begun_at: Instant::now(), stage };
        sessions.insert(id.clone(), Arc::new(session));
        (id, secret)
    }

    pub fn get(&self, id: &str, cookie: Option<&str>) -> Option<Arc<Session>> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.get(id).filter(|session| cookie == Some(session.secret.as_str())).cloned()
    }

    /// The sessions here that are parts of one of the provider's.
    pub fn of_sid(&self, sid: &str) -> Vec<Arc<Session>> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.values().filter(|session| session.sid.as_deref() == Some(sid)).cloned().collect()
    }

    /// Notes that a logout token was used. Gives whether this is its first use.
    pub fn first_use(&self, jti: String) -> bool {
        let mut used = self.used_logout_tokens.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, at| at.elapsed() < logout::LIFETIME);
        used.insert(jti, Instant::now()).is_none()
    }

    pub fn close(&self, id: &str) {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}
