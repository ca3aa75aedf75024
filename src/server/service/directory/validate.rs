//! What a value of the directory must be, wherever it comes from: a file, a form or a program. What is refused says why, to be
//! read behind the name of the value or the value itself. Keys, permissions and words, which need no library, are in
//! [`crate::model::validate::value`].

use icu_locale_core::Locale;
use url::Url;

use crate::model::user_edit::METADATA_MAX;
use crate::model::validate::value::bounded;
use crate::server::crypto::password;
use crate::server::platform::text;

/// Bytes of an address, as many as any browser sends.
const URI_MAX: usize = 2_000;
/// Bytes of a language tag.
const LOCALE_MAX: usize = 100;
const TOO_DEAR: &str = "costs more than a sign-in may (at most 256 MiB of memory, 1 GiB of memory times passes, 16 lanes); hash \
                        the password anew, or leave it out and send the user a set-password link";

/// A name as it is stored: one line, 1 to 200 characters.
pub fn name(text: &str) -> Result<String, String> {
    text::name(text).map_err(|error| error.to_string())
}

/// An e-mail address as it is stored.
pub fn email(text: &str) -> Result<String, String> {
    text::email(text).map_err(|error| error.to_string())
}

/// An http or https address, as it is written.
pub fn web_url(text: &str) -> Result<(), String> {
    let valid = Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    });
    if !valid || text.contains(char::is_whitespace) || !is_written_out(text) {
        return Err("is not an http or https address".to_owned());
    }
    bounded("an address", text, URI_MAX)
}

/// Back-Channel Logout 1.0, section 2.2: an absolute address without a fragment.
pub fn backchannel_logout_uri(text: &str) -> Result<(), String> {
    web_url(text)?;
    if text.contains('#') { Err("has a fragment, which this address must not have".to_owned()) } else { Ok(()) }
}

/// Where users are sent back to. Native applications have schemes of their own.
pub fn redirect_uri(uri: &str) -> Result<(), String> {
    let fault = match Url::parse(uri) {
        Err(_) => "is not an absolute address",
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about") => {
            "has a scheme that must not be redirected to"
        }
        Ok(url) if url.fragment().is_some() => "has a fragment, which redirect URIs must not have",
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_none() => "has no host",
        Ok(_) if uri.contains('*') => "has a *: redirect URIs are compared letter by letter",
        Ok(_) if !is_written_out(uri) => {
            "is no address as RFC 3986 has them: after http: or https: comes //, and |, <, >, \" and \\ are never in one"
        }
        Ok(_) => return bounded("an address", uri, URI_MAX),
    };
    Err(fault.to_owned())
}

/// A JSON Web Key Set with at least one key that can verify RS256 or ES256, and with no private key in it.
pub fn jwks(text: &str) -> Result<(), String> {
    let fault = match serde_json::from_str::<jsonwebtoken::jwk::JwkSet>(text) {
        Err(_) => "is no JSON Web Key Set",
        Ok(_) if text.contains("\"d\"") => "holds a private key; give the public ones only",
        Ok(set) if set.keys.is_empty() => "has no key in it",
        Ok(set) if !set.keys.iter().all(|key| jsonwebtoken::DecodingKey::from_jwk(key).is_ok()) => {
            "has a key in it that cannot be read"
        }
        Ok(_) => return Ok(()),
    };
    Err(fault.to_owned())
}

/// A language tag (BCP 47), in its canonical spelling.
pub fn locale(text: &str) -> Result<String, String> {
    bounded("a language tag", text, LOCALE_MAX)?;
    let locale = Locale::try_from_str(text.trim()).ok().filter(|locale| !locale.id.language.is_unknown());
    locale.map(|locale| locale.to_string()).ok_or_else(|| "is no language tag, such as en-US or de".to_owned())
}

/// A JSON object, without white space at its ends.
pub fn metadata(text: &str) -> Result<String, String> {
    let text = text.trim();
    bounded("metadata", text, METADATA_MAX)?;
    match serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) if error.is_data() => Err("is no JSON object: it begins with { and ends with }".to_owned()),
        Err(error) => Err(format!("is no JSON: {error}")),
    }
}

/// An argon2id hash that costs no more than a sign-in may.
pub fn password_hash(text: &str) -> Result<(), String> {
    if !password::is_hash(text) {
        return Err("is no argon2id hash in PHC form ($argon2id$…)".to_owned());
    }
    if password::is_acceptable_hash(text) { Ok(()) } else { Err(TOO_DEAR.to_owned()) }
}

/// Whether an address means the same to whoever compares it by letters and to a browser, which mends what is wrong with it.
fn is_written_out(uri: &str) -> bool {
    let is_web = |scheme: &str| uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let has_slashes = !(is_web("http:") || is_web("https:")) || is_web("http://") || is_web("https://");
    has_slashes && !uri.contains(['|', '<', '>', '"', '\\'])
}
