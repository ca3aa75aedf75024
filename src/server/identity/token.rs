//! The token endpoint: one file a grant, one answer for all.

mod authorization_code;
mod client_credentials;
mod refresh_token;
mod token_exchange;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::server::domain::application::Application;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::{Parameters, ProtocolForm};
use crate::server::oauth::provider::Provider;
use crate::server::oauth::{claims, client_auth, problem};
use crate::server::service::tokens::Granted;

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
pub const GRANT_TYPES: [&str; 4] = ["authorization_code", "refresh_token", "client_credentials", TOKEN_EXCHANGE];

/// RFC 6749 section 5.1, RFC 8693 section 2.2.1.
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

pub async fn token(provider: Provider, ProtocolForm(form): ProtocolForm) -> OAuthResult<Response> {
    let application = client_auth::client(&provider, &form).await?;
    let answer = granted(&provider, &application, &form).await;
    let outcome = answer.as_ref().map_or_else(OAuthError::code, |_| "issued");
    provider.state.metrics.token(word(form.get("grant_type")), outcome);
    if let Err(error) = &answer {
        problem::note_refusal(&provider, &application, error, &form);
    }
    Ok(Json(answer?).into_response())
}

/// A grant in a word; whatever else is asked for is another one.
fn word(grant_type: Option<&str>) -> &'static str {
    match grant_type {
        Some(TOKEN_EXCHANGE) => "token_exchange",
        Some(sent) => GRANT_TYPES.into_iter().find(|known| *known == sent).unwrap_or("other"),
        None => "other",
    }
}

async fn granted(provider: &Provider, application: &Application, form: &Parameters) -> OAuthResult<TokenResponse> {
    Ok(match form.get("grant_type") {
        None => return Err(OAuthError::InvalidRequest("grant_type is missing".to_owned())),
        Some("authorization_code") => {
            let granted = authorization_code::grant(provider, application, form).await?;
            of_session(provider, application, granted).await?
        }
        Some("refresh_token") => {
            let granted = refresh_token::grant(provider, application, form).await?;
            of_session(provider, application, granted).await?
        }
        Some(TOKEN_EXCHANGE) => {
            let granted = token_exchange::grant(provider, application, form).await?;
            let answer = of_session(provider, application, granted).await?;
            TokenResponse { issued_token_type: Some(token_exchange::ACCESS_TOKEN), ..answer }
        }
        Some("client_credentials") => {
            client_credentials::check(application, form)?;
            of_application(provider, application).await?
        }
        Some(_) => return Err(OAuthError::UnsupportedGrantType),
    })
}

/// Tokens of a session of the application's user.
async fn of_session(provider: &Provider, application: &Application, granted: Granted) -> OAuthResult<TokenResponse> {
    let (signed, granted) = claims::sign(provider, application, granted).await?;
    Ok(TokenResponse {
        access_token: signed.access_token,
        issued_token_type: None,
        token_type: "Bearer",
        expires_in: signed.expires_in,
        scope: Some(granted.scope),
        refresh_token: granted.refresh_token,
        id_token: signed.id_token,
    })
}

/// The token of an application that speaks for itself.
async fn of_application(provider: &Provider, application: &Application) -> OAuthResult<TokenResponse> {
    let signed = claims::sign_for_application(provider, application).await?;
    Ok(TokenResponse {
        access_token: signed.access_token,
        issued_token_type: None,
        token_type: "Bearer",
        expires_in: signed.expires_in,
        scope: None,
        refresh_token: None,
        id_token: None,
    })
}
