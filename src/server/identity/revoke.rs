//! Taking a token back (RFC 7009). The answer is always 200 for a client that proved itself: it learns nothing about
//! tokens that are not its own.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use serde_json::Value;

use crate::server::oauth::access::{self, Access, Of};
use crate::server::oauth::client_auth;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::ProtocolForm;
use crate::server::oauth::provider::Provider;
use crate::server::service::tokens::{self, client};

/// Revoking any token takes back all that came from the same authorization; that of an impersonation ends it.
pub async fn revoke(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    let application = client_auth::client(&provider, &form).await?;
    let token = form.get("token").ok_or_else(|| OAuthError::InvalidRequest("token is missing".to_owned()))?;
    let environment_id = provider.environment.id;
    let found = access::unexpired(&provider, token).await?;
    match found.filter(|access| access.application.id == application.id) {
        Some(Access { of: Of::Session(token), .. }) => {
            let (session_id, family_id) = (token.session_id, token.family_id);
            tokens::revoke_access(&provider.state, environment_id, session_id, family_id, &provider.origin).await?;
        }
        Some(Access { of: Of::Application { jti }, token, .. }) => {
            let expires =
                token.claims.get("exp").and_then(Value::as_i64).and_then(|at| DateTime::from_timestamp(at, 0));
            let expires = expires.unwrap_or_else(|| provider.state.now());
            client::revoke(&provider.state, environment_id, &jti, expires).await?;
        }
        None => tokens::revoke_refresh(&provider.state, environment_id, &application, token, &provider.origin).await?,
    }
    Ok(StatusCode::OK.into_response())
}
