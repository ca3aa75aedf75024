//! What leads to the users who are looked for: the index of what was typed, where few have it, and otherwise the order of the
//! list, in which many of them come soon. A sample of what users are found by tells how common a word is before the database
//! is asked for it, and which part of a word is rare: `d77` of `d77.example`, which an index finds at once.

use std::sync::Arc;

use uuid::Uuid;

use crate::model::search::USERS_MATCHED;
use crate::server::cache::samples::Sample;
use crate::server::db::user::filter::Lead;
use crate::server::db::user::lead as table;
use crate::server::db::{Conn, search};
use crate::server::error::ServiceResult;
use crate::server::platform::text::Word;
use crate::server::state::AppState;

/// In an environment of so few users no index is faster than looking at each.
const SMALL: i64 = 2_000;
/// Users whom a walk looks at before the table itself is read, where neither says how many match.
const MOST_LOOKED_AT: i64 = 1 << 15;
/// Accounts through which a list walks at once.
const ACCOUNTS: usize = 8;

/// Among so many users, how many are as fast to find in the order of the list as by an index: there, a page of fifty comes after looking
/// at `50 * total / many`; here, at each of them, which costs about two and a half times as much.
fn many(total: i64) -> i64 {
    // A power of two: each number makes a statement of its own.
    1 << total.saturating_mul(20).isqrt().max(1).ilog2()
}

/// What else is asked for.
#[derive(Clone, Copy)]
pub struct Scope {
    pub in_account: bool,
    pub without_domains: bool,
}

/// What leads to the users who are looked for: see [`UserFilter`](crate::server::db::user::filter::UserFilter).
#[derive(Default)]
pub struct Led {
    pub lead: Lead,
    pub parts: Vec<Vec<String>>,
    pub numbers: Option<String>,
    pub look: i64,
}

/// What leads to those of the environment's `total` users who have all of `words`, or are in one of `named_accounts`.
pub async fn lead(
    state: &AppState,
    conn: &mut Conn,
    environment_id: Uuid,
    words: &[Word],
    named_accounts: &[Uuid],
    scope: Scope,
    total: i64,
) -> ServiceResult<Led> {
    // A word that no index knows is checked in the rows that the others find.
    let keys: Vec<Vec<String>> = words.iter().filter_map(search::indexed_keys).collect();
    if total <= SMALL || words.is_empty() && !scope.without_domains {
        return Ok(Led::default());
    }
    if words.is_empty() {
        return Ok(Led { look: MOST_LOOKED_AT, ..Led::default() });
    }
    let sample = sample(state, conn, environment_id, total).await?;
    let parts = keys.iter().map(|keys| keys.iter().map(|key| sample.rare_part(key)).collect());
    let parts: Vec<Vec<String>> = parts.collect();
    if keys.len() == words.len()
        && let Some(share) = sample.share(&keys)
        && share.likely(total) > many(total)
    {
        let lead = if share.surely(total) > USERS_MATCHED { Lead::Many } else { Lead::Order };
        // In a part of the list a word can be rarer than in all of it, and in the order of names all who share two names stand
        // together, far from the others. To look at as many as have it anywhere costs no more than the index would.
        let least = 1 << share.likely(total).max(1).ilog2();
        return Ok(Led { lead, parts, numbers: None, look: look(total, share.likely(total)).max(least) });
    }
    let look = look(total, many(total));
    let numbers = match parts.is_empty() {
        true => None,
        false => table::few_with(conn, environment_id, &parts, many(total)).await?,
    };
    if numbers.is_none() {
        return Ok(Led { lead: Lead::Order, parts, numbers, look });
    }
    let few = named_accounts.is_empty() || table::few_members(conn, named_accounts, many(total)).await?;
    let lead = match few {
        true => Lead::Words,
        false if !scope.in_account && named_accounts.len() <= ACCOUNTS => Lead::Members,
        false => Lead::Order,
    };
    Ok(Led { lead, parts, numbers, look })
}

/// How far a walk looks for a page of `likely` among `total`, who may stand less evenly than one hopes.
fn look(total: i64, likely: i64) -> i64 {
    1 << (total / likely.max(1)).saturating_mul(150).max(SMALL).ilog2()
}

async fn sample(state: &AppState, conn: &mut Conn, environment_id: Uuid, total: i64) -> ServiceResult<Arc<Sample>> {
    let now = state.clock.monotonic();
    match state.samples.get(environment_id, now, total) {
        Some(sample) => Ok(sample),
        None => {
            Ok(state.samples.keep(environment_id, now, total, Sample::of(table::sample(conn, environment_id).await?)))
        }
    }
}
