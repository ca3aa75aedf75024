//! Mistakes of applications that are not written down yet, counted in memory.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use uuid::Uuid;

use crate::model::problem::ProblemKind;

/// Mistakes of one kind that are kept and shown of one application, and of all whom nobody knows: whoever makes up any number
/// of one kind leaves the others where they are.
pub const OF_A_KIND: usize = 10;

/// An application of an environment; nil where it cannot be told which one.
pub type ProblemOwner = (Uuid, Uuid);
/// What kind of mistake, and what was refused.
pub type ProblemKey = (ProblemKind, String);

/// How often it was made, from when to when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrences {
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub occurrences: i64,
    /// Of the last one.
    pub request_id: String,
}

impl Occurrences {
    /// Counts the same seen at another time.
    fn add(&mut self, other: Occurrences) {
        self.first_at = self.first_at.min(other.first_at);
        self.occurrences += other.occurrences;
        if other.last_at >= self.last_at {
            self.last_at = other.last_at;
            self.request_id = other.request_id;
        }
    }
}

/// Mistakes that are not written down yet. As many of each kind and application as are kept: none takes the place of another.
#[derive(Default)]
pub struct PendingProblems(Mutex<HashMap<ProblemOwner, HashMap<ProblemKey, Occurrences>>>);

impl PendingProblems {
    /// Counts it with what waits already.
    pub fn add(&self, place: ProblemOwner, refused: ProblemKey, seen: Occurrences) {
        let mut waiting = self.0.lock();
        let here = waiting.entry(place).or_default();
        if let Some(known) = here.get_mut(&refused) {
            known.add(seen);
            return;
        }
        let alike = || here.iter().filter(|((kind, _), _)| *kind == refused.0);
        if alike().count() >= OF_A_KIND
            && let Some(oldest) = alike().min_by_key(|(_, seen)| seen.last_at).map(|(refused, _)| refused.clone())
        {
            here.remove(&oldest);
        }
        here.insert(refused, seen);
    }

    /// All of them, in the order in which every server writes them: of two that write at once one waits for the other, and
    /// never each for each.
    pub fn take(&self) -> Vec<(ProblemOwner, ProblemKey, Occurrences)> {
        let waiting = std::mem::take(&mut *self.0.lock());
        let each = waiting
            .into_iter()
            .flat_map(|(place, here)| here.into_iter().map(move |(refused, seen)| (place, refused, seen)));
        let mut all: Vec<_> = each.collect();
        all.sort_by(|(a, (a_kind, a_value), _), (b, (b_kind, b_value), _)| {
            (a, a_kind.as_str(), a_value).cmp(&(b, b_kind.as_str(), b_value))
        });
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_of_mistakes_takes_nobody_elses_place() {
        let problems = PendingProblems::default();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let seen = |second: i64| Occurrences {
            first_at: now + chrono::TimeDelta::seconds(second),
            last_at: now + chrono::TimeDelta::seconds(second),
            occurrences: 1,
            request_id: second.to_string(),
        };
        let (real, strangers) = ((Uuid::nil(), Uuid::max()), (Uuid::nil(), Uuid::nil()));
        problems.add(real, (ProblemKind::Grant, "late".to_owned()), seen(0));
        for number in 0..5_000 {
            problems.add(strangers, (ProblemKind::ClientId, number.to_string()), seen(number));
        }
        problems.add(real, (ProblemKind::Grant, "late".to_owned()), seen(7));
        let taken = problems.take();
        assert_eq!(taken.len(), OF_A_KIND + 1);
        let (place, _, seen) = taken.last().expect("the real one");
        assert_eq!((*place, seen.occurrences, seen.request_id.as_str()), (real, 2, "7"));
        assert!(taken.iter().any(|(_, (_, value), _)| value == "4999"));
        assert!(problems.take().is_empty());
    }

    #[test]
    fn a_crowd_of_one_kind_takes_the_place_of_no_other_kind() {
        let problems = PendingProblems::default();
        let place = (Uuid::nil(), Uuid::max());
        let seen = |second: i64| {
            let at = DateTime::from_timestamp(second, 0).expect("a time");
            Occurrences { first_at: at, last_at: at, occurrences: 1, request_id: second.to_string() }
        };
        problems.add(place, (ProblemKind::ClientSecret, "sent in the form".to_owned()), seen(0));
        for number in 1..5_000 {
            problems.add(place, (ProblemKind::RedirectUri, number.to_string()), seen(number));
        }
        let taken = problems.take();
        assert_eq!(taken.len(), OF_A_KIND + 1);
        assert!(taken.iter().any(|(_, (kind, _), _)| *kind == ProblemKind::ClientSecret));
        assert!(taken.iter().any(|(_, (_, value), _)| value == "4999"), "the newest is there");
    }

    #[test]
    fn what_could_not_be_written_down_is_counted_with_what_came_meanwhile() {
        let problems = PendingProblems::default();
        let time = |seconds| DateTime::from_timestamp(seconds, 0).expect("a time");
        let seen = |from: i64, to: i64, occurrences: i64| Occurrences {
            first_at: time(from),
            last_at: time(to),
            occurrences,
            request_id: to.to_string(),
        };
        let (place, refused) = ((Uuid::nil(), Uuid::nil()), (ProblemKind::Origin, "a".to_owned()));
        problems.add(place, refused.clone(), seen(1, 2, 3));
        let taken = problems.take();
        assert!(problems.take().is_empty());
        problems.add(place, refused.clone(), seen(5, 6, 1));
        for (place, refused, seen) in taken {
            problems.add(place, refused, seen);
        }
        assert_eq!(problems.take(), [(place, refused, seen(1, 6, 4))]);
    }
}
