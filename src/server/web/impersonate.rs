//! Starting an impersonation without script, and opening a running one again: forms that are posted into a new tab.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;
use uuid::Uuid;

use super::caller::{client, local_path};
use super::guard;
use crate::model::impersonation::StartImpersonation;
use crate::model::session::EndReason;
use crate::server::address::origin_of;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::identity::page::{self, Page};
use crate::server::service;
use crate::server::service::impersonation::Reopened;
use crate::server::state::AppState;
use crate::server::text;

#[derive(Deserialize)]
pub struct StartForm {
    #[serde(default)]
    account: String,
    #[serde(default)]
    application: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    ticket: String,
    /// The page with the drawer: where a refusal is shown.
    #[serde(default)]
    return_to: String,
}

/// Goes to the hand-off, or back to the drawer with `error`, a word that it turns into a sentence.
pub async fn start(
    State(state): State<AppState>,
    Path((environment, user_id)): Path<(String, Uuid)>,
    parts: Parts,
    Form(form): Form<StartForm>,
) -> Response {
    let fallback = format!("/{environment}/users/{user_id}?impersonate=1");
    let return_to = local_path(&form.return_to).or(local_path(&fallback)).unwrap_or("/").to_owned();
    let request = StartImpersonation {
        environment,
        user_id,
        account: form.account,
        application: form.application,
        reason: form.reason,
        ticket: form.ticket,
    };
    match run(&state, &parts, &request).await {
        Ok(url) => go_on(&state, &url),
        Err(error) => {
            let word = error_word(&error, &request);
            if let ServiceError::Internal(error) = error {
                tracing::error!(error = format!("{error:#}"), "an impersonation could not be started");
            }
            let separator = if return_to.contains('?') { '&' } else { '?' };
            Redirect::to(&format!("{return_to}{separator}error={word}")).into_response()
        }
    }
}

/// To the hand-off by redirect where it is our own. The portal's policy forbids its form to end at another host, so an
/// application that signs its users in itself is reached over a page that goes on by itself.
fn go_on(state: &AppState, url: &str) -> Response {
    if origin_of(url).is_none_or(|origin| origin == state.origin()) {
        return Redirect::to(url).into_response();
    }
    let title = "Opening the application…";
    let body = html! {
        div.with-icon { span.spinner aria-hidden="true" {} h1 { (title) } }
        p.dim { "You act as the user from here on. Everything is recorded." }
        a.button.primary.wide href=(url) rel="noreferrer" { "Go on" }
    };
    Page::card(title, body).forward(url).into_response()
}

/// Opens a running impersonation in the tab that posted this, with or without script. What stands against it is said there.
pub async fn reopen(
    State(state): State<AppState>,
    Path((environment, session_id)): Path<(String, Uuid)>,
    parts: Parts,
) -> Response {
    let reopened = async {
        let operator = guard::operator(&state, &parts.headers).await.ok_or(ServiceError::Unauthenticated)?;
        let caller = service::operator::enter(&state, operator, client(&state, &parts), &environment).await?;
        service::impersonation::reopen(&caller, session_id).await
    };
    match reopened.await {
        Ok(Reopened::HandOff(hand_off)) => go_on(&state, &hand_off.url),
        Ok(Reopened::Ended(reason)) => over(&environment, reason),
        Err(error) => page::failed(error, &client(&state, &parts).request_id),
    }
}

fn over(environment: &str, reason: EndReason) -> Response {
    let title = "This session is over";
    let body = html! {
        h1 { (title) }
        p.dim { "It has ended: " (reason.label()) ". Close this tab, and start another session if you need one." }
        a.button.wide href=(format!("/{environment}/impersonation")) { "To the live sessions" }
    };
    Page::card(title, body).status(StatusCode::CONFLICT).into_response()
}

async fn run(state: &AppState, parts: &Parts, request: &StartImpersonation) -> ServiceResult<String> {
    let operator = guard::operator(state, &parts.headers).await.ok_or(ServiceError::Unauthenticated)?;
    let caller = service::operator::enter(state, operator, client(state, parts), &request.environment).await?;
    Ok(service::impersonation::start(&caller, request).await?.url)
}

fn error_word(error: &ServiceError, request: &StartImpersonation) -> &'static str {
    match error {
        ServiceError::Denied(denial) => denial.as_str(),
        ServiceError::Invalid { field, .. } if field == "ticket" => "ticket_too_long",
        ServiceError::Invalid { field, .. } if field == "reason" && !text::is_visible(&request.reason) => {
            "reason_empty"
        }
        ServiceError::Invalid { field, .. } if field == "reason" => "reason_too_long",
        ServiceError::RateLimited { .. } => "rate_limited",
        ServiceError::Busy { .. } => "busy",
        _ => "failed",
    }
}
