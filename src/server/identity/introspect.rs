//! Whether a token is good right now (RFC 7662): asked of the session, not of the token.
//!
//! Only clients with a proof of their own may ask, and only about their own tokens: about any other, unknown or ended one they all
//! get the same answer.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};

use crate::server::domain::application::Application;
use crate::server::domain::subject::Subject;
use crate::server::oauth::access::{self, Access, Of};
use crate::server::oauth::claims::{Act, lists};
use crate::server::oauth::client_auth;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::ProtocolForm;
use crate::server::oauth::provider::Provider;
use crate::server::service::tokens::{self, client};

pub async fn introspect(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    let application = client_auth::confidential_client(&provider, &form).await?;
    let token = form.get("token").ok_or_else(|| OAuthError::InvalidRequest("token is missing".to_owned()))?;
    if let Some(claims) = access_token(&provider, &application, token).await? {
        return Ok(Json(Active { token_type: Some("Bearer"), claims: &claims }).into_response());
    }
    let claims = refresh_token(&provider, &application, token).await?;
    let active = claims.as_ref().map(|claims| Json(Active { token_type: None, claims }).into_response());
    Ok(active.unwrap_or_else(|| Json(json!({ "active": false })).into_response()))
}

/// A token that is good, and what it says.
struct Active<'a> {
    token_type: Option<&'static str>,
    claims: &'a Map<String, Value>,
}

impl Serialize for Active<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("active", &true)?;
        if let Some(token_type) = self.token_type {
            members.serialize_entry("token_type", token_type)?;
        }
        for (name, value) in self.claims {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

/// What an access token says, if it is good. What it says about the user is as it is now: whoever asks does so because
/// something may have changed since the token was signed.
async fn access_token(
    provider: &Provider,
    application: &Application,
    token: &str,
) -> OAuthResult<Option<Map<String, Value>>> {
    let found = access::unexpired(provider, token).await?;
    let Some(access) = found.filter(|access| access.application.id == application.id) else { return Ok(None) };
    let environment_id = provider.environment.id;
    match &access.of {
        Of::Session(token) => {
            let subject = tokens::subject(&provider.state, environment_id, application, token).await?;
            let Some(subject) = subject else { return Ok(None) };
            Ok(Some(as_it_is_now(provider, &access, &subject).await?))
        }
        Of::Application { jti } => {
            let is_revoked = client::is_revoked(&provider.state, environment_id, jti).await?;
            Ok((!is_revoked).then(|| access.token.claims.clone()))
        }
    }
}

/// The claims of a user's token with the user's data of this moment. Roles and permissions are those in the account of which
/// the token is, also where the session has moved to another since.
async fn as_it_is_now(provider: &Provider, access: &Access, subject: &Subject) -> OAuthResult<Map<String, Value>> {
    let mut claims = access.token.claims.clone();
    let tenant_id = access.token.text("tenantId").unwrap_or(&subject.tenant_id);
    let (roles, permissions) = tokens::rights_in(&provider.state, subject, tenant_id).await?;
    let (tenant_ids, more) = lists::accounts(tenant_id, &subject.tenant_ids, usize::MAX);
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("tenantIds", json!(tenant_ids));
    set("roles", json!(roles));
    set("permissions", json!(permissions));
    set("name", subject.session.user_name.as_str().into());
    set("email", subject.session.user_email.as_str().into());
    set("email_verified", subject.session.email_verified.into());
    // They are whole here, and accounts are not, whatever the token had room for.
    for name in ["rolesOverflow", "permissionsOverflow", "tenantIdsOverflow"] {
        claims.remove(name);
    }
    if more {
        claims.insert("tenantIdsOverflow".to_owned(), true.into());
    }
    Ok(claims)
}

/// What there is to say of a refresh token, if it is good.
async fn refresh_token(
    provider: &Provider,
    application: &Application,
    token: &str,
) -> OAuthResult<Option<Map<String, Value>>> {
    let found = tokens::refresh_standing(&provider.state, provider.environment.id, application, token).await?;
    let Some(standing) = found else { return Ok(None) };
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
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
