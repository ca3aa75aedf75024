//! The token endpoint: one file a grant, one answer for all.

mod authorization_code;
mod refresh_token;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::{OAuthError, OAuthResult};
use super::parameters::ProtocolForm;
use super::provider::Provider;
use super::{claims, client_auth};

/// RFC 6749 section 5.1.
#[derive(Serialize)]
struct TokenResponse<'a> {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    scope: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

pub async fn token(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    let application = client_auth::client(&provider, &form).await?;
    let grant_type = form.get("grant_type");
    let granted = match grant_type {
        None => Err(OAuthError::InvalidRequest("grant_type is missing".to_owned())),
        Some("authorization_code") => authorization_code::grant(&provider, &application, &form).await,
        Some("refresh_token") => refresh_token::grant(&provider, &application, &form).await,
        Some(_) => Err(OAuthError::UnsupportedGrantType),
    }?;
    let (signed, granted) = claims::sign(&provider, &application, granted).await?;
    let answer = TokenResponse {
        access_token: signed.access_token,
        token_type: "Bearer",
        expires_in: signed.expires_in,
        scope: &granted.scope,
        refresh_token: granted.refresh_token.as_deref(),
        id_token: signed.id_token,
    };
    Ok(Json(answer).into_response())
}
