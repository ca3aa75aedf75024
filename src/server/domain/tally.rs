//! Impersonations of a time added up: how many began on each day, by whom, where, and which took longest.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

/// The longest that are kept.
const LONGEST: usize = 5;

/// One impersonation that is over.
#[derive(Clone, Copy, Debug)]
pub struct Past {
    pub id: Uuid,
    pub began_at: DateTime<Utc>,
    pub ended_at: DateTime<Utc>,
    pub operator_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub application_id: Option<Uuid>,
}

/// What many of them add up to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub days: HashMap<NaiveDate, u64>,
    pub operators: HashMap<Uuid, u64>,
    pub accounts: HashMap<Uuid, u64>,
    pub applications: HashMap<Uuid, u64>,
    /// Longest first.
    pub longest: Vec<(TimeDelta, Uuid)>,
    pub total: u64,
}

/// A tally of the days before one, which changes no more on that day.
#[derive(Clone, Debug)]
pub struct Kept {
    pub day: NaiveDate,
    pub tally: Arc<Tally>,
    /// Whether there were more than could be added up.
    pub more: bool,
}

impl Tally {
    pub fn add(&mut self, past: &Past) {
        *self.days.entry(past.began_at.date_naive()).or_default() += 1;
        let by = [
            (&mut self.operators, past.operator_id),
            (&mut self.accounts, past.account_id),
            (&mut self.applications, past.application_id),
        ];
        for (counts, id) in by {
            if let Some(id) = id {
                *counts.entry(id).or_default() += 1;
            }
        }
        self.longest.push((past.ended_at - past.began_at, past.id));
        self.shorten();
        self.total += 1;
    }

    /// This and what `other` has.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        let merge = |mine: &mut HashMap<Uuid, u64>, theirs: &HashMap<Uuid, u64>| {
            theirs.iter().for_each(|(id, count)| *mine.entry(*id).or_default() += count);
        };
        other.days.iter().for_each(|(day, count)| *self.days.entry(*day).or_default() += count);
        merge(&mut self.operators, &other.operators);
        merge(&mut self.accounts, &other.accounts);
        merge(&mut self.applications, &other.applications);
        self.longest.extend(&other.longest);
        self.shorten();
        self.total += other.total;
        self
    }

    fn shorten(&mut self) {
        self.longest.sort_by(|a, b| b.cmp(a));
        self.longest.truncate(LONGEST);
    }

    /// The first of these, most first.
    pub fn most(counts: &HashMap<Uuid, u64>, many: usize) -> Vec<(Uuid, u64)> {
        let mut all: Vec<(Uuid, u64)> = counts.iter().map(|(id, count)| (*id, *count)).collect();
        all.sort_by_key(|(id, count)| (std::cmp::Reverse(*count), *id));
        all.truncate(many);
        all
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn parts_of_a_time_add_up_to_the_whole() {
        let at = |hour| Utc.with_ymd_and_hms(2026, 11, 27, hour, 0, 0).single().expect("a time");
        let past = |number: u128, hours| Past {
            id: Uuid::from_u128(number),
            began_at: at(1),
            ended_at: at(1 + hours),
            operator_id: Some(Uuid::from_u128(number % 2)),
            account_id: None,
            application_id: None,
        };
        let all: Vec<Past> = (0..12).map(|number| past(number, (number % 7) as u32)).collect();
        let tally = |part: &[Past]| {
            let mut tally = Tally::default();
            part.iter().for_each(|past| tally.add(past));
            tally
        };
        let (whole, parts) = (tally(&all), tally(&all[..5]).with(&tally(&all[5..])));
        assert_eq!((whole.total, whole.longest.clone()), (parts.total, parts.longest.clone()));
        assert_eq!(whole.longest.len(), LONGEST);
        assert_eq!(whole.longest[0].0, TimeDelta::hours(6));
        assert_eq!(Tally::most(&parts.operators, 1), [(Uuid::from_u128(0), 6)]);
        assert_eq!(parts.days.values().sum::<u64>(), 12);
    }
}
