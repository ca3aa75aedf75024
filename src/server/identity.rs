//! The OpenID provider of an environment: its protocol endpoints and its hosted pages.
//!
//! Speaks HTTP and the standards' words; every decision about a session or a grant is a service's.

pub(in crate::server) mod access;
mod account;
mod account_log;
pub(in crate::server) mod authorize;
pub(in crate::server) mod choice;
pub(in crate::server) mod claims;
pub(in crate::server) mod client_auth;
pub(in crate::server) mod cookies;
mod cors;
pub(in crate::server) mod discovery;
pub(in crate::server) mod error;
mod events;
mod hand_off;
mod hint;
mod introspect;
mod login;
pub(in crate::server) mod logout;
pub mod page;
pub(in crate::server) mod parameters;
mod password;
pub(in crate::server) mod provider;
mod revoke;
mod selection;
mod token;
mod userinfo;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use tower::ServiceBuilder;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;

use super::state::AppState;

/// No request of the protocol comes near this.
const BODY_LIMIT: usize = 64 * 1024;

pub fn router(state: AppState) -> Router {
    // Called by applications, from servers and from browsers of registered origins.
    let protocol = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document))
        .route("/.well-known/jwks.json", get(discovery::keys))
        .route("/token", post(token::token))
        .route("/userinfo", get(userinfo::get).post(userinfo::post))
        .route("/introspect", post(introspect::introspect))
        .route("/revoke", post(revoke::revoke))
        .route("/events", post(events::report))
        .layer(
            ServiceBuilder::new()
                .map_response(page::never_stored)
                .layer(from_fn_with_state(state.clone(), cors::registered_origins))
                .map_response(error::too_large)
                .layer(RequestBodyLimitLayer::new(BODY_LIMIT)),
        );
    // Where applications send browsers: by design from other sites, so without protection against that.
    let front = Router::new()
        .route("/authorize", get(authorize::get).post(authorize::post))
        .route("/hand-off", get(hand_off::open))
        .route("/hand-off/claim", get(hand_off::claim))
        .route("/logout", get(logout::get).post(logout::post));
    // Forms of the hosted pages, posted by these pages only.
    let hosted = Router::new()
        .route("/login", get(login::form).post(login::submit))
        .route("/password", get(password::form).post(password::submit))
        .route("/choose", post(selection::choose))
        .route("/logout/confirm", post(logout::confirm))
        .route("/account", get(account::home))
        .route("/account/sessions", get(account::sessions))
        .route("/account/sessions/{session_id}/revoke", post(account::revoke))
        .route("/account/revoke-others", post(account::revoke_others))
        .route("/account/switch", post(account::switch))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/audit", get(account_log::log))
        .layer(CsrfLayer::new());
    let pages = front.merge(hosted).layer(
        ServiceBuilder::new()
            .map_response(page::never_stored)
            .map_response(page::too_large)
            .layer(RequestBodyLimitLayer::new(BODY_LIMIT)),
    );
    Router::new().merge(protocol).merge(pages).with_state(state)
}
