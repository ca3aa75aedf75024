//! Grant `refresh_token` (RFC 6749 section 6). With `tenantId` the session moves to another account of its user.

use crate::server::domain::application::Application;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::service::tokens::{self, Granted, Refreshing};

pub async fn grant(provider: &Provider, application: &Application, form: &Parameters) -> OAuthResult<Granted> {
    let refresh_token =
        form.get("refresh_token").ok_or_else(|| OAuthError::InvalidRequest("refresh_token is missing".to_owned()))?;
    let presented = Refreshing { refresh_token, scope: form.get("scope"), tenant_id: form.get("tenantId") };
    let environment_id = provider.environment.id;
    Ok(tokens::refresh(&provider.state, environment_id, application, &presented, &provider.origin).await?)
}
