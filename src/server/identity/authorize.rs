//! The authorization endpoint (OpenID Connect Core section 3.1.2, RFC 6749 section 4.1): code only, PKCE with S256.
//!
//! Client and redirect URI come first: until both are known, errors are pages, for nothing may be sent to an address
//! that nobody registered.

mod reauthentication;
mod reply;
mod request;

use std::sync::Arc;

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::choice::{Browser, Choice};
use super::parameters::{BrowserForm, Parameters, with_query};
use super::provider::Provider;
use super::{hint, page};
use crate::server::db::session::StandingRow;
use crate::server::error::ServiceResult;
use crate::server::service::relying_party::{self, Application};
use crate::server::service::tokens::{self, CodeRequest, NoCode};
use reply::Reply;
use request::{AuthorizationError, AuthorizationRequest};

pub async fn get(provider: Provider, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(&query.unwrap_or_default());
    respond(&provider, &parameters).await
}

/// The answer to a request, whichever layer has read it.
pub async fn respond(provider: &Provider, parameters: &Parameters) -> Response {
    match answer(provider, parameters).await {
        Ok(response) => response,
        Err(error) => page::failed(error, &provider.client.request_id),
    }
}

/// The same request by GET: a form from another site comes without cookies, the redirect that follows it with them.
pub async fn post(provider: Provider, BrowserForm(parameters): BrowserForm) -> Response {
    Redirect::to(&format!("{}?{}", provider.path("/authorize"), parameters.without(&[]))).into_response()
}

const LOGIN_REQUIRED: AuthorizationError =
    AuthorizationError { code: "login_required", description: "nobody is signed in who could be meant" };

async fn answer(provider: &Provider, parameters: &Parameters) -> ServiceResult<Response> {
    let (application, reply) = match recipient(provider, parameters).await? {
        Ok(known) => known,
        Err(sentence) => return Ok(page::plain(StatusCode::BAD_REQUEST, "This sign-in cannot go on", sentence)),
    };
    match AuthorizationRequest::read(parameters, &application) {
        Ok(request) => sign_in(provider, parameters, &application, &request, &reply).await,
        Err(error) => Ok(reply.error(error)),
    }
}

/// The client and its registered redirect URI, or the sentence of an error page.
async fn recipient(
    provider: &Provider,
    parameters: &Parameters,
) -> ServiceResult<Result<(Arc<Application>, Reply), &'static str>> {
    if parameters.has_nul_in(&["client_id", "redirect_uri"]) {
        return Ok(Err("The application sent client_id or redirect_uri with a NUL character. Tell its developers."));
    }
    if parameters.is_repeated("client_id") || parameters.is_repeated("redirect_uri") {
        return Ok(Err("The application sent client_id or redirect_uri twice. Tell its developers."));
    }
    let Some(client_id) = parameters.get("client_id") else {
        return Ok(Err("The application did not say which one it is: client_id is missing. Tell its developers."));
    };
    let known = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let Some(application) = known else {
        return Ok(Err("No application of this environment has this client_id. Tell its developers."));
    };
    let Some(redirect_uri) = parameters.get("redirect_uri") else {
        return Ok(Err(
            "The application did not say where to return to: redirect_uri is missing. Tell its developers.",
        ));
    };
    if !relying_party::is_login_redirect(&provider.state, application.id, redirect_uri).await? {
        return Ok(Err(
            "The application wants to return to an address that is not registered for it. Tell its developers.",
        ));
    }
    let reply = Reply::new(provider, parameters, &application, redirect_uri);
    Ok(Ok((application, reply)))
}

async fn sign_in(
    provider: &Provider,
    parameters: &Parameters,
    application: &Application,
    request: &AuthorizationRequest<'_>,
    reply: &Reply,
) -> ServiceResult<Response> {
    let id_hint = match request.id_token_hint {
        Some(token) => match hint::id_token(provider, token).await? {
            Some(id_hint) => Some(id_hint),
            None => return Ok(reply.error(AuthorizationError::request("id_token_hint is no id token of this issuer"))),
        },
        None => None,
    };
    let browser = Browser::of(provider).await?;
    // A session id as login_hint is a session and no other; one in an old id token is, while the browser still has it.
    let hinted = id_hint.as_ref().map(|id_hint| id_hint.session_id).filter(|id| browser.holds(*id));
    let named = request.named_session().or(hinted);
    let session = match browser.for_application(provider, application, named).await? {
        Choice::Session(session) => session,
        Choice::Gone if request.silent => return Ok(reply.error(LOGIN_REQUIRED)),
        Choice::Gone => return Ok(ended_page()),
        Choice::Nobody => return Ok(ask_or_refuse(provider, parameters, request, reply)),
    };
    let is_fresh = reauthentication::is_answered(reauthentication::asked_at(provider, parameters), &session);
    if id_hint.is_some_and(|id_hint| id_hint.user_id != session.user_id) {
        // Whoever signed in when asked was somebody else: asking once more would go on for ever.
        return Ok(if is_fresh {
            reply.error(LOGIN_REQUIRED)
        } else {
            ask_or_refuse(provider, parameters, request, reply)
        });
    }
    if !is_fresh && (request.fresh_sign_in || is_too_old(provider, &session, request.max_age)) {
        if session.is_impersonation() {
            let description = "the user of an impersonation cannot sign in again";
            return Ok(reply.error(AuthorizationError { code: "login_required", description }));
        }
        return Ok(ask_or_refuse(provider, parameters, request, reply));
    }
    issue(provider, application, request, session.id, reply).await
}

async fn issue(
    provider: &Provider,
    application: &Application,
    request: &AuthorizationRequest<'_>,
    session_id: Uuid,
    reply: &Reply,
) -> ServiceResult<Response> {
    let code = CodeRequest {
        redirect_uri: &reply.redirect_uri,
        scope: &request.scope,
        nonce: request.nonce,
        code_challenge: request.code_challenge,
    };
    let environment_id = provider.environment.id;
    let issued = tokens::issue_code(&provider.state, environment_id, session_id, application, &code).await?;
    Ok(match issued {
        Ok(code) => reply.code(&code),
        Err(NoCode::Ended) => reply.error(LOGIN_REQUIRED),
        Err(NoCode::NotAssigned) => reply.error(AuthorizationError {
            code: "access_denied",
            description: "no account of the user has this application",
        }),
    })
}

/// Whether the user signed in longer ago than the application accepts. An impersonation has no sign-in of the user.
fn is_too_old(provider: &Provider, session: &StandingRow, max_age: Option<i64>) -> bool {
    max_age.is_some_and(|seconds| {
        session.is_impersonation() || (provider.state.now() - session.created_at).num_seconds() > seconds
    })
}

/// The sign-in page, which comes back here afterwards, or `login_required` where nothing may be shown.
fn ask_or_refuse(
    provider: &Provider,
    parameters: &Parameters,
    request: &AuthorizationRequest<'_>,
    reply: &Reply,
) -> Response {
    if request.silent {
        return reply.error(LOGIN_REQUIRED);
    }
    // Signing in replaces the session that the browser has: named by its id, it would not be found afterwards.
    let outdated: &[&str] = if request.named_session().is_some() { &["login_hint"] } else { &[] };
    let query = reauthentication::marked(provider, parameters, outdated);
    let again = format!("{}?{query}", provider.path("/authorize"));
    Redirect::to(&with_query(&provider.path("/login"), &[("continue", &again)])).into_response()
}

fn ended_page() -> Response {
    page::plain(
        StatusCode::FORBIDDEN,
        "This impersonation has ended",
        "It has ended, or it was started in another browser. Close this tab; a new session can be started from the portal.",
    )
}
