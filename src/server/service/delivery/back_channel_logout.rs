//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): what applications have to hear, and what became of it.
//!
//! The end of a session puts a message for each application into the outbox, in the same transaction. A worker claims
//! messages by compare-and-set, for one attempt and a time, so that several servers share one outbox and a server that
//! dies leaves its messages to the others.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde::Serialize;
use uuid::Uuid;

use crate::model::audit::action;
use crate::server::crypto::keyring::Signer;
use crate::server::db::delivery::{self as table, DueRow, Failure};
use crate::server::db::{Tx, application, user};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::outbound::OutboundError;
use crate::server::platform::random::Random;
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

/// How long a message belongs to the worker that claimed it: longer than any attempt takes.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long after the end of a session its message is given up.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::hours(24);
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// How long a logout token works, from its signing.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(2);

/// A message that was claimed for one attempt.
pub struct Delivery {
    row: DueRow,
}

impl Delivery {
    pub fn application_id(&self) -> Uuid {
        self.row.application_id
    }

    /// Where to, unless the application no longer wants to be told.
    pub fn uri(&self) -> Option<&str> {
        self.row.backchannel_logout_uri.as_deref()
    }

    /// The number of this attempt, from 1.
    fn attempt(&self) -> i64 {
        self.row.attempts + 1
    }
}

/// What became of an attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The application answered, with this status.
    Answered(u16),
    Unanswered(OutboundError),
    /// Nothing could be sent: the sentence says why.
    Unsent(String),
}

/// Puts in the messages about the end of a session, in the transaction that ends it.
pub async fn enqueue(state: &AppState, tx: &mut Tx, session: &Session) -> ServiceResult<()> {
    let count = table::enqueue(tx, session.id, session.environment_id, session.user_id, state.now()).await?;
    if count > 0 {
        state.logouts.notify_one();
    }
    Ok(())
}

/// Claims messages whose time has come, at most `limit`, and of one application at most as many as make `each` together with
/// those that are under way already.
pub async fn claim(
    state: &AppState,
    under_way: &HashMap<Uuid, usize>,
    each: usize,
    limit: usize,
) -> ServiceResult<Vec<Delivery>> {
    let now = state.now();
    let busy: Vec<Uuid> = under_way.iter().filter(|(_, count)| **count >= each).map(|(id, _)| *id).collect();
    let mut conn = state.db.read().await?;
    let mut due = table::due(&mut conn, now, &busy, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
    drop(conn);
    let mut counts = under_way.clone();
    due.retain(|row| {
        let count = counts.entry(row.application_id).or_default();
        *count += 1;
        *count <= each
    });
    if due.is_empty() {
        return Ok(Vec::new());
    }
    // In one order on every server: two that want the same rows wait for each other instead of blocking each other.
    due.sort_by_key(|row| (row.session_id, row.application_id));
    let mut tx = state.db.write().await?;
    let mut claimed = Vec::new();
    for row in due {
        if table::claim(&mut tx, &row, now, now + LEASE).await? {
            claimed.push(Delivery { row });
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Section 2.4 of the standard. There is no `nonce`, so that it can never pass for an id token.
#[derive(Serialize)]
struct LogoutToken<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sub: Uuid,
    sid: Uuid,
    events: Events,
}

#[derive(Serialize)]
struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Nothing,
}

/// `{}`.
#[derive(Serialize)]
struct Nothing {}

/// A signed logout token for this attempt.
pub async fn token(state: &AppState, delivery: &Delivery) -> ServiceResult<String> {
    let row = delivery.row.clone();
    let key = relying_party::active_key(state, row.environment_id, &row.signing_algorithm).await?;
    let issuer = state.issuer_at(&row.environment_slug, row.environment_host.as_deref());
    let now = state.now();
    let jti = state.new_id().simple().to_string();
    let work = move |signer: Signer<'_>| {
        let token = LogoutToken {
            iss: &issuer,
            aud: &row.client_id,
            iat: now.timestamp(),
            exp: (now + TOKEN_LIFETIME).timestamp(),
            jti,
            sub: row.user_id,
            sid: row.session_id,
            events: Events { logout: Nothing {} },
        };
        signer.sign("logout+jwt", &token)
    };
    Ok(key.signing(work).await?)
}

/// Writes down what became of an attempt. Without success there is another one, until a day has passed since the end.
pub async fn settle(state: &AppState, delivery: &Delivery, outcome: Outcome) -> ServiceResult<()> {
    let DueRow { session_id, application_id, created_at, .. } = delivery.row;
    let now = state.now();
    let mut tx = state.db.write().await?;
    let (status, error) = match outcome {
        // 204 is what many frameworks make of an empty 200 (section 2.8).
        Outcome::Answered(status @ (200 | 204)) => {
            table::delivered(&mut tx, session_id, application_id, status.into(), now).await?;
            tx.commit().await?;
            return Ok(());
        }
        Outcome::Answered(status) => (Some(status), format!("the application answered {status}")),
        Outcome::Unanswered(error) => (None, error.to_string()),
        Outcome::Unsent(error) => (None, error),
    };
    let last = created_at + GIVEN_UP_AFTER;
    let failure = Failure {
        session_id,
        application_id,
        attempt: delivery.attempt(),
        status: status.map(i64::from),
        error: &error,
        next_attempt_at: (now + pause(delivery.attempt(), state.random.as_ref())).min(last),
        dead_at: (now >= last).then_some(now),
    };
    if table::failed(&mut tx, &failure).await? && failure.dead_at.is_some() {
        let event = given_up(&mut tx, delivery, &error).await?;
        audit::record(state, &mut tx, event).await?;
    }
    tx.commit().await?;
    Ok(())
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

async fn given_up(tx: &mut Tx, delivery: &Delivery, error: &str) -> ServiceResult<Event> {
    let row = &delivery.row;
    let event = Event::of(
        row.environment_id,
        action::LOGOUT_UNDELIVERED,
        format!(
            "{} was not told within 24 hours that a session ended, in {} attempts: {error}",
            row.application_name,
            delivery.attempt()
        ),
    )
    .in_application(row.application_id, &row.application_name)
    .about_session(row.session_id);
    let user = user::by_id(tx, row.environment_id, row.user_id).await?;
    Ok(match user {
        Some(user) => event.about_user(user.id, &user.name, &user.email),
        None => event,
    })
}

/// Makes a message that is not delivered due at once.
///
/// # Errors
/// [`ServiceError::Forbidden`] for anyone but Owner and Admin, [`ServiceError::NotFound`] where the environment has no such
/// application or no message of it is waiting or given up.
pub async fn retry(caller: &Caller, application_id: Uuid, session_id: Uuid) -> ServiceResult<()> {
    caller.require_view()?;
    let state = &caller.state;
    let now = state.now();
    let mut tx = state.db.write().await?;
    let application =
        application::by_id(&mut tx, caller.environment.id, application_id).await?.ok_or(ServiceError::NotFound)?;
    if !caller.roles.can_administer() {
        return Err(ServiceError::Forbidden);
    }
    let row = table::one(&mut tx, session_id, application_id).await?.ok_or(ServiceError::NotFound)?;
    if !table::make_due(&mut tx, session_id, application_id, now).await? {
        return Err(ServiceError::NotFound);
    }
    let sentence = format!("{} had {} told again that a session ended", caller.actor.name(), application.name);
    let event = Event::of_caller(caller, action::LOGOUT_RETRIED, sentence)
        .about_user(row.user_id, &row.user_name, &row.user_email)
        .in_application(application.id, &application.name)
        .about_session(session_id)
        .from(&caller.origin);
    audit::record(state, &mut tx, event).await?;
    tx.commit().await?;
    state.logouts.notify_one();
    Ok(())
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
