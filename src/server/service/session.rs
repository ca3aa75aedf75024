//! A session's standing: whether it may go on, asked at every use, and its one end.

pub mod browser;
pub mod parked;
pub mod password_link;
pub mod report;
pub mod self_service;
pub mod sign_in;
pub mod story;
mod told;

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use uuid::Uuid;

use super::audit::{self, Event};
use super::caller::Origin;
use super::delivery::back_channel_logout;
use super::registry::names::Names;
use crate::model::audit::action;
use crate::model::session::{EndReason, SessionItem, SessionKind};
use crate::server::db::session as table;
use crate::server::db::{Conn, Tx, account};
use crate::server::domain::actor::Actor;
use crate::server::domain::session::Session;
use crate::server::domain::session::listed::ListedSession;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::state::AppState;

/// How many sessions a timer looks at in one go.
const BATCH: i64 = 200;

/// For how long after a user was locked, or got another password, a timer looks for sessions of that user. No more can begin
/// that have to end, so it finds them all within a second; one that was missed because no server ran ends when it is used.
const LATELY: TimeDelta = TimeDelta::days(1);

/// How long after something was used up it may come again without anybody having stolen it: two requests of one page that
/// cross, or one that is sent anew because its answer was lost.
pub const IN_A_HURRY: TimeDelta = TimeDelta::seconds(10);

/// Sessions that end in one transaction: others get their turn before the next.
pub const AT_ONCE: i64 = 100;

/// The session, if it may go on. One that may not is ended here and now, with the reason that its END event names.
pub async fn live(state: &AppState, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Session>> {
    let seen = state.sessions.session(&state.db, environment_id, id).await?;
    let Some(standing) = seen.as_ref().map(|seen| &seen.standing) else { return Ok(None) };
    if may_go_on(state, standing).await? { Ok(Some(standing.clone())) } else { Ok(None) }
}

/// Whether the session may go on. One that may not is ended here and now.
pub async fn may_go_on(state: &AppState, standing: &Session) -> ServiceResult<bool> {
    let Some(reason) = standing.end_due(state.now()) else { return Ok(true) };
    if standing.ended_at.is_none() {
        let mut tx = state.db.write().await?;
        end_in(state, &mut tx, standing, reason, &Actor::System, &Origin::default()).await?;
        tx.commit().await?;
    }
    Ok(false)
}

/// [`live`] inside a transaction that goes on to use the session. `None` also where it was ended just now: then the
/// transaction holds the end, and the caller commits it.
pub async fn live_in(state: &AppState, tx: &mut Tx, environment_id: Uuid, id: Uuid) -> ServiceResult<Option<Session>> {
    let standing = table::standing(tx, environment_id, id).await?;
    or_ended(state, tx, standing).await
}

/// [`live_in`] of a session that the transaction takes for itself alone.
pub async fn live_taken(
    state: &AppState,
    tx: &mut Tx,
    environment_id: Uuid,
    id: Uuid,
) -> ServiceResult<Option<Session>> {
    let standing = table::taken(tx, environment_id, id).await?;
    or_ended(state, tx, standing).await
}

async fn or_ended(state: &AppState, tx: &mut Tx, standing: Option<Session>) -> ServiceResult<Option<Session>> {
    let Some(standing) = standing else { return Ok(None) };
    let Some(reason) = standing.end_due(state.now()) else { return Ok(Some(standing)) };
    end_in(state, tx, &standing, reason, &Actor::System, &Origin::default()).await?;
    Ok(None)
}

/// Ends a session in the caller's transaction, with its END event and the messages to the applications that hold tokens of
/// it. Gives whether this call ended it: of several at the
/// same instant one does, and one event is written.
pub async fn end_in(
    state: &AppState,
    tx: &mut Tx,
    session: &Session,
    reason: EndReason,
    by: &Actor,
    origin: &Origin,
) -> ServiceResult<bool> {
    // Whoever asks for the end of a session that had to end anyway finds it ended: its own reason comes first.
    let (reason, by) = match session.end_due(state.now()) {
        Some(due) if session.ended_at.is_none() && due != reason => (due, &Actor::System),
        _ => (reason, by),
    };
    if !table::end(tx, session.id, reason, state.now()).await? {
        return Ok(false);
    }
    state.metrics.ended(session.kind, reason);
    let name = match session.kind {
        SessionKind::Impersonation => action::IMPERSONATION_ENDED,
        SessionKind::Password if reason == EndReason::SignedOut => action::USER_SIGNED_OUT,
        SessionKind::Password => action::SESSION_REVOKED,
    };
    let event = Event::of(session.environment_id, name, told::told(session, reason, by)).by(by).in_session(session);
    audit::record(state, tx, event.from(origin)).await?;
    back_channel_logout::enqueue(state, tx, session).await?;
    Ok(true)
}

/// Moves a session to another account of its user and remembers it as the user's active one, unless an operator did it.
///
/// # Errors
/// [`ServiceError::NotFound`] where the user has no such account, is disabled in it, or the session's application is not
/// assigned to it.
pub async fn switch_account(
    state: &AppState,
    tx: &mut Tx,
    session: &Session,
    account_external_id: &str,
    origin: &Origin,
) -> ServiceResult<Session> {
    let membership = account::memberships(tx, session.user_id)
        .await?
        .into_iter()
        .find(|membership| membership.external_id == account_external_id && membership.disabled_at.is_none())
        .ok_or(ServiceError::NotFound)?;
    if let Some(application_id) = session.application_id {
        let assigned = account::applications_of_user(tx, session.user_id)
            .await?
            .iter()
            .any(|row| row.account_id == membership.account_id && row.application_id == application_id);
        if !assigned {
            return Err(ServiceError::NotFound);
        }
    }
    // The user first, as whoever signs in takes them: nobody waits for each other.
    if !session.is_impersonation() {
        account::set_active(tx, session.user_id, membership.account_id).await?;
    }
    if table::set_account(tx, session.id, membership.account_id).await? == 0 {
        return Err(ServiceError::NotFound);
    }
    let switched = table::standing(tx, session.environment_id, session.id).await?.ok_or(ServiceError::NotFound)?;
    let names = Names::of_accounts(tx, session.account_id.into_iter().chain([membership.account_id])).await?;
    let from = session.account_name.as_deref().map(|name| names.written(session.account_id, name));
    let from = from.as_deref().unwrap_or("no account");
    let to = names.written(Some(membership.account_id), &membership.name);
    let event = Event::of(
        session.environment_id,
        action::SESSION_ACCOUNT_SWITCHED,
        format!("{} switched from {from} to {to}", session.user_name),
    )
    .by(&Actor::user_of(session))
    .in_session(&switched)
    .from(origin);
    audit::record(state, tx, event).await?;
    Ok(switched)
}

/// A user's sessions, running ones first, then newest first, and whether there are more than these.
pub async fn of_user(conn: &mut Conn, user_id: Uuid, limit: i64) -> ServiceResult<(Vec<SessionItem>, bool)> {
    let (rows, more) = table::of_user(conn, user_id, limit).await?.apart();
    let accounts = rows.iter().filter_map(|row| row.account_id);
    let names = Names::of(conn, accounts, rows.iter().filter_map(|row| row.application_id)).await?;
    Ok((rows.into_iter().map(|row| item(row, &names)).collect(), more))
}

/// A session as lists show it.
pub fn item(row: ListedSession, names: &Names) -> SessionItem {
    SessionItem {
        id: row.id,
        kind: row.kind,
        started_at: row.created_at,
        last_seen_at: row.last_seen_at,
        expires_at: row.expires_at,
        ended_at: row.ended_at,
        end_reason: row.end_reason,
        account_name: row.account_name.map(|name| names.told_apart(row.account_id, name)),
        application_name: row.application_name.map(|name| names.told_apart(row.application_id, name)),
        operator_id: row.operator_id,
        operator_name: row.operator_name,
        reason: row.reason,
        ticket: row.ticket,
        ip_address: row.ip_address,
        user_agent: row.user_agent,
    }
}

/// Ends the newest of the sessions that a user's own password began, at most `limit` of them. Gives whether there may be more.
pub async fn end_own_in(
    state: &AppState,
    tx: &mut Tx,
    user_id: Uuid,
    limit: i64,
    reason: EndReason,
    by: &Actor,
    origin: &Origin,
) -> ServiceResult<bool> {
    let sessions = table::own_running(tx, user_id, 0, limit).await?;
    for session in &sessions {
        end_in(state, tx, session, reason, by, origin).await?;
    }
    Ok(i64::try_from(sessions.len()).unwrap_or(i64::MAX) >= limit)
}

/// Ends every session whose time is over, whose user is locked or that began by a password of before, so that the audit trail
/// has its END event and applications are told even if nobody asks for the session again. Gives how many ended.
pub async fn end_due(state: &AppState) -> ServiceResult<u64> {
    let mut ended = 0;
    loop {
        let mut conn = state.db.read().await?;
        let mut batch = table::expired(&mut conn, state.now(), BATCH).await?;
        let lately = state.now() - LATELY;
        batch.extend(table::of_users_locked_after(&mut conn, lately, BATCH).await?);
        batch.extend(table::outdated(&mut conn, lately, BATCH).await?);
        drop(conn);
        if batch.is_empty() {
            return Ok(ended);
        }
        ended += end_those_due(state, &batch).await?;
    }
}

/// [`end_due`] for every running impersonation that the policy does not allow any more. It judges by rows alone: where
/// nothing was committed since the last time, there is nothing to judge.
pub async fn end_refused(state: &AppState) -> ServiceResult<u64> {
    let epoch = state.db.epoch().await?;
    if state.reviewed.load(Ordering::Relaxed) == epoch {
        return Ok(0);
    }
    let (mut ended, mut after) = (0, Uuid::nil());
    loop {
        let mut conn = state.db.read().await?;
        let batch = table::impersonations_after(&mut conn, after, BATCH).await?;
        drop(conn);
        let Some(last) = batch.last() else { break };
        after = last.id;
        ended += end_those_due(state, &batch).await?;
    }
    state.reviewed.store(epoch, Ordering::Relaxed);
    Ok(ended)
}

async fn end_those_due(state: &AppState, sessions: &[Session]) -> ServiceResult<u64> {
    let mut ended = 0;
    for session in sessions {
        let Some(reason) = session.end_due(state.now()) else { continue };
        let mut tx = state.db.write().await?;
        if end_in(state, &mut tx, session, reason, &Actor::System, &Origin::default()).await? {
            ended += 1;
        }
        tx.commit().await?;
    }
    Ok(ended)
}
