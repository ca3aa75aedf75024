//! Starting an impersonation without script, and opening a running one again: forms that are posted into a new tab.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use leptos::server_fn::error::FromServerFnError;
use maud::html;
use serde::Deserialize;
use uuid::Uuid;

use super::guard;
use crate::model::error::ApiError;
use crate::model::impersonation::StartImpersonation;
use crate::model::percent::encode;
use crate::model::session::EndReason;
use crate::rpc::impersonation::Start;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::caller::LONGEST_BACK;
use crate::server::http::origin::origin;
use crate::server::http::page::{self, Page};
use crate::server::platform::url::origin_of;
use crate::server::service;
use crate::server::service::impersonation::Reopened;
use crate::server::state::AppState;
use crate::ui::kit::address::Words;
use crate::ui::kit::call::Call;

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
}

/// Goes to the hand-off, or to the drawer on the user's page, with what was chosen and typed, and the error as every form finds
/// it in its page's address: the form was sent into a new tab, which knows nothing of it.
pub async fn start(
    State(state): State<AppState>,
    Path((environment, user_id)): Path<(String, Uuid)>,
    parts: Parts,
    Form(form): Form<StartForm>,
) -> Response {
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
            let error = error.into_api(&origin(&state, &parts).request_id);
            Redirect::to(&back(&request, &error)).into_response()
        }
    }
}

fn back(request: &StartImpersonation, error: &ApiError) -> String {
    let error = Words::default().with("__path", Start::PATH).with("__err", &URL_SAFE.encode(error.ser()));
    let words = error
        .clone()
        .with("impersonate", "1")
        .with("account", &request.account)
        .with("application", &request.application)
        .with("ticket", &request.ticket);
    let path = format!("/{}/users/{}", encode(&request.environment), request.user_id);
    let with_some = words.on(&path);
    let with_all = words.with("reason", &request.reason).on(&path);
    let with_none = || error.with("impersonate", "1").on(&path);
    [with_all, with_some].into_iter().find(|address| address.len() <= LONGEST_BACK).unwrap_or_else(with_none)
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
        let operator = guard::operator(&state, &parts.headers).await?.ok_or(ServiceError::Unauthenticated)?;
        let caller = service::operator::enter(&state, operator, origin(&state, &parts), &environment).await?;
        service::impersonation::reopen(&caller, session_id).await
    };
    match reopened.await {
        Ok(Reopened::HandOff(hand_off)) => go_on(&state, &hand_off.url),
        Ok(Reopened::Ended(reason)) => over(&environment, reason),
        Err(error) => page::failed(error, &origin(&state, &parts).request_id),
    }
}

fn over(environment: &str, reason: EndReason) -> Response {
    let title = "This session is over";
    let body = html! {
        h1 { (title) }
        p.dim { (reason.said()) ". Close this tab, and start another session if you need one." }
        a.button.wide href=(format!("/{environment}/impersonation")) { "To the live sessions" }
    };
    Page::card(title, body).status(StatusCode::CONFLICT).into_response()
}

async fn run(state: &AppState, parts: &Parts, request: &StartImpersonation) -> ServiceResult<String> {
    let operator = guard::operator(state, &parts.headers).await?.ok_or(ServiceError::Unauthenticated)?;
    let caller = service::operator::enter(state, operator, origin(state, parts), &request.environment).await?;
    Ok(service::impersonation::start(&caller, request).await?.url)
}
