//! Passwords: argon2id, off the async threads, a few at a time, in one queue for the portal and one for users. Nothing is
//! hashed outside of these queues, be it to verify a password or to choose one.
//!
//! A queue is as long as people wait patiently; beyond, whoever comes is told to come again, but for browsers that are known:
//! they have places of their own, which no stranger takes. How much work an attempt is
//! depends on what was typed and never on whether somebody has the e-mail: an unknown one costs what the last known one did,
//! and a password that was written down in two spellings is compared in both, whatever the first comparison gave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, anyhow};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::random::Random;
use crate::server::platform::text;

/// The shortest password that may be chosen, in characters.
pub const MIN_LENGTH: usize = 12;
/// The longest that is looked at: argon2 would happily hash a megabyte.
pub const MAX_BYTES: usize = 1024;

/// A new password for somebody whom it is shown to once: 144 random bits, in 24 letters, digits, `-` and `_`.
pub fn generate(random: &dyn Random) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 18]);
    random.fill(bytes.as_mut_slice());
    Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()))
}

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

/// Whose passwords are hashed: neither waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordQueue {
    Portal,
    Hosted,
}

impl PasswordQueue {
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
    /// How many hashes were made since the start.
    made: Arc<AtomicU64>,
}

/// A turn to hash, for as long as it is held: also when the one who asked has gone away meanwhile.
pub struct Turn {
    queue: Queue,
    _place: OwnedSemaphorePermit,
    _running: OwnedSemaphorePermit,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            known: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            running: Arc::new(Semaphore::new(AT_ONCE)),
            cost: Arc::default(),
            made: Arc::default(),
        }
    }
}

impl Queue {
    async fn turn(&self, is_known: bool) -> ServiceResult<Turn> {
        let busy = |_| ServiceError::Busy { retry_after_seconds: COME_AGAIN };
        let places = if is_known { &self.known } else { &self.places };
        let place = places.clone().try_acquire_owned().map_err(busy)?;
        let running = self.running.clone().acquire_owned().await.context("waiting to hash a password")?;
        Ok(Turn { queue: self.clone(), _place: place, _running: running })
    }
}

impl Turn {
    /// The hash of a new password as a PHC string.
    pub async fn hash(self, password: &str) -> ServiceResult<String> {
        let password = Zeroizing::new(text::password(password));
        let hashed = tokio::task::spawn_blocking(move || {
            let turn = self;
            turn.queue.made.fetch_add(1, Ordering::Relaxed);
            Argon2::default().hash_password(password.as_bytes()).map(|hash: PasswordHash| hash.to_string())
        });
        let hashed = hashed.await.context("hashing a password")?;
        Ok(hashed.map_err(|error| anyhow!("argon2: {error}"))?)
    }

    async fn verify(self, password: &str, hash: Option<&str>) -> ServiceResult<bool> {
        let spellings = spellings(password);
        let hash = hash.and_then(acceptable);
        let verified = tokio::task::spawn_blocking(move || match hash {
            Some((hash, params)) => {
                *self.queue.cost.lock() = params;
                self.any(&spellings, |password| Argon2::default().verify_password(password, &hash).is_ok())
            }
            None => {
                let params = self.queue.cost.lock().clone();
                let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                self.any(&spellings, |password| {
                    let mut out = Zeroizing::new([0_u8; 32]);
                    // Only the work counts: it has no outcome.
                    let _ = argon.hash_password_into(password, b"nobody has this salt", out.as_mut_slice());
                    false
                })
            }
        });
        Ok(verified.await.context("verifying a password")?)
    }

    /// Whether any of these is the one, after the work for all of them.
    fn any(&self, spellings: &[Zeroizing<String>], is_the_one: impl Fn(&[u8]) -> bool) -> bool {
        spellings.iter().fold(false, |found, spelling| {
            self.queue.made.fetch_add(1, Ordering::Relaxed);
            is_the_one(spelling.as_bytes()) | found
        })
    }
}

impl Passwords {
    fn queue(&self, which: PasswordQueue) -> &Queue {
        match which {
            PasswordQueue::Portal => &self.portal,
            PasswordQueue::Hosted => &self.hosted,
        }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] where too many wait already.
    pub async fn turn(&self, which: PasswordQueue) -> ServiceResult<Turn> {
        self.queue(which).turn(false).await
    }

    /// How many wait for a turn.
    pub fn waiting(&self, which: PasswordQueue) -> usize {
        let queue = self.queue(which);
        let (heard, running) = (AT_ONCE + WAITING, AT_ONCE - queue.running.available_permits());
        (heard - queue.places.available_permits()).saturating_sub(running)
    }

    /// How many hashes were made since the start: each takes memory and a core.
    pub fn made(&self, which: PasswordQueue) -> u64 {
        self.queue(which).made.load(Ordering::Relaxed)
    }

    /// The hash of a new password as a PHC string.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] where too many wait already.
    pub async fn hash(&self, which: PasswordQueue, password: &str) -> ServiceResult<String> {
        self.turn(which).await?.hash(password).await
    }

    /// Whether `password` is the one behind `hash`, `is_known` in a browser in which the account was signed in before. Without a
    /// hash, and with one that is none or too dear, the answer is no, after as much work; so it is for a password that is too
    /// long, which is not looked at.
    ///
    /// # Errors
    /// [`ServiceError::Busy`] where too many wait already: then nothing was looked at.
    pub async fn check(
        &self,
        which: PasswordQueue,
        is_known: bool,
        password: &str,
        hash: Option<&str>,
    ) -> ServiceResult<bool> {
        let (password, hash) = if password.len() <= MAX_BYTES { (password, hash) } else { ("", None) };
        self.queue(which).turn(is_known).await?.verify(password, hash).await
    }
}

/// A password as passwords are hashed today, and byte by byte where that is another one: older hashes are of that.
fn spellings(typed: &str) -> Vec<Zeroizing<String>> {
    let as_before = text::password_as_before(typed).map(|typed| Zeroizing::new(typed.to_owned()));
    std::iter::once(Zeroizing::new(text::password(typed))).chain(as_before).collect()
}

/// Whether a password may be chosen: long enough to be none that is guessed, and short enough to be looked at.
pub fn may_be_chosen(password: &str) -> bool {
    text::password(password).chars().count() >= MIN_LENGTH && password.len() <= MAX_BYTES
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

    /// Bytes that count up.
    struct Counting;

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.iter_mut().zip(0..).for_each(|(byte, number)| *byte = number);
        }
    }

    #[test]
    fn a_new_password_is_144_bits_of_the_given_randomness() {
        let password = generate(&Counting);
        assert_eq!(password.as_str(), "AAECAwQFBgcICQoLDA0ODxAR");
        assert!(password.len() >= MIN_LENGTH);
    }

    #[tokio::test]
    async fn an_attempt_is_as_much_work_for_a_known_account_as_for_an_unknown_one() {
        let passwords = Passwords::default();
        let hash = passwords.hash(PasswordQueue::Hosted, "correct horse battery").await.expect("a hash");
        let before = passwords.hash(PasswordQueue::Hosted, "correct\u{a0}horse").await.expect("a hash");
        for (typed, work) in
            [("a guess", 1), ("a\u{a0}guess", 2), ("correct horse battery", 1), ("correct\u{a0}horse", 2)]
        {
            for known in [Some(hash.as_str()), Some(before.as_str()), Some("no hash"), None] {
                let made = passwords.made(PasswordQueue::Hosted);
                passwords.check(PasswordQueue::Hosted, false, typed, known).await.expect("an answer");
                assert_eq!(passwords.made(PasswordQueue::Hosted) - made, work, "{typed:?} {known:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_password_that_is_too_long_is_nobodys_after_the_work_for_one() {
        let passwords = Passwords::default();
        for (length, fits) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let password = "a".repeat(length);
            let hash = passwords.hash(PasswordQueue::Hosted, &password).await.expect("a hash");
            let made = passwords.made(PasswordQueue::Hosted);
            let checked = passwords.check(PasswordQueue::Hosted, false, &password, Some(&hash)).await;
            assert_eq!(
                (checked.expect("an answer"), passwords.made(PasswordQueue::Hosted) - made),
                (fits, 1),
                "{length}"
            );
        }
    }

    #[tokio::test]
    async fn a_turn_is_waited_for_and_nobody_waits_behind_a_hundred() {
        let passwords = Passwords::default();
        let held = [passwords.turn(PasswordQueue::Hosted).await, passwords.turn(PasswordQueue::Hosted).await];
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..WAITING {
            let passwords = passwords.clone();
            waiting.spawn(async move { passwords.turn(PasswordQueue::Hosted).await.is_ok() });
        }
        while passwords.waiting(PasswordQueue::Hosted) < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(passwords.hash(PasswordQueue::Hosted, "another").await, Err(ServiceError::Busy { .. })));
        assert_eq!(passwords.made(PasswordQueue::Hosted), 0);
        passwords.hash(PasswordQueue::Portal, "another").await.expect("the portal has its own");
        drop(held);
        assert!(waiting.join_all().await.into_iter().all(|had| had));
    }

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
