//! Which origins may read the protocol endpoints from a browser: those of the environment's registered addresses.
//!
//! No credentials are ever allowed: these endpoints know clients and tokens, no cookies.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::server::error::ServiceResult;
use crate::server::http::cors::{Cookies, Cors, request_id};
use crate::server::http::own_host;
use crate::server::oauth::provider::environment_in;
use crate::server::service::registry::problem::{self, Mistake};
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

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
    let origin = request.headers().get(header::ORIGIN).cloned();
    let request_id = request_id(request.headers());
    // Servers, who ask most, have no origin.
    let own = origin.as_ref().map(|_| own_host::origin(&state, &request));
    let is_registered = is_registered(&state, environment_in(&path), own, origin.clone(), &request_id);
    CORS.apply(origin, is_registered, request, next).await
}

async fn is_registered(
    state: &AppState,
    slug: &str,
    own: Option<String>,
    origin: Option<HeaderValue>,
    request_id: &str,
) -> ServiceResult<bool> {
    let Some(origin) = origin.as_ref().and_then(|origin| origin.to_str().ok()) else { return Ok(false) };
    match relying_party::environment(state, slug).await? {
        Some(environment) => {
            let is_registered = relying_party::is_registered_origin(state, environment.id, origin).await?;
            if !is_registered && Some(origin) != own.as_deref() {
                problem::note(state, &Mistake::of_origin(environment.id, origin, request_id));
            }
            Ok(is_registered)
        }
        None => Ok(false),
    }
}
