//! The OpenID provider of an environment: its protocol endpoints and its hosted pages.
//!
//! Speaks HTTP and the standards' words; every decision about a session or a grant is a service's.

mod account_log;
pub(in crate::server) mod authorize;
mod cors;
mod destination;
pub(in crate::server) mod discovery;
mod events;
mod hand_off;
mod introspect;
mod login;
pub(in crate::server) mod logout;
pub(in crate::server) mod my_sessions;
mod password;
pub(in crate::server) mod reauthentication;
mod revoke;
mod selection;
mod token;
mod userinfo;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::routing::{MethodRouter, get, post};
use tower::ServiceBuilder;
use tower_http::limit::RequestBodyLimitLayer;

use crate::server::http::cors::open_to_all;
use crate::server::http::host::{self, HostNames};
use crate::server::http::own_pages::{self, Own};
use crate::server::http::page;
use crate::server::oauth::{error, parking, problem};
use crate::server::state::AppState;

/// No request of the protocol comes near this.
const BODY_LIMIT: usize = 64 * 1024;

pub fn router(state: AppState, names: HostNames) -> Router {
    let own = Own::new(state.clone(), names.clone());
    // Read by everybody.
    let public = Router::new()
        .route("/.well-known/openid-configuration", get(discovery::document))
        .layer(ServiceBuilder::new().map_response(page::never_stored).layer(from_fn(open_to_all)))
        .merge(open_keys());
    // Called by applications, from servers and from browsers of registered origins.
    let protocol = Router::new()
        .route("/token", post(token::token))
        .route("/userinfo", get(userinfo::get).post(userinfo::post))
        .route("/introspect", post(introspect::introspect))
        .route("/revoke", post(revoke::revoke))
        .route("/events", post(events::report))
        .layer(
            ServiceBuilder::new()
                .map_response(page::never_stored)
                .layer(from_fn_with_state(state.clone(), problem::note_refusals))
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
    let front = front.layer(map_response(problem::of_authorization));
    // Forms of the hosted pages, posted by these pages only.
    let hosted = Router::new()
        .route("/login", get(login::form).post(login::submit))
        .route("/password", get(password::form).post(password::submit))
        .route("/choose", post(selection::choose))
        .route("/logout/confirm", post(logout::confirm))
        .route("/account", get(my_sessions::home))
        .route("/account/sessions", get(my_sessions::sessions))
        .route("/account/sessions/{session_id}/revoke", post(my_sessions::revoke))
        .route("/account/revoke-others", post(my_sessions::revoke_others))
        .route("/account/switch", post(my_sessions::switch))
        .route("/account/sign-out", post(my_sessions::sign_out))
        .route("/account/audit", get(account_log::log))
        .layer(from_fn_with_state(own, own_pages::refuse_others))
        .layer(map_response(problem::of_nobody));
    let pages = front.merge(hosted).layer(
        ServiceBuilder::new()
            .map_response(page::never_stored)
            .layer(from_fn_with_state(state.clone(), problem::note_refusals))
            .map_response(page::too_large)
            .layer(from_fn_with_state(names, host::under_its_name))
            .layer(from_fn_with_state(state.clone(), parking::short_addresses))
            .layer(RequestBodyLimitLayer::new(BODY_LIMIT)),
    );
    Router::new().merge(public).merge(protocol).merge(pages).with_state(state)
}

/// The authorization endpoint, for whoever has it at another address, too.
pub fn authorization() -> MethodRouter<AppState> {
    get(authorize::get)
}

/// The public keys, for everybody, wherever clients look for them.
pub fn open_keys() -> Router<AppState> {
    let keys = Router::new().route("/.well-known/jwks.json", get(discovery::keys));
    keys.layer(ServiceBuilder::new().map_response(page::never_stored).layer(from_fn(open_to_all)))
}
