//! Whether the server lives, and whether it can serve.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::server::service::health::readiness;
use crate::server::state::AppState;

/// What is answered under any name.
pub const PATHS: [&str; 2] = ["/healthz", "/readyz"];

pub fn router(state: AppState) -> Router {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready)).with_state(state)
}

/// Which part fails, in a word: why is for the log, not for strangers.
async fn ready(State(state): State<AppState>) -> Response {
    let failing = readiness::failing(&state).await;
    let status = if failing.is_none() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "ready": failing.is_none(), "failing": failing.map(readiness::Part::as_str) });
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
