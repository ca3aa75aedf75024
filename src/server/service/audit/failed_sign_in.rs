//! Sign-ins with an unknown e-mail that failed: counted, so that a stranger cannot fill the audit trail, and told in it the
//! first times of an hour and then ever more rarely. What was typed is not kept: often enough it is a password in the wrong
//! field.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Event;
use crate::model::audit::{Severity, action};
use crate::server::crypto::password::PasswordQueue;
use crate::server::db::{Tx, failed_sign_in as table};
use crate::server::error::ServiceResult;
use crate::server::service::audit;
use crate::server::service::caller::Origin;
use crate::server::state::AppState;

/// How long the counts are kept.
pub const KEPT: TimeDelta = TimeDelta::days(30);
/// So many of an hour are each an event of their own.
const SINGLY: i64 = 3;
/// So many in an hour are an attack.
const MANY: i64 = 1000;

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
    let attempts = table::count(tx, environment_id, door.as_str(), hour).await?;
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
        format!("{attempts} sign-ins{place} with unknown e-mails failed since {}", hour.format("%H:%M UTC"))
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
