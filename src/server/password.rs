//! Passwords: argon2id, off the async threads, a few at a time, in one queue for the portal and one for users.
//!
//! A queue is as long as people wait patiently; beyond, whoever comes is told to come again, but for browsers that are known:
//! they have places of their own, which no stranger takes. A sign-in with an unknown
//! e-mail does the work that the last known one did, so that it takes as long and answers the same.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::error::{ServiceError, ServiceResult};
use super::text;

/// The shortest password that may be chosen, in characters.
pub const MIN_LENGTH: usize = 12;
/// The longest that is looked at: argon2 would happily hash a megabyte.
pub const MAX_BYTES: usize = 1024;

/// Each hash takes 19 MiB and a core for some 20 ms: more at once would only wait for each other.
const AT_ONCE: usize = 2;
/// How many may wait for these in each queue: a second or two.
const WAITING: usize = 100;
/// When whoever found the queue full may come again, in seconds.
const COME_AGAIN: u32 = 3;

/// The dearest hash that is verified: memory in KiB, memory times passes, lanes. An eighth of it is what libraries take
/// where nothing is said.
const MAX_MEMORY: u32 = 256 * 1024;
const MAX_WORK: u64 = 1024 * 1024;
const MAX_LANES: u32 = 16;

/// Whose passwords are verified: neither waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Portal,
    Hosted,
}

impl Door {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Portal => "portal",
            Self::Hosted => "hosted",
        }
    }
}

#[derive(Clone, Default)]
pub struct Passwords {
    portal: Queue,
    hosted: Queue,
}

#[derive(Clone)]
struct Queue {
    /// Who is heard and who waits to be: browsers that nobody knows, and those in which the account was signed in before.
    places: Arc<Semaphore>,
    known: Arc<Semaphore>,
    running: Arc<Semaphore>,
    /// What the last known hash cost.
    cost: Arc<Mutex<Params>>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            known: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            running: Arc::new(Semaphore::new(AT_ONCE)),
            cost: Arc::default(),
        }
    }
}

impl Queue {
    /// A turn, to be held while hashing: also when the one who asked has gone away meanwhile.
    async fn turn(&self, is_known: bool) -> ServiceResult<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        let busy = |_| ServiceError::Busy { retry_after_seconds: COME_AGAIN };
        let places = if is_known { &self.known } else { &self.places };
        let place = places.clone().try_acquire_owned().map_err(busy)?;
        let turn = self.running.clone().acquire_owned().await.context("waiting to hash a password")?;
        Ok((place, turn))
    }
}

impl Passwords {
    /// The hash of a new password as a PHC string.
    pub async fn hash(&self, password: &str) -> anyhow::Result<String> {
        let password = Zeroizing::new(text::password(password));
        tokio::task::spawn_blocking(move || {
            let hash: PasswordHash =
                Argon2::default().hash_password(password.as_bytes()).map_err(|error| anyhow!("argon2: {error}"))?;
            Ok(hash.to_string())
        })
        .await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash, and with one that is none or too dear, the answer is no,
    /// after as much work.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] where too many wait already: then nothing was looked at.
    pub async fn verify(&self, door: Door, password: &str, hash: Option<&str>) -> ServiceResult<bool> {
        self.verify_from(door, false, password, hash).await
    }

    /// [`Passwords::verify`] from a browser that may be known.
    ///
    /// # Errors
    /// Those of [`Passwords::verify`].
    pub async fn verify_from(
        &self,
        door: Door,
        is_known: bool,
        password: &str,
        hash: Option<&str>,
    ) -> ServiceResult<bool> {
        let queue = match door {
            Door::Portal => &self.portal,
            Door::Hosted => &self.hosted,
        };
        let turn = queue.turn(is_known).await?;
        // As passwords are hashed today, and byte by byte where that is another one: older hashes are of that.
        let as_before = text::password_as_before(password).map(|password| Zeroizing::new(password.to_owned()));
        let password = Zeroizing::new(text::password(password));
        let hash = hash.and_then(acceptable);
        let cost = queue.cost.clone();
        let verified = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            match hash {
                Some((hash, params)) => {
                    *cost.lock().unwrap_or_else(PoisonError::into_inner) = params;
                    let is_of = |password: &str| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
                    is_of(&password) || as_before.is_some_and(|password| is_of(&password))
                }
                None => {
                    let params = cost.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    let mut out = Zeroizing::new([0_u8; 32]);
                    // Only the work counts: it has no outcome.
                    let _ = Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                        password.as_bytes(),
                        b"nobody has this salt",
                        out.as_mut_slice(),
                    );
                    false
                }
            }
        });
        Ok(verified.await.context("verifying a password")?)
    }
}

/// The hash with its costs, if it is argon2id and cheap enough to be verified.
fn acceptable(hash: &str) -> Option<(PasswordHash, Params)> {
    let parsed = PasswordHash::new(hash).ok().filter(|_| hash.starts_with("$argon2id$"))?;
    let params = Params::try_from(&parsed).ok()?;
    let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
    let work = u64::from(memory) * u64::from(passes);
    let cheap = memory <= MAX_MEMORY && work <= MAX_WORK && lanes <= MAX_LANES;
    (cheap && parsed.hash.is_some()).then_some((parsed, params))
}

/// Whether `hash` is an argon2id PHC string that costs no more than a sign-in may: at most 256 MiB of memory, 1 GiB of memory
/// times passes, and 16 lanes. Others never match.
pub fn is_acceptable_hash(hash: &str) -> bool {
    acceptable(hash).is_some()
}

/// Whether `hash` is an argon2id PHC string, as an import may bring it.
pub fn is_hash(hash: &str) -> bool {
    hash.starts_with("$argon2id$") && PasswordHash::new(hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_that_would_keep_everybody_waiting_is_not_acceptable() {
        let hash = |costs: &str| {
            format!("$argon2id$v=19${costs}$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI")
        };
        for usual in ["m=19456,t=2,p=1", "m=65536,t=3,p=4", "m=47104,t=1,p=1", "m=262144,t=3,p=1"] {
            assert!(is_acceptable_hash(&hash(usual)), "{usual}");
        }
        for dear in ["m=65536,t=200,p=4", "m=2097152,t=1,p=4", "m=19456,t=4000000000,p=1", "m=65536,t=3,p=200"] {
            assert!(!is_acceptable_hash(&hash(dear)), "{dear}");
        }
        assert!(!is_acceptable_hash("$2b$12$abcdefghijklmnopqrstuv"));
        assert!(!is_acceptable_hash(&hash("m=19456,t=2,p=1").replace("argon2id", "argon2i")));
    }
}
