//! Back-channel logout (OpenID Connect Back-Channel Logout 1.0): what applications hear of the end of a session.

use anyhow::anyhow;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::outbox::{self, Outcome};
use crate::model::audit::action;
use crate::model::operator::Roles;
use crate::server::crypto::keyring::Signer;
use crate::server::db::delivery::logout as table;
use crate::server::db::{Tx, application, environment, user};
use crate::server::domain::application::Application;
use crate::server::domain::delivery::{Message, MessageKind};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::Caller;
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

/// How long a logout token works, from its signing.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::minutes(2);

/// What a message is made of besides its session. It is told though the user is removed meanwhile.
#[derive(Serialize, Deserialize)]
struct Payload {
    user_id: Uuid,
}

impl Payload {
    fn of(message: &Message) -> ServiceResult<Self> {
        let read = serde_json::from_str(&message.payload);
        Ok(read.map_err(|error| anyhow!("the payload of message {} cannot be read: {error}", message.id))?)
    }
}

/// Puts in the messages about the end of a session, in the transaction that ends it.
pub async fn enqueue(state: &AppState, tx: &mut Tx, session: &Session) -> ServiceResult<()> {
    let listeners = table::listeners(tx, session.id).await?;
    let payload = serde_json::json!(Payload { user_id: session.user_id }).to_string();
    for application_id in listeners {
        let whom = (application_id, session.id);
        outbox::put(state, tx, session.environment_id, MessageKind::BackChannelLogout, whom, &payload).await?;
    }
    Ok(())
}

/// Tells an application of the end of a session, once.
pub async fn send(state: &AppState, message: &Message) -> Outcome {
    let (uri, token) = match letter(state, message).await {
        Ok(Some(letter)) => letter,
        Ok(None) => return Outcome::unanswered("the application has no back-channel logout URI any more"),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "a logout token could not be signed");
            return Outcome::unanswered("the logout token could not be signed; the server’s log says why");
        }
    };
    match state.outbound.post_form(&uri, &[("logout_token", &token)]).await {
        // 204 is what many frameworks make of an empty 200 (section 2.8).
        Ok(status @ (200 | 204)) => Outcome::Heard(status),
        Ok(status) => Outcome::Unheard { status: Some(status), error: format!("the application answered {status}") },
        Err(error) => Outcome::unanswered(error),
    }
}

/// Sends an application a logout token as it would get one, about a session that never was: it has nothing to end, and answers
/// as it answers to any.
///
/// # Errors
/// [`ServiceError::Forbidden`] for all but Owner and Admin, [`ServiceError::NotFound`] where the environment has no such
/// application, [`ServiceError::Invalid`] for `backchannel_logout_uri` where it has no address to be told at.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn test(caller: &Caller, application_id: Uuid) -> ServiceResult<Outcome> {
    caller.require(Roles::can_administer)?;
    let state = &caller.state;
    let mut conn = state.db.read().await?;
    let application = application::by_id(&mut conn, caller.environment.id, application_id).await?;
    drop(conn);
    let application = application.ok_or(ServiceError::NotFound)?;
    if application.backchannel_logout_uri.is_none() {
        let nowhere = "There is no address yet at which it would be told: save one first.";
        return Err(ServiceError::invalid("backchannel_logout_uri", nowhere));
    }
    let payload = serde_json::json!(Payload { user_id: state.new_id() }).to_string();
    let message = Message {
        id: state.new_id(),
        environment_id: caller.environment.id,
        kind: MessageKind::BackChannelLogout,
        destination: application_id,
        about: state.new_id(),
        payload,
        created_at: state.now(),
        attempts: 0,
    };
    Ok(send(state, &message).await)
}

/// Where to and what: the address and a logout token for this attempt. `None` where the application no longer wants to be
/// told.
async fn letter(state: &AppState, message: &Message) -> ServiceResult<Option<(String, String)>> {
    let mut conn = state.db.read().await?;
    let application = application::by_id(&mut conn, message.environment_id, message.destination).await?;
    let environment = environment::by_id(&mut conn, message.environment_id).await?;
    drop(conn);
    let (Some(application), Some(environment)) = (application, environment) else { return Ok(None) };
    let Some(uri) = application.backchannel_logout_uri.clone() else { return Ok(None) };
    let token = token(state, message, application, state.issuer(&environment)).await?;
    Ok(Some((uri, token)))
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

async fn token(state: &AppState, message: &Message, application: Application, issuer: String) -> ServiceResult<String> {
    let key = relying_party::active_key(state, message.environment_id, application.signing_algorithm).await?;
    let (sid, sub) = (message.about, Payload::of(message)?.user_id);
    let now = state.now();
    let jti = state.new_id().simple().to_string();
    let work = move |signer: Signer<'_>| {
        let token = LogoutToken {
            iss: &issuer,
            aud: &application.client_id,
            iat: now.timestamp(),
            exp: (now + TOKEN_LIFETIME).timestamp(),
            jti,
            sub,
            sid,
            events: Events { logout: Nothing {} },
        };
        signer.sign("logout+jwt", &token)
    };
    Ok(key.signing(work).await?)
}

/// What operators read where an application was not told in time. `error` is what went wrong last.
pub async fn given_up(tx: &mut Tx, message: &Message, error: &str) -> ServiceResult<Event> {
    // It may have been removed while the session ended: then nobody is left to be told.
    let application = application::by_id(tx, message.environment_id, message.destination).await?;
    let name = application.as_ref().map_or("An application that was removed", |application| &application.name);
    let event = Event::of(
        message.environment_id,
        action::LOGOUT_UNDELIVERED,
        format!("{name} was not told within 24 hours that a session ended, in {} attempts: {error}", message.attempt()),
    )
    .about_session(message.about);
    let event = match &application {
        Some(application) => event.in_application(application.id, &application.name),
        None => event,
    };
    // One that cannot be read is given up all the same.
    let user = match Payload::of(message) {
        Ok(payload) => user::by_id(tx, message.environment_id, payload.user_id).await?,
        Err(_) => None,
    };
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
#[tracing::instrument(level = "debug", skip_all)]
pub async fn retry(caller: &Caller, application_id: Uuid, session_id: Uuid) -> ServiceResult<()> {
    caller.require(Roles::can_administer)?;
    let state = &caller.state;
    let mut tx = state.db.write().await?;
    let application =
        application::by_id(&mut tx, caller.environment.id, application_id).await?.ok_or(ServiceError::NotFound)?;
    let row = table::one(&mut tx, application_id, session_id).await?.ok_or(ServiceError::NotFound)?;
    if !outbox::again(state, &mut tx, row.id).await? {
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
    Ok(())
}
