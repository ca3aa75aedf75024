//! `/metrics`, for the monitoring: at an address of its own, never where browsers and applications come.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::server::platform::metrics::CONTENT_TYPE;
use crate::server::service::health::measure;
use crate::server::state::AppState;

/// All that is answered at that address.
pub fn router(state: AppState) -> Router {
    Router::new().route("/metrics", get(text)).with_state(state)
}

async fn text(State(state): State<AppState>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], measure::text(&state).await)
}
