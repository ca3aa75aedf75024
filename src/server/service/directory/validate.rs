//! What a value of the directory must be, wherever it comes from: a file, a form or a program. What is refused says why, to be
//! read behind the name of the value or the value itself.

use url::Url;

use crate::server::crypto::password;
use crate::server::platform::text;

const KEY_MAX: usize = 100;
/// Bytes of an address, as many as any browser sends.
const URI_MAX: usize = 2_000;
/// Bytes of a permission, or of an id of another directory.
const WORD_MAX: usize = 200;
const TOO_DEAR: &str = "costs more than a sign-in may (at most 256 MiB of memory, 1 GiB of memory times passes, 16 lanes); hash \
                        the password anew, or leave it out and send the user a set-password link";
/// The word that takes away what is there, in files.
pub const CLEAR: &str = "-";
pub const LOGIN_METHODS: [&str; 2] = ["hosted", "embedded"];
pub const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// A key: letters, digits and `._-`, nothing that lists in files are separated by.
pub fn key(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match text {
        "" => Err("is empty".to_owned()),
        _ if text.len() > KEY_MAX || !text.chars().all(allowed) || text == CLEAR => {
            Err(format!("is no key: use 1 to {KEY_MAX} letters, digits, dots, _ and -"))
        }
        _ => Ok(()),
    }
}

/// What another directory calls somebody: compared letter by letter, so that it stays as it was given.
pub fn external_id(text: &str) -> Result<(), String> {
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        return Err("is no id: it is one line, without spaces around it".to_owned());
    }
    bounded("an id", text, WORD_MAX)
}

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

/// A permission: one word.
pub fn permission(word: &str) -> Result<(), String> {
    if word.is_empty() || word.contains(char::is_whitespace) {
        return Err("is no permission: that is one word".to_owned());
    }
    bounded("a permission", word, WORD_MAX)
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

/// An argon2id hash that costs no more than a sign-in may.
pub fn password_hash(text: &str) -> Result<(), String> {
    if !password::is_hash(text) {
        return Err("is no argon2id hash in PHC form ($argon2id$…)".to_owned());
    }
    if password::is_acceptable_hash(text) { Ok(()) } else { Err(TOO_DEAR.to_owned()) }
}

/// One of `words`.
pub fn word(text: &str, words: &[&'static str]) -> Result<(), String> {
    if words.contains(&text) { Ok(()) } else { Err(format!("is none of {}", words.join(", "))) }
}

/// What the indexes of PostgreSQL could not hold, nobody wrote by hand. `most` is in bytes.
fn bounded(what: &str, text: &str, most: usize) -> Result<(), String> {
    let length = text.len();
    if length > most { Err(format!("has {length} bytes; {what} has {most} at most")) } else { Ok(()) }
}

/// Whether an address means the same to whoever compares it by letters and to a browser, which mends what is wrong with it.
fn is_written_out(uri: &str) -> bool {
    let is_web = |scheme: &str| uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let has_slashes = !(is_web("http:") || is_web("https:")) || is_web("http://") || is_web("https://");
    has_slashes && !uri.contains(['|', '<', '>', '"', '\\'])
}
