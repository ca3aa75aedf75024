//! Accounts: the list, one that is new, and one with what belongs to it.

mod actions;
mod edit;
mod list;
mod new;
mod page;
mod sections;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use uuid::Uuid;

use crate::model::percent::encode;
use crate::server::portal::pages::Pages;
use crate::server::state::AppState;

/// The pages and actions of accounts.
pub fn router<S>() -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    Pages: FromRef<S>,
    AppState: FromRef<S>,
{
    Router::new()
        .route("/{environment}/accounts", get(list::page))
        .route("/{environment}/accounts/new", get(new::page).post(new::create))
        .route("/{environment}/accounts/{account}", get(page::page))
        .route("/{environment}/accounts/{account}/edit", get(edit::page).post(edit::save))
        .route("/{environment}/accounts/{account}/applications", post(actions::assign))
        .route("/{environment}/accounts/{account}/applications/withdraw", post(actions::withdraw))
        .route("/{environment}/accounts/{account}/delete", post(actions::delete))
}

/// Where an account's page is, below the environment. An external id that means something else in an address gives way to the id.
pub fn below(external_id: &str, id: Option<Uuid>) -> String {
    let is_odd = external_id == "new" || external_id.chars().all(|c| c == '.');
    match id.filter(|_| is_odd) {
        Some(id) => format!("accounts/{id}"),
        None => format!("accounts/{}", encode(external_id)),
    }
}
