//! Whether a token is good right now (RFC 7662): asked of the session, not of the token.
//!
//! Only clients with a proof of their own may ask, and only about their own tokens: about any other, unknown or ended one they all
//! get the same answer.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
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
    if let Some(answer) = access_token(&provider, &application, token).await? {
        return Ok(answer);
    }
    let claims = refresh_token(&provider, &application, token).await?;
    let active = claims.as_ref().map(|claims| Json(Active::new(None, claims, None)).into_response());
    Ok(active.unwrap_or_else(|| Json(json!({ "active": false })).into_response()))
}

/// A token that is good, and what it says. Written as it is read: a service asks at each of its own requests.
#[derive(Serialize)]
struct Active<'a> {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(flatten)]
    claims: Said<'a>,
    #[serde(flatten)]
    now: Option<Now<'a>>,
}

/// What is said about a user as it is at this moment, in place of what the token says.
#[derive(Serialize)]
struct Now<'a> {
    #[serde(rename = "tenantIds")]
    tenant_ids: Vec<&'a str>,
    /// Roles and permissions are whole here, and accounts are not, whatever the token had room for.
    #[serde(rename = "tenantIdsOverflow", skip_serializing_if = "std::ops::Not::not")]
    has_more_tenants: bool,
    roles: Cow<'a, [String]>,
    permissions: Cow<'a, [String]>,
    name: &'a str,
    email: &'a str,
    email_verified: bool,
}

/// Claims of a token that [`Now`] takes the place of.
const OF_NOW: [&str; 9] = [
    "tenantIds",
    "tenantIdsOverflow",
    "roles",
    "rolesOverflow",
    "permissions",
    "permissionsOverflow",
    "name",
    "email",
    "email_verified",
];

impl<'a> Active<'a> {
    fn new(token_type: Option<&'static str>, claims: &'a Map<String, Value>, now: Option<Now<'a>>) -> Self {
        Self {
            active: true,
            token_type,
            claims: Said { claims, without: if now.is_some() { &OF_NOW } else { &[] } },
            now,
        }
    }
}

/// Claims of a token without those of these names.
struct Said<'a> {
    claims: &'a Map<String, Value>,
    without: &'static [&'static str],
}

impl Serialize for Said<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.claims.iter().filter(|(name, _)| !self.without.contains(&name.as_str())))
    }
}

/// What an access token says, if it is good. What it says about the user is as it is now: whoever asks does so because
/// something may have changed since the token was signed.
async fn access_token(provider: &Provider, application: &Application, token: &str) -> OAuthResult<Option<Response>> {
    let found = access::unexpired(provider, token).await?;
    let Some(access) = found.filter(|access| access.application.id == application.id) else { return Ok(None) };
    let environment_id = provider.environment.id;
    let active = |now| Json(Active::new(Some("Bearer"), &access.token.claims, now)).into_response();
    match &access.of {
        Of::Session(token) => {
            let subject = tokens::subject(&provider.state, environment_id, application, token).await?;
            let Some(subject) = subject else { return Ok(None) };
            Ok(Some(active(Some(as_it_is_now(provider, &access, &subject).await?))))
        }
        Of::Application { jti } => {
            let is_revoked = client::is_revoked(&provider.state, environment_id, jti).await?;
            Ok((!is_revoked).then(|| active(None)))
        }
    }
}

/// The user's data of this moment. Roles and permissions are those in the account of which the token is, also where the session
/// has moved to another since.
async fn as_it_is_now<'a>(provider: &Provider, access: &'a Access, subject: &'a Subject) -> OAuthResult<Now<'a>> {
    let tenant_id = access.token.text("tenantId").unwrap_or(&subject.tenant_id);
    let (roles, permissions) = tokens::rights_in(&provider.state, subject, tenant_id).await?;
    let (tenant_ids, has_more_tenants) = lists::accounts(tenant_id, &subject.tenant_ids, usize::MAX);
    let Session { user_name, user_email, email_verified, .. } = &subject.session;
    Ok(Now {
        tenant_ids,
        has_more_tenants,
        roles,
        permissions,
        name: user_name,
        email: user_email,
        email_verified: *email_verified,
    })
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
