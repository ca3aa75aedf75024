//! Which origins may read the protocol endpoints from a browser: those of the environment's registered addresses.
//!
//! No credentials are ever allowed: these endpoints know clients and tokens, no cookies.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::provider::environment_in;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::relying_party;
use crate::server::state::AppState;
use crate::server::web::cors::{Cookies, Cors, vary};

const CORS: Cors = Cors {
    methods: "GET, POST",
    headers: "authorization, content-type",
    exposed: "www-authenticate, retry-after, x-request-id",
    cookies: Cookies::Never,
};

pub async fn registered_origins(
    State(state): State<AppState>,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    match request.headers().get(header::ORIGIN).cloned() {
        None => vary(next.run(request).await),
        Some(origin) => {
            let is_registered = is_registered(&state, environment_in(&path), &origin).await;
            CORS.answer(origin, is_registered.unwrap_or_else(unknown), request, next).await
        }
    }
}

async fn is_registered(state: &AppState, slug: &str, origin: &HeaderValue) -> ServiceResult<bool> {
    let Ok(origin) = origin.to_str() else { return Ok(false) };
    match relying_party::environment(state, slug).await? {
        Some(environment) => relying_party::is_registered_origin(state, environment.id, origin).await,
        None => Ok(false),
    }
}

/// Where it cannot be told whether an origin is registered, it counts as one that is not.
pub fn unknown(error: ServiceError) -> bool {
    tracing::error!(error = format!("{error:#}"), "registered origins could not be looked up");
    false
}
