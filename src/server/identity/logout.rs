//! Sign-out that an application initiates (OpenID Connect RP-Initiated Logout 1.0). With an id token of a session that
//! the browser holds it happens at once; else the browser is asked first, for then anybody could have sent it here.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use uuid::Uuid;

use super::choice::{Browser, Choice};
use super::page::{self, Page};
use super::parameters::{BrowserForm, BrowserQuery, Parameters, with_query};
use super::provider::Provider;
use super::{cookies, hint};
use crate::server::db::session::StandingRow;
use crate::server::error::ServiceResult;
use crate::server::service::relying_party::{self, Application};
use crate::server::service::{session, sign_in};
use crate::server::text::isolated;

pub async fn get(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    answer(&provider, &parameters, false).await.unwrap_or_else(|error| page::failed(error, &provider.client.request_id))
}

pub async fn post(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    answer(&provider, &form, false).await.unwrap_or_else(|error| page::failed(error, &provider.client.request_id))
}

/// The form of the page that asks.
pub async fn confirm(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    answer(&provider, &form, true).await.unwrap_or_else(|error| page::failed(error, &provider.client.request_id))
}

fn wrong(sentence: &str) -> Response {
    page::plain(StatusCode::BAD_REQUEST, "This sign-out cannot go on", sentence)
}

async fn answer(provider: &Provider, parameters: &Parameters, confirmed: bool) -> ServiceResult<Response> {
    if parameters.has_repeated() {
        return Ok(wrong("The application sent a parameter twice. Tell its developers."));
    }
    let id_hint = match parameters.get("id_token_hint") {
        Some(token) => hint::id_token(provider, token).await?,
        None => None,
    };
    let hinted = id_hint.as_ref().map(|id_hint| id_hint.client_id.as_str());
    let client_id = parameters.get("client_id");
    if hinted.is_some_and(|hinted| client_id.is_some_and(|client_id| client_id != hinted)) {
        return Ok(wrong("The application sent an id token that was issued to another one. Tell its developers."));
    }
    let application = match client_id.or(hinted) {
        Some(client_id) => relying_party::application(&provider.state, provider.environment.id, client_id).await?,
        None => None,
    };
    let Ok(target) = target(provider, parameters, application.as_deref()).await? else {
        return Ok(wrong(
            "The application wants to return to an address that is not registered for it. Tell its developers.",
        ));
    };
    let browser = Browser::of(provider).await?;
    if let Some(id_hint) = id_hint {
        return hinted_sign_out(provider, parameters, &browser, id_hint.session_id, confirmed, target.as_deref()).await;
    }
    if confirmed {
        let named = parameters.get("session").and_then(|text| Uuid::try_parse(text).ok());
        if let Some(named) = named.filter(|named| browser.holds(*named)) {
            return sign_out(provider, named, target.as_deref()).await;
        }
    }
    let session = match &application {
        Some(application) => match browser.for_application(provider, application, None).await? {
            Choice::Session(session) => Some(session),
            Choice::Gone | Choice::Nobody => None,
        },
        None => browser.for_page(provider, None).await?,
    };
    Ok(match session {
        Some(session) => ask(provider, parameters, &session, target.as_deref()),
        None => done(target.as_deref()),
    })
}

/// At once where the browser holds the session of the id token. Where it does not, somebody else may have sent it here,
/// or the application posted from its own site, which leaves cookies behind: then the browser is asked (section 2).
async fn hinted_sign_out(
    provider: &Provider,
    parameters: &Parameters,
    browser: &Browser,
    session_id: Uuid,
    confirmed: bool,
    target: Option<&str>,
) -> ServiceResult<Response> {
    if confirmed || browser.holds(session_id) {
        return sign_out(provider, session_id, target).await;
    }
    Ok(match session::live(&provider.state, provider.environment.id, session_id).await? {
        Some(session) => ask(provider, parameters, &session, target),
        None => done(target),
    })
}

/// Where the browser goes afterwards, or an error where nobody registered that.
async fn target(
    provider: &Provider,
    parameters: &Parameters,
    application: Option<&Application>,
) -> ServiceResult<Result<Option<String>, ()>> {
    let Some(uri) = parameters.get("post_logout_redirect_uri") else { return Ok(Ok(None)) };
    let Some(application) = application else { return Ok(Err(())) };
    if !relying_party::is_logout_redirect(&provider.state, application.id, uri).await? {
        return Ok(Err(()));
    }
    let url = match parameters.get("state") {
        Some(state) => with_query(uri, &[("state", state)]),
        None => uri.to_owned(),
    };
    Ok(Ok(Some(url)))
}

async fn sign_out(provider: &Provider, session_id: Uuid, target: Option<&str>) -> ServiceResult<Response> {
    let own = Browser::of(provider).await?.own() == Some(session_id);
    sign_in::sign_out(&provider.state, provider.environment.id, session_id, &provider.client).await?;
    let mut response = done(target);
    cookies::clear(provider, &mut response, session_id, own);
    Ok(response)
}

fn done(target: Option<&str>) -> Response {
    match target {
        Some(url) => Redirect::to(url).into_response(),
        None => page::plain(StatusCode::OK, "You are signed out", "You can close this tab."),
    }
}

fn ask(provider: &Provider, parameters: &Parameters, session: &StandingRow, target: Option<&str>) -> Response {
    let (title, button) = if session.is_impersonation() {
        (format!("End the impersonation of {}?", isolated(&session.user_name)), "End session")
    } else {
        (format!("Sign out {}?", isolated(&session.user_name)), "Sign out")
    };
    let kept = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"];
    let body = html! {
        h1 { (title) }
        p.dim { "Applications that you opened with this session will ask you to sign in again." }
        form.form method="post" action=(provider.path("/logout/confirm")) {
            input type="hidden" name="session" value=(session.id);
            @for name in kept {
                @if let Some(value) = parameters.get(name) { input type="hidden" name=(name) value=(value); }
            }
            button.button.primary.wide type="submit" { (button) }
        }
    };
    let origins = target.and_then(relying_party::origin_of);
    Page::card(&title, body).form_targets(origins).into_response()
}
