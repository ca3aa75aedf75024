//! The only source of randomness: the operating system's, so that nothing guessable is ever made by accident.

use rand::TryRng;

pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// Where the operating system has no randomness to give: going on would make guessable secrets.
    #[expect(clippy::expect_used, reason = "a server without randomness must stop")]
    fn fill(&self, bytes: &mut [u8]) {
        rand::rngs::SysRng.try_fill_bytes(bytes).expect("the operating system gives random bytes");
    }
}
