//! Embedded login: the application's own page takes e-mail and password, or a hand-off code, and the browser keeps the
//! session by cookie alone.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::answer::{self, SCOPE};
use super::call::{Call, Shown, require_public};
use super::cookies::{self, Found};
use super::error::{SdkError, SdkResult};
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::oauth::cookies::set_device;
use crate::server::oauth::problem;
use crate::server::oauth::provider::Provider;
use crate::server::service::impersonation::hand_off::{self, HandOffRefusal, Opened, Presenter};
use crate::server::service::registry::sdk;
use crate::server::service::session::sign_in::{self, Before, SignedInUser};
use crate::server::service::tokens::{self, Reissue};

const ANOTHER: &str = "Somebody else signed in to this application in another tab. Load the page anew to go on.";

pub const SEVERAL: &str = "Several users are signed in here. Sign in to say which one is meant.";

/// `POST auth/v1/user`: signs a user in with e-mail and password.
pub async fn sign_in(call: Call) -> SdkResult<Response> {
    let application = embedded(&call, call.application().await?)?;
    let Provider { state, environment, origin, .. } = &call.provider;
    let (Some(email), Some(password)) = (call.input.get("email"), call.input.get("password")) else {
        return Err(SdkError::request("Send email and password."));
    };
    let session = match cookies::find(&call.provider, &application).await? {
        Found::Session { session, .. } if !session.is_impersonation() => Some(session.id),
        _ => None,
    };
    let before = Before { session, cookie: None };
    let signed_in = sign_in::sign_in_at(state, environment, Some(&application), email, password, before, origin).await;
    let SignedInUser { session_id, cookie, device, expires_at } = signed_in?;
    let mut response = tokens_of(&call, &application, session_id).await?;
    cookies::begin(&call.provider, &mut response, &application, &cookie, expires_at).await?;
    set_device(&call.provider, &mut response, &device);
    Ok(response)
}

/// `POST auth/v1/user/token/refresh`: tokens of the session that the browser keeps, for a tab that is of that session, or that
/// can be of no other.
pub async fn refresh(call: Call) -> SdkResult<Response> {
    let application = call.application().await?;
    require_public(&application)?;
    match cookies::find(&call.provider, &application).await? {
        Found::Session { session, shared } => match call.shown(&session).await? {
            Shown::Another => Err(SdkError::over(ANOTHER)),
            Shown::Nobody if shared => Err(SdkError::over(SEVERAL)),
            Shown::Nobody | Shown::This => tokens_of(&call, &application, session.id).await,
        },
        Found::Nothing => Err(SdkError::over("Nobody is signed in.")),
        Found::Over => {
            let mut response = SdkError::over("The session has ended.").into_response();
            cookies::clear(&call.provider, &mut response, &application);
            Ok(response)
        }
    }
}

async fn tokens_of(call: &Call, application: &Application, session_id: Uuid) -> SdkResult<Response> {
    let Provider { state, environment, origin, .. } = &call.provider;
    let wanted = Reissue {
        scope: SCOPE,
        with_refresh_token: false,
        family_id: cookies::family(&call.provider, application, session_id).await?,
        tenant_id: call.input.get("tenantId"),
    };
    let granted = tokens::reissue(state, environment.id, session_id, application, &wanted, origin).await?;
    Ok(answer::sign(&call.provider, application, granted).await?.embedded())
}

/// `POST impersonation/v1`: trades a hand-off code for the impersonation that it carries. The code works once, within its 60
/// seconds, for its application, from that application's pages, and only together with the verifier of the page for which
/// the operator's browser claimed it.
pub async fn impersonate(call: Call) -> SdkResult<Response> {
    const UNKNOWN: &str = "This link is unknown. Start the session again from the portal.";
    let code = call.input.get("actorToken").ok_or_else(|| SdkError::request("actorToken is missing"))?;
    let Provider { state, environment, origin, .. } = &call.provider;
    let owner = sdk::owner_of_hand_off(state, environment.id, code).await?;
    let Some((application, user_id)) = owner else {
        hand_off::unknown(state, environment.id);
        return Err(SdkError::over(UNKNOWN));
    };
    let application = embedded(&call, application)?;
    call.require_page_of(&application).await?;
    if call.header("origin").is_empty() {
        // Browsers say where a page posts from, and so does the server of Next.js.
        return Err(SdkError::forbidden("Only a page of the application may trade this code."));
    }
    if call.input.get("impersonatedUserId").is_some_and(|wanted| Uuid::try_parse(wanted) != Ok(user_id)) {
        return Err(SdkError::request("impersonatedUserId is not the user of this actorToken"));
    }
    let presenter = Presenter::Page { application: &application, code_verifier: call.input.get("codeVerifier") };
    let opened = match hand_off::redeem(state, environment.id, code, presenter, origin).await? {
        Ok(opened) => opened,
        Err(refusal) => return Err(refused(refusal)),
    };
    let Opened { session, .. } = opened;
    let mut response = tokens_of(&call, &application, session.id).await?;
    cookies::keep(&call.provider, &mut response, &application, &session, None).await?;
    Ok(response)
}

fn refused(refusal: HandOffRefusal) -> SdkError {
    let sentence = match refusal {
        HandOffRefusal::Unknown => "This link is unknown. Start the session again from the portal.",
        HandOffRefusal::NoProof => {
            "This page did not prove to be in the operator's browser. Start the session again from the portal; where it \
             happens again, the page runs an old login box: load it anew."
        }
        HandOffRefusal::Replayed => "This link was used already. Start a new session from the portal.",
        HandOffRefusal::Expired => "This link is too old. Start the session again from the portal.",
        HandOffRefusal::NoOperator
        | HandOffRefusal::ForeignOperator
        | HandOffRefusal::ForeignApplication
        | HandOffRefusal::OtherLoginMethod
        | HandOffRefusal::BrowserFull => "This link is not for this application.",
        HandOffRefusal::Ended(_) => "This impersonation has ended. Start a new session from the portal.",
    };
    SdkError::over(sentence)
}

/// Passwords and hand-off codes are taken from pages of applications with embedded login only.
fn embedded(call: &Call, application: Arc<Application>) -> SdkResult<Arc<Application>> {
    const HOSTED: &str = "This application signs its users in on the hosted page; its login method is not embedded.";
    if application.is_embedded() {
        require_public(&application)?;
        return Ok(application);
    }
    problem::note(&call.provider, Some(&application), ProblemKind::TokenRequest, HOSTED);
    Err(SdkError::forbidden(HOSTED))
}
