//! Environments at host names of their own.
//!
//! A request that comes to such a name is for that environment's provider and for nothing else: it is led below
//! `/id/{environment}` before any route is looked for, so that no page of the portal, no cookie of the portal's and no other
//! environment is ever at that origin. What comes for the environment to the public address is sent on to its own.

use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use super::basic;
use super::error::OAuthError;
use super::provider::environment_in;
use crate::model::problem::ProblemKind;
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::http::cors::request_id;
use crate::server::http::own_host::{OwnHost, is_there};
use crate::server::http::{health, host, page, site};
use crate::server::service::registry::problem::{self, About, Mistake};
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

/// Leads what comes to an environment's own host name to its provider. It runs before any route is looked for.
pub async fn lead_in(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // Whether the server lives is asked under any name, also while the database does not answer.
    if health::PATHS.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let names = names(&state, &request);
    let environment = match environment_of(&state, &names).await {
        Ok(Some(environment)) => environment,
        Ok(None) => return next.run(request).await,
        // Whose name it is decides what may be served: nothing is, as long as that is not known.
        Err(error) => return page::failed(error, &request_id(request.headers())),
    };
    let path = request.uri().path();
    if !site::is_file(path) && !is_below(path, &environment.slug) {
        let Some(uri) = below(request.uri(), &environment.slug) else {
            return StatusCode::URI_TOO_LONG.into_response();
        };
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(OwnHost(environment));
    next.run(request).await
}

/// The names under which a request may have come to an environment: the one in `Host`, and where a trusted proxy writes another
/// one there, the one in `X-Forwarded-Host`. The public name is no environment's.
fn names(state: &AppState, request: &Request) -> Vec<String> {
    let headers = request.headers();
    let is_trusted = host::peer(request).is_some_and(|peer| state.trusted_proxies.contains(peer));
    let passed_on = if is_trusted { host::passed_on(headers) } else { None };
    let asked = [host::asked(request.uri(), headers), passed_on].into_iter().flatten();
    let others = asked.filter(|asked| !host::is_public(&state.public_url, asked));
    others.filter_map(|asked| host::canonical(&state.public_url, &asked)).collect()
}

async fn environment_of(state: &AppState, names: &[String]) -> ServiceResult<Option<Arc<Environment>>> {
    for name in names {
        if let Some(environment) = relying_party::environment_at(state, name).await? {
            return Ok(Some(environment));
        }
    }
    Ok(None)
}

/// Whether a path is one of the environment's already, as at the public address.
fn is_below(path: &str, slug: &str) -> bool {
    let rest = path.strip_prefix("/id/").and_then(|rest| rest.strip_prefix(slug));
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// The same address below the environment; `None` where that is longer than any may be.
fn below(uri: &Uri, slug: &str) -> Option<Uri> {
    let asked = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("/id/{slug}{asked}").parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The one page of an environment that is at the public address all the same: there the portal's cookie is.
pub const CLAIM: &str = "/hand-off/claim";

/// Sends what is asked of an environment at the public address to its own host name, where it has one. What is posted is
/// refused: a client that knows another issuer must not take an answer of this one for that (RFC 9207).
pub async fn lead_there(State(state): State<AppState>, path: RawPathParams, request: Request, next: Next) -> Response {
    if is_there(&request) || request.method() == Method::OPTIONS || request.uri().path() == CLAIM {
        return next.run(request).await;
    }
    let environment = match relying_party::environment(&state, environment_in(&path)).await {
        Ok(Some(environment)) if environment.host.is_some() => environment,
        Ok(_) => return next.run(request).await,
        Err(error) => return OAuthError::from(error).into_response(),
    };
    let issuer = state.issuer(&environment);
    let mut response = if matches!(*request.method(), Method::GET | Method::HEAD) {
        let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        Redirect::temporary(&format!("{issuer}{asked}")).into_response()
    } else {
        Box::pin(refused(&state, &environment, request.uri().path(), request.headers())).await
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // It says where to ask instead and nothing else: pages of any origin may read that.
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn refused(state: &AppState, environment: &Environment, path: &str, headers: &HeaderMap) -> Response {
    let issuer = state.issuer(environment);
    if wants_page(headers) {
        let sentence = format!("It is at {issuer} now. Go back to where you came from and begin again.");
        return page::plain(StatusCode::MISDIRECTED_REQUEST, "This has moved", &sentence);
    }
    let text = format!("the issuer is {issuer}: configure the client for it, and ask there");
    note(state, environment, &format!("{path}: {text}"), headers).await;
    OAuthError::InvalidRequest(text).into_response()
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// Shows whoever can mend it that a client asks at the former address.
async fn note(state: &AppState, environment: &Environment, text: &str, headers: &HeaderMap) {
    let client_id = basic::client_id(headers.get(header::AUTHORIZATION));
    let application = match client_id.filter(|client_id| !client_id.contains('\0')) {
        Some(client_id) => relying_party::application(state, environment.id, &client_id).await.ok().flatten(),
        None => None,
    };
    let known = application.as_ref().map(|application| (application.id, application.client_id.as_str()));
    let (kind, request_id) = (ProblemKind::TokenRequest, request_id(headers));
    let environment_id = environment.id;
    let mistake = Mistake {
        environment_id,
        application: known,
        kind,
        value: text,
        request_id: &request_id,
        about: About::default(),
    };
    problem::note(state, &mistake);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_host_is_led_below_its_environment_as_it_is() {
        let led = |uri: &str| below(&uri.parse().expect("a URI"), "acme").expect("a URI").to_string();
        assert_eq!(led("/authorize?a=%2F&b"), "/id/acme/authorize?a=%2F&b");
        assert_eq!(led("/"), "/id/acme/");
        assert_eq!(led("/id/other/authorize"), "/id/acme/id/other/authorize");
        assert_eq!(led("/../other/login"), "/id/acme/../other/login");
        assert_eq!(led("https://login.acme.example/token"), "https://login.acme.example/id/acme/token");
        for (path, expected) in
            [("/id/acme/token", true), ("/id/acme", false), ("/id/acme2/token", false), ("/token", false)]
        {
            assert_eq!(is_below(path, "acme"), expected, "{path}");
        }
    }
}
