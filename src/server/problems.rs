//! Mistakes of applications that are not written down yet, counted in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::problem::ProblemKind;

/// Different ones that wait to be written down: more than that are somebody's game.
const WAITING: usize = 1_000;

/// One mistake, however often it was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub environment_id: Uuid,
    /// Nil where it cannot be told whose it is.
    pub application_id: Uuid,
    pub kind: ProblemKind,
    /// What was refused.
    pub value: String,
}

/// How often it was made, from when to when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub occurrences: i64,
    /// Of the last one.
    pub request_id: String,
}

impl Seen {
    fn join(&mut self, other: Self) {
        self.first_at = self.first_at.min(other.first_at);
        self.occurrences += other.occurrences;
        if other.last_at >= self.last_at {
            (self.last_at, self.request_id) = (other.last_at, other.request_id);
        }
    }
}

#[derive(Default)]
pub struct Problems(Mutex<HashMap<Key, Seen>>);

impl Problems {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts it with what waits already.
    pub fn add(&self, key: Key, seen: Seen) {
        let mut waiting = self.lock();
        let is_full = waiting.len() >= WAITING;
        match waiting.entry(key) {
            Entry::Occupied(mut known) => known.get_mut().join(seen),
            Entry::Vacant(place) if !is_full => {
                place.insert(seen);
            }
            Entry::Vacant(_) => {}
        }
    }

    /// All that waits, which waits no longer.
    pub fn take(&self) -> HashMap<Key, Seen> {
        std::mem::take(&mut *self.lock())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(from: i64, to: i64, occurrences: i64) -> Seen {
        let time = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
        Seen { first_at: time(from), last_at: time(to), occurrences, request_id: to.to_string() }
    }

    fn key(value: &str) -> Key {
        let (environment_id, application_id) = (Uuid::nil(), Uuid::nil());
        Key { environment_id, application_id, kind: ProblemKind::Origin, value: value.to_owned() }
    }

    #[test]
    fn what_could_not_be_written_down_is_counted_with_what_came_meanwhile() {
        let problems = Problems::default();
        problems.add(key("a"), seen(1, 2, 3));
        let taken = problems.take();
        assert!(problems.take().is_empty());
        problems.add(key("a"), seen(5, 6, 1));
        for (key, seen) in taken {
            problems.add(key, seen);
        }
        assert_eq!(problems.take().into_iter().collect::<Vec<_>>(), [(key("a"), seen(1, 6, 4))]);
    }

    #[test]
    fn a_crowd_of_mistakes_fills_no_memory() {
        let problems = Problems::default();
        for number in 0..2 * WAITING {
            problems.add(key(&number.to_string()), seen(1, 1, 1));
        }
        problems.add(key("0"), seen(2, 2, 1));
        let taken = problems.take();
        assert_eq!((taken.len(), taken[&key("0")].occurrences), (WAITING, 2));
    }
}
