//! The outbox: messages that others get later and for certain, of whatever kind.
//!
//! A worker claims messages by compare-and-set, for one attempt and a time, so that several servers share one outbox and a
//! server that dies leaves its messages to the others.

use std::collections::HashMap;

use chrono::TimeDelta;
use uuid::Uuid;

use crate::server::db::Tx;
use crate::server::db::delivery::{self as table, Failure, NewMessage};
use crate::server::domain::delivery::{Message, MessageKind};
use crate::server::error::ServiceResult;
use crate::server::platform::metrics::Told;
use crate::server::platform::outbound::Status;
use crate::server::platform::random::Random;
use crate::server::state::AppState;

/// How long a message belongs to the worker that claimed it: longer than any attempt takes.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long after it was put in a message is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// What became of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It was heard, with this status.
    Heard(Status),
    /// It was not: what was answered, if anything was, and what went wrong, in words for an operator.
    Unheard { status: Option<Status>, error: String },
}

impl Outcome {
    /// Nothing was sent, or nobody answered.
    pub fn unanswered(error: impl ToString) -> Self {
        Self::Unheard { status: None, error: error.to_string() }
    }
}

/// Puts a message in, in the transaction of what it is about; `payload` is JSON. Whoever was told the same is not told again.
pub async fn put(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    kind: MessageKind,
    (destination, about): (Uuid, Uuid),
    payload: &str,
) -> ServiceResult<()> {
    let (id, now) = (state.new_id(), state.now());
    table::insert(tx, &NewMessage { id, environment_id, kind, destination, about, payload, now }).await?;
    state.outbox.notify_one();
    Ok(())
}

/// Claims messages whose time has come, at most `limit`, and to one destination at most as many as make `each` together with
/// those that are under way already.
pub async fn claim(
    state: &AppState,
    under_way: &HashMap<Uuid, usize>,
    each: usize,
    limit: usize,
) -> ServiceResult<Vec<Message>> {
    let now = state.now();
    let busy: Vec<Uuid> = under_way.iter().filter(|(_, count)| **count >= each).map(|(id, _)| *id).collect();
    let mut conn = state.db.read().await?;
    let mut due = table::due(&mut conn, now, &busy, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    drop(conn);
    let mut counts = under_way.clone();
    due.retain(|message| {
        let count = counts.entry(message.destination).or_default();
        *count += 1;
        *count <= each
    });
    if due.is_empty() {
        return Ok(Vec::new());
    }
    // In one order on every server: two that want the same rows wait for each other instead of blocking each other.
    due.sort_by_key(|message| message.id);
    let mut tx = state.db.write().await?;
    let mut claimed = Vec::new();
    for message in due {
        if table::claim(&mut tx, &message, now, now + LEASE).await? {
            claimed.push(message);
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Writes down what became of an attempt. Without success there is another one, until a day has passed since the message was
/// put in: then it is given up, and this gives what went wrong last.
pub async fn settle(
    state: &AppState,
    tx: &mut Tx,
    message: &Message,
    outcome: Outcome,
) -> ServiceResult<Option<String>> {
    let now = state.now();
    let (status, error) = match outcome {
        Outcome::Heard(status) => {
            table::delivered(tx, message.id, status.into(), now).await?;
            state.metrics.told(Told::Delivered);
            return Ok(None);
        }
        Outcome::Unheard { status, error } => (status, error),
    };
    let last = message.created_at + GIVEN_UP_AFTER;
    let failure = Failure {
        id: message.id,
        attempt: message.attempt(),
        status: status.map(i64::from),
        error: &error,
        next_attempt_at: (now + pause(message.attempt(), state.random.as_ref())).min(last),
        dead_at: (now >= last).then_some(now),
    };
    let is_given_up = table::failed(tx, &failure).await? && failure.dead_at.is_some();
    state.metrics.told(if status.is_some() { Told::Rejected } else { Told::Unanswered });
    if is_given_up {
        state.metrics.told(Told::GivenUp);
    }
    Ok(is_given_up.then_some(error))
}

/// How long to wait after the attempt of this number: a second, doubled each time, an hour at most, and by a random fifth
/// more or less, so that what failed together does not come back together.
fn pause(attempt: i64, random: &dyn Random) -> TimeDelta {
    let doublings = u32::try_from(attempt - 1).unwrap_or_default().min(12);
    let plain = (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE);
    let mut byte = [0];
    random.fill(&mut byte);
    let thousandths = 800 + 400 * i64::from(byte[0]) / 255;
    TimeDelta::milliseconds(plain.num_milliseconds() * thousandths / 1000)
}

/// Makes a message that is not delivered due at once, also one that was given up. Gives whether there was one; once that is
/// committed, it goes out.
pub async fn again(state: &AppState, tx: &mut Tx, id: Uuid) -> ServiceResult<bool> {
    let is_due = table::make_due(tx, id, state.now()).await?;
    state.outbox.notify_one();
    Ok(is_due)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Randomness that is always this byte.
    struct Always(u8);

    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn pauses_double_from_a_second_to_an_hour_give_or_take_a_fifth() {
        for (attempt, seconds) in [(1, 1), (2, 2), (3, 4), (4, 8), (12, 2048), (13, 3600), (14, 3600), (5000, 3600)] {
            let plain = TimeDelta::seconds(seconds);
            assert_eq!(pause(attempt, &Always(0)), plain * 8 / 10, "attempt {attempt}");
            assert_eq!(pause(attempt, &Always(255)), plain * 12 / 10, "attempt {attempt}");
        }
    }
}
