//! Administration: pages that only the server draws, within the portal's frame. They work without script, cost the browser
//! module nothing, and a script of a few kilobytes (`manage.js`) makes them quick.
//!
//! A page is a handler that reads by one use case and draws with the kit: [`list`] for what is listed, [`form`] for what is
//! entered, [`parts`] for what both are made of. An action is a handler of a POST that calls exactly one use case: where that
//! did what was asked, it leads on to a page that says so ([`Done`](super::done::Done)); where it was refused, the page is drawn once more with
//! everything that was entered, and each error at its field.

mod accounts;
pub mod again;
mod applications;
pub mod at;
mod connect;
pub mod entered;
mod environments;
mod export;
mod find;
pub mod form;
mod help_desk;
pub mod list;
mod operators;
mod overview;
pub mod parts;
mod roles;
mod sessions;
mod users;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};

use crate::server::portal::pages::Pages;
use crate::server::state::AppState;

/// The script of every managed page.
pub(in crate::server::portal) const SCRIPT: &str = include_str!("manage/manage.js");

/// The pages and actions of administration.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pages: FromRef<S>,
    AppState: FromRef<S>,
{
    Router::new()
        .merge(operators::router())
        .merge(environments::router())
        .route("/sign-in/again", post(again::sign_in))
        .route("/{environment}/applications/new", get(applications::new).post(applications::create))
        .route("/{environment}/applications/{application_id}/edit", get(applications::edit).post(applications::update))
        .route("/{environment}/applications/{application_id}/secret", post(applications::secret))
        .route("/{environment}/applications/{application_id}/delete", post(applications::delete))
        .route("/{environment}/applications/{application_id}/test-logout", post(applications::test_logout))
        .route("/{environment}/applications/{application_id}/connect", get(connect::page))
        .route("/{environment}/audit/export", get(export::file))
        .route("/{environment}/sessions/{session_id}", get(sessions::page))
        .route("/{environment}/sessions/{session_id}/end", post(sessions::end_one))
        .route("/{environment}/find", get(find::find))
        .route("/{environment}/overview", get(overview::page))
        .route("/{environment}/impersonate", get(help_desk::open))
        .route("/{environment}/roles", get(roles::list))
        .route("/{environment}/roles/new", get(roles::new).post(roles::create))
        .route("/{environment}/roles/{role_id}", get(roles::page).post(roles::update))
        .route("/{environment}/roles/{role_id}/delete", post(roles::delete))
        .merge(users::router())
        .merge(accounts::router())
}
