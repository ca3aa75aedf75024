//! The provider that a request is for: the environment in its path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::OAuthError;
use super::unnoted::Noted;
use crate::server::domain::environment::Environment;
use crate::server::domain::session::Session;
use crate::server::http::origin::origin;
use crate::server::http::{own_host, page};
use crate::server::service::caller::{Caller, Origin};
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

#[derive(Clone)]
pub struct Provider {
    pub state: AppState,
    pub environment: Arc<Environment>,
    /// Where the request came from.
    pub origin: Origin,
    pub headers: HeaderMap,
    /// Whether a mistake of this request is counted.
    pub noted: Noted,
    /// The request came to the environment's own host name.
    pub came_to_own_host: bool,
}

impl Provider {
    /// The user of a session, who asks for something of their own.
    pub fn user_of(&self, session: &Session) -> Caller {
        Caller::user_of(&self.state, &self.environment, session, &self.origin)
    }

    pub fn issuer(&self) -> String {
        self.state.issuer(&self.environment)
    }

    /// Where this provider's pages are: see [`AppState::origin_of`].
    pub fn origin(&self) -> String {
        self.state.origin_of(&self.environment)
    }

    /// The path of one of this provider's pages: `/id/production/login`, or `/login` at a host name of its own.
    pub fn path(&self, rest: &str) -> String {
        format!("{}{rest}", base(&self.environment))
    }

    /// The path of all that is this provider's, for cookies.
    pub fn cookie_path(&self) -> String {
        if self.has_own_host() { "/".to_owned() } else { self.path("") }
    }

    /// Whether all of the origin is this provider's, and nothing there is the portal's.
    pub fn has_own_host(&self) -> bool {
        self.environment.host.is_some()
    }
}

/// What stands before the path of each page of an environment's provider.
pub fn base(environment: &Environment) -> String {
    match &environment.host {
        Some(_) => String::new(),
        None => format!("/id/{}", environment.slug),
    }
}

/// The slug of the environment in a request's path; empty where the path has none, which no environment is called.
pub fn environment_in(path: &RawPathParams) -> &str {
    path.iter().find(|(name, _)| *name == "environment").map(|(_, slug)| slug).unwrap_or_default()
}

impl FromRequestParts<AppState> for Provider {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let path = RawPathParams::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let found = relying_party::environment(state, environment_in(&path)).await;
        let environment = found.map_err(|error| OAuthError::from(error).into_response())?.ok_or_else(|| {
            let sentence = "There is no environment at this address. Check the address that you followed.";
            page::plain(StatusCode::NOT_FOUND, "Not found", sentence)
        })?;
        let noted = parts.extensions.get::<Noted>().cloned().unwrap_or_default();
        let came_to_own_host = own_host::is_marked(&parts.extensions);
        let (origin, headers) = (origin(state, parts), parts.headers.clone());
        Ok(Self { state: state.clone(), environment, origin, headers, noted, came_to_own_host })
    }
}
