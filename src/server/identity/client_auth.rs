//! Who a client is, and its proof (RFC 6749 section 2.3): a secret in the Authorization header or in the form for a
//! confidential client, the client id alone for a public one, which PKCE then binds to its code.

use axum::http::header;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{OAuthError, OAuthResult};
use super::parameters::Parameters;
use super::provider::Provider;
use crate::server::service::relying_party::{self, Application};

/// The client of a request to the token or revocation endpoint.
pub async fn client(provider: &Provider, form: &Parameters) -> OAuthResult<Application> {
    let (credentials, basic) = match from_header(provider)? {
        Some(credentials) => (with_form(credentials, form)?, true),
        None => (from_form(form)?, false),
    };
    let refused = || OAuthError::InvalidClient { basic };
    let found = relying_party::application(&provider.state, provider.environment.id, &credentials.client_id).await?;
    let application = found.ok_or_else(refused)?;
    let proven = match &credentials.secret {
        Some(secret) => application.has_secret(secret),
        None => application.is_public(),
    };
    if proven { Ok(application) } else { Err(refused()) }
}

/// The client of a request that only a client with a secret may make.
pub async fn confidential_client(provider: &Provider, form: &Parameters) -> OAuthResult<Application> {
    let application = client(provider, form).await?;
    if application.is_public() { Err(OAuthError::InvalidClient { basic: false }) } else { Ok(application) }
}

struct Credentials {
    client_id: String,
    secret: Option<String>,
}

/// The credentials of `Authorization: Basic`, each part form-encoded on its own. Another scheme is no client's.
fn from_header(provider: &Provider) -> OAuthResult<Option<Credentials>> {
    let refused = || OAuthError::InvalidClient { basic: true };
    let Some(value) = provider.headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let value = value.to_str().map_err(|_| refused())?;
    let (scheme, encoded) = value.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let (client_id, secret) = text.split_once(':').ok_or_else(refused)?;
    Ok(Some(Credentials { client_id: decoded(client_id), secret: Some(decoded(secret)).filter(|s| !s.is_empty()) }))
}

fn decoded(part: &str) -> String {
    // A form of one value: its name is nothing, so that `=` in the value stays.
    let pair = format!("={part}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// One way to prove oneself is enough, and two are refused.
fn with_form(credentials: Credentials, form: &Parameters) -> OAuthResult<Credentials> {
    if form.get("client_secret").is_some() {
        return Err(OAuthError::InvalidRequest("use one way of client authentication, not two".to_owned()));
    }
    if form.get("client_id").is_some_and(|client_id| client_id != credentials.client_id) {
        return Err(OAuthError::InvalidRequest("client_id is not the one in the Authorization header".to_owned()));
    }
    Ok(credentials)
}

fn from_form(form: &Parameters) -> OAuthResult<Credentials> {
    let client_id = form.get("client_id").ok_or(OAuthError::InvalidClient { basic: false })?;
    Ok(Credentials { client_id: client_id.to_owned(), secret: form.get("client_secret").map(ToOwned::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn both_parts_of_basic_credentials_are_form_decoded() {
        assert_eq!(decoded("a%3Ab+c"), "a:b c");
        assert_eq!(decoded("a=b"), "a=b");
        assert_eq!(decoded(""), "");
    }
}
