//! The only source of randomness: the generator that also makes keys, seeded by the operating system, so that nothing guessable
//! is ever made by accident.

pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// Where there is no randomness to be had: going on would make guessable secrets.
    #[expect(clippy::expect_used, reason = "a server without randomness must stop")]
    #[expect(clippy::disallowed_methods, reason = "this is the one legal source")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
    }
}
