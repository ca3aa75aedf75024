//! Whether a token is good right now (RFC 7662): asked of the session, not of the token.
//!
//! Only clients with a proof of their own may ask, and only about their own tokens: about any other, unknown or ended one they all
//! get the same answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::access::Of;
use super::claims::Act;
use super::error::{OAuthError, OAuthResult};
use super::parameters::ProtocolForm;
use super::provider::Provider;
use super::{access, client_auth};
use crate::server::service::relying_party::Application;
use crate::server::service::{client_token, tokens};

pub async fn introspect(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    let application = client_auth::confidential_client(&provider, &form).await?;
    let token = form.get("token").ok_or_else(|| OAuthError::InvalidRequest("token is missing".to_owned()))?;
    let active = match access_token(&provider, &application, token).await? {
        Some(claims) => Some(claims),
        None => refresh_token(&provider, &application, token).await?,
    };
    Ok(Json(active.map_or_else(|| json!({ "active": false }), Value::Object)).into_response())
}

async fn access_token(
    provider: &Provider,
    application: &Application,
    token: &str,
) -> OAuthResult<Option<Map<String, Value>>> {
    let found = access::unexpired(provider, token).await?;
    let Some(access) = found.filter(|access| access.application.id == application.id) else { return Ok(None) };
    let environment_id = provider.environment.id;
    let good = match &access.of {
        Of::Session(token) => tokens::live(&provider.state, environment_id, application, token).await?.is_some(),
        Of::Application { jti } => !client_token::is_revoked(&provider.state, environment_id, jti).await?,
    };
    Ok(good.then(|| {
        let mut claims = access.claims;
        claims.insert("active".to_owned(), true.into());
        claims.insert("token_type".to_owned(), "Bearer".into());
        claims
    }))
}

async fn refresh_token(
    provider: &Provider,
    application: &Application,
    token: &str,
) -> OAuthResult<Option<Map<String, Value>>> {
    let found = tokens::refresh_standing(&provider.state, provider.environment.id, application, token).await?;
    let Some(standing) = found else { return Ok(None) };
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("active", true.into());
    set("iss", provider.issuer().into());
    set("client_id", application.client_id.as_str().into());
    set("aud", application.client_id.as_str().into());
    set("sub", standing.session.user_id.to_string().into());
    set("sid", standing.session.id.to_string().into());
    set("scope", standing.scope.into());
    set("iat", standing.issued_at.timestamp().into());
    set("exp", standing.expires_at.timestamp().into());
    if let Some(act) = Act::of(provider, &standing.session) {
        set("act", json!(act));
    }
    Ok(Some(claims))
}
