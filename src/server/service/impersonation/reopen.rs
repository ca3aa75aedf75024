//! Opening a running impersonation in one more tab: its own was closed by mistake, or never came up.
//!
//! It is the same session. Only the code that carries it is new: the deadline, the reason and the ticket stay, and so does
//! whose it is.

use uuid::Uuid;

use super::entrance::Entrance;
use super::start::HAND_OFF_LIFETIME;
use crate::model::audit::action;
use crate::model::impersonation::HandOff;
use crate::model::session::EndReason;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, NewHandOffCode};
use crate::server::db::{application, operator, session as table};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::session;

/// What came of it.
#[derive(Debug)]
pub enum Reopened {
    HandOff(HandOff),
    /// The session is over, and this is why.
    Ended(EndReason),
}

/// Makes a new hand-off code of a running impersonation, for the operator who started it, and writes down that it did. The
/// policy is asked again, by the rows as they are now: a session that may not go on ends here, and none is opened.
///
/// # Errors
/// [`ServiceError::NotFound`] where the environment has no such impersonation or it is another operator's: no operator
/// needs to learn of it here. [`ServiceError::RateLimited`] as for starts.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn reopen(caller: &Caller, session_id: Uuid) -> ServiceResult<Reopened> {
    caller.require_view()?;
    let (state, by) = (&caller.state, caller.operator()?);
    state.limits.start(by.id)?;
    let mut tx = state.db.write().await?;
    let now = state.now();
    // Who has signed out meanwhile opens nothing that the sign-out has not seen.
    if !operator::hold_session(&mut tx, by.session_id, now).await? {
        return Err(ServiceError::Unauthenticated);
    }
    let standing = table::standing(&mut tx, caller.environment.id, session_id)
        .await?
        .filter(Session::is_impersonation)
        .filter(|standing| caller.is(standing.operator_id))
        .ok_or(ServiceError::NotFound)?;
    if let Some(reason) = standing.end_due(now) {
        // Writes its end down where it was due and not yet written.
        session::live_in(state, &mut tx, caller.environment.id, session_id).await?;
        tx.commit().await?;
        return Ok(Reopened::Ended(reason));
    }
    // From here on it cannot end before this is written.
    if !table::hold(&mut tx, session_id).await? {
        // Somebody ended it meanwhile, and wrote down how.
        let ended = table::standing(&mut tx, caller.environment.id, session_id).await?;
        let reason = ended.and_then(|standing| standing.end_due(now)).ok_or(ServiceError::NotFound)?;
        return Ok(Reopened::Ended(reason));
    }
    let application = match standing.application_id {
        Some(id) => application::by_id(&mut tx, caller.environment.id, id).await?,
        None => None,
    };
    let application = application.ok_or(ServiceError::NotFound)?;
    let entrance = Entrance::of(application.login_method, &application.login_url, &application.app_url)?;
    let event = Event::of_caller(
        caller,
        action::IMPERSONATION_REOPENED,
        format!("{} opened {} as {} in another tab", by.name, application.name, standing.user_name),
    )
    .in_session(&standing);
    audit::record(state, &mut tx, event).await?;
    let (code, code_hash) = SecretKind::HandOffCode.generate(state.random.as_ref());
    let expires_at = (now + HAND_OFF_LIFETIME).min(standing.expires_at);
    let hand_off = NewHandOffCode {
        code_hash: &code_hash,
        session_id,
        application_id: application.id,
        operator_session_id: Some(by.session_id),
        now,
        expires_at,
    };
    credential::insert_hand_off(&mut tx, &hand_off).await?;
    tx.commit().await?;
    let url = entrance.url(&state.issuer(&caller.environment), &code);
    Ok(Reopened::HandOff(HandOff { session_id, url, expires_at, deadline: standing.expires_at }))
}
