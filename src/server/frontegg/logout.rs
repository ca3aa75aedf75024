//! Signing out: by a script, which gets an empty answer, or by a browser that goes here and on to where the application
//! registered. The bearer token says which session, so that a tab ends its own; without one the cookie does. Whoever was shown
//! a token, or found an old one, ends nothing by it.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::json;
use uuid::Uuid;

use super::call::{Call, is_navigation, verify_late};
use super::cookies::{self, Found};
use super::error::{SdkError, SdkResult};
use super::meant::{Meant, meant};
use super::own;
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::error::ServiceResult;
use crate::server::http::page;
use crate::server::oauth::access;
use crate::server::oauth::browser::{Asked, Browser};
use crate::server::oauth::parameters::with_query;
use crate::server::oauth::problem::RefusedRequest;
use crate::server::oauth::provider::Provider;
use crate::server::platform::url::in_ascii;
use crate::server::service::registry::relying_party;
use crate::server::service::registry::sdk;
use crate::server::service::session::sign_in;
use crate::server::state::AppState;

/// `POST auth/v1/logout`.
pub async fn embedded(call: Call) -> SdkResult<Response> {
    sign_out_by_script(&call).await
}

/// `GET` and `POST /oauth/logout`.
pub async fn hosted(State(state): State<AppState>, request: Request) -> Response {
    let call = match Call::from_request(request, &state).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    if call.header("sec-fetch-mode") == "no-cors" {
        // An image or a script of some page: nobody wants to sign out like that.
        return SdkError::request("Sign out by a call of a script or by going here.").into_response();
    }
    if !is_navigation(&call.provider.headers) {
        return sign_out_by_script(&call).await.into_response();
    }
    let left = leave(&call).await;
    left.unwrap_or_else(|error| page::failed(error, &call.provider.origin.request_id))
}

async fn sign_out_by_script(call: &Call) -> SdkResult<Response> {
    let presented = presented(call).await?;
    let application = match &presented {
        Presented::Session(_, application) => Some(application.clone()),
        Presented::Unreadable => return Err(SdkError::unclear(UNREADABLE)),
        Presented::Nothing => call.find_application().await?,
    };
    let Some(application) = application else { return Ok(Json(json!({})).into_response()) };
    call.require_page_of(&application).await?;
    let session_id = match presented {
        Presented::Session(session_id, _) => Some(session_id),
        _ => match leaving(call, &application).await? {
            Leaving::Nobody => None,
            Leaving::Session(session_id) => Some(session_id),
            Leaving::Unclear { .. } => return Err(SdkError::unclear(UNCLEAR)),
        },
    };
    let mut response = Json(json!({})).into_response();
    end(call, &application, session_id, &mut response).await?;
    Ok(response)
}

/// A browser that the application, or its server, sent here.
async fn leave(call: &Call) -> ServiceResult<Response> {
    let (state, environment_id) = (&call.provider.state, call.provider.environment.id);
    let wanted = call.query.get("post_logout_redirect_uri").or_else(|| call.input.get("post_logout_redirect_uri"));
    let named = match call.named() {
        Some(client_id) => relying_party::application(state, environment_id, client_id).await?,
        None => None,
    };
    let application = match (named, wanted) {
        (Some(named), _) => Some(named),
        (None, Some(uri)) => sdk::owner_of_logout_uri(state, environment_id, uri).await?,
        (None, None) => call.unnamed_application().await?,
    };
    let target = match (wanted, &application) {
        (None, _) => None,
        (Some(uri), Some(application)) if relying_party::is_logout_redirect(state, application.id, uri).await? => {
            Some(match call.query.get("state") {
                Some(state) => with_query(uri, &[("state", state)]),
                None => in_ascii(uri),
            })
        }
        (Some(uri), application) => return Ok(unregistered(call, application.as_deref(), uri)),
    };
    if !came_from(call, application.as_deref()).await? {
        return Ok(ask_first(call, application.as_deref(), wanted));
    }
    let Some(application) = application else { return Ok(ask_first(call, None, wanted)) };
    let session_id = match leaving(call, &application).await? {
        Leaving::Nobody => None,
        Leaving::Session(session_id) => Some(session_id),
        Leaving::Unclear { known: true } => return Ok(ask_first(call, Some(&application), wanted)),
        Leaving::Unclear { known: false } => {
            return Ok(page::plain(StatusCode::CONFLICT, "Whose session do you want to end?", UNCLEAR));
        }
    };
    let mut response = match target {
        Some(url) => Redirect::to(&url).into_response(),
        None => page::plain(StatusCode::OK, "You are signed out", "You can close this tab."),
    };
    end(call, &application, session_id, &mut response).await?;
    Ok(response)
}

fn unregistered(call: &Call, application: Option<&Application>, uri: &str) -> Response {
    let sentence = "The application wants to return to an address that is not registered for it. Tell its developers.";
    let refused = RefusedRequest::new(ProblemKind::LogoutRedirectUri, sentence, uri);
    refused.page(&call.provider, application, "This sign-out cannot go on")
}

/// Whether a page of the application, or one of ours, sent the browser here, for a person to see. Anybody can put a link
/// to this address anywhere, and browsers open links ahead of time; none of them can write `Referer` or `Origin`.
async fn came_from(call: &Call, application: Option<&Application>) -> ServiceResult<bool> {
    let state = &call.provider.state;
    let purpose = [call.header("sec-purpose"), call.header("purpose")];
    if purpose.iter().any(|purpose| purpose.contains("prefetch")) {
        return Ok(false);
    }
    if call.header("sec-fetch-site") == "same-origin" {
        return Ok(true);
    }
    let sender = match call.header("origin") {
        "" | "null" => relying_party::origin_of(call.header("referer")),
        origin => Some(origin.to_owned()),
    };
    let (Some(sender), Some(application)) = (sender, application) else { return Ok(false) };
    Ok(sender == call.provider.origin() || relying_party::is_origin_of(state, application, &sender).await?)
}

/// The standard's own sign-out, which asks unless an id token says whose session it is.
fn ask_first(call: &Call, application: Option<&Application>, wanted: Option<&str>) -> Response {
    let mut pairs = Vec::new();
    if let Some(application) = application {
        pairs.push(("client_id", application.client_id.as_str()));
    }
    if let Some(uri) = wanted {
        pairs.push(("post_logout_redirect_uri", uri));
    }
    for name in ["state", "id_token_hint"] {
        if let Some(value) = call.query.get(name).or_else(|| call.input.get(name)) {
            pairs.push((name, value));
        }
    }
    let path = call.provider.path("/logout");
    let url = if pairs.is_empty() { path } else { with_query(&path, &pairs) };
    Redirect::to(&url).into_response()
}

/// What a bearer token says of who signs out.
enum Presented {
    Nothing,
    /// It names somebody, and nobody can tell whom.
    Unreadable,
    Session(Uuid, Arc<Application>),
}

/// The session and application of the bearer token. In the browser that holds the session it may be any token of it, however
/// old: signing out late is still signing out. Elsewhere it has to be one that opens what is the user's own, and good now.
async fn presented(call: &Call) -> SdkResult<Presented> {
    let provider = &call.provider;
    let value = provider.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some(token) = token.map(|(_, token)| token.trim()).filter(|token| !token.is_empty()) else {
        return Ok(Presented::Nothing);
    };
    let Some((verified, past)) = verify_late(provider, token).await? else { return Ok(Presented::Unreadable) };
    let client_id = verified.text("client_id").or(verified.text("aud"));
    let (Some(session_id), Some(client_id)) = (verified.sid(), client_id) else { return Ok(Presented::Unreadable) };
    let application = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let Some(application) = application else { return Ok(Presented::Unreadable) };
    if Browser::of(provider).await?.holds(session_id) || cookies::was_given(provider, session_id).await? {
        return Ok(Presented::Session(session_id, application));
    }
    if past {
        return Ok(Presented::Unreadable);
    }
    if verified.is_over(provider.state.now()) {
        return Err(SdkError::denied(EXPIRED));
    }
    match access::unexpired(provider, token).await? {
        Some(access) if own::may_end(provider, &access).await? => Ok(Presented::Session(session_id, application)),
        _ => Err(SdkError::forbidden(POWERLESS)),
    }
}

/// Who signs out.
enum Leaving {
    Nobody,
    Session(Uuid),
    /// Somebody of several, or of whom this browser was before. `known` where the provider's own page can ask who.
    Unclear {
        known: bool,
    },
}

/// Without a token: whom the browser means, as for signing in silently. Where that is not clear, nothing of another tab ends,
/// and nobody is told to be signed out who is not.
async fn leaving(call: &Call, application: &Application) -> ServiceResult<Leaving> {
    let provider = &call.provider;
    let browser = Browser::of(provider).await?;
    let meant = meant(call, &browser, application, Asked::anyone_known()).await?;
    if let Meant::Session(session) = meant {
        return Ok(Leaving::Session(session.id));
    }
    let known = !browser.running_for(provider, application).await?.is_empty();
    Ok(match meant {
        Meant::Several => Leaving::Unclear { known },
        // Whose tab it is may be over, or the other's.
        Meant::Over if known => Leaving::Unclear { known },
        _ => Leaving::Nobody,
    })
}

const UNCLEAR: &str = "Several users are signed in to this application here, and nobody can say which one signs out. \
                       Nothing was ended. Sign out in the tab itself, or end the session in the portal or on the page \
                       My sessions.";
const EXPIRED: &str = "The token has expired, and this browser does not hold its session. Nothing was \
                       ended. Sign out by a new token, or send the browser to this provider's oauth/logout.";
const POWERLESS: &str = "This token ends no session: only one that an SDK got with the scopes profile and email does, unless \
                         the browser holds the session. Nothing was ended.";
const UNREADABLE: &str = "The token cannot be read, so that nobody can say whose session shall end. Nothing was ended.";

/// Ends the session and takes the application's cookie back: not that of another one, which another tab may have brought since.
async fn end(
    call: &Call,
    application: &Application,
    session_id: Option<Uuid>,
    response: &mut Response,
) -> ServiceResult<()> {
    let Provider { state, environment, origin, .. } = &call.provider;
    if let Some(session_id) = session_id {
        sign_in::sign_out(state, environment.id, session_id, origin).await?;
    }
    if !matches!(cookies::find(&call.provider, application).await?, Found::Session { .. }) {
        cookies::clear(&call.provider, response, application);
    }
    Ok(())
}
