//! Secrets that travel: hand-off codes, authorization codes, refresh tokens, cookies, client secrets, links.
//!
//! Each is 256 random bits behind a typed prefix and before a checksum, so that a foreign or mistyped string is refused
//! without a look into the database and secret scanners can recognise a leaked one. Only the SHA-256 is stored.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::server::platform::random::Random;
use crate::server::platform::sha256::sha256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    OperatorCookie,
    /// One browser at one environment, with all that it holds.
    BrowserCookie,
    SessionCookie,
    HandOffCode,
    AuthorizationCode,
    /// The name of a request that waits for its user to sign in.
    ParkedRequest,
    RefreshToken,
    ClientSecret,
    PasswordLink,
    /// Of an operator's invitation or other password.
    OperatorLink,
    /// Of an installation without operators.
    SetupLink,
}

impl SecretKind {
    const ALL: [Self; 11] = [
        Self::OperatorCookie,
        Self::BrowserCookie,
        Self::SessionCookie,
        Self::HandOffCode,
        Self::AuthorizationCode,
        Self::ParkedRequest,
        Self::RefreshToken,
        Self::ClientSecret,
        Self::PasswordLink,
        Self::OperatorLink,
        Self::SetupLink,
    ];

    fn prefix(self) -> &'static str {
        match self {
            Self::OperatorCookie => "uoc_",
            Self::BrowserCookie => "ubr_",
            Self::SessionCookie => "usc_",
            Self::HandOffCode => "uho_",
            Self::AuthorizationCode => "uac_",
            Self::ParkedRequest => "upr_",
            Self::RefreshToken => "urt_",
            Self::ClientSecret => "ucs_",
            Self::PasswordLink => "upl_",
            Self::OperatorLink => "uol_",
            Self::SetupLink => "usl_",
        }
    }

    /// A new secret as it travels, with its hash as it is stored.
    pub fn generate(self, random: &dyn Random) -> (String, Vec<u8>) {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        self.of_bytes(bytes)
    }

    /// The secret that these bytes make, which nobody else can know.
    pub fn of_bytes(self, bytes: [u8; 32]) -> (String, Vec<u8>) {
        let mut text = String::with_capacity(self.prefix().len() + BODY + CHECKSUM);
        text.push_str(self.prefix());
        URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
        text += &checksum(&text);
        let hash = hash(&text);
        (text, hash)
    }

    /// The stored hash of `text`, if it has this kind's prefix, length and checksum.
    pub fn hash_of(self, text: &str) -> Option<Vec<u8>> {
        let rest = text.strip_prefix(self.prefix())?;
        if rest.len() != BODY + CHECKSUM || !rest.is_ascii() {
            return None;
        }
        let (secret, given) = text.split_at(text.len() - CHECKSUM);
        (given == checksum(secret)).then(|| hash(text))
    }
}

/// Characters of the random bits and of the checksum.
const BODY: usize = 43;
const CHECKSUM: usize = 4;

/// What stands behind a prefix and its random bits.
fn checksum(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(&sha256(secret.as_bytes())[..3])
}

/// Characters of a secret that tell enough of it to be hidden.
const TELLING: usize = 12;

/// `text` without any of these secrets, whole or in part, and without tokens, wherever in it they stand.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let is_token = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let run = |from: usize| text.as_bytes()[from..].iter().take_while(|c| is_token(**c)).count();
    let (mut shown, mut kept_from, mut at) = (String::new(), 0, 0);
    while let Some(rest) = text.get(at..) {
        let Some(found) = rest.find(['u', 'e']) else { break };
        at += found;
        let length = if SecretKind::ALL.iter().any(|kind| text[at..].starts_with(kind.prefix())) {
            run(at)
        } else if text[at..].starts_with("eyJ") {
            // A JWT: parts of base64url with dots between them (RFC 7515 section 7.1).
            let end = text[at..].bytes().take_while(|c| is_token(*c) || *c == b'.').count();
            if run(at) < end { end } else { 0 }
        } else {
            0
        };
        if length >= "ucs_".len() + TELLING {
            shown.push_str(&text[kept_from..at]);
            shown.push_str("(a secret)");
            kept_from = at + length;
        }
        at += length.max(1);
    }
    if kept_from == 0 { Cow::Borrowed(text) } else { Cow::Owned(shown + &text[kept_from..]) }
}

/// SHA-256, as secrets are stored. The secrets have 256 bits of their own, so no salt and no stretching is needed.
pub fn hash(text: &str) -> Vec<u8> {
    sha256(text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::platform::random::SystemRandom;

    #[test]
    fn a_secret_that_is_out_there_is_known_by_the_hash_that_is_stored() {
        let (text, stored) = SecretKind::RefreshToken.of_bytes(std::array::from_fn(|index| index as u8));
        assert_eq!(text, "urt_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8t_9K");
        assert_eq!(hex::encode(&stored), "d0ec4005915669106ef96cfd4d51b2ba7cadd752d339330024f1d528033667e5");
        assert_eq!(SecretKind::RefreshToken.hash_of(&text), Some(stored));
    }

    #[test]
    fn a_secret_is_recognised_as_its_own_kind_only() {
        let (text, stored) = SecretKind::HandOffCode.generate(&SystemRandom);
        assert_eq!(SecretKind::HandOffCode.hash_of(&text), Some(stored));
        assert_eq!(SecretKind::RefreshToken.hash_of(&text), None);
    }

    #[test]
    fn every_kind_of_secret_is_hidden_wherever_it_stands() {
        // A kind that is added is added here, too.
        let known = |kind: SecretKind| match kind {
            SecretKind::OperatorCookie | SecretKind::BrowserCookie | SecretKind::SessionCookie => true,
            SecretKind::HandOffCode | SecretKind::AuthorizationCode | SecretKind::ParkedRequest => true,
            SecretKind::RefreshToken | SecretKind::ClientSecret | SecretKind::PasswordLink => true,
            SecretKind::OperatorLink | SecretKind::SetupLink => true,
        };
        let mut prefixes: Vec<&str> = SecretKind::ALL.iter().map(|kind| kind.prefix()).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        assert_eq!(prefixes.len(), 11);
        for kind in SecretKind::ALL {
            assert!(known(kind));
            let (secret, _) = kind.generate(&SystemRandom);
            for (text, shown) in [
                (secret.clone(), "(a secret)".to_owned()),
                (format!("console:{secret}"), "console:(a secret)".to_owned()),
                (
                    format!("https://a.example/cb?client_secret={secret}&x=ü{secret}"),
                    "https://a.example/cb?client_secret=(a secret)&x=ü(a secret)".to_owned(),
                ),
                (secret[..30].to_owned(), "(a secret)".to_owned()),
            ] {
                assert_eq!(hidden(&text), shown);
            }
        }
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbWFyYSJ9.c2lnbmF0dXJl";
        assert_eq!(hidden(&format!("a {token}, b")), "a (a secret), b");
        for text in ["", "user", "https://console.example/eu/ü", "ucs_", "uac_unknown", "eyJ", "eye.of.the.user.uuuu"]
        {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn a_changed_letter_is_noticed_without_a_lookup() {
        let (text, _) = SecretKind::RefreshToken.generate(&SystemRandom);
        let at = 10;
        let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
        let mut changed = text.clone();
        changed.replace_range(at..=at, other);
        assert_eq!(SecretKind::RefreshToken.hash_of(&changed), None);
        assert_eq!(SecretKind::RefreshToken.hash_of(""), None);
        assert_eq!(SecretKind::RefreshToken.hash_of(&"é".repeat(40)), None);
    }
}
