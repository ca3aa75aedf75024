//! Users: one that is new, one that is changed, and many at once. The list and a user's own page are drawn elsewhere, and lead
//! here.

mod actions;
mod bulk;
mod edit;
mod fields;
mod memberships;
mod new;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};

use crate::server::portal::pages::Pages;
use crate::server::state::AppState;

/// The pages and actions of users.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pages: FromRef<S>,
    AppState: FromRef<S>,
{
    Router::new()
        .route("/{environment}/users/new", get(new::page).post(new::create))
        .route("/{environment}/users/bulk", get(bulk::choose).post(bulk::post))
        .route("/{environment}/users/{user_id}/edit", get(edit::page).post(edit::save))
        .route("/{environment}/users/{user_id}/lock", post(actions::lock))
        .route("/{environment}/users/{user_id}/unlock", post(actions::unlock))
        .route("/{environment}/users/{user_id}/verify", post(actions::verify))
        .route("/{environment}/users/{user_id}/link", post(actions::link))
        .route("/{environment}/users/{user_id}/delete", post(actions::delete))
        .route("/{environment}/users/{user_id}/memberships", post(actions::set_membership))
        .route("/{environment}/users/{user_id}/memberships/remove", post(actions::remove_membership))
}
