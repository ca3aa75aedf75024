//! Sign-ins with an unknown e-mail that failed: counted by the hour and by address, so that a stranger cannot fill the audit
//! trail, and told in it the first times of an hour and then ever more rarely. What was typed is not kept: often enough it is a
//! password in the wrong field. An address is kept as a hash that nobody can make without the master key, another one each hour.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Event;
use crate::model::audit::{Severity, action};
use crate::server::crypto::password::PasswordQueue;
use crate::server::db::Tx;
use crate::server::db::failed_sign_in::{self as table, Hour};
use crate::server::error::ServiceResult;
use crate::server::service::audit;
use crate::server::service::caller::Origin;
use crate::server::state::AppState;

/// So many of an hour are each an event of their own.
const SINGLY: i64 = 3;
/// So many in an hour are an attack.
const MANY: i64 = 1000;
/// So many addresses of an hour are counted apart, at each door of an environment; all others together. Whoever has a network
/// has more addresses than anybody has room for.
const ADDRESSES: i64 = 1000;
/// All of IPv4, and of IPv6 what one line has.
const NETWORK: u8 = 64;

/// One more, with an event where it is time for one and nobody has this e-mail.
pub async fn record(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    door: PasswordQueue,
    is_unknown: bool,
    origin: &Origin,
) -> ServiceResult<()> {
    let hour = hour_of(state.now());
    let at = Hour { environment_id, door: door.as_str(), hour };
    let (attempts, known) = table::count(tx, at).await?;
    let is_new = table::count_address(tx, at, &address(state, at, origin), ADDRESSES).await?;
    let addresses = known + i64::from(is_new);
    if !is_unknown || !is_told(attempts) {
        return Ok(());
    }
    let (name, place) = match door {
        PasswordQueue::Portal => (action::OPERATOR_SIGN_IN_FAILED, " to the portal"),
        PasswordQueue::Hosted => (action::USER_SIGN_IN_FAILED, ""),
    };
    let sentence = if attempts <= SINGLY {
        format!("A sign-in{place} with an unknown e-mail failed")
    } else {
        let from = match addresses {
            1 => "one address".to_owned(),
            ADDRESSES.. => format!("{ADDRESSES} addresses or more"),
            _ => format!("{addresses} addresses"),
        };
        format!(
            "{attempts} sign-ins{place} with unknown e-mails failed since {}, from {from}",
            hour.format("%H:%M UTC")
        )
    };
    let severity = if attempts < MANY { Severity::Medium } else { Severity::High };
    audit::record(state, tx, Event::new(environment_id, name, severity, sentence).from(origin)).await
}

/// One line of the log for a sign-in that failed: where, who it was as far as that is known, and why in a word. Never what was
/// typed. `environment_id` is none for the portal; `who` is an operator there, and a user in an environment.
pub fn say(state: &AppState, environment_id: Option<Uuid>, who: Option<Uuid>, reason: &'static str) {
    let Some(left_out) = state.lines.of_sign_ins[usize::from(environment_id.is_some())].next(state.clock.monotonic())
    else {
        return;
    };
    let who = who.map(tracing::field::display);
    let (operator, user) = if environment_id.is_none() { (who, None) } else { (None, who) };
    let environment = environment_id.map(tracing::field::display);
    tracing::info!(environment, operator, user, reason, left_out, "a sign-in failed");
}

/// What an address is kept as. Where it is not known, all are one.
fn address(state: &AppState, at: Hour<'_>, origin: &Origin) -> Vec<u8> {
    let network = origin.places().first().map(|place| place.network(NETWORK)).unwrap_or_default();
    let data = [at.environment_id.as_bytes().as_slice(), &at.hour.timestamp().to_be_bytes(), &network].concat();
    let mut tag = state.keyring.tag("the address of a failed sign-in", &data);
    tag.truncate(16);
    tag
}

/// The first three of an hour, then the tenth, the hundredth and so on.
fn is_told(attempts: i64) -> bool {
    attempts <= SINGLY || (attempts >= 10 && 10_i64.pow(attempts.ilog10()) == attempts)
}

fn hour_of(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(time.timestamp() - time.timestamp().rem_euclid(3600), 0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::is_told;

    #[test]
    fn ever_fewer_of_many_are_told() {
        let told: Vec<i64> = (1..20_000).filter(|attempts| is_told(*attempts)).collect();
        assert_eq!(told, [1, 2, 3, 10, 100, 1000, 10_000]);
    }
}
