//! The authorization endpoint (OpenID Connect Core section 3.1.2, RFC 6749 section 4.1): code only, PKCE with S256.
//!
//! Client and redirect URI come first: until both are known, errors are pages, for nothing may be sent to an address
//! that nobody registered.

mod reply;
mod request;

use std::sync::Arc;

use axum::extract::RawQuery;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::reauthentication::{self, Mark};
use super::selection::{self, Then};
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::http::page;
use crate::server::oauth::browser::{Asked, Browser, Choice, Whom};
use crate::server::oauth::hint::{self, IdHint};
use crate::server::oauth::parameters::{BrowserForm, Parameters, with_query};
use crate::server::oauth::parking;
use crate::server::oauth::problem::{self, RefusedRequest};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::service::registry::relying_party;
use crate::server::service::tokens::{self, CodeRequest, NoCode};
use reply::Reply;
use request::{AuthorizationError, AuthorizationRequest};

pub async fn get(provider: Provider, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::of_query(&query.unwrap_or_default());
    match answer(&provider, &parameters).await {
        Ok(response) => response,
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

/// The same request by GET: a form from another site comes without cookies, the redirect that follows it with them.
pub async fn post(provider: Provider, BrowserForm(parameters): BrowserForm) -> Response {
    let query = parameters.without(&[]);
    if query.len() > parking::LONGEST {
        return parking::said_of(parking::too_long(query.len()), &query);
    }
    Redirect::to(&format!("{}?{query}", provider.path("/authorize"))).into_response()
}

const LOGIN_REQUIRED: AuthorizationError =
    AuthorizationError { code: "login_required", description: "nobody is signed in who could be meant" };
const SELECTION_REQUIRED: AuthorizationError = AuthorizationError {
    code: "account_selection_required",
    description: "several could be meant; send id_token_hint or login_hint",
};

async fn answer(provider: &Provider, parameters: &Parameters) -> ServiceResult<Response> {
    let (application, reply) = match recipient(provider, parameters).await? {
        Ok(known) => known,
        Err(page) => return Ok(page),
    };
    match AuthorizationRequest::read(parameters, &application) {
        Ok(request) => sign_in(provider, parameters, &application, &request, &reply).await,
        Err(error) => {
            let refused = error.about(parameters);
            problem::note(provider, Some(&application), ProblemKind::AuthorizationRequest, &refused);
            Ok(reply.error(error))
        }
    }
}

/// The client and its registered redirect URI, or the error page.
async fn recipient(
    provider: &Provider,
    parameters: &Parameters,
) -> ServiceResult<Result<(Arc<Application>, Reply), Response>> {
    let refuse = |application: Option<&Application>, refused: RefusedRequest<'_>| {
        Ok(Err(refused.page(provider, application, "This sign-in cannot go on")))
    };
    if parameters.has_nul_in(&["client_id", "redirect_uri"]) {
        let sentence = "The application sent client_id or redirect_uri with a NUL character. Tell its developers.";
        return refuse(None, RefusedRequest::request(sentence));
    }
    if parameters.is_repeated("client_id") || parameters.is_repeated("redirect_uri") {
        let sentence = "The application sent client_id or redirect_uri twice. Tell its developers.";
        return refuse(None, RefusedRequest::request(sentence));
    }
    let Some(client_id) = parameters.get("client_id") else {
        let sentence = "The application did not say which one it is: client_id is missing. Tell its developers.";
        return refuse(None, RefusedRequest::request(sentence));
    };
    let known = relying_party::application(&provider.state, provider.environment.id, client_id).await?;
    let Some(application) = known else {
        let sentence = "No application of this environment has this client_id. Tell its developers.";
        return refuse(None, RefusedRequest::new(ProblemKind::ClientId, sentence, client_id));
    };
    let Some(redirect_uri) = parameters.get("redirect_uri") else {
        let sentence = "The application did not say where to return to: redirect_uri is missing. Tell its developers.";
        return refuse(Some(&application), RefusedRequest::request(sentence));
    };
    if !relying_party::is_login_redirect(&provider.state, application.id, redirect_uri).await? {
        let sentence =
            "The application wants to return to an address that is not registered for it. Tell its developers.";
        return refuse(Some(&application), RefusedRequest::new(ProblemKind::RedirectUri, sentence, redirect_uri));
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
        Some(token) => hint::id_token(provider, token).await?,
        None => None,
    };
    // It names somebody, and nobody can tell whom: without a page there is no answer that would not be a guess. With one
    // the hint is passed over.
    if request.silent && request.id_token_hint.is_some() && id_hint.is_none() {
        let sentence = "id_token_hint is no id token of this issuer that can be verified, and prompt=none asks nobody";
        problem::note(provider, Some(application), ProblemKind::AuthorizationRequest, sentence);
        return Ok(reply.error(LOGIN_REQUIRED));
    }
    let browser = Browser::of(provider).await?;
    let mark = reauthentication::mark(provider, parameters);
    let whom = whom(provider, application, &browser, request, id_hint.as_ref()).await?;
    let asked = Asked { whom, opening: !request.silent, answer: mark.and_then(|mark| mark.answer) };
    let again = Again { provider, parameters, request, reply };
    match browser.for_application(provider, application, asked).await? {
        Choice::Session(session) => go_on(&again, application, &browser, &session, mark, id_hint.as_ref()).await,
        Choice::Several(_) if request.silent => Ok(reply.error(SELECTION_REQUIRED)),
        Choice::Several(sessions) => again.select(application, &sessions).await,
        Choice::Over { .. } if request.silent => Ok(reply.error(LOGIN_REQUIRED)),
        // Nobody is there to choose from, and the request names nobody: the sign-in page says what ended.
        Choice::Over { session: Some(session), others } if others.is_empty() && !request.names_somebody() => {
            let pairs = [("continue", again.path().await?), ("ended", session.id.to_string())];
            let pairs = pairs.each_ref().map(|(name, value)| (*name, value.as_str()));
            Ok(Redirect::to(&with_query(&provider.path("/login"), &pairs)).into_response())
        }
        Choice::Over { session, others } => {
            let path = again.path().await?;
            selection::ended(provider, session.as_deref(), &others, &Then::Authorize(&path)).await
        }
        Choice::Nobody => again.sign_in_or_refuse().await,
    }
}

/// Whom the request names: a session by its id, else the one who is in the id token, else a user by the login hint.
async fn whom(
    provider: &Provider,
    application: &Application,
    browser: &Browser,
    request: &AuthorizationRequest<'_>,
    id_hint: Option<&IdHint>,
) -> ServiceResult<Whom> {
    let hinted = match request.login_hint {
        Some(hint) => browser.hinted(provider, application, hint).await?,
        None => Whom::Anyone,
    };
    if let (Whom::Anyone | Whom::User(_), Some(id_hint)) = (&hinted, id_hint) {
        let named = browser.session_named(provider, application, id_hint.session_id).await?;
        return Ok(named.unwrap_or(Whom::User(id_hint.user_id)));
    }
    Ok(hinted)
}

/// Gives the session's code, unless its user is to choose or to sign in first. Of an impersonation neither is asked: its
/// operator chose the user, and the user cannot sign in again. It goes on, and its id token has neither `auth_time` nor
/// `amr`, so that it satisfies no demand for a recent sign-in (Core section 2).
async fn go_on(
    again: &Again<'_>,
    application: &Application,
    browser: &Browser,
    session: &Session,
    mark: Option<Mark>,
    id_hint: Option<&IdHint>,
) -> ServiceResult<Response> {
    let Again { provider, request, reply, .. } = *again;
    let is_answered = mark.is_some_and(|mark| mark.answer.is_some());
    if id_hint.is_some_and(|id_hint| id_hint.user_id != session.user_id) {
        // Whoever was named when the page asked is somebody else: asking once more would go on for ever.
        return if is_answered { Ok(reply.error(LOGIN_REQUIRED)) } else { again.sign_in_or_refuse().await };
    }
    if !session.is_impersonation() && !mark.is_some_and(|mark| mark.is_fresh(session)) {
        if request.select_account && !is_answered {
            return again.select(application, &browser.running_for(provider, application).await?).await;
        }
        if request.fresh_sign_in || is_too_old(provider, session, request.max_age) {
            return again.sign_in_or_refuse().await;
        }
    }
    issue(provider, application, request, browser, session.id, reply).await
}

async fn issue(
    provider: &Provider,
    application: &Application,
    request: &AuthorizationRequest<'_>,
    browser: &Browser,
    session_id: Uuid,
    reply: &Reply,
) -> ServiceResult<Response> {
    let code = CodeRequest {
        redirect_uri: &reply.redirect_uri,
        scope: &request.scope,
        nonce: request.nonce,
        code_challenge: request.code_challenge,
        browser_id: browser.id(),
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

/// Whether the user signed in longer ago than the application accepts.
fn is_too_old(provider: &Provider, session: &Session, max_age: Option<i64>) -> bool {
    max_age.is_some_and(|seconds| (provider.state.now() - session.created_at).num_seconds() > seconds)
}

/// A request that a page interrupts and that is read again afterwards.
struct Again<'a> {
    provider: &'a Provider,
    parameters: &'a Parameters,
    request: &'a AuthorizationRequest<'a>,
    reply: &'a Reply,
}

impl Again<'_> {
    /// Where the page comes back to, or a short name for it.
    async fn path(&self) -> ServiceResult<String> {
        // Signing in replaces the session that the browser has: named by its id, it would not be found afterwards.
        let outdated: &[&str] = if self.request.hints_by_id() { &["login_hint"] } else { &[] };
        let query = reauthentication::marked(self.provider, self.parameters, outdated);
        parking::short_name(self.provider, format!("{}?{query}", self.provider.path("/authorize"))).await
    }

    /// The sign-in page, or `login_required` where nothing may be shown.
    async fn sign_in_or_refuse(&self) -> ServiceResult<Response> {
        if self.request.silent {
            return Ok(self.reply.error(LOGIN_REQUIRED));
        }
        let path = self.path().await?;
        Ok(Redirect::to(&with_query(&self.provider.path("/login"), &[("continue", &path)])).into_response())
    }

    async fn select(&self, application: &Application, sessions: &[Session]) -> ServiceResult<Response> {
        let title = format!("Who are you in {}?", isolated(&application.name));
        let sentence = "More than one could be meant, and the application did not say who.";
        let sentence = if sessions.len() > 1 { sentence } else { "The application asks who you are." };
        let path = self.path().await?;
        selection::ask(self.provider, &title, sentence, sessions, &Then::Authorize(&path)).await
    }
}
