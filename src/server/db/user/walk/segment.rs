//! The parts that a list is read in.

use uuid::Uuid;

use crate::model::user::{UserSort, UserStatus};
use crate::server::db::page::SortValue;
use crate::server::db::user::filter::{Ranking, Tier, UserFilter};
use crate::server::db::user::rank;

const STATUSES: [UserStatus; 3] = [UserStatus::Active, UserStatus::Invited, UserStatus::Locked];

/// A part of the list: all of one part come before all of the next.
pub struct Segment<'f> {
    pub statuses: Vec<UserStatus>,
    pub tier: Option<(Tier, &'f Ranking)>,
    pub after: Option<(SortValue, Uuid)>,
    /// Where it ends for now, with that row.
    pub up_to: Option<(SortValue, Uuid)>,
}

/// The parts of the list, as they are read, from the page's beginning on.
pub fn segments(filter: &UserFilter) -> Vec<Segment<'_>> {
    let mut statuses = filter.status.map_or(STATUSES.to_vec(), |status| vec![status]);
    let after = filter.after.clone();
    if let Some(ranking) = &filter.ranking {
        let (first, after) = match after {
            Some((SortValue::Ranked(tier, value), id)) => (Some(i64::from(tier)), Some((*value, id))),
            _ => (None, None),
        };
        let mut tiers = Tier::ALL.to_vec();
        if filter.backwards {
            tiers.reverse();
        }
        return begun(tiers, first, filter.backwards, |tier| tier.number())
            .into_iter()
            .map(|tier| Segment {
                statuses: statuses.clone(),
                tier: Some((tier, ranking)),
                after: after.clone().filter(|_| Some(tier.number()) == first),
                up_to: None,
            })
            .collect();
    }
    if filter.sort != UserSort::Status {
        return vec![Segment { statuses, tier: None, after, up_to: None }];
    }
    let place = after.and_then(|(value, id)| match value {
        SortValue::Text(text) => Some((text.get(..1)?.parse::<i64>().ok()?, text.get(1..)?.to_owned(), id)),
        _ => None,
    });
    if filter.descending {
        statuses.reverse();
    }
    let first = place.as_ref().map(|(rank, ..)| *rank);
    begun(statuses, first, filter.descending, |status| rank(*status))
        .into_iter()
        .map(|status| Segment {
            statuses: vec![status],
            tier: None,
            after: place
                .clone()
                .filter(|(first, ..)| *first == rank(status))
                .map(|(_, name, id)| (SortValue::Text(name), id)),
            up_to: None,
        })
        .collect()
}

/// Those from the first on, which may be none of them: then those behind it.
fn begun<T>(parts: Vec<T>, first: Option<i64>, descending: bool, number: impl Fn(&T) -> i64) -> Vec<T> {
    let Some(first) = first else { return parts };
    parts.into_iter().filter(|part| if descending { number(part) <= first } else { number(part) >= first }).collect()
}
