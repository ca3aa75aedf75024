//! Buckets of one kind by key, in bounded memory.

use std::collections::HashMap;
use std::time::Duration;

/// What an attempt is counted under, hashed: always as long, however long what it was made of.
pub type Key = [u8; 16];

/// Keys of one kind that are told apart. Beyond, new ones share [`SHARED`] keys: memory is bounded, and so are guesses.
pub const MOST: usize = 1 << 16;
pub const SHARED: u16 = 1024;

/// When each key's bucket will be empty again: the generic cell rate algorithm's theoretical arrival time.
#[derive(Default)]
pub struct Buckets(HashMap<Key, Duration>);

impl Buckets {
    fn slot(&self, key: Key) -> Key {
        if self.0.contains_key(&key) || self.0.len() < MOST { key } else { shared(key) }
    }

    pub fn get(&self, key: Key) -> Duration {
        self.0.get(&self.slot(key)).copied().unwrap_or_default()
    }

    /// How long until one more fits.
    pub fn wait(&self, key: Key, (burst, every): (u32, Duration), now: Duration) -> Duration {
        self.get(key).saturating_sub(now).saturating_sub(every * burst.saturating_sub(1))
    }

    /// Never more than the burst: what is guessed at an account does not count for ever.
    pub fn charge(&mut self, key: Key, (burst, every): (u32, Duration), now: Duration) {
        let slot = self.slot(key);
        let empty = self.0.entry(slot).or_default();
        *empty = ((*empty).max(now) + every).min(now + every * burst);
    }

    /// What is empty by that is forgotten at once: who is not heard takes no place.
    pub fn refund(&mut self, key: Key, every: Duration, now: Duration) {
        let slot = self.slot(key);
        if let Some(empty) = self.0.get_mut(&slot) {
            *empty = empty.saturating_sub(every);
            if *empty <= now {
                self.0.remove(&slot);
            }
        }
    }

    pub fn forget_empty(&mut self, now: Duration) {
        self.0.retain(|_, empty| *empty > now);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// One of [`SHARED`] keys that nobody has for himself.
fn shared(key: Key) -> Key {
    let mut shared = *b"shared..........";
    shared[14..].copy_from_slice(&(u16::from_be_bytes([key[0], key[1]]) % SHARED).to_be_bytes());
    shared
}
