//! Passwords: argon2id, off the async threads, a few at a time.
//!
//! A sign-in with an unknown e-mail verifies against a decoy, so that it takes as long and answers the same.

use std::sync::{Arc, LazyLock};

use anyhow::{Context, anyhow};
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;

/// The shortest password that may be chosen, in characters.
pub const MIN_LENGTH: usize = 12;
/// The longest that is looked at: argon2 would happily hash a megabyte.
pub const MAX_BYTES: usize = 1024;

/// Each hash takes 19 MiB and a core for some 20 ms: more at once would only wait for each other.
const AT_ONCE: usize = 2;

/// What an unknown e-mail is verified against: the hash of a password that nobody has.
static DECOY: LazyLock<String> = LazyLock::new(|| hash_now(b"no account has this password").unwrap_or_default());

#[derive(Clone)]
pub struct Passwords(Arc<Semaphore>);

impl Default for Passwords {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Passwords {
    /// The hash of a new password as a PHC string.
    pub async fn hash(&self, password: &str) -> anyhow::Result<String> {
        let password = password.to_owned();
        let _permit = self.0.acquire().await.context("hashing passwords")?;
        tokio::task::spawn_blocking(move || hash_now(password.as_bytes())).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash the answer is no, after as much work.
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> anyhow::Result<bool> {
        let password = password.to_owned();
        let known = hash.is_some();
        let hash = hash.map(ToOwned::to_owned);
        let _permit = self.0.acquire().await.context("verifying a password")?;
        let matches = tokio::task::spawn_blocking(move || {
            let hash = hash.unwrap_or_else(|| DECOY.clone());
            PasswordHash::new(&hash)
                .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
        })
        .await?;
        Ok(matches && known)
    }
}

fn hash_now(password: &[u8]) -> anyhow::Result<String> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(|error| anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}

/// Whether `hash` is an argon2id PHC string, as an import may bring it.
pub fn is_hash(hash: &str) -> bool {
    hash.starts_with("$argon2id$") && PasswordHash::new(hash).is_ok()
}
