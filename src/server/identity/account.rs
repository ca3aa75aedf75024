//! My sessions: where a user sees every session of its own, impersonations among them, and ends any.

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use std::collections::HashMap;
use uuid::Uuid;

use super::choice::Browser;
use super::cookies;
use super::page::{self, Page};
use super::parameters::{BrowserForm, Parameters, with_query};
use super::provider::Provider;
use crate::model::session::{SessionItem, SessionKind};
use crate::server::db::session::StandingRow;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::self_service::{self, OwnAccount};

pub async fn home(provider: Provider) -> Redirect {
    Redirect::to(&provider.path("/account/sessions"))
}

/// Who looks at an account page: the session that `session` names, else the user's own, else an impersonation.
pub async fn viewer(provider: &Provider, parameters: &Parameters) -> ServiceResult<Option<Box<StandingRow>>> {
    let named = parameters.get("session").and_then(|text| Uuid::try_parse(text).ok());
    Browser::of(provider).await?.for_page(provider, named).await
}

/// To the sign-in page, which comes back to `page`.
pub fn to_sign_in(provider: &Provider, page: &str) -> Response {
    let continued = provider.path(page);
    Redirect::to(&with_query(&provider.path("/login"), &[("continue", &continued)])).into_response()
}

pub async fn sessions(provider: Provider, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(&query.unwrap_or_default());
    let shown = async {
        let Some(viewer) = viewer(&provider, &parameters).await? else {
            return Ok(to_sign_in(&provider, "/account/sessions"));
        };
        let sessions = self_service::sessions(&provider.state, &viewer).await?;
        let accounts = self_service::accounts(&provider.state, &viewer).await?;
        Ok(sessions_page(&provider, &viewer, &sessions, &accounts))
    };
    shown.await.unwrap_or_else(|error| page::failed(error, &provider.client.request_id))
}

pub async fn revoke(
    provider: Provider,
    Path(path): Path<HashMap<String, String>>,
    BrowserForm(form): BrowserForm,
) -> Response {
    let session_id = path.get("session_id").and_then(|text| Uuid::try_parse(text).ok());
    let done = async {
        let viewer = require(&provider, &form).await?;
        let session_id = session_id.ok_or(ServiceError::NotFound)?;
        self_service::revoke(&provider.state, &viewer, session_id, &provider.client).await?;
        Ok(if viewer.id == session_id { signed_out(&provider, &viewer) } else { back(&provider, &viewer) })
    };
    answer(&provider, done.await)
}

pub async fn revoke_others(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = require(&provider, &form).await?;
        self_service::revoke_others(&provider.state, &viewer, &provider.client).await?;
        Ok(back(&provider, &viewer))
    };
    answer(&provider, done.await)
}

pub async fn switch(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = require(&provider, &form).await?;
        let account = form.get("account").unwrap_or_default();
        self_service::switch(&provider.state, &viewer, account, &provider.client).await?;
        Ok(back(&provider, &viewer))
    };
    answer(&provider, done.await)
}

pub async fn sign_out(provider: Provider, BrowserForm(form): BrowserForm) -> Response {
    let done = async {
        let viewer = require(&provider, &form).await?;
        self_service::revoke(&provider.state, &viewer, viewer.id, &provider.client).await?;
        Ok(signed_out(&provider, &viewer))
    };
    answer(&provider, done.await)
}

async fn require(provider: &Provider, form: &Parameters) -> ServiceResult<Box<StandingRow>> {
    viewer(provider, form).await?.ok_or(ServiceError::Unauthenticated)
}

fn answer(provider: &Provider, result: ServiceResult<Response>) -> Response {
    match result {
        Ok(response) => response,
        Err(ServiceError::Unauthenticated) => to_sign_in(provider, "/account/sessions"),
        Err(error) => page::failed(error, &provider.client.request_id),
    }
}

fn back(provider: &Provider, viewer: &StandingRow) -> Response {
    Redirect::to(&format!("{}?session={}", provider.path("/account/sessions"), viewer.id)).into_response()
}

fn signed_out(provider: &Provider, viewer: &StandingRow) -> Response {
    let (title, sentence) = if viewer.is_impersonation() {
        ("The impersonation has ended", "Applications see its end at once. You can close this tab.")
    } else {
        ("You are signed out", "You can close this tab.")
    };
    let mut response = page::plain(StatusCode::OK, title, sentence);
    cookies::clear(provider, &mut response, viewer.id, !viewer.is_impersonation());
    response
}

/// Whose page it is, where it leads, and the way out.
pub fn header(provider: &Provider, viewer: &StandingRow, current: &str) -> Markup {
    let link = |page: &str| format!("{}?session={}", provider.path(page), viewer.id);
    let aria = |page: &str| (page == current).then_some("page");
    html! {
        header.hosted-header {
            h1 { @if current == "/account/audit" { "Account audit log" } @else { "My sessions" } }
            p {
                (viewer.user_name) " · " (viewer.user_email)
                @if let Some(account) = &viewer.account_name { " · " (account) }
            }
            nav aria-label="Account" {
                a href=(link("/account/sessions")) aria-current=[aria("/account/sessions")] { "My sessions" }
                " "
                a href=(link("/account/audit")) aria-current=[aria("/account/audit")] { "Account audit log" }
            }
        }
        @if let Some(operator) = &viewer.operator_name {
            p.impersonated role="note" {
                (operator) " is impersonating " (viewer.user_name) "; "
                (page::left(provider.state.now(), viewer.expires_at)) "."
            }
        }
    }
}

fn sessions_page(provider: &Provider, viewer: &StandingRow, sessions: &[SessionItem], own: &[OwnAccount]) -> Response {
    let now = provider.state.now();
    let (running, ended): (Vec<_>, Vec<_>) = sessions.iter().partition(|session| session.is_live(now));
    let hidden = html! { input type="hidden" name="session" value=(viewer.id); };
    let body = html! {
        (header(provider, viewer, "/account/sessions"))
        table.table {
            caption { "Running sessions" }
            thead { tr { th { "Session" } th { "Account" } th { "Started" } th { "Time left" } th { "From" } th { span.visually-hidden { "Action" } } } }
            tbody {
                @for session in &running {
                    tr.impersonated[session.kind == SessionKind::Impersonation] {
                        td { (what(session, viewer)) }
                        td { (place(session)) }
                        td { (page::ago(now, session.started_at)) }
                        td { (page::left(now, session.expires_at)) }
                        td { (origin(session)) }
                        td {
                            @if !viewer.is_impersonation() || session.id == viewer.id {
                                form method="post" action=(provider.path(&format!("/account/sessions/{}/revoke", session.id))) {
                                    (hidden)
                                    button.button type="submit" aria-label=(format!("Revoke the session started {}", page::exact(session.started_at))) { "Revoke" }
                                }
                            }
                        }
                    }
                }
            }
        }
        @if !viewer.is_impersonation() && running.len() > 1 {
            form method="post" action=(provider.path("/account/revoke-others")) {
                (hidden)
                button.button type="submit" { "Sign out everywhere else" }
            }
        }
        @if own.len() > 1 {
            form method="post" action=(provider.path("/account/switch")) {
                (hidden)
                div.field {
                    label for="account" { "Account" }
                    select #account name="account" {
                        @for account in own {
                            option value=(account.external_id) selected[account.current] { (account.name) }
                        }
                    }
                }
                button.button type="submit" { "Switch account" }
            }
        }
        form method="post" action=(provider.path("/account/sign-out")) {
            (hidden)
            button.button type="submit" { @if viewer.is_impersonation() { "End impersonation" } @else { "Sign out" } }
        }
        @if !ended.is_empty() { (earlier(now, viewer, &ended)) }
    };
    Page::new("My sessions", body).wide().into_response()
}

fn earlier(now: DateTime<Utc>, viewer: &StandingRow, ended: &[&SessionItem]) -> Markup {
    html! {
        table.table {
            caption { "Earlier sessions" }
            thead { tr { th { "Session" } th { "Account" } th { "Started" } th { "Ended" } th { "Why" } } }
            tbody {
                @for session in ended.iter().take(50) {
                    tr.impersonated[session.kind == SessionKind::Impersonation] {
                        td { (what(session, viewer)) }
                        td { (place(session)) }
                        td { (page::ago(now, session.started_at)) }
                        td { (page::ago(now, session.ended_at.unwrap_or(session.expires_at))) }
                        td { (session.end_reason.map_or("expired", |reason| reason.label())) }
                    }
                }
            }
        }
    }
}

/// What kind of session it is and, of an impersonation, by whom and why. The ticket is the operators' own.
fn what(session: &SessionItem, viewer: &StandingRow) -> Markup {
    html! {
        @match session.kind {
            SessionKind::Password => { "Signed in with password" },
            SessionKind::Impersonation => {
                span.badge { "Impersonation" }
                " by " (session.operator_name.as_deref().unwrap_or("an operator"))
                @if let Some(reason) = &session.reason { br; span { "Reason: " (reason) } }
            },
        }
        @if session.id == viewer.id { " " span.badge { "This session" } }
    }
}

fn place(session: &SessionItem) -> Markup {
    html! {
        (session.account_name.as_deref().unwrap_or("–"))
        @if let Some(application) = &session.application_name { br; (application) }
    }
}

fn origin(session: &SessionItem) -> Markup {
    html! {
        (session.ip_address.as_deref().unwrap_or("–"))
        @if let Some(agent) = &session.user_agent { br; small { (agent) } }
    }
}
