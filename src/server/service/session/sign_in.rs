//! Users signing in to an environment and out of it.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::browser;
use crate::model::audit::action;
use crate::model::error::WRONG_PASSWORD;
use crate::model::mode::Mode;
use crate::model::session::{EndReason, SessionKind};
use crate::model::user::UserStatus;
use crate::server::crypto::password::PasswordQueue;
use crate::server::crypto::secret::SecretKind;
use crate::server::db::credential::{self, NewSessionCookie};
use crate::server::db::session::{self as session_table, NewSession};
use crate::server::db::user::{self, UserRecord};
use crate::server::db::{Tx, account};
use crate::server::domain::actor::Actor;
use crate::server::domain::application::Application;
use crate::server::domain::environment::Environment;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::rate_limit::Realm;
use crate::server::platform::text;
use crate::server::service::audit::{self, Event, failed_sign_in};
use crate::server::service::caller::Origin;
use crate::server::service::registry::users;
use crate::server::service::session;
use crate::server::state::AppState;

/// How long a user stays signed in.
const SESSION_LIFETIME: TimeDelta = TimeDelta::days(30);
/// Running sessions of a user's own at most: a sign-in beyond ends the oldest.
pub const SESSIONS: i64 = 200;

/// What the browser in which somebody signs in had before.
#[derive(Clone, Copy, Default)]
pub struct Before<'a> {
    /// The user's session there, which ends with the new one's beginning.
    pub session: Option<Uuid>,
    /// The provider's cookie.
    pub cookie: Option<&'a str>,
}

/// A user's new session: the value of the cookie that the browser gets for it, the provider's own or, for an application's
/// form, the application's; and until when the session lives.
pub struct SignedInUser {
    pub session_id: Uuid,
    pub cookie: String,
    /// The value of the cookie by which the browser is known again.
    pub device: String,
    pub expires_at: DateTime<Utc>,
}

/// Signs a user in, in a new session; the one that the browser held before, if any, ends, and the browser is known by a new
/// cookie. An unknown e-mail, a wrong password, a locked and an unverified user get the same answer after the same work; so
/// does whoever was changed between the look at the password and the session's beginning.
///
/// # Errors
/// [`ServiceError::Invalid`] for the field `password`, [`ServiceError::RateLimited`], [`ServiceError::Busy`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_in(
    state: &AppState,
    environment: &Environment,
    email: &str,
    password: &str,
    before: Before<'_>,
    origin: &Origin,
) -> ServiceResult<SignedInUser> {
    sign_in_at(state, environment, None, email, password, before, origin).await
}

/// [`sign_in`] at an application's own form: the session and its cookie are for this application and for no other.
///
/// # Errors
/// Besides those of [`sign_in`], [`ServiceError::Invalid`] for the field `application` where no account of the user has
/// it: nothing is begun then.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_in_at(
    state: &AppState,
    environment: &Environment,
    application: Option<&Application>,
    email: &str,
    password: &str,
    before: Before<'_>,
    origin: &Origin,
) -> ServiceResult<SignedInUser> {
    let outcome = begin(state, environment, application, email, password, before, origin).await;
    state.metrics.sign_in("environment", ServiceError::word_of(&outcome));
    outcome
}

async fn begin(
    state: &AppState,
    environment: &Environment,
    application: Option<&Application>,
    email: &str,
    password: &str,
    before: Before<'_>,
    origin: &Origin,
) -> ServiceResult<SignedInUser> {
    let key = text::sign_in_name(email);
    let realm = Realm::Environment(environment.id);
    let device = origin.device(state, realm, Some(&environment.slug), &key);
    let attempt = origin.attempt(realm, &key, device.known());
    let charge = state.limits.sign_in(&attempt)?;
    let mut conn = state.db.read().await?;
    let known = users::by_email(&mut conn, environment.id, email).await?;
    drop(conn);
    let hash = known.as_ref().and_then(|row| row.password_hash.as_deref());
    let checked = state.passwords.check(PasswordQueue::Hosted, device.known().is_some(), password, hash).await;
    let matches = checked.inspect_err(|_| state.limits.take_back(&charge))?;
    let mut tx = state.db.write().await?;
    // As it is now: a password that was replaced meanwhile, or a user who was locked, begins nothing.
    let id = known.as_ref().map_or_else(Uuid::nil, |row| row.id);
    let current = match matches {
        true => user::held(&mut tx, environment.id, id).await?,
        // A guess waits for nobody, or it would tell by that who there is.
        false => user::by_id(&mut tx, environment.id, id).await?,
    };
    let may_begin = |row: &&UserRecord| {
        let before = known.as_ref().and_then(|known| known.password_hash.as_ref());
        matches && row.password_hash.as_ref() == before && row.status() == UserStatus::Active
    };
    let Some(row) = current.as_ref().filter(may_begin) else {
        let reason = match current.as_ref().map(UserRecord::status) {
            None => "unknown",
            Some(_) if !matches => "wrong_password",
            Some(UserStatus::Active) => "changed_meanwhile",
            Some(status) => status.as_str(),
        };
        failed_sign_in::say(state, Some(environment.id), current.as_ref().map(|row| row.id), reason);
        record_failure(state, &mut tx, environment, known.as_ref(), origin).await?;
        tx.commit().await?;
        return Err(ServiceError::invalid("password", WRONG_PASSWORD));
    };
    state.limits.take_back(&charge);
    state.limits.right_password(&attempt)?;
    if let Some(replaced) = before.session {
        end_own(state, &mut tx, environment.id, replaced, origin).await?;
    }
    match create(state, &mut tx, environment, application, row, before.cookie, origin).await {
        // The password was right, and that it was tried is in the audit trail all the same.
        Err(refusal @ ServiceError::Invalid(_)) => {
            drop(tx);
            failed_sign_in::say(state, Some(environment.id), Some(row.id), "no_application");
            let mut tx = state.db.write().await?;
            record_failure(state, &mut tx, environment, known.as_ref(), origin).await?;
            tx.commit().await?;
            Err(refusal)
        }
        outcome => {
            let (session_id, cookie, expires_at) = outcome?;
            tx.commit().await?;
            Ok(SignedInUser { session_id, cookie, device: device.remember(state.random.as_ref()), expires_at })
        }
    }
}

async fn create(
    state: &AppState,
    tx: &mut Tx,
    environment: &Environment,
    application: Option<&Application>,
    row: &UserRecord,
    cookie: Option<&str>,
    origin: &Origin,
) -> ServiceResult<(Uuid, String, DateTime<Utc>)> {
    // Another server's clock may run ahead of this one: what begins now did not begin before the password was chosen.
    let now = row.sessions_end_before.map_or(state.now(), |before| before.max(state.now()));
    let mut memberships = account::memberships(tx, row.id).await?;
    if let Some(application) = application {
        let assigned = account::applications_of_user(tx, row.id).await?;
        memberships.retain(|membership| {
            let account_id = membership.account_id;
            assigned.iter().any(|row| row.account_id == account_id && row.application_id == application.id)
        });
    }
    let mut enabled = memberships.iter().filter(|membership| membership.disabled_at.is_none());
    if application.is_some() && enabled.clone().next().is_none() {
        return Err(ServiceError::invalid("application", "None of your accounts has this application."));
    }
    let application_id = application.map(|application| application.id);
    let active = enabled.clone().find(|membership| Some(membership.account_id) == row.active_account_id);
    let session = NewSession {
        id: state.new_id(),
        environment_id: environment.id,
        user_id: row.id,
        kind: SessionKind::Password,
        account_id: active.or_else(|| enabled.next()).map(|membership| membership.account_id),
        application_id,
        operator_id: None,
        reason: None,
        ticket: None,
        deadline: None,
        mode: Mode::Act,
        now,
        expires_at: now + SESSION_LIFETIME,
        ip_address: origin.ip_address.as_deref(),
        user_agent: origin.user_agent.as_deref(),
    };
    session_table::insert(tx, &session).await?;
    let cookie = match application_id {
        Some(_) => {
            let (cookie, secret_hash) = SecretKind::SessionCookie.generate(state.random.as_ref());
            let held = NewSessionCookie {
                secret_hash: &secret_hash,
                session_id: session.id,
                application_id,
                now,
                expires_at: session.expires_at,
            };
            credential::insert_session_cookie(tx, &held).await?;
            cookie
        }
        None => {
            let jar = browser::jar(state, tx, environment.id, cookie).await?;
            browser::hold(state, tx, jar.browser_id, session.id, None).await?;
            jar.cookie
        }
    };
    let new_day = row.last_visit_at().is_none_or(|visit| visit.date_naive() != now.date_naive());
    user::record_login(tx, row.id, now, new_day).await?;
    let standing = session_table::standing(tx, environment.id, session.id).await?.ok_or(ServiceError::NotFound)?;
    let sentence = format!("{} signed in", row.name);
    let event = Event::of(environment.id, action::USER_SIGNED_IN, sentence)
        .by(&Actor::user(row.id, &row.name))
        .in_session(&standing)
        .from(origin);
    audit::record(state, tx, event).await?;
    end_oldest(state, tx, row.id).await?;
    Ok((session.id, cookie, session.expires_at))
}

/// Ends the oldest of a user's own sessions where there are more than [`SESSIONS`]: whoever has the password could begin any
/// number of them. Who had many more before there was a limit gets below it by and by.
async fn end_oldest(state: &AppState, tx: &mut Tx, user_id: Uuid) -> ServiceResult<()> {
    let origin = Origin::default();
    for oldest in session_table::own_running(tx, user_id, SESSIONS, session::AT_ONCE).await? {
        session::end_in(state, tx, &oldest, EndReason::TooManySessions, &Actor::System, &origin).await?;
    }
    Ok(())
}

/// One row is written, also for an unknown e-mail, so that it takes no less.
async fn record_failure(
    state: &AppState,
    tx: &mut Tx,
    environment: &Environment,
    row: Option<&UserRecord>,
    origin: &Origin,
) -> ServiceResult<()> {
    let Some(row) = row else {
        return failed_sign_in::record(state, tx, environment.id, PasswordQueue::Hosted, true, origin).await;
    };
    let sentence = format!("A sign-in as {} failed", row.name);
    let event = Event::of(environment.id, action::USER_SIGN_IN_FAILED, sentence)
        .about_user(row.id, &row.name, &row.email)
        .from(origin);
    audit::record(state, tx, event).await
}

/// Ends the user's own session as signed out, if it still runs.
async fn end_own(state: &AppState, tx: &mut Tx, environment_id: Uuid, id: Uuid, origin: &Origin) -> ServiceResult<()> {
    if let Some(standing) = session::live_in(state, tx, environment_id, id).await? {
        session::end_in(state, tx, &standing, EndReason::SignedOut, &Actor::user_of(&standing), origin).await?;
    }
    Ok(())
}

/// Signs out of one session: the user's own, or an impersonation, which its operator then ended. Gives whether this
/// call ended it. Whoever asks proved the session by its cookie or token, and who that is, is read from the session.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn sign_out(state: &AppState, environment_id: Uuid, id: Uuid, origin: &Origin) -> ServiceResult<bool> {
    let mut tx = state.db.write().await?;
    let ended = match session::live_in(state, &mut tx, environment_id, id).await? {
        Some(standing) => {
            let by = Actor::acting_in(&standing);
            session::end_in(state, &mut tx, &standing, EndReason::SignedOut, &by, origin).await?
        }
        None => false,
    };
    tx.commit().await?;
    Ok(ended)
}
