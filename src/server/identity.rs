//! The OpenID provider of an environment.

use axum::Router;

use super::state::AppState;

pub fn router(_state: AppState) -> Router {
    Router::new()
}
