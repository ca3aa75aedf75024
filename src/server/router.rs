//! The composition root: every door, and the layers around all of them. Says what is where; decides nothing.

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower::util::MapRequestLayer;
use tower::{Layer, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate};
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::server::http::host::{self, HostNames};
use crate::server::http::own_pages::{self, Own};
use crate::server::http::{assets, body, caller, door, explain, headers, health, site};
use crate::server::oauth::own_host;
use crate::server::portal::pages::{self, Pages};
use crate::server::portal::{guard, impersonate, invitation, live, manage, setup, sign_out};
use crate::server::state::AppState;
use crate::server::{frontegg, identity};
use crate::ui::frame::app::App;
use crate::ui::frame::document::DocumentOptions;

/// No form of the portal comes near this.
const BODY_LIMIT: usize = 64 * 1024;
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(30);

#[derive(Clone, FromRef)]
struct WebState {
    app: AppState,
    leptos: LeptosOptions,
    pages: Pages,
}

/// The whole server: portal, identity provider, static files, health.
pub fn router(state: AppState) -> Router {
    let leptos = LeptosOptions::builder().output_name("understudy").build();
    let names = HostNames::new(state.clone());
    let pages = Pages { app: state.clone(), document: document_options().into() };
    let web = WebState { app: state.clone(), leptos, pages };
    let server_functions = {
        let state = state.clone();
        move || provide_context(state.clone())
    };
    let no_pages = Vec::new();
    let own = Own::new(state.clone(), names.clone());
    // What every page has around it, whether or not there is one at its address.
    let guarded = |pages: Router<WebState>| {
        pages
            .layer(from_fn(explain::callers_mistakes))
            .layer(from_fn_with_state(state.clone(), guard::require_sign_in))
            .layer(from_fn(body::first))
            .layer(from_fn(caller::busy))
            .layer(from_fn_with_state(own.clone(), own_pages::refuse_others))
            .layer(from_fn_with_state(names.clone(), host::under_its_name))
            .layer(from_fn(headers::documents))
            .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
            .with_state::<()>(web.clone())
    };
    let portal = page_paths()
        .iter()
        .fold(Router::new(), |router, path| router.route(path, get(pages::page)))
        .route("/", get(guard::home))
        .route("/sign-out", get(sign_out::ask))
        .route("/invitation", get(invitation::form).post(invitation::choose))
        .route("/setup", get(setup::form).post(setup::set_up))
        .route("/{environment}/users/{user_id}/impersonate", post(impersonate::start))
        .route("/{environment}/sessions/{session_id}/reopen", post(impersonate::reopen))
        .merge(manage::router())
        .leptos_routes_with_context(&web, no_pages, server_functions, || ());
    let portal = guarded(portal);
    let no_page = guarded(Router::new().fallback(pages::page));
    let of_provider = frontegg::OfProvider { authorize: identity::authorization(), keys: identity::open_keys() };
    let provider = identity::router(state.clone(), names).merge(frontegg::router(state.clone(), of_provider));
    let routes = Router::new()
        .merge(portal)
        .merge(live::router(state.clone()))
        .merge(health::router(state.clone()))
        .nest("/id/{environment}", provider.layer(from_fn_with_state(state.clone(), own_host::lead_there)))
        .merge(frontegg::login_box::router())
        .fallback(move |request: Request| assets::serve(no_page.clone(), request))
        .layer(MapRequestLayer::new(door::tell));
    Router::new()
        .fallback_service(from_fn_with_state(state.clone(), own_host::lead_in).layer(routes))
        // One stack, not four: the router wraps each route anew, boxes and all, in each that it is given.
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state, headers::request))
                .layer(CompressionLayer::new().compress_when(DefaultPredicate::new().and(frontegg::may_be_compressed)))
                .layer(from_fn(explain::in_words))
                .layer(CatchPanicLayer::new())
                .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::GATEWAY_TIMEOUT, TIMEOUT)),
        )
}

/// The paths of all pages, as the router writes them. `/` is answered by a redirect, before any page; what stands for every
/// other path is for files first, see [`assets::serve`].
pub fn page_paths() -> Vec<String> {
    let routes = generate_route_list(App);
    routes
        .iter()
        .map(AxumRouteListing::path)
        .filter(|path| *path != "/" && !path.contains('*'))
        .map(str::to_owned)
        .collect()
}

fn document_options() -> DocumentOptions {
    let names = site::names();
    DocumentOptions {
        js: names.js.as_str().into(),
        wasm: names.wasm.as_str().into(),
        css: names.css.as_str().into(),
        font: names.font.as_str().into(),
    }
}
