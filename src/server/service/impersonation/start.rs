//! Starting an impersonation.

use anyhow::anyhow;
use chrono::TimeDelta;
use uuid::Uuid;

use super::Candidate;
use super::entrance::Entrance;
use crate::model::audit::action;
use crate::model::denial::Denial;
use crate::model::impersonation::{HandOff, StartImpersonation, validate_reason, validate_ticket};
use crate::model::mode::Mode;
use crate::model::session::SessionKind;
use crate::model::validate::Checks;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::account::AccountMembership;
use crate::server::db::credential::{self, NewHandOffCode};
use crate::server::db::operator;
use crate::server::db::session::{self as table, NewSession};
use crate::server::db::user::UserRecord;
use crate::server::domain::application::AssignedApplication;
use crate::server::domain::policy::{self, AccountFacts, Grant, MembershipState};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::text::{composed, is_visible};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;

/// How long a hand-off code works.
pub const HAND_OFF_LIFETIME: TimeDelta = TimeDelta::seconds(60);
/// How often a decision is taken anew because its facts changed before they could be acted on.
const ATTEMPTS: usize = 5;

/// Why, as the operator says it.
struct Purpose<'a> {
    reason: &'a str,
    ticket: Option<&'a str>,
}

/// What the policy allowed.
struct Choice<'a> {
    candidate: &'a Candidate,
    membership: &'a AccountMembership,
    application: &'a AssignedApplication,
    grant: Grant,
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
    for _ in 0..ATTEMPTS {
        let mut conn = state.db.read().await?;
        let candidate = Candidate::load(&mut conn, caller.environment.id, request.user_id).await?;
        drop(conn);
        let choice = match choose(caller, request, &candidate) {
            Ok(choice) => choice,
            Err(denial) => return Err(refuse(caller, &candidate.user, denial, &purpose).await?),
        };
        if let Some(hand_off) = begin(caller, &choice, &purpose).await? {
            state.metrics.started();
            return Ok(hand_off);
        }
    }
    Err(anyhow!("what the policy goes by changed {ATTEMPTS} times while a session was being started").into())
}

fn choose<'a>(caller: &Caller, request: &StartImpersonation, candidate: &'a Candidate) -> Result<Choice<'a>, Denial> {
    let membership = candidate.memberships.iter().find(|row| row.external_id == request.account);
    let account = match membership {
        Some(membership) => Some(candidate.account_facts(membership, Some(&request.application))),
        None if candidate.memberships.is_empty() => None,
        None => Some(AccountFacts { membership: MembershipState::None, has_applications: false, application: None }),
    };
    let grant = policy::decide(&candidate.facts(caller, account))?;
    let membership = membership.ok_or(Denial::NotAssigned)?;
    let application = candidate.applications_of(membership.account_id).find(|row| row.client_id == request.application);
    Ok(Choice { candidate, membership, application: application.ok_or(Denial::NotAssigned)?, grant })
}

/// Writes what was chosen. Writers wait for each other, so what the choice was made from was read before; here the
/// session is judged once more by the rows as they are now. `None` where the outcome is another one: nothing is written.
async fn begin(caller: &Caller, choice: &Choice<'_>, purpose: &Purpose<'_>) -> ServiceResult<Option<HandOff>> {
    let Choice { candidate, membership, application, grant } = *choice;
    let (state, by) = (&caller.state, caller.operator()?);
    let entrance = Entrance::of(application.login_method, &application.login_url, &application.app_url)?;
    let mut tx = state.db.write().await?;
    let now = state.now();
    let deadline = now + TimeDelta::minutes(grant.minutes);
    let session_id = state.new_id();
    let session = NewSession {
        id: session_id,
        environment_id: caller.environment.id,
        user_id: candidate.user.id,
        kind: SessionKind::Impersonation,
        account_id: Some(membership.account_id),
        application_id: Some(application.application_id),
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
    // Who has signed out meanwhile starts nothing that the sign-out has not seen.
    if !operator::hold_session(&mut tx, by.session_id, now).await? {
        return Err(ServiceError::Unauthenticated);
    }
    table::insert(&mut tx, &session).await?;
    let standing = table::standing(&mut tx, caller.environment.id, session_id).await?;
    let Some(standing) = standing.filter(|standing| standing.grant() == Ok(grant)) else { return Ok(None) };
    let event = Event::of_caller(caller, action::IMPERSONATION_STARTED, started_sentence(caller, choice))
        .about_user(candidate.user.id, &candidate.user.name, &candidate.user.email)
        .in_account(membership.account_id, &membership.name, standing.hidden_from_account)
        .in_application(application.application_id, &application.name)
        .impersonated_by(by, session_id)
        .in_mode(standing.mode)
        .for_reason(purpose.reason, purpose.ticket);
    audit::record(state, &mut tx, event).await?;
    let (code, code_hash) = SecretKind::HandOffCode.generate(state.random.as_ref());
    let expires_at = now + HAND_OFF_LIFETIME;
    let hand_off = NewHandOffCode {
        code_hash: &code_hash,
        session_id,
        application_id: application.application_id,
        operator_session_id: Some(by.session_id),
        now,
        expires_at,
    };
    credential::insert_hand_off(&mut tx, &hand_off).await?;
    tx.commit().await?;
    let issuer = state.issuer(&caller.environment);
    Ok(Some(HandOff { session_id, url: entrance.url(&issuer, &code), expires_at, deadline }))
}

fn started_sentence(caller: &Caller, choice: &Choice<'_>) -> String {
    let Choice { candidate: Candidate { user, names, .. }, membership, application, grant } = choice;
    let account = names.written(Some(membership.account_id), &membership.name);
    let application = names.written(Some(application.application_id), &application.name);
    format!(
        "{} started impersonating {} in {account}, {application}, for at most {} minutes",
        caller.actor.name(),
        user.name,
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
    user: &UserRecord,
    denial: Denial,
    purpose: &Purpose<'_>,
) -> ServiceResult<ServiceError> {
    let event = Event::of_caller(
        caller,
        action::IMPERSONATION_DENIED,
        format!("{} may not impersonate {}: {}", caller.actor.name(), user.name, denial.sentence()),
    )
    .about_user(user.id, &user.name, &user.email)
    .for_reason(purpose.reason, purpose.ticket);
    audit::record_alone(&caller.state, event).await?;
    caller.state.metrics.denied(denial);
    tracing::info!(
        environment = caller.environment.slug,
        operator = caller.actor.id().map(tracing::field::display),
        user = %user.id,
        reason = denial.as_str(),
        "an impersonation was refused"
    );
    Ok(ServiceError::Denied(denial))
}
