//! Which pages may call, with cookies: those of the environment's applications, and no others.
//!
//! Reading an answer is what CORS guards; that a page of another site cannot make its visitor act is guarded here, by
//! refusing what it sends. A call without `Origin` comes from a server, which has no visitor's cookies by accident.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::SdkError;
use super::origin::is_our_own;
use crate::server::error::ServiceResult;
use crate::server::http::cors::{Cookies, Cors, request_id};
use crate::server::http::own_host;
use crate::server::oauth::provider::environment_in;
use crate::server::service::registry::problem::{self, Mistake};
use crate::server::service::registry::{relying_party, sdk};
use crate::server::state::AppState;

const CORS: Cors = Cors {
    methods: "GET, POST, PUT, PATCH, DELETE",
    // All that any version of the SDKs sends.
    headers: "authorization, content-type, x-frontegg-source, x-frontegg-sdk, x-frontegg-framework, \
              frontegg-requested-application-id, frontegg-source, frontegg-scoped-tenant, frontegg-login-alias",
    exposed: "retry-after, x-request-id",
    cookies: Cookies::Sent {
        refusal: || SdkError::denied("The page that calls is not registered in this environment.").into_response(),
    },
};

pub async fn registered_origins(
    State(state): State<AppState>,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let own = own_host::origin(&state, &request);
    let from_elsewhere = origin.filter(|origin| !origin.to_str().is_ok_and(|origin| is_our_own(&own, origin)));
    let request_id = request_id(request.headers());
    let is_registered = is_registered(&state, environment_in(&path), from_elsewhere.clone(), &request_id);
    CORS.apply(from_elsewhere, is_registered, request, next).await
}

async fn is_registered(
    state: &AppState,
    slug: &str,
    origin: Option<HeaderValue>,
    request_id: &str,
) -> ServiceResult<bool> {
    let Some(origin) = origin.as_ref().and_then(|origin| origin.to_str().ok()) else { return Ok(false) };
    match relying_party::environment(state, slug).await? {
        Some(environment) => {
            let is_registered = !sdk::applications_at(state, environment.id, origin).await?.is_empty();
            if !is_registered {
                problem::note(state, &Mistake::of_origin(environment.id, origin, request_id));
            }
            Ok(is_registered)
        }
        None => Ok(false),
    }
}
