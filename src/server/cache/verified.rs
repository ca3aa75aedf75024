//! Tokens whose signature was verified already: the same bytes under the same key verify the same way again. Time, session
//! and key are asked anew at each use; only the arithmetic is spared.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::server::crypto::secret::hash;

/// Tokens at most, or about as many. Beyond, those go that are seen least.
const MOST: usize = 10_000;

pub struct VerifiedTokens(Cache<Vec<u8>, Arc<VerifiedToken>>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

/// A JWT of an environment, whose signature holds.
pub struct VerifiedToken {
    pub environment_id: Uuid,
    /// The key that signed it, which may have been removed since.
    pub kid: String,
    pub typ: String,
    pub claims: Map<String, Value>,
}

impl VerifiedToken {
    /// The claim, if it is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The session that the token is of.
    pub fn sid(&self) -> Option<Uuid> {
        Uuid::try_parse(self.text("sid")?).ok()
    }

    /// Whether its time is over, or was never said.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() >= self.claims.get("exp").and_then(Value::as_i64).unwrap_or_default()
    }
}

impl VerifiedTokens {
    pub fn get(&self, environment_id: Uuid, token: &str) -> Option<Arc<VerifiedToken>> {
        self.0.get(&hash(token)).filter(|known| known.environment_id == environment_id)
    }

    pub fn keep(&self, token: &str, verified: Arc<VerifiedToken>) {
        self.0.insert(hash(token), verified);
    }
}
