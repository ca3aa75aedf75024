//! The provider that a request is for: the environment in its path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::error::OAuthError;
use super::page;
use super::problem::Noted;
use crate::server::service::caller::Client;
use crate::server::service::relying_party::{self, Environment};
use crate::server::state::AppState;
use crate::server::web::caller::client;

#[derive(Clone)]
pub struct Provider {
    pub state: AppState,
    pub environment: Arc<Environment>,
    /// Where the request came from.
    pub client: Client,
    pub headers: HeaderMap,
    /// Whether a mistake of this request is counted.
    pub noted: Noted,
}

impl Provider {
    pub fn issuer(&self) -> String {
        self.state.issuer(&self.environment.slug)
    }

    /// The path of one of this provider's pages: `/id/production/login`.
    pub fn path(&self, rest: &str) -> String {
        format!("/id/{}{rest}", self.environment.slug)
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
        let (client, headers) = (client(state, parts), parts.headers.clone());
        Ok(Self { state: state.clone(), environment, client, headers, noted })
    }
}
