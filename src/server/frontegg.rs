//! The API that the Frontegg SDKs speak, over the same services as the provider: no rule of its own.
//!
//! The SDKs differ from an ordinary client in four ways, and each has its file here: they do not say which application
//! they are ([`call`]), they keep a session by cookie across origins ([`cookies`], [`cors`]), one token is both their
//! access token and their id token ([`answer`]), and their sign-in form is a script that we serve ([`login_box`]).

mod answer;
mod authorize;
mod bootstrap;
mod call;
mod cookies;
mod cors;
mod embedded;
mod error;
pub mod login_box;
mod logout;
mod meant;
mod origin;
mod own;
mod sessions;
mod silent;
mod token;
mod user;
mod vendor;

use axum::Router;
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::middleware::{from_fn_with_state, map_request};
use axum::response::Response;
use axum::routing::{MethodRouter, any, delete, get, post, put};
use tower::ServiceBuilder;
use tower_http::limit::RequestBodyLimitLayer;

use crate::server::http::page;
use crate::server::oauth::parking::short_addresses;
use crate::server::oauth::problem::note_refusals;
use crate::server::state::AppState;

/// No call of an SDK comes near this.
const BODY_LIMIT: usize = 64 * 1024;

const AUTHORIZE: &str = "/oauth/authorize";
const AUTH: &str = "/identity/resources/auth/v1";
const USERS: &str = "/identity/resources/users";
const SESSIONS: &str = "/identity/resources/users/sessions/v1";

/// What the provider answers here, too.
#[derive(Clone)]
pub struct OfProvider {
    /// Its authorization endpoint.
    pub authorize: MethodRouter<AppState>,
    /// Its public keys.
    pub keys: Router<AppState>,
}

/// Browser SDKs put `/frontegg` before every path, the ones on servers do not.
pub fn router(state: AppState, provider: OfProvider) -> Router {
    let authorize = provider.authorize.layer(map_request(async |request| authorize::understood(request)));
    let prefixed = routes(&authorize)
        // Something that an SDK asks for and we do not have is answered in its language, where its page can read it.
        .route("/{*rest}", any(bootstrap::missing));
    Router::new()
        .merge(routes(&authorize))
        .nest("/frontegg", prefixed)
        .layer(
            ServiceBuilder::new()
                .map_response(as_it_is)
                .map_response(page::never_stored)
                .layer(from_fn_with_state(state.clone(), note_refusals))
                .layer(from_fn_with_state(state.clone(), cors::registered_origins))
                .layer(from_fn_with_state(state.clone(), short_addresses))
                .layer(RequestBodyLimitLayer::new(BODY_LIMIT)),
        )
        // Not for pages of applications alone.
        .nest("/frontegg", provider.keys)
        .with_state(state)
}

/// Marks answers that must not be compressed: the server side of @frontegg/nextjs before version 9 passes on what its
/// browser accepts, and then reads the answer as plain text.
#[derive(Clone, Copy)]
struct AsItIs;

fn as_it_is(mut response: Response) -> Response {
    response.extensions_mut().insert(AsItIs);
    response
}

/// Whether an answer of the server may be compressed.
pub fn may_be_compressed(_: StatusCode, _: Version, _: &HeaderMap, extensions: &Extensions) -> bool {
    extensions.get::<AsItIs>().is_none()
}

fn routes(authorize: &MethodRouter<AppState>) -> Router<AppState> {
    let mut router = Router::new();
    for (path, method) in table().into_iter().chain([(AUTHORIZE.to_owned(), authorize.clone())]) {
        router = router.route(&path, method.clone()).route(&format!("{path}/"), method);
    }
    for (path, body) in bootstrap::BODIES {
        let method = get(move || bootstrap::body(body));
        router = router.route(path, method.clone()).route(&format!("{path}/"), method);
    }
    router
}

/// Every path of the API, as it is without prefix and without a slash at its end.
pub fn paths() -> Vec<String> {
    let bodies = bootstrap::BODIES.iter().map(|(path, _)| (*path).to_owned());
    table().into_iter().map(|(path, _)| path).chain([AUTHORIZE.to_owned()]).chain(bodies).collect()
}

fn table() -> Vec<(String, MethodRouter<AppState>)> {
    let auth = |rest: &str| format!("{AUTH}{rest}");
    let users = |rest: &str| format!("{USERS}{rest}");
    let sessions = |rest: &str| format!("{SESSIONS}{rest}");
    vec![
        ("/oauth/authorize/silent".to_owned(), post(silent::silent)),
        ("/oauth/token".to_owned(), post(token::token)),
        ("/oauth/logout".to_owned(), get(logout::hosted).post(logout::hosted)),
        (auth("/user"), post(embedded::sign_in)),
        (auth("/user/token/refresh"), post(embedded::refresh)),
        (auth("/logout"), post(logout::embedded)),
        ("/identity/resources/impersonation/v1".to_owned(), post(embedded::impersonate)),
        (users("/v2/me"), get(user::me)),
        (users("/v3/me"), get(user::me)),
        (users("/v1/me/tenants"), get(user::tenants)),
        (users("/v2/me/tenants"), get(user::tenants_v2)),
        (users("/v3/me/tenants"), get(user::tenants)),
        (users("/v1/me/authorization"), get(user::authorization)),
        (users("/v1/tenant"), put(user::switch)),
        (sessions("/me"), get(sessions::list)),
        (sessions("/me/current"), get(sessions::current)),
        (sessions("/me/all"), delete(sessions::end_all)),
        (sessions("/me/{session_id}"), delete(sessions::end)),
        (sessions("/revoke"), post(sessions::revoke)),
        ("/metadata".to_owned(), get(bootstrap::metadata)),
        ("/auth/vendor".to_owned(), post(vendor::authenticate)),
        ("/identity/resources/configurations/v1".to_owned(), get(vendor::configuration)),
        ("/vendors/base-url".to_owned(), get(vendor::base_url)),
    ]
}
