//! Whether a request came to its environment's own host name, and at which origin our own pages are for whoever made it.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::Extensions;

use crate::server::domain::environment::Environment;
use crate::server::state::AppState;

/// Says that a request came to its environment's own host name. No client can write that.
#[derive(Clone)]
pub struct OwnHost(pub Arc<Environment>);

/// Whether a request came to its environment's own host name.
pub fn is_there(request: &Request) -> bool {
    is_marked(request.extensions())
}

/// [`is_there`] of the request that has these extensions.
pub fn is_marked(extensions: &Extensions) -> bool {
    extensions.get::<OwnHost>().is_some()
}

/// The origin of our own pages for whoever made this request.
pub fn origin(state: &AppState, request: &Request) -> String {
    match request.extensions().get::<OwnHost>() {
        Some(OwnHost(environment)) => state.origin_of(environment),
        None => state.origin(),
    }
}
