//! What a benchmark asks for: places in every order of the lists, spread over all rows, and accounts of every size.

use serde_json::{Value, json};
use understudy::server::platform::text;

use crate::trail::{event_id, events, occurred_at};
use crate::words::{COMMON, RARE};
use crate::world::{LARGEST_DOMAIN, SAME_NAME, Status, World};

/// Places of each list.
const PLACES: u64 = 400;
/// Accounts of each size.
const ACCOUNTS: u64 = 40;

pub fn samples(world: &World) -> Value {
    let accounts = world.accounts();
    let some = |first: u64| -> Vec<String> {
        (first..accounts.min(first + ACCOUNTS)).map(|number| world.account(number).external_id).collect()
    };
    let spread = |all: u64| (0..PLACES.min(all)).map(move |place| place * all / PLACES.min(all));
    json!({
        "users": spread(world.users).map(|number| user(world, number)).collect::<Vec<Value>>(),
        "events": spread(events(world))
            .map(|number| json!({
                "id": event_id(world, number).simple().to_string(),
                "occurred_us": occurred_at(world, number).timestamp_micros(),
            }))
            .collect::<Vec<Value>>(),
        "largest_account": world.account(0).external_id,
        "middle_accounts": some(accounts / 2),
        "smallest_accounts": some(accounts - (accounts / 100).clamp(1, ACCOUNTS)),
        "accounts_of_one_name": SAME_NAME.map(|number| world.account(number).external_id),
        "common_word": COMMON.to_lowercase(),
        "rare_word": RARE.to_lowercase(),
        "largest_domain": LARGEST_DOMAIN,
        "until_us": world.until.timestamp_micros(),
        "counts": { "users": world.users, "accounts": accounts, "events": events(world) },
    })
}

fn user(world: &World, number: u64) -> Value {
    let user = world.user(number);
    let status = match user.status {
        Status::Active => 0,
        Status::Invited => 1,
        Status::Locked => 2,
    };
    json!({
        "id": user.id.simple().to_string(),
        "name": text::sort_key(&user.name),
        "email": user.email,
        "last_visit": user.last_visit.map_or(0, |visit| visit.timestamp_micros()),
        "visits": user.visits,
        "created_us": user.created_at.timestamp_micros(),
        "account": user.accounts.first().map(|account| text::sort_key(&world.account(*account).name)),
        "status": status,
    })
}
