//! Grant `client_credentials` (RFC 6749 section 4.4): a token for the application itself, about no user.

use crate::server::domain::application::Application;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::Parameters;

/// Whether the application may have one: it must have proven itself, and there is no scope to ask for.
pub fn check(application: &Application, form: &Parameters) -> OAuthResult<()> {
    if application.is_public() {
        return Err(OAuthError::UnauthorizedClient(
            "a public client cannot prove to be itself, so it gets no token of its own",
        ));
    }
    if form.get("scope").is_some() {
        return Err(OAuthError::InvalidScope("an application's own token has no scope; leave the parameter out"));
    }
    Ok(())
}
