//! Tokens as the SDKs take them: one JWT under every name, in the words of the hosted or of the embedded API.

use axum::Json;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::error::SdkResult;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::oauth::claims;
use crate::server::oauth::provider::Provider;
use crate::server::service::tokens::Granted;

/// What a session gives an application that names no scope.
pub const SCOPE: &str = "openid profile email offline_access";

/// A signed token and all that is said beside it.
pub struct Tokens {
    jwt: String,
    refresh_token: Option<String>,
    expires_in: i64,
    expires_at: DateTime<Utc>,
    pub session: Session,
    /// What a refresh token belongs to, and the cookie that comes with it.
    pub family_id: Option<Uuid>,
}

pub async fn sign(provider: &Provider, application: &Application, granted: Granted) -> SdkResult<Tokens> {
    let now = provider.state.now();
    let (signed, granted) = claims::sign_for_sdk(provider, application, granted).await?;
    Ok(Tokens {
        jwt: signed.access_token,
        refresh_token: granted.refresh_token,
        expires_in: signed.expires_in,
        expires_at: now + TimeDelta::seconds(signed.expires_in),
        session: granted.subject.session,
        family_id: granted.family_id,
    })
}

impl Tokens {
    /// For hosted login. The browser SDKs take `id_token` for everything.
    pub fn hosted(&self) -> Response {
        let mut body = json!({
            "id_token": self.jwt,
            "access_token": self.jwt,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
        });
        if let Some(refresh_token) = &self.refresh_token {
            body["refresh_token"] = json!(refresh_token);
        }
        Json(body).into_response()
    }

    /// For embedded login. What renews such a session is the cookie, which no script can read: there is no refresh token.
    pub fn embedded(&self) -> Response {
        let body = json!({
            "tokenType": "bearer",
            "mfaRequired": false,
            "accessToken": self.jwt,
            "expiresIn": self.expires_in,
            "expires": self.expires_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        });
        Json(body).into_response()
    }
}
