//! Whether the server lives, and whether it can serve.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;

use crate::server::service::readiness;
use crate::server::state::AppState;

/// What is answered under any name.
pub const PATHS: [&str; 2] = ["/healthz", "/readyz"];

pub fn router(state: AppState) -> Router {
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(ready)).with_state(state)
}

async fn ready(State(state): State<AppState>) -> (StatusCode, &'static str) {
    match readiness::check(&state).await {
        Ok(_) => (StatusCode::OK, "ready"),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")
        }
    }
}
