//! Turns: who is not known yet waits for one while many guess at an account. They are noted by account and place.

use std::collections::HashMap;
use std::time::Duration;

use super::buckets::{Key, MOST};

/// How long a place that has waited for an account may take to come back.
const PATIENCE: Duration = Duration::from_secs(600);

/// From when on each may try.
#[derive(Default)]
pub struct Turns(HashMap<Key, Duration>);

impl Turns {
    /// How long this place has still to wait, where the account delays by so much. Who asks for the first time gets its turn
    /// noted.
    pub fn wait(&mut self, here: Key, delay: Duration, now: Duration) -> Duration {
        if delay.is_zero() {
            return delay;
        }
        match self.0.get(&here).copied() {
            Some(turn) => turn.saturating_sub(now),
            None if self.note(here, now + delay) => delay,
            None => Duration::ZERO,
        }
    }

    /// Where no more can be remembered, nobody new waits: a turn that several share is one that somebody else can use up.
    pub fn note(&mut self, here: Key, turn: Duration) -> bool {
        let fits = self.0.len() < MOST || self.0.contains_key(&here);
        if fits {
            self.0.insert(here, turn);
        }
        fits
    }

    /// Who has had its turn and was not heard, or was right, has it still.
    pub fn come(&mut self, here: Key, now: Duration) {
        if let Some(turn) = self.0.get_mut(&here) {
            *turn = now;
        }
    }

    pub fn sweep(&mut self, now: Duration) {
        self.0.retain(|_, turn| *turn + PATIENCE > now);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_more_are_remembered_who_has_one_gets_it_and_nobody_else_waits() {
        let (mut turns, delay, now) = (Turns::default(), Duration::from_secs(15), Duration::from_secs(1000));
        let key = |number: usize| (number as u128).to_be_bytes();
        assert_eq!(turns.wait(key(0), delay, now), delay);
        for number in 0..MOST * 2 {
            turns.wait(key(number), delay, now);
        }
        assert_eq!(turns.len(), MOST);
        assert_eq!(turns.wait(key(0), delay, now + delay), Duration::ZERO, "whatever others did meanwhile");
        assert_eq!(turns.wait(key(MOST * 3), delay, now), Duration::ZERO);
    }
}
