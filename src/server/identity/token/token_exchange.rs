//! Grant `urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a hand-off code for the tokens of its session.

use axum::http::header;

use crate::server::domain::application::Application;
use crate::server::oauth::claims::SCOPES;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::service::registry::relying_party;
use crate::server::service::tokens::{self, Exchange, Granted};

/// What a hand-off code is called at the token endpoint.
pub const HAND_OFF: &str = "urn:understudy:params:oauth:token-type:hand-off";
/// What is issued for it.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The scope where none is asked for.
const DEFAULT_SCOPE: &str = "openid profile email";

pub async fn grant(provider: &Provider, application: &Application, form: &Parameters) -> OAuthResult<Granted> {
    require_own_origin(provider, application).await?;
    let invalid = |text: &str| Err(OAuthError::InvalidRequest(text.to_owned()));
    let Some(code) = form.get("subject_token") else { return invalid("subject_token is missing") };
    match form.get("subject_token_type") {
        Some(HAND_OFF) => {}
        Some(_) => return invalid(&format!("subject_token_type must be {HAND_OFF}")),
        None => return invalid("subject_token_type is missing"),
    }
    if form.get("actor_token").is_some() || form.get("actor_token_type").is_some() {
        return invalid("actor_token is not taken: the hand-off code names its operator itself");
    }
    if form.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return invalid(&format!("requested_token_type must be {ACCESS_TOKEN}"));
    }
    for name in ["audience", "resource"] {
        if form.all(name).any(|wanted| wanted != application.client_id) {
            return Err(OAuthError::InvalidTarget);
        }
    }
    let scope = scope(form.get("scope"))?;
    let presented = Exchange { code, scope: &scope, code_verifier: form.get("code_verifier") };
    let environment_id = provider.environment.id;
    Ok(tokens::exchange_hand_off(&provider.state, environment_id, application, &presented, &provider.origin).await?)
}

/// A public client is a page, and a browser states whose: the origin is no proof, for anything but a browser writes there
/// what it likes. The proof is the verifier of the challenge with which the operator's browser claimed the code.
async fn require_own_origin(provider: &Provider, application: &Application) -> OAuthResult<()> {
    if !application.is_public() {
        return Ok(());
    }
    let refused =
        Err(OAuthError::ClientRefused("a public client must call from a page of one of its registered addresses"));
    let Some(origin) = provider.headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()) else {
        return refused;
    };
    if relying_party::is_origin_of(&provider.state, application, origin).await? { Ok(()) } else { refused }
}

/// What is asked for and known.
fn scope(asked: Option<&str>) -> OAuthResult<String> {
    let asked: Vec<&str> = asked.unwrap_or(DEFAULT_SCOPE).split_ascii_whitespace().collect();
    let granted: Vec<&str> = SCOPES.into_iter().filter(|scope| asked.contains(scope)).collect();
    if granted.is_empty() {
        return Err(OAuthError::InvalidScope("none of these scopes is known"));
    }
    Ok(granted.join(" "))
}
