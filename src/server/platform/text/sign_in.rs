//! The names under which attempts to sign in are counted.

use super::spelling;
use crate::model::text::EMAIL_MAX;

/// An e-mail as it is typed, as attempts at an account are counted: in its stored spelling. One that is longer than any address
/// (RFC 5321 section 4.5.3.1) is nobody's: it does not become a key of anything.
pub fn sign_in_name(email: &str) -> String {
    let key = if email.len() > 4 * EMAIL_MAX { String::new() } else { spelling(email) };
    if key.len() > EMAIL_MAX { String::new() } else { key }
}
