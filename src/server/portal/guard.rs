//! Who is not signed in sees the sign-in page and nothing else.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;

use super::manage::again;
use crate::server::domain::actor::{Actor, Operator};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::caller::{LONGEST_PATH, operator_cookie};
use crate::server::http::headers::OfOperator;
use crate::server::http::origin::origin;
use crate::server::http::page::{self, Page};
use crate::server::service::caller::ServerCaller;
use crate::server::service::operator as service;
use crate::server::service::setup;
use crate::server::state::AppState;

const SIGN_IN: &str = "/rpc/sign-in";

/// Pages that a link opens, for who cannot sign in yet.
const BY_LINK: [&str; 2] = ["/invitation", "/setup"];

/// The signed-in operator of a request, from its cookie.
pub async fn operator(state: &AppState, headers: &axum::http::HeaderMap) -> ServiceResult<Option<Operator>> {
    match operator_cookie(state, headers) {
        Some(cookie) => service::authenticate(state, &cookie).await,
        None => Ok(None),
    }
}

/// Whom a cookie belongs to cannot be looked up: whoever it is stays signed in, and asks again.
fn unknown(error: &ServiceError) -> Response {
    tracing::error!(error = format!("{error:#}"), "a portal cookie could not be looked up");
    page::unavailable()
}

/// Sends document requests without a sign-in to `/sign-in`, before anything is rendered.
pub async fn require_sign_in(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > LONGEST_PATH) {
        return StatusCode::URI_TOO_LONG.into_response();
    }
    let path = request.uri().path();
    if path.starts_with("/rpc/") {
        // Server functions answer for themselves, with an error that the page can read. But for the sign-in, they succeed
        // for operators only.
        let is_sign_in = path == SIGN_IN;
        let mut response = next.run(request).await;
        if !is_sign_in && response.status().is_success() {
            response.extensions_mut().insert(OfOperator);
        }
        return response;
    }
    let is_sign_in = request.uri().path() == "/sign-in";
    let operator = match operator(&state, request.headers()).await {
        Ok(operator) => operator,
        Err(error) => return unknown(&error),
    };
    let known = operator.is_some();
    if let Some(operator) = operator {
        // Whoever answers this request need not look again.
        request.extensions_mut().insert(operator);
    }
    match (is_sign_in, known) {
        (true, true) => Redirect::to("/").into_response(),
        (true, false) if request.method() == Method::GET => match setup::is_needed(&state).await {
            Ok(false) => next.run(request).await,
            Ok(true) => not_set_up(),
            Err(error) => unknown(&error),
        },
        (true, false) => next.run(request).await,
        (false, true) => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(OfOperator);
            response
        }
        (false, false) if BY_LINK.contains(&request.uri().path()) => next.run(request).await,
        (false, false) if again::is_way_in(request.uri().path()) => next.run(request).await,
        (false, false) if again::is_form(&request) => again::ask(request).await,
        (false, false) => Redirect::to(&sign_in_path(&request)).into_response(),
    }
}

fn sign_in_path(request: &Request) -> String {
    let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if request.method() == Method::GET && wanted != "/" {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("return_to", wanted).finish();
        format!("/sign-in?{query}")
    } else {
        "/sign-in".to_owned()
    }
}

/// `/`: the operator's first environment.
pub async fn home(State(state): State<AppState>, parts: Parts) -> Response {
    let operator = match operator(&state, &parts.headers).await {
        Ok(Some(operator)) => operator,
        Ok(None) => return Redirect::to("/sign-in").into_response(),
        Err(error) => return unknown(&error),
    };
    let caller = ServerCaller { origin: origin(&state, &parts), actor: Actor::Operator(operator), state };
    match service::home(&caller).await {
        Ok(path) => Redirect::to(&path).into_response(),
        Err(_) => no_role(&caller),
    }
}

/// The portal of an installation that nobody has set up yet.
fn not_set_up() -> Response {
    let body = html! {
        h1 { "Nobody has set this up yet" }
        p.dim { "Open the link that the server printed when it started: it makes the first Owner and the first environment." }
        p.dim { "It works for an hour, once. " code { "understudy setup-link" } " prints another." }
    };
    Page::card("Not set up yet", body).into_response()
}

fn no_role(caller: &ServerCaller) -> Response {
    let email = caller.actor.operator().map(|operator| operator.email.as_str()).unwrap_or_default();
    let body = html! {
        h1 { "You have no role yet" }
        p.dim { "You are signed in as " (email) ", who has no role in any environment. Ask an Owner for one." }
        form method="post" action="/rpc/sign-out" { button.button.wide type="submit" { "Sign out" } }
    };
    Page::card("No role", body).status(StatusCode::FORBIDDEN).into_response()
}
