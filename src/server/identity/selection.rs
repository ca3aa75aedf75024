//! The page that asks whom a request means. It works without script, and says what ended where something did.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use uuid::Uuid;

use super::destination::destination;
use super::reauthentication::answered;
use crate::model::session::EndReason;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::browser::Browser;
use crate::server::oauth::parameters::{BrowserForm, Parameters, with_query};
use crate::server::oauth::parking;
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::service::registry::names::Names;
use crate::server::service::session::browser;

/// Sessions that the page lists at most.
const LISTED: usize = 100;

/// What a choice leads to.
pub enum Then<'a> {
    /// On with this authorization request, a path of the provider's or a short name for one.
    Authorize(&'a str),
    /// This page of the provider, for the chosen session.
    Open(&'a str),
    /// Signing out of it, with these fields, and whether that leads to an application.
    SignOut(Markup, bool),
}

/// Asks which of the sessions is meant.
pub async fn ask(
    provider: &Provider,
    title: &str,
    sentence: &str,
    sessions: &[Session],
    then: &Then<'_>,
) -> ServiceResult<Response> {
    respond(provider, StatusCode::OK, title, sentence, sessions, then).await
}

/// Says what ended, and asks who is to go on instead.
pub async fn ended(
    provider: &Provider,
    session: Option<&Session>,
    others: &[Session],
    then: &Then<'_>,
) -> ServiceResult<Response> {
    let (title, sentence) = match session {
        Some(session) => what_ended(provider, session),
        None => (
            "This impersonation has ended".to_owned(),
            "It has ended, or it was started in another browser or for another application.".to_owned(),
        ),
    };
    let next = if others.is_empty() {
        "Close this tab; a new session can be started from the portal."
    } else {
        "Close this tab, or say who is to go on in it: nobody takes the place of a session that ended unasked."
    };
    respond(provider, StatusCode::FORBIDDEN, &title, &format!("{sentence} {next}"), others, then).await
}

/// What ended, for the sign-in page to which a browser is sent because of it. Nothing of a session that the browser does not
/// hold.
pub async fn said(provider: &Provider, id: Option<&str>) -> ServiceResult<Option<String>> {
    let Some(id) = id.and_then(|text| Uuid::try_parse(text).ok()) else { return Ok(None) };
    let ended = Browser::of(provider).await?.ended(provider, id).await?;
    Ok(ended.map(|session| {
        let (title, sentence) = what_ended(provider, &session);
        format!("{title}. {sentence} Nobody takes its place: sign in to go on.")
    }))
}

fn what_ended(provider: &Provider, session: &Session) -> (String, String) {
    let reason = session.end_due(provider.state.now()).unwrap_or(EndReason::Expired).said();
    let name = isolated(&session.user_name);
    if session.is_impersonation() {
        let place =
            session.application_name.as_deref().map(|name| format!(" in {}", isolated(name))).unwrap_or_default();
        ("This impersonation has ended".to_owned(), format!("You acted as {name}{place}. {reason}."))
    } else {
        ("This session has ended".to_owned(), format!("{name} was signed in here. {reason}."))
    }
}

async fn respond(
    provider: &Provider,
    status: StatusCode,
    title: &str,
    sentence: &str,
    sessions: &[Session],
    then: &Then<'_>,
) -> ServiceResult<Response> {
    let shown = &sessions[..sessions.len().min(LISTED)];
    let names = match shown {
        [] => Names::default(),
        shown => Names::of_sessions(&mut provider.state.db.read().await?, shown).await?,
    };
    let sign_in = match then {
        Then::Authorize(path) | Then::Open(path) => Some(*path),
        Then::SignOut(..) => None,
    };
    let leads_on = matches!(then, Then::SignOut(_, true));
    let label = if sessions.is_empty() { "Sign in" } else { "Sign in as somebody else" };
    let body = html! {
        div.stacked {
            h1 { (title) }
            p.dim { (sentence) }
        }
        @if !shown.is_empty() {
            ul.hosted-list {
                @for session in shown { (item(provider, session, &names, then)) }
            }
        }
        @if sessions.len() > LISTED {
            p.dim { "The newest " (LISTED) " of " (sessions.len()) " sessions are shown. End some to see the others." }
        }
        @if let Some(path) = sign_in {
            a.button href=(with_query(&provider.path("/login"), &[("continue", path)])) { (label) }
        }
    };
    let page = Page::full(title, body).status(status);
    Ok(if leads_on { page.leads_on() } else { page }.into_response())
}

/// Who it is, in which account, and who really acts.
fn item(provider: &Provider, session: &Session, names: &Names, then: &Then<'_>) -> Markup {
    let name = isolated(&session.user_name);
    let button = match then {
        Then::SignOut(..) if session.is_impersonation() => format!("End the impersonation of {name}"),
        Then::SignOut(..) => format!("Sign out {name}"),
        Then::Authorize(_) | Then::Open(_) => format!("Go on as {name}"),
    };
    let place = [names.account_of(session), names.application_of(session)].into_iter().flatten();
    let place = place.map(|name| isolated(&name)).collect::<Vec<_>>().join(" · ");
    let by = session.operator_name.as_deref();
    html! {
        li.hosted-item.impersonated[by.is_some()] {
            div.stacked {
                strong { bdi { (session.user_name) } }
                span.dim.wrap { (session.user_email) @if !place.is_empty() { " · " (place) } }
                @if let Some(operator) = by {
                    span {
                        span.badge.amber { "Impersonation" } " by " bdi { (operator) } ", "
                        (page::left(provider.state.now(), session.expires_at))
                    }
                } @else {
                    span { "Signed in " (page::ago(provider.state.now(), session.created_at)) }
                }
            }
            @match then {
                Then::Open(path) => {
                    a.button.small href=(with_query(path, &[("session", &session.id.to_string())])) { (button) }
                },
                Then::Authorize(path) => {
                    form method="post" action=(provider.path("/choose")) {
                        input type="hidden" name="continue" value=(path);
                        button.button.small type="submit" name="session" value=(session.id) { (button) }
                    }
                },
                Then::SignOut(fields, _) => {
                    form method="post" action=(provider.path("/logout/confirm")) {
                        (fields)
                        button.button.small.danger type="submit" name="session" value=(session.id) { (button) }
                    }
                },
            }
        }
    }
}

/// The form of the page: the person says who the application is in this browser.
pub async fn choose(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    choose_in(&provider, &form).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

async fn choose_in(provider: &Provider, form: &Parameters) -> ServiceResult<Response> {
    let session_id = form.get("session").and_then(|text| Uuid::try_parse(text).ok());
    let destination = match destination(provider, form.get("continue")).await? {
        Ok(destination) => destination,
        Err(page) => return Ok(page),
    };
    let path = match (session_id, &destination.application) {
        (Some(session_id), Some(application)) if remember(provider, application, session_id).await? => {
            answered(provider, &destination.path, session_id)
        }
        _ => destination.path,
    };
    let path = parking::short_address(provider, path).await?;
    // Whoever is over by now is answered there: the request is read anew. It goes on by itself and not by redirect, for
    // browsers would hold this form's policy against every place that the application leads on to.
    let title = "Going on…";
    let body = html! {
        div.with-icon { span.spinner aria-hidden="true" {} h1 { (title) } }
        a.button.primary.wide href=(path) { (icon("arrow-right")) "Go on" }
    };
    Ok(Page::card(title, body).forward(&path).into_response())
}

/// Whether the choice is one: the browser was given this session for the application, and says so from now on where it runs.
async fn remember(provider: &Provider, application: &Application, session_id: Uuid) -> ServiceResult<bool> {
    let browser = Browser::of(provider).await?;
    let Some(browser_id) = browser.id().filter(|_| browser.was_given(session_id, application)) else {
        return Ok(false);
    };
    let looked = browser::look(&provider.state, provider.environment.id, session_id).await?;
    if looked.is_some_and(|(_, runs)| runs) {
        browser::choose(&provider.state, browser_id, application.id, session_id).await?;
    }
    Ok(true)
}
