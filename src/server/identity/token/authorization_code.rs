//! Grant `authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.5).

use crate::server::domain::application::Application;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::service::tokens::{self, Granted, Redemption};

pub async fn grant(provider: &Provider, application: &Application, form: &Parameters) -> OAuthResult<Granted> {
    let code = form.get("code").ok_or_else(|| OAuthError::InvalidRequest("code is missing".to_owned()))?;
    let presented =
        Redemption { code, redirect_uri: form.get("redirect_uri"), code_verifier: form.get("code_verifier") };
    let environment_id = provider.environment.id;
    Ok(tokens::redeem_code(&provider.state, environment_id, application, &presented, &provider.origin).await?)
}
