//! The names under which attempts to sign in are counted.

use super::spelling;

/// No e-mail address is longer, in bytes.
const LONGEST_EMAIL: usize = 254;

/// An e-mail as it is typed, as attempts at an account are counted: in its stored spelling. One that is longer than any address
/// (RFC 5321 section 4.5.3.1) is nobody's: it does not become a key of anything.
pub fn sign_in_name(email: &str) -> String {
    let key = if email.len() > 4 * LONGEST_EMAIL { String::new() } else { spelling(email) };
    if key.len() > LONGEST_EMAIL { String::new() } else { key }
}
