//! Parameters of a request, query or form: each at most once, and an empty one is one that was not sent (RFC 6749
//! section 3.1 and 3.2).

use std::collections::HashSet;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroize;

use super::error::OAuthError;
use super::unnoted::Unnoted;
use crate::server::http::{body, page};

pub use crate::server::platform::url::with_query;

/// What may be sent more than once (RFC 8707 section 2, RFC 8693 section 2.1).
const SEVERAL: [&str; 2] = ["resource", "audience"];

#[derive(Clone, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    /// The text that they were read from, where it can go on as it is.
    sent: Option<String>,
}

/// A value may be a password or a client's secret: it does not stay in memory.
impl Drop for Parameters {
    fn drop(&mut self) {
        for (_, value) in &mut self.pairs {
            value.zeroize();
        }
        self.sent.zeroize();
    }
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text.
    pub fn parse(text: &str) -> Self {
        Self::of(text.split('&').filter(|pair| !pair.is_empty()).map(pair))
    }

    /// Reads the query of an address, which can go on as it was sent: written anew it might be three times as long.
    pub fn of_query(text: &str) -> Self {
        let mut parameters = Self::parse(text);
        // What no address of ours may hold is written anew.
        parameters.sent = text.bytes().all(|c| c.is_ascii_graphic()).then(|| text.to_owned());
        parameters
    }

    /// The members of a JSON body, as a form would have sent them.
    pub fn of(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { pairs: pairs.into_iter().collect(), sent: None }
    }

    /// The same parameters with this one value for `name`.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut pairs: Vec<_> = self.pairs.iter().filter(|(key, _)| key != name).cloned().collect();
        pairs.push((name.to_owned(), value.to_owned()));
        let added = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        let sent = self.sent.is_some().then(|| format!("{}&{added}", self.as_sent_without(&[name])));
        Self { pairs, sent }
    }

    /// The first value of a parameter, if it has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// Whether any parameter was sent more than once that may not be.
    pub fn has_repeated(&self) -> bool {
        let mut names = HashSet::new();
        !self.pairs.iter().all(|(name, _)| SEVERAL.contains(&name.as_str()) || names.insert(name))
    }

    pub fn is_repeated(&self, name: &str) -> bool {
        self.pairs.iter().filter(|(key, _)| key == name).count() > 1
    }

    /// Whether a NUL character is anywhere: nothing that is sent here can mean one, and PostgreSQL's text cannot hold it.
    pub fn has_nul(&self) -> bool {
        self.pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'))
    }

    /// Whether a NUL character is in one of these parameters.
    pub fn has_nul_in(&self, names: &[&str]) -> bool {
        self.pairs.iter().any(|(name, value)| names.contains(&name.as_str()) && value.contains('\0'))
    }

    /// The same parameters without some, in the text in which they were sent, if that was an address.
    pub fn as_sent_without(&self, names: &[&str]) -> String {
        let Some(sent) = &self.sent else { return self.without(names) };
        let is_kept = |part: &&str| {
            let name = url::form_urlencoded::parse(part.as_bytes()).next().map(|(name, _)| name.into_owned());
            name.is_some_and(|name| !names.contains(&name.as_str()))
        };
        sent.split('&').filter(is_kept).collect::<Vec<_>>().join("&")
    }

    /// The same parameters without some, as query text.
    pub fn without(&self, names: &[&str]) -> String {
        let kept = self.pairs.iter().filter(|(key, _)| !names.contains(&key.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

/// A name and its value. Most are as they were sent, tokens of a kilobyte among them: only the others are read letter by letter.
fn pair(sent: &str) -> (String, String) {
    if sent.contains(['%', '+']) {
        return url::form_urlencoded::parse(sent.as_bytes()).into_owned().next().unwrap_or_default();
    }
    let (name, value) = sent.split_once('=').unwrap_or((sent, ""));
    (name.to_owned(), value.to_owned())
}

/// A form as a protocol endpoint takes it; anything else is an `invalid_request`.
pub struct ProtocolForm(pub Parameters);

impl<S: Send + Sync> FromRequest<S> for ProtocolForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let parameters = read(request, state).await?;
        let invalid = |text: &str| {
            let mut response = OAuthError::InvalidRequest(text.to_owned()).into_response();
            Unnoted::name(&mut response, parameters.get("client_id"));
            response
        };
        if parameters.has_repeated() {
            return Err(invalid("a parameter was sent more than once"));
        }
        if parameters.has_nul() {
            return Err(invalid("a parameter has a NUL character in it"));
        }
        Ok(Self(parameters))
    }
}

/// A form of a hosted page, or of a browser that an application sent.
pub struct BrowserForm(pub Parameters);

impl<S: Send + Sync> FromRequest<S> for BrowserForm {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let parameters = read(request, state).await?;
        if parameters.has_nul() { Err(unreadable()) } else { Ok(Self(parameters)) }
    }
}

/// The query of a hosted page.
pub struct BrowserQuery(pub Parameters);

impl<S: Send + Sync> FromRequestParts<S> for BrowserQuery {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let parameters = Parameters::parse(parts.uri.query().unwrap_or_default());
        if parameters.has_nul() { Err(unreadable()) } else { Ok(Self(parameters)) }
    }
}

fn unreadable() -> Response {
    let sentence = "Something was sent that is no text. Go back and type it anew.";
    page::plain(StatusCode::BAD_REQUEST, "This cannot be read", sentence)
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Parameters, Response> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let bytes = body::read(request, state).await.map_err(IntoResponse::into_response)?;
    if bytes.is_empty() {
        return Ok(Parameters::default());
    }
    if kind != "application/x-www-form-urlencoded" {
        let error = OAuthError::InvalidRequest("the body must be application/x-www-form-urlencoded".to_owned());
        return Err(error.into_response());
    }
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| OAuthError::InvalidRequest("the body is no UTF-8 text".to_owned()).into_response())?;
    Ok(Parameters::parse(text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Parameters;

    proptest! {
        #[test]
        fn a_form_is_read_as_the_standard_says(text in "[a-c=&%+2é ]{0,24}") {
            let read: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
            prop_assert_eq!(&Parameters::parse(&text).pairs, &read);
        }
    }

    #[test]
    fn an_empty_parameter_was_not_sent_and_a_repeated_one_is_noticed() {
        let parameters = Parameters::parse("state=&scope=openid&nonce=a%20b&scope=email");
        assert_eq!(parameters.get("state"), None);
        assert_eq!(parameters.get("nonce"), Some("a b"));
        assert!(parameters.has_repeated() && parameters.is_repeated("scope"));
        assert!(!parameters.is_repeated("nonce"));
        assert_eq!(parameters.without(&["scope", "state"]), "nonce=a+b");
        assert!(!Parameters::parse("resource=a&resource=b&audience=c&audience=d").has_repeated());
    }

    #[test]
    fn a_query_goes_on_as_it_was_sent() {
        let query = Parameters::of_query("state=a%20b|c&&scope=openid&sco%70e=x");
        assert_eq!(query.as_sent_without(&["scope"]), "state=a%20b|c");
        assert_eq!(query.without(&["scope"]), "state=a+b%7Cc");
        assert_eq!(query.with("scope", "a b").as_sent_without(&[]), "state=a%20b|c&scope=a+b");
        assert_eq!(Parameters::of_query("state=\u{fc}").as_sent_without(&[]), "state=%C3%BC");
        assert_eq!(Parameters::parse("state=a%20b|c").as_sent_without(&[]), "state=a+b%7Cc");
    }
}
