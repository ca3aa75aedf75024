//! My sessions: where a user sees every session of its own, impersonations among them, and ends any.

use std::collections::HashMap;

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use uuid::Uuid;

use super::selection::{self, Then};
use crate::model::device::describe;
use crate::model::session::{EndReason, SessionItem, SessionKind};
use crate::model::time::exact;
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::browser::{Browser, Choice};
use crate::server::oauth::parameters::{BrowserForm, BrowserQuery, Parameters, with_query};
use crate::server::oauth::provider::Provider;
use crate::server::platform::text::isolated;
use crate::server::service::session::self_service::{self, OwnAccount};

const SESSIONS: &str = "/account/sessions";
/// Ended sessions that the page shows.
const EARLIER: usize = 50;

pub async fn home(provider: Provider) -> Redirect {
    Redirect::to(&provider.path("/account/sessions"))
}

/// Who looks at an account page: the session that `session` names, else the only one that the browser holds; or the
/// answer that asks.
pub async fn viewer(
    provider: &Provider,
    parameters: &Parameters,
    page: &str,
) -> ServiceResult<Result<Box<Session>, Response>> {
    let named = parameters.get("session").and_then(|text| Uuid::try_parse(text).ok());
    let path = provider.path(page);
    Ok(match Browser::of(provider).await?.for_page(provider, named).await? {
        Choice::Session(session) => Ok(session),
        Choice::Several(sessions) => {
            let sentence = "Several sessions run in this browser. Whose page do you want to see?";
            Err(selection::ask(provider, "Who are you?", sentence, &sessions, &Then::Open(&path)).await?)
        }
        Choice::Over { session, others } => {
            Err(selection::ended(provider, session.as_deref(), &others, &Then::Open(&path)).await?)
        }
        Choice::Nobody => Err(to_sign_in(provider, page)),
    })
}

/// To the sign-in page, which comes back to `page`.
fn to_sign_in(provider: &Provider, page: &str) -> Response {
    let continued = provider.path(page);
    Redirect::to(&with_query(&provider.path("/login"), &[("continue", &continued)])).into_response()
}

pub async fn sessions(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    let shown = async {
        let viewer = match viewer(&provider, &parameters, SESSIONS).await? {
            Ok(viewer) => viewer,
            Err(asked) => return Ok(asked),
        };
        let caller = provider.user_of(&viewer);
        let (sessions, more) = self_service::sessions(&caller, &viewer).await?;
        let accounts = self_service::accounts(&caller, &viewer).await?;
        let account = self_service::account_name(&caller, &viewer).await?;
        let page = sessions_page(&provider, &viewer, (&sessions, more), &accounts);
        Ok(page.beside(beside(&provider, &viewer, account.as_deref(), SESSIONS)).into_response())
    };
    shown.await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

pub async fn revoke(
    provider: Provider,
    Path(path): Path<HashMap<String, String>>,
    BrowserForm(form): BrowserForm,
) -> Response {
    let session_id = path.get("session_id").and_then(|text| Uuid::try_parse(text).ok());
    let done = async {
        let viewer = match viewer(&provider, &form, SESSIONS).await? {
            Ok(viewer) => viewer,
            Err(asked) => return Ok(asked),
        };
        let session_id = session_id.ok_or(ServiceError::NotFound)?;
        self_service::revoke(&provider.user_of(&viewer), &viewer, session_id).await?;
        Ok(if viewer.id == session_id { signed_out(&viewer) } else { back(&provider, &viewer) })
    };
    answer(&provider, done.await)
}

pub async fn revoke_others(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = match viewer(&provider, &form, SESSIONS).await? {
            Ok(viewer) => viewer,
            Err(asked) => return Ok(asked),
        };
        self_service::revoke_others(&provider.user_of(&viewer), &viewer).await?;
        Ok(back(&provider, &viewer))
    };
    answer(&provider, done.await)
}

pub async fn switch(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = match viewer(&provider, &form, SESSIONS).await? {
            Ok(viewer) => viewer,
            Err(asked) => return Ok(asked),
        };
        let account = form.get("account").unwrap_or_default();
        self_service::switch(&provider.user_of(&viewer), &viewer, account).await?;
        Ok(back(&provider, &viewer))
    };
    answer(&provider, done.await)
}

pub async fn sign_out(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = match viewer(&provider, &form, SESSIONS).await? {
            Ok(viewer) => viewer,
            Err(asked) => return Ok(asked),
        };
        self_service::revoke(&provider.user_of(&viewer), &viewer, viewer.id).await?;
        Ok(signed_out(&viewer))
    };
    answer(&provider, done.await)
}

fn answer(provider: &Provider, result: ServiceResult<Response>) -> Response {
    match result {
        Ok(response) => response,
        Err(ServiceError::Unauthenticated) => to_sign_in(provider, SESSIONS),
        Err(error) => page::failed(error, &provider.origin.request_id),
    }
}

fn back(provider: &Provider, viewer: &Session) -> Response {
    Redirect::to(&format!("{}?session={}", provider.path("/account/sessions"), viewer.id)).into_response()
}

fn signed_out(viewer: &Session) -> Response {
    let (title, sentence) = if viewer.is_impersonation() {
        ("The impersonation has ended", "Applications see its end at once. You can close this tab.")
    } else {
        ("You are signed out", "You can close this tab.")
    };
    page::plain(StatusCode::OK, title, sentence)
}

/// Where the account pages lead, and whose they are.
pub fn beside(provider: &Provider, viewer: &Session, account: Option<&str>, current: &str) -> Markup {
    let link = |page: &str| format!("{}?session={}", provider.path(page), viewer.id);
    let aria = |page: &str| (page == current).then_some("page");
    html! {
        nav aria-label="Account" {
            a href=(link("/account/sessions")) aria-current=[aria("/account/sessions")] { "My sessions" }
            a href=(link("/account/audit")) aria-current=[aria("/account/audit")] { "Account audit log" }
        }
        div.hosted-user {
            span.truncate title=(viewer.user_email) {
                (viewer.user_email)
                @if let Some(account) = account { " · " bdi { (account) } }
            }
            form method="post" action=(provider.path("/account/sign-out")) {
                (session_field(viewer))
                button.button.small type="submit" {
                    @if viewer.is_impersonation() { "End impersonation" } @else { "Sign out" }
                }
            }
        }
    }
}

/// Inside an impersonation, who really looks.
pub fn notice(provider: &Provider, viewer: &Session) -> Markup {
    html! {
        @if let Some(operator) = &viewer.operator_name {
            p.notice.amber role="note" {
                (icon("venetian-mask"))
                span {
                    bdi { (operator) } " is impersonating " bdi { (viewer.user_name) } ", "
                    (page::left(provider.state.now(), viewer.expires_at)) "."
                }
            }
        }
    }
}

fn session_field(viewer: &Session) -> Markup {
    html! { input type="hidden" name="session" value=(viewer.id); }
}

fn sessions_page(
    provider: &Provider,
    viewer: &Session,
    (sessions, more): (&[SessionItem], bool),
    own: &[OwnAccount],
) -> Page<'static> {
    let now = provider.state.now();
    let (running, ended): (Vec<_>, Vec<_>) = sessions.iter().partition(|session| session.is_live(now));
    let body = html! {
        (notice(provider, viewer))
        div.hosted-head {
            div.stacked {
                h1 { "My sessions" }
                span.dim { "Where " bdi { (viewer.user_name) } " is signed in, and who is signed in on their behalf." }
            }
            @if !viewer.is_impersonation() && running.len() > 1 {
                form method="post" action=(provider.path("/account/revoke-others")) {
                    (session_field(viewer))
                    button.button type="submit" { "Sign out everywhere else" }
                }
            }
        }
        ul.hosted-list {
            @for session in &running { (running_item(provider, viewer, session)) }
        }
        @if own.len() > 1 { (switch_form(provider, viewer, own)) }
        @if !ended.is_empty() {
            h2 { "Earlier" }
            ul.hosted-list {
                @for session in ended.iter().take(EARLIER) { (ended_item(now, viewer, session)) }
            }
        }
        @if more || ended.len() > EARLIER {
            p.dim { "Older sessions are not shown." }
        }
    };
    Page::full("My sessions", body)
}

fn switch_form(provider: &Provider, viewer: &Session, own: &[OwnAccount]) -> Markup {
    html! {
        div.hosted-card {
            form.form method="post" action=(provider.path("/account/switch")) {
                (session_field(viewer))
                div.field {
                    label.label for="account" { "Account in which you work" }
                    select.input #account name="account" {
                        @for account in own {
                            option value=(account.external_id) selected[account.current] {
                                (account.name)
                            }
                        }
                    }
                }
                div.form-foot { button.button type="submit" { "Switch account" } }
            }
        }
    }
}

fn running_item(provider: &Provider, viewer: &Session, session: &SessionItem) -> Markup {
    let now = provider.state.now();
    let revoke = format!("Revoke the session started {}", exact(session.started_at));
    html! {
        li.hosted-item.impersonated[session.kind == SessionKind::Impersonation] {
            div.stacked {
                (what(session, viewer))
                span.dim { "Started " (page::ago(now, session.started_at)) " · " (page::left(now, session.expires_at)) }
                (origin(session))
            }
            @if session.id == viewer.id { span.badge.good { "This session" } }
            @if !viewer.is_impersonation() || session.id == viewer.id {
                form method="post" action=(provider.path(&format!("/account/sessions/{}/revoke", session.id))) {
                    (session_field(viewer))
                    button.button.small.danger type="submit" aria-label=(revoke) { "Revoke" }
                }
            }
        }
    }
}

fn ended_item(now: DateTime<Utc>, viewer: &Session, session: &SessionItem) -> Markup {
    html! {
        li.hosted-item.impersonated[session.kind == SessionKind::Impersonation] {
            div.stacked {
                (what(session, viewer))
                span.dim {
                    "Started " (page::ago(now, session.started_at)) " · "
                    (session.end_reason.unwrap_or(EndReason::Expired).said()) ", "
                    (page::ago(now, session.ended_at.unwrap_or(session.expires_at)))
                }
                (origin(session))
            }
        }
    }
}

/// What kind of session it is, where, and, of an impersonation, by whom and why. The ticket is the operators' own.
fn what(session: &SessionItem, viewer: &Session) -> Markup {
    let whom = if viewer.is_impersonation() { viewer.user_name.as_str() } else { "you" };
    let verb = if session.ended_at.is_some() { "acted" } else { "acts" };
    let place = [&session.account_name, &session.application_name].into_iter().flatten();
    let place = place.map(|name| isolated(name)).collect::<Vec<_>>().join(" · ");
    html! {
        @match session.kind {
            SessionKind::Password => { strong { "Signed in with password" } },
            SessionKind::Impersonation => {
                span {
                    span.badge.amber { "Impersonation" } " "
                    strong {
                        bdi { (session.operator_name.as_deref().unwrap_or("An operator")) } " " (verb) " as " bdi { (whom) }
                    }
                }
                @if let Some(reason) = &session.reason { span.wrap { "Reason: " bdi { (reason) } } }
            },
        }
        @if !place.is_empty() { span { (place) } }
    }
}

fn origin(session: &SessionItem) -> Markup {
    // Of an impersonation these are the operator's own: no business of the user's.
    if session.kind == SessionKind::Impersonation {
        return html! {};
    }
    let device = session.user_agent.as_deref().and_then(describe);
    let from = [device.as_deref(), session.ip_address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    html! { @if !from.is_empty() { span.dim.wrap title=[session.user_agent.as_deref()] { (from) } } }
}
