//! Which pages may call, with cookies: those of the environment's applications, and no others.
//!
//! Reading an answer is what CORS guards; that a page of another site cannot make its visitor act is guarded here, by
//! refusing what it sends. A call without `Origin` comes from a server, which has no visitor's cookies by accident.

use std::collections::HashMap;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::call::is_our_own;
use super::error::Refused;
use crate::server::service::{relying_party, sdk};
use crate::server::state::AppState;

const METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
/// All that any version of the SDKs sends.
const HEADERS: &str = "authorization, content-type, x-frontegg-source, x-frontegg-sdk, x-frontegg-framework, \
                       frontegg-requested-application-id, frontegg-source, frontegg-scoped-tenant, frontegg-login-alias";

pub async fn registered_origins(
    State(state): State<AppState>,
    Path(path): Path<HashMap<String, String>>,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match origin {
        None => next.run(request).await,
        Some(origin) if origin.to_str().is_ok_and(|origin| is_our_own(&state, origin)) => next.run(request).await,
        Some(origin) => {
            let slug = path.get("environment").map(String::as_str).unwrap_or_default();
            let allowed = is_allowed(&state, slug, &origin).await;
            answer(request, next, origin, allowed).await
        }
    };
    response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    response
}

async fn answer(request: Request, next: Next, origin: HeaderValue, allowed: bool) -> Response {
    let preflight =
        request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else if allowed || changes_nothing {
        next.run(request).await
    } else {
        Refused::forbidden("The page that calls is not registered in this environment.").into_response()
    };
    if allowed {
        allow(response.headers_mut(), origin, preflight);
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    if preflight {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    } else {
        let exposed = HeaderValue::from_static("retry-after, x-request-id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

async fn is_allowed(state: &AppState, slug: &str, origin: &HeaderValue) -> bool {
    let Ok(origin) = origin.to_str() else { return false };
    let lookup = async {
        match relying_party::environment(state, slug).await? {
            Some(environment) => Ok(!sdk::applications_at(state, environment.id, origin).await?.is_empty()),
            None => Ok(false),
        }
    };
    let found: crate::server::error::ServiceResult<bool> = lookup.await;
    found.unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "registered origins could not be looked up");
        false
    })
}
