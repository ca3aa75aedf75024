//! Operators: signing in and out, and the frame of their pages.

mod invite;
mod list;
mod manage;
mod owners;
mod roles;

use std::sync::Arc;

use chrono::TimeDelta;
use uuid::Uuid;

use super::audit::{self, Event, failed_sign_in};
use super::caller::{Caller, Origin, ServerCaller};
use super::impersonation::live;
use super::session;
use crate::model::audit::action;
use crate::model::environment::EnvironmentOption;
use crate::model::error::WRONG_PASSWORD;
use crate::model::operator::{Roles, Shell, SignedOut};
use crate::model::session::EndReason;
use crate::server::crypto::password::PasswordQueue;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::operator::{self as table, NewOperatorSession, OperatorRecord, PortalSession};
use crate::server::db::{Conn, Tx, environment, session as session_table};
use crate::server::domain::actor::{Actor, Operator};
use crate::server::domain::environment::Environment;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::rate_limit::Realm;
use crate::server::platform::text;
use crate::server::state::AppState;

pub use invite::{
    INVITATION_LIFETIME, Invitation, LinkHolder, OperatorLink, RESET_LIFETIME, choose_password, invite, link_holder,
    make_link,
};
pub use list::{
    HeldRoles, OperatorDetail, OperatorImpersonation, OperatorItem, OperatorsPage, PlaceToGrant, detail, list,
};
pub use manage::{
    Ended, NewOperator, NewPassword, Whom, check_password, create, create_in, disable, enable, new_password, remove,
    reset_password, reset_password_in, sign_out_everywhere,
};
pub use roles::{change_roles, change_roles_in, set_roles};

/// A portal session lasts a working day.
pub const SESSION_LIFETIME: TimeDelta = TimeDelta::hours(12);
/// Sessions that are read in one go.
const BATCH: i64 = 200;
/// A new portal session: the cookie's value, and the one by which the browser is known again.
pub struct SignedInOperator {
    pub cookie: String,
    pub device: String,
    pub operator: Operator,
}

/// Signs an operator in. An unknown e-mail, a wrong password and a disabled operator get the same answer after the
/// same time.
///
/// # Errors
/// [`ServiceError::Invalid`] for the field `password`, [`ServiceError::RateLimited`], [`ServiceError::Busy`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_in(
    state: &AppState,
    origin: &Origin,
    email: &str,
    password: &str,
) -> ServiceResult<SignedInOperator> {
    sign_in_instead(state, origin, email, password, None).await
}

/// [`sign_in`] in a browser that may hold a portal session already, by its cookie: that one ends.
///
/// # Errors
/// Those of [`sign_in`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_in_instead(
    state: &AppState,
    origin: &Origin,
    email: &str,
    password: &str,
    replaced: Option<&str>,
) -> ServiceResult<SignedInOperator> {
    let outcome = begin(state, origin, email, password, replaced).await;
    state.metrics.sign_in("portal", ServiceError::word_of(&outcome));
    outcome
}

async fn begin(
    state: &AppState,
    origin: &Origin,
    email: &str,
    password: &str,
    replaced: Option<&str>,
) -> ServiceResult<SignedInOperator> {
    let key = text::sign_in_name(email);
    let device = origin.device(state, Realm::Portal, None, &key);
    let charge = state.limits.sign_in(&origin.attempt(Realm::Portal, &key, device.known()))?;
    let mut conn = state.db.read().await?;
    let known = by_email(&mut conn, email).await?;
    drop(conn);
    let hash = known.as_ref().map(|row| row.password_hash.as_str());
    let checked = state.passwords.check(PasswordQueue::Portal, device.known().is_some(), password, hash).await;
    let matches = checked.inspect_err(|_| state.limits.take_back(&charge))?;
    let mut tx = state.db.write().await?;
    // As it is now: a password that was replaced meanwhile, or an operator who was disabled, begins nothing.
    let current = table::held(&mut tx, known.as_ref().map_or_else(Uuid::nil, |row| row.id)).await?;
    let unchanged = |row: &&OperatorRecord| {
        current.as_ref().is_some_and(|now| now.disabled_at.is_none() && now.password_hash == row.password_hash)
    };
    let Some(row) = known.as_ref().filter(|_| matches).filter(unchanged) else {
        let reason = match &known {
            None => "unknown",
            Some(_) if !matches => "wrong_password",
            Some(row) if row.disabled_at.is_some() => "disabled",
            Some(_) => "changed_meanwhile",
        };
        failed_sign_in::say(state, None, known.as_ref().map(|row| row.id), reason);
        record_failure(state, &mut tx, known.as_ref(), origin).await?;
        tx.commit().await?;
        return Err(ServiceError::invalid("password", WRONG_PASSWORD));
    };
    state.limits.take_back(&charge);
    let operator =
        Operator { id: row.id, email: row.email.clone(), name: row.name.clone(), session_id: state.new_id() };
    end_replaced(state, &mut tx, replaced, origin).await?;
    let signed_in = open_session(state, &mut tx, operator, origin).await?;
    tx.commit().await?;
    // Under the name that was typed, by which the next attempt is known.
    Ok(SignedInOperator { device: device.remember(state.random.as_ref()), ..signed_in })
}

/// Ends the portal session that a browser holds by its cookie, if it holds one.
async fn end_replaced(state: &AppState, tx: &mut Tx, cookie: Option<&str>, origin: &Origin) -> ServiceResult<()> {
    if let Some(replaced) = cookie.and_then(|cookie| SecretKind::OperatorCookie.hash_of(cookie))
        && let Some(before) = table::session_by_secret(tx, &replaced, state.now()).await?
    {
        end_session(state, tx, &operator_of(before), origin).await?;
    }
    Ok(())
}

/// Begins the portal session that `operator` names, in the caller's transaction: whoever it is has proven to be this operator.
pub(super) async fn open_session(
    state: &AppState,
    tx: &mut Tx,
    operator: Operator,
    origin: &Origin,
) -> ServiceResult<SignedInOperator> {
    let (cookie, secret_hash) = SecretKind::OperatorCookie.generate(state.random.as_ref());
    let now = state.now();
    let session = NewOperatorSession {
        id: operator.session_id,
        operator_id: operator.id,
        secret_hash: &secret_hash,
        now,
        expires_at: now + SESSION_LIFETIME,
        ip_address: origin.ip_address.as_deref(),
        user_agent: origin.user_agent.as_deref(),
    };
    table::insert_session(tx, &session).await?;
    record_everywhere(state, tx, &operator, origin, action::OPERATOR_SIGNED_IN).await?;
    let key = text::sign_in_name(&operator.email);
    let device = origin.device(state, Realm::Portal, None, &key).remember(state.random.as_ref());
    Ok(SignedInOperator { cookie, device, operator })
}

/// A failed sign-in, in every environment: an event where the operator has a role, a count where it has none or nobody has
/// this e-mail. That is as much work for a known one as for an unknown one.
async fn record_failure(
    state: &AppState,
    tx: &mut Tx,
    known: Option<&OperatorRecord>,
    origin: &Origin,
) -> ServiceResult<()> {
    let own = table::environments(tx, known.map_or_else(Uuid::nil, |row| row.id)).await?;
    for environment in environment::open(tx).await? {
        match known {
            Some(row) if own.iter().any(|own| own.id == environment.id) => {
                let sentence = format!("A sign-in to the portal as {} failed", row.name);
                let name = action::OPERATOR_SIGN_IN_FAILED;
                let operator =
                    Operator { id: row.id, email: row.email.clone(), name: row.name.clone(), session_id: Uuid::nil() };
                let event = Event::of(environment.id, name, sentence);
                audit::record(state, tx, event.by(&Actor::Operator(operator)).from(origin)).await?;
            }
            _ => {
                failed_sign_in::record(state, tx, environment.id, PasswordQueue::Portal, known.is_none(), origin)
                    .await?
            }
        }
    }
    Ok(())
}

/// An operator signs in to the portal, not to one environment: the event stands in each where it has a role.
async fn record_everywhere(
    state: &AppState,
    tx: &mut Tx,
    operator: &Operator,
    origin: &Origin,
    name: &str,
) -> ServiceResult<()> {
    let sentence = match name {
        action::OPERATOR_SIGNED_IN => format!("{} signed in to the portal", operator.name),
        _ => format!("{} signed out of the portal", operator.name),
    };
    let by = Actor::Operator(operator.clone());
    for environment in table::environments(tx, operator.id).await? {
        let event = Event::of(environment.id, name, sentence.as_str()).by(&by).from(origin);
        audit::record(state, tx, event).await?;
    }
    Ok(())
}

/// The operator behind a portal cookie, if it is signed in.
pub async fn authenticate(state: &AppState, cookie: &str) -> ServiceResult<Option<Operator>> {
    let Some(secret_hash) = SecretKind::OperatorCookie.hash_of(cookie) else { return Ok(None) };
    let now = state.now();
    // What strangers make up is not kept: only what there is.
    let read = || async {
        let epoch = state.db.epoch().await?;
        let mut conn = state.db.read().await?;
        let found = table::signed_in(&mut conn, &secret_hash, now).await?;
        let (row, places) = found.ok_or(ServiceError::Unauthenticated)?;
        // Whoever is at work asks for them next.
        state.places.put(epoch, row.operator_id, Arc::new(places));
        let expires_at = row.expires_at;
        Ok((row, Some(expires_at)))
    };
    match state.portal_sessions.get_at(now, &state.db, secret_hash.clone(), read).await {
        // The database may have let this wait.
        Ok(row) => Ok(Some(row).filter(|row| state.now() < row.expires_at).map(operator_of)),
        Err(ServiceError::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

fn operator_of(row: PortalSession) -> Operator {
    Operator { id: row.operator_id, email: row.email, name: row.name, session_id: row.session_id }
}

/// The operator at work in an environment.
///
/// # Errors
/// [`ServiceError::NotFound`] where there is no such environment or the operator has no role in it: alike.
pub async fn enter(state: &AppState, operator: Operator, origin: Origin, slug: &str) -> ServiceResult<Caller> {
    let places = places(state, operator.id).await?;
    let place = places.iter().find(|(environment, _)| environment.slug == slug).cloned();
    let (environment, roles) = place.ok_or(ServiceError::NotFound)?;
    Ok(Caller { state: state.clone(), actor: Actor::Operator(operator), environment, roles, origin })
}

async fn places(state: &AppState, operator_id: Uuid) -> ServiceResult<Arc<Vec<(Environment, Roles)>>> {
    let read = || async {
        let mut conn = state.db.read().await?;
        ServiceResult::Ok(Arc::new(table::places(&mut conn, operator_id).await?))
    };
    state.places.get(&state.db, operator_id, read).await
}

/// Ends the operator's portal session, and the impersonations that were started from it: also those that were not opened yet.
/// Where more of them run than the operator was `shown`, nothing ends: a page may be older than what was started elsewhere.
///
/// # Errors
/// [`ServiceError::Forbidden`] for who is no operator.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_out(caller: &ServerCaller, shown: Option<i64>) -> ServiceResult<SignedOut> {
    let (state, operator) = (&caller.state, caller.operator()?);
    let mut tx = state.db.write().await?;
    let (ending, _) = session_table::running_from(&mut tx, operator.session_id, state.now()).await?;
    if ending > shown.unwrap_or_default() {
        return Ok(SignedOut::Asks);
    }
    end_session(state, &mut tx, operator, &caller.origin).await?;
    tx.commit().await?;
    Ok(SignedOut::Done)
}

/// How many impersonations run that end when the operator signs out.
///
/// # Errors
/// [`ServiceError::Forbidden`] for who is no operator.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn ending_with_sign_out(caller: &ServerCaller) -> ServiceResult<i64> {
    let (state, operator) = (&caller.state, caller.operator()?);
    let now = state.now();
    let read = || async {
        let mut conn = state.db.read().await?;
        ServiceResult::Ok(session_table::running_from(&mut conn, operator.session_id, now).await?)
    };
    state.ending_with_sign_out.get_at(now, &state.db, operator.session_id, read).await
}

/// Ends the portal session that `operator` is signed in with.
async fn end_session(state: &AppState, tx: &mut Tx, operator: &Operator, origin: &Origin) -> ServiceResult<()> {
    if table::end_session(tx, operator.session_id, state.now()).await? == 1 {
        record_everywhere(state, tx, operator, origin, action::OPERATOR_SIGNED_OUT).await?;
        loop {
            let batch = session_table::impersonations_from(tx, operator.session_id, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            for running in &batch {
                let by = Actor::Operator(operator.clone());
                session::end_in(state, tx, running, EndReason::OperatorSignedOut, &by, origin).await?;
            }
        }
    }
    Ok(())
}

/// The frame of an environment's pages. An environment that the operator may not see, or that does not exist, has a frame
/// too, without a name: it says who is signed in, and leads to where there is something to see.
///
/// # Errors
/// [`ServiceError::Forbidden`] for who is no operator.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn shell(caller: &ServerCaller, slug: &str) -> ServiceResult<Shell> {
    let (state, operator) = (&caller.state, caller.operator()?);
    let places = places(state, operator.id).await?;
    let plain = |row: Environment| EnvironmentOption { slug: row.slug, name: row.name, colour: row.colour };
    let (environment, roles, running) = match places.iter().find(|(row, _)| row.slug == slug).cloned() {
        Some((current, roles)) => {
            // Who may not see sessions is not told how many there are either.
            let running = match roles.can_view() {
                true => Some(live::running(state, current.id).await?),
                false => None,
            };
            (plain(current), roles, running)
        }
        None => {
            (EnvironmentOption { slug: slug.to_owned(), name: String::new(), colour: None }, Roles::default(), None)
        }
    };
    Ok(Shell {
        operator_id: operator.id,
        operator_name: operator.name.clone(),
        operator_email: operator.email.clone(),
        environment,
        roles,
        environments: places.iter().map(|(row, _)| plain(row.clone())).collect(),
        live_impersonations: running.map_or(0, |running| running.count),
        live_mark: running.map(live::RunningImpersonations::word).unwrap_or_default(),
        ending_with_sign_out: ending_with_sign_out(caller).await?,
    })
}

/// The path of the operator's first page, in the first of the environments where there is a role.
///
/// # Errors
/// [`ServiceError::NotFound`] where the operator has no role anywhere, [`ServiceError::Forbidden`] for who is no operator.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn home(caller: &ServerCaller) -> ServiceResult<String> {
    let operator = caller.operator()?;
    let mut conn = caller.state.db.read().await?;
    let environments = table::environments(&mut conn, operator.id).await?;
    Ok(format!("/{}/users", environments.first().ok_or(ServiceError::NotFound)?.slug))
}

/// The operator with this address, however it is spelt.
pub async fn by_email(conn: &mut Conn, typed: &str) -> ServiceResult<Option<OperatorRecord>> {
    for spelling in text::spellings(typed) {
        if let Some(row) = table::by_email(conn, &spelling).await? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
