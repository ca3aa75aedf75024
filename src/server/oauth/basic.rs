//! The Authorization header of a client (RFC 6749 section 2.3.1).

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::error::{OAuthError, OAuthResult};

/// Id and secret of `Authorization: Basic`, each part form-encoded on its own. Another scheme is no client's.
pub fn from_header(headers: &HeaderMap) -> OAuthResult<Option<(String, Option<String>)>> {
    of(headers.get(header::AUTHORIZATION))
}

/// The id alone of an Authorization header, where it can be read.
pub fn client_id(authorization: Option<&HeaderValue>) -> Option<String> {
    of(authorization).ok().flatten().map(|(client_id, _)| client_id)
}

fn of(authorization: Option<&HeaderValue>) -> OAuthResult<Option<(String, Option<String>)>> {
    let refused = || OAuthError::InvalidClient { basic: true };
    let Some(value) = authorization else { return Ok(None) };
    let value = value.to_str().map_err(|_| refused())?;
    let (scheme, encoded) = value.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused());
    }
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
    let text = String::from_utf8(bytes).map_err(|_| refused())?;
    let (client_id, secret) = text.split_once(':').ok_or_else(refused)?;
    Ok(Some((decoded(client_id), Some(decoded(secret)).filter(|secret| !secret.is_empty()))))
}

fn decoded(part: &str) -> String {
    if !part.contains(['%', '+', '&']) {
        return part.to_owned();
    }
    // A form of one value: its name is nothing, so that `=` in the value stays.
    let pair = format!("={part}");
    url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
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
