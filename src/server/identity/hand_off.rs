//! The hand-off of an impersonation into the tab that the portal opened (OpenID Connect Core section 4: sign-in that a
//! third party initiates).

mod across;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use crate::server::domain::actor::Operator;
use crate::server::error::ServiceResult;
use crate::server::http::caller::operator_cookie;
use crate::server::http::page::{self, Page};
use crate::server::oauth::cookies;
use crate::server::oauth::parameters::{BrowserQuery, Parameters, with_query};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::service::impersonation::hand_off::{self, Claimed, HandOffRefusal, Opened, Presenter};
use crate::server::service::operator;
use crate::server::service::registry::relying_party;
use crate::server::service::session::browser::RUNNING;

/// Redeems the code and goes to the application. Only a GET for someone to see may use the code up.
pub async fn open(provider: Provider, method: Method, BrowserQuery(parameters): BrowserQuery) -> Response {
    if method != Method::GET || is_only_looking_ahead(&provider) {
        return not_now();
    }
    if provider.has_own_host() {
        let opened = open_across(&provider, &parameters).await;
        return opened.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id));
    }
    match redeem(&provider, &parameters).await {
        Ok(Ok(opened)) => opening(&provider, &opened),
        Ok(Err(refusal)) => refused(&provider, refusal),
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

async fn redeem(provider: &Provider, parameters: &Parameters) -> ServiceResult<Result<Opened, HandOffRefusal>> {
    let state = &provider.state;
    let Some(code) = once(parameters, "code") else { return Ok(Err(HandOffRefusal::Unknown)) };
    let operator = operator_here(provider).await?;
    let browser = cookies::browser(provider);
    let presenter = Presenter::Browser(operator.as_ref(), browser.as_deref());
    hand_off::redeem(state, provider.environment.id, code, presenter, &provider.origin).await
}

/// [`open`] at the environment's own host name: the tab has been at the public address, or goes there first.
async fn open_across(provider: &Provider, parameters: &Parameters) -> ServiceResult<Response> {
    let Some(code) = once(parameters, "code") else { return Ok(refused(provider, HandOffRefusal::Unknown)) };
    let Some(challenge) = once(parameters, across::CHALLENGE) else { return Ok(across::set_out(provider, code)) };
    let (word, browser) = (across::word(provider, challenge), cookies::browser(provider));
    let presenter = Presenter::Tab { code_verifier: word.as_deref(), cookie: browser.as_deref() };
    let opened = hand_off::redeem(&provider.state, provider.environment.id, code, presenter, &provider.origin).await?;
    Ok(match opened {
        Ok(opened) => opening(provider, &opened),
        Err(refusal) => refused(provider, refusal),
    })
}

/// A parameter that is there once.
fn once<'p>(parameters: &'p Parameters, name: &str) -> Option<&'p str> {
    parameters.get(name).filter(|_| !parameters.is_repeated(name))
}

/// Changes the code of an application that signs its users in itself for one that only the page which sent the browser here
/// can trade, and goes back to that page. `code_challenge` comes back, too: it tells the page that this was done. The tab of
/// an environment with a host name of its own likewise gets one that only it can open.
pub async fn claim(provider: Provider, method: Method, BrowserQuery(parameters): BrowserQuery) -> Response {
    if method != Method::GET || is_only_looking_ahead(&provider) {
        return not_now();
    }
    let (code, challenge) = (once(&parameters, "code"), once(&parameters, across::CHALLENGE));
    let (Some(code), Some(challenge)) = (code, challenge.filter(|text| is_challenge(text))) else {
        return refused(&provider, HandOffRefusal::Unknown);
    };
    if provider.came_to_own_host {
        return Redirect::to(&across::claim(&provider, &[("code", code), (across::CHALLENGE, challenge)]))
            .into_response();
    }
    match take_over(&provider, code, challenge).await {
        Ok(Ok(Claimed { code, application })) => {
            if !application.is_embedded() {
                return Redirect::to(&across::back(&provider, &code, challenge)).into_response();
            }
            let back = with_query(
                &application.login_url,
                &[
                    ("iss", provider.issuer().as_str()),
                    ("login_hint", code.as_str()),
                    ("target_link_uri", application.app_url.as_str()),
                    (across::CHALLENGE, challenge),
                ],
            );
            Redirect::to(&back).into_response()
        }
        Ok(Err(refusal)) => refused(&provider, refusal),
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

async fn take_over(provider: &Provider, code: &str, challenge: &str) -> ServiceResult<Result<Claimed, HandOffRefusal>> {
    let operator = operator_here(provider).await?;
    let environment_id = provider.environment.id;
    hand_off::claim(&provider.state, environment_id, code, challenge, operator.as_ref(), &provider.origin).await
}

/// SHA-256 in base64url (RFC 7636 section 4.2).
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_'))
}

async fn operator_here(provider: &Provider) -> ServiceResult<Option<Operator>> {
    match operator_cookie(&provider.state, &provider.headers) {
        Some(cookie) => operator::authenticate(&provider.state, &cookie).await,
        None => Ok(None),
    }
}

/// Whether the browser asks for a page that nobody may ever see.
fn is_only_looking_ahead(provider: &Provider) -> bool {
    let purpose = provider.headers.get("sec-purpose").and_then(|value| value.to_str().ok()).unwrap_or_default();
    purpose.contains("prefetch")
}

fn not_now() -> Response {
    (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET")]).into_response()
}

/// A page that goes on by itself. A redirect would not do: the portal's policy forbids its form to end at another host.
fn opening(provider: &Provider, opened: &Opened) -> Response {
    let mut response = opening_page(provider, opened);
    if let Some(cookie) = &opened.cookie {
        cookies::keep(provider, &mut response, cookie);
    }
    response
}

fn opening_page(provider: &Provider, opened: &Opened) -> Response {
    let Opened { session, application, .. } = opened;
    let url = match &application.initiate_login_url {
        Some(initiate) => with_query(
            initiate,
            &[
                ("iss", provider.issuer().as_str()),
                ("login_hint", session.id.to_string().as_str()),
                ("target_link_uri", application.app_url.as_str()),
            ],
        ),
        None => application.app_url.clone(),
    };
    if relying_party::origin_of(&url).is_none() {
        let sentence = "The application's address is neither http nor https. An administrator must mend it first.";
        return page::plain(StatusCode::BAD_REQUEST, "The application cannot be opened", sentence);
    }
    let title = format!("Opening {} as {}…", isolated(&application.name), isolated(&session.user_name));
    let body = html! {
        div.with-icon { span.spinner aria-hidden="true" {} h1 { (title) } }
        p.dim { "You act as this user until " (page::clock(session.expires_at)) " at the latest. Everything is recorded." }
        a.button.primary.wide href=(url) rel="noreferrer" { "Go on to " bdi { (application.name) } }
    };
    // The address of this page holds the code: nobody is told it.
    Page::card(&title, body).forward(&url).referrer("no-referrer").into_response()
}

fn refused(provider: &Provider, refusal: HandOffRefusal) -> Response {
    let (status, title, sentence) = match refusal {
        HandOffRefusal::Unknown => (
            StatusCode::BAD_REQUEST,
            "This link does not work",
            "The link is incomplete or unknown. Go back to the portal and start the session again.".to_owned(),
        ),
        HandOffRefusal::Replayed => (
            StatusCode::BAD_REQUEST,
            "This link was used already",
            "Each link opens one tab, once. Go back to the portal and start a new session.".to_owned(),
        ),
        HandOffRefusal::Expired => (
            StatusCode::BAD_REQUEST,
            "This link is too old",
            "A link works for 60 seconds. Go back to the portal and start a new session.".to_owned(),
        ),
        HandOffRefusal::NoOperator => (
            StatusCode::FORBIDDEN,
            "This browser is not signed in to the portal",
            format!(
                "The portal's address is {}, and this browser is not signed in there: it was opened under another \
                 name, or you have signed out since. Sign in there and start the session again.",
                provider.state.origin()
            ),
        ),
        HandOffRefusal::ForeignOperator | HandOffRefusal::ForeignApplication | HandOffRefusal::NoProof => (
            StatusCode::FORBIDDEN,
            "This link is not for this browser",
            "It works only where the operator who started the session is signed in to the portal. Sign in to the portal \
             in this browser and start the session again."
                .to_owned(),
        ),
        HandOffRefusal::OtherLoginMethod => (
            StatusCode::BAD_REQUEST,
            "This link is for the application",
            "The application signs its users in itself and takes this link at its own sign-in page. Go back to the portal \
             and start the session again."
                .to_owned(),
        ),
        HandOffRefusal::BrowserFull => (
            StatusCode::CONFLICT,
            "This browser holds too many sessions",
            format!(
                "{RUNNING} sessions are running in this browser, which is as many as one may hold. End some in the portal \
                 and start this one again."
            ),
        ),
        HandOffRefusal::Ended(reason) => (
            StatusCode::FORBIDDEN,
            "This impersonation has ended",
            format!("{}. Close this tab; a new session can be started from the portal.", reason.said()),
        ),
    };
    page::plain(status, title, &sentence)
}
