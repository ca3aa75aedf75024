//! From an HTTP request to the caller that use cases know, and from their errors back to HTTP.

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use chrono::TimeDelta;
use leptos::prelude::use_context;
use leptos::server_fn::error::FromServerFnError;
use leptos_axum::ResponseOptions;

pub use super::origin::origin;
use super::page;
use crate::model::error::ApiError;
use crate::model::percent::{decode, encode};
use crate::model::text::EMAIL_MAX;
use crate::server::crypto::device;
use crate::server::domain::actor::{Actor, Operator};
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::cookies::{self, SameSite, SetCookie, host_name};
use crate::server::platform::url::is_path;
use crate::server::service::caller::{Caller, Origin, ServerCaller};
use crate::server::service::operator as service;
use crate::server::state::AppState;

/// A request of anybody.
pub struct RequestContext {
    pub state: AppState,
    pub origin: Origin,
    /// The value of the portal's cookie.
    pub cookie: Option<String>,
    /// Who asks, where the guard has looked already.
    known: Option<Operator>,
}

/// A request of a signed-in operator, in no environment yet.
pub struct OperatorContext {
    pub state: AppState,
    pub origin: Origin,
    pub operator: Operator,
}

impl OperatorContext {
    /// The operator, at work on what belongs to no environment.
    pub fn into_caller(self) -> ServerCaller {
        ServerCaller { state: self.state, actor: Actor::Operator(self.operator), origin: self.origin }
    }
}

/// The request that a server function or a page answers.
pub async fn request() -> Result<RequestContext, ApiError> {
    let (Some(state), Some(parts)) = (use_context::<AppState>(), use_context::<Parts>()) else {
        return Err(ApiError::Unreachable);
    };
    Ok(RequestContext {
        origin: origin(&state, &parts),
        cookie: operator_cookie(&state, &parts.headers),
        known: parts.extensions.get::<Operator>().cloned(),
        state,
    })
}

/// The signed-in operator who asks.
pub async fn operator() -> Result<OperatorContext, ApiError> {
    let request = request().await?;
    let found = match &request.cookie {
        _ if request.known.is_some() => Ok(request.known),
        Some(cookie) => service::authenticate(&request.state, cookie).await,
        None => Ok(None),
    };
    let operator = answer(&request.origin, found.and_then(|known| known.ok_or(ServiceError::Unauthenticated)))?;
    Ok(OperatorContext { state: request.state, origin: request.origin, operator })
}

/// The signed-in operator at work in an environment.
pub async fn operator_in(environment: &str) -> Result<Caller, ApiError> {
    let context = operator().await?;
    let client = context.origin.clone();
    answer(&client, service::enter(&context.state, context.operator, context.origin, environment).await)
}

/// What a use case gave, as it goes over the wire: an error also becomes the response's status, unless a plain form
/// was posted, whose answer stays a redirect back to the form.
pub fn answer<T>(origin: &Origin, result: ServiceResult<T>) -> Result<T, ApiError> {
    result.map_err(|error| {
        let error = error.into_api(&origin.request_id);
        set_status(&error);
        error
    })
}

/// Whether a form was posted without script: its answer is the next page.
pub fn is_plain_form() -> bool {
    let Some(parts) = use_context::<Parts>() else { return false };
    let accept = parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    parts.method == axum::http::Method::POST && accept.contains("text/html")
}

/// A form without script that is refused gets back what was entered in it, up to so many bytes of an address.
pub const LONGEST_BACK: usize = 8 * 1024;

/// Leads a form without script back to its `page`, where it was refused with the error, as every form finds it in its page's
/// address, and with what was `entered` in it. Other forms come back with the error alone: what they hold is in their page's
/// address already, or may not be in one. `path` is the server function's.
pub fn lead_back(page: &str, path: &str, refused: Option<&ApiError>, entered: &[(&str, &str)]) {
    let Some(response) = use_context::<ResponseOptions>().filter(|_| is_plain_form()) else { return };
    let mut address = page.to_owned();
    if let Some(error) = refused {
        let error = URL_SAFE.encode(error.ser());
        for (at, (name, value)) in [("__path", path), ("__err", &error)].iter().chain(entered).enumerate() {
            address.push(if at == 0 { '?' } else { '&' });
            address.push_str(&format!("{name}={}", encode(value)));
        }
    }
    if let Ok(address) = HeaderValue::from_str(&address)
        && address.len() <= LONGEST_BACK
    {
        response.insert_header(header::LOCATION, address);
    }
}

fn set_status(error: &ApiError) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    if let ApiError::RateLimited { retry_after_seconds } | ApiError::Busy { retry_after_seconds } = error {
        response.insert_header(header::RETRY_AFTER, HeaderValue::from(*retry_after_seconds));
    }
    // Where the server cannot serve, there is no form to go back to: `busy` makes a page of it.
    if !is_plain_form() || matches!(error, ApiError::Busy { .. }) {
        response.set_status(status(error));
    }
}

/// The HTTP status of an error.
pub fn status(error: &ApiError) -> StatusCode {
    match error {
        ApiError::Unauthenticated => StatusCode::UNAUTHORIZED,
        ApiError::NotFound => StatusCode::NOT_FOUND,
        ApiError::Forbidden => StatusCode::FORBIDDEN,
        ApiError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ApiError::Conflict { .. } | ApiError::Denied(_) => StatusCode::CONFLICT,
        ApiError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
        ApiError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
        // As where the whole request takes too long: see the router.
        ApiError::TooLong => StatusCode::GATEWAY_TIMEOUT,
        ApiError::Internal { .. } | ApiError::Unreachable | ApiError::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The portal's cookie, by which an operator is signed in.
fn operator_cookie_name(state: &AppState) -> String {
    host_name(state.is_https(), "understudy")
}

/// The value of the portal's cookie.
pub fn operator_cookie(state: &AppState, headers: &HeaderMap) -> Option<String> {
    cookies::value(headers, &operator_cookie_name(state)).map(str::to_owned)
}

pub fn set_cookie(state: &AppState, value: &str) {
    append_cookie(signed_in_cookie(state, value));
}

fn signed_in_cookie(state: &AppState, value: &str) -> Option<HeaderValue> {
    let name = operator_cookie_name(state);
    SetCookie::lasting(state.is_https(), &name, value, service::SESSION_LIFETIME).header()
}

/// The browser is known from now on: see [`device`].
pub fn set_device(state: &AppState, value: &str) {
    append_cookie(device::set_cookie(state.is_https(), None, value));
}

/// Both of a sign-in, where no server function answers.
pub fn add_cookies(state: &AppState, signed_in: &service::SignedInOperator, response: &mut Response) {
    let both =
        [signed_in_cookie(state, &signed_in.cookie), device::set_cookie(state.is_https(), None, &signed_in.device)];
    for cookie in both.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// What was typed into a sign-in form that was refused: a form without script has lost it. Kept out of addresses, which are
/// written down in many places.
const TYPED_COOKIE: &str = "understudy_typed";

/// Leaves the e-mail for the page that follows, where a browser goes there without script.
pub fn remember_typed(state: &AppState, email: &str) {
    let accept = use_context::<Parts>().and_then(|parts| parts.headers.get(header::ACCEPT).cloned());
    let is_form = accept.is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    if is_form && email.len() <= EMAIL_MAX {
        let value = encode(email);
        let lasting = SetCookie::lasting(state.is_https(), TYPED_COOKIE, &value, TimeDelta::minutes(1));
        append_cookie(SetCookie { path: "/sign-in", same_site: SameSite::Strict, ..lasting }.header());
    }
}

/// What [`remember_typed`] left.
pub fn typed(headers: &HeaderMap) -> Option<String> {
    cookies::value(headers, TYPED_COOKIE).filter(|value| value.len() <= 3 * EMAIL_MAX).map(decode)
}

pub fn clear_cookie(state: &AppState) {
    append_cookie(SetCookie::gone(state.is_https(), &operator_cookie_name(state), "/").header());
}

fn append_cookie(cookie: Option<HeaderValue>) {
    if let (Some(response), Some(cookie)) = (use_context::<ResponseOptions>(), cookie) {
        response.append_header(header::SET_COOKIE, cookie);
    }
}

/// A plain form that was posted while the server is busy gets a page that says so.
pub async fn busy(request: Request, next: Next) -> Response {
    let is_form = request.method() == axum::http::Method::POST
        && request.headers().get(header::ACCEPT).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let response = next.run(request).await;
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    match wait {
        Some(wait) if is_form && response.status() == StatusCode::SERVICE_UNAVAILABLE => page::busy(wait),
        _ => response,
    }
}
/// Bytes of a page's path and query at most. Browsers encode it once more where it is gone back to, and a request's first
/// line ends at 64 kB.
pub const LONGEST_PATH: usize = 16 * 1024;

/// `path` if it is a path of this portal and nothing that a browser could read as another host.
pub fn local_path(path: &str) -> Option<&str> {
    let before_query = path.split(['?', '#']).next().unwrap_or_default();
    let inside =
        is_path(path) && path.len() <= LONGEST_PATH && before_query != "/sign-in" && !before_query.starts_with("/rpc/");
    inside.then_some(path)
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn signing_in_leads_only_to_this_portal() {
        for path in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "",
            "/a\r\nb",
            "/a\u{1}b",
            "/a b",
            "/sign-in?x",
        ] {
            assert_eq!(local_path(path), None, "{path}");
        }
        let long = format!("/production/users?exclude={}", "d.example,".repeat(1_000));
        for path in ["/production/users?q=a", "/sign-in-team/users", "/production/users?q=a\\b%20c", long.as_str()] {
            assert_eq!(local_path(path), Some(path), "{path}");
        }
    }
}
