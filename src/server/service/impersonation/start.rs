//! Starting an impersonation.

use chrono::TimeDelta;
use uuid::Uuid;

use super::entrance::Entrance;
use crate::model::audit::action;
use crate::model::denial::Denial;
use crate::model::impersonation::{HandOff, StartImpersonation, validate_reason, validate_ticket};
use crate::model::mode::Mode;
use crate::model::session::SessionKind;
use crate::model::validate::Checks;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::Tx;
use crate::server::db::credential::{self, NewHandOffCode};
use crate::server::db::session::{self as table, NewSession};
use crate::server::db::start::{self, StartQuery};
use crate::server::domain::start::{Choice, ChosenTarget, StartFacts};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{composed, is_visible, storable};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::registry::names::written;

/// How long a hand-off code works.
pub const HAND_OFF_LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// Why, as the operator says it.
struct Purpose<'a> {
    reason: &'a str,
    ticket: Option<&'a str>,
}

/// Starts an impersonation: session, START event and hand-off code in one transaction, or nothing.
///
/// # Errors
/// [`ServiceError::Invalid`] for the reason and the ticket, [`ServiceError::Denied`] where the policy says no (which is
/// itself audited), [`ServiceError::NotFound`] for ids that are not of this environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn start(caller: &Caller, request: &StartImpersonation) -> ServiceResult<HandOff> {
    let outcome = decide(caller, request).await;
    if let Err(error) = &outcome {
        say_undecided(caller, request.user_id, error);
    }
    outcome
}

async fn decide(caller: &Caller, request: &StartImpersonation) -> ServiceResult<HandOff> {
    caller.require_view()?;
    let reason = composed(&request.reason);
    // What the small table of both sides takes for a letter may be a mark without one.
    let mut checks = Checks::default();
    let reason = checks.check(validate_reason(if is_visible(&reason) { &reason } else { "" }));
    let ticket = checks.check(validate_ticket(&composed(&request.ticket))).filter(|ticket| is_visible(ticket));
    checks.passed()?;
    let purpose = Purpose { reason: &reason, ticket: ticket.as_deref() };
    let state = &caller.state;
    state.limits.start(caller.operator()?.id)?;
    let mut tx = state.db.write().await?;
    let (account, application) = (storable(&request.account), storable(&request.application));
    let query = StartQuery {
        environment_id: caller.environment.id,
        operator_session_id: caller.operator()?.session_id,
        user_id: request.user_id,
        account_external_id: &account,
        client_id: &application,
        now: state.now(),
    };
    // As they are now, where the transaction can act on them: what is decided by an older page may not hold any more.
    let facts = start::facts(&mut tx, &query).await?.ok_or(ServiceError::Unauthenticated)?;
    let target = facts.target.as_ref().ok_or(ServiceError::NotFound)?;
    let choice = match facts.choose(target) {
        Ok(choice) => choice,
        Err(denial) => return Err(refuse(caller, tx, target, denial, &purpose).await?),
    };
    let hand_off = begin(caller, tx, request, &facts, &choice, &purpose).await?;
    state.metrics.started();
    Ok(hand_off)
}

/// Writes what was chosen.
async fn begin(
    caller: &Caller,
    mut tx: Tx,
    request: &StartImpersonation,
    facts: &StartFacts,
    choice: &Choice<'_>,
    purpose: &Purpose<'_>,
) -> ServiceResult<HandOff> {
    let Choice { target, account, application, grant } = *choice;
    let (state, by) = (&caller.state, caller.operator()?);
    let entrance = Entrance::of(application.login_method, &application.login_url, &application.app_url)?;
    let now = state.now();
    let deadline = now + TimeDelta::minutes(grant.minutes);
    let session_id = state.new_id();
    let session = NewSession {
        id: session_id,
        environment_id: caller.environment.id,
        user_id: target.id,
        kind: SessionKind::Impersonation,
        account_id: Some(account.id),
        application_id: Some(application.id),
        operator_id: Some(by.id),
        reason: Some(purpose.reason),
        ticket: purpose.ticket,
        deadline: Some(deadline),
        mode: Mode::Act,
        now,
        expires_at: deadline,
        ip_address: caller.origin.ip_address.as_deref(),
        user_agent: caller.origin.user_agent.as_deref(),
    };
    let event = Event::of_caller(caller, action::IMPERSONATION_STARTED, started_sentence(caller, request, choice))
        .about_user(target.id, &target.name, &target.email)
        .in_account(account.id, &account.name, facts.hidden_from_account)
        .in_application(application.id, &application.name)
        .impersonated_by(by, session_id)
        .in_mode(session.mode)
        .for_reason(purpose.reason, purpose.ticket);
    let (code, code_hash) = SecretKind::HandOffCode.generate(state.random.as_ref());
    let expires_at = now + HAND_OFF_LIFETIME;
    let hand_off = NewHandOffCode {
        code_hash: &code_hash,
        session_id,
        application_id: application.id,
        operator_session_id: Some(by.session_id),
        now,
        expires_at,
    };
    let mut batch = tx.batch();
    table::put(batch.add(), &session);
    audit::put(state, batch.add(), event);
    credential::put_hand_off(batch.add(), &hand_off);
    let writes = batch.done();
    tx.commit_with(writes).await.map_err(|error| match error.is_foreign_key_violation() {
        // Who or what it is about was deleted since the facts were read.
        true => ServiceError::NotFound,
        false => error.into(),
    })?;
    let issuer = state.issuer(&caller.environment);
    Ok(HandOff { session_id, url: entrance.url(&issuer, &code), expires_at, deadline })
}

fn started_sentence(caller: &Caller, request: &StartImpersonation, choice: &Choice<'_>) -> String {
    let Choice { target, account, application, grant } = choice;
    format!(
        "{} started impersonating {} in {}, {}, for at most {} minutes",
        caller.actor.name(),
        target.name,
        written(&account.name, account.shares_name, &request.account),
        written(&application.name, application.shares_name, &request.application),
        grant.minutes
    )
}

/// One line for a start that did not even come to the policy. What the policy says, what a limit refused and what is our own
/// fault each have theirs.
fn say_undecided(caller: &Caller, user_id: Uuid, error: &ServiceError) {
    if matches!(error, ServiceError::Denied(_) | ServiceError::RateLimited { .. } | ServiceError::Internal(_)) {
        return;
    }
    let Some(left_out) = caller.state.lines.of_starts.next(caller.state.clock.monotonic()) else { return };
    tracing::info!(
        environment = caller.environment.slug,
        operator = caller.actor.id().map(tracing::field::display),
        user = %user_id,
        reason = error.word(),
        left_out,
        "an impersonation was refused"
    );
}

/// Writes down that a start was refused, and gives the refusal.
async fn refuse(
    caller: &Caller,
    mut tx: Tx,
    target: &ChosenTarget,
    denial: Denial,
    purpose: &Purpose<'_>,
) -> ServiceResult<ServiceError> {
    let event = Event::of_caller(
        caller,
        action::IMPERSONATION_DENIED,
        format!("{} may not impersonate {}: {}", caller.actor.name(), target.name, denial.sentence()),
    )
    .about_user(target.id, &target.name, &target.email)
    .for_reason(purpose.reason, purpose.ticket);
    audit::record(&caller.state, &mut tx, event).await?;
    tx.commit().await?;
    caller.state.metrics.denied(denial);
    tracing::info!(
        environment = caller.environment.slug,
        operator = caller.actor.id().map(tracing::field::display),
        user = %target.id,
        reason = denial.as_str(),
        "an impersonation was refused"
    );
    Ok(ServiceError::Denied(denial))
}
