//! Secrets that travel: hand-off codes, authorization codes, refresh tokens, cookies, client secrets, links.
//!
//! Each is 256 random bits behind a typed prefix and before a checksum, so that a foreign or mistyped string is refused
//! without a look into the database and secret scanners can recognise a leaked one. Only the SHA-256 is stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::random::Random;

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
}

impl SecretKind {
    const ALL: [Self; 8] = [
        Self::OperatorCookie,
        Self::BrowserCookie,
        Self::SessionCookie,
        Self::HandOffCode,
        Self::AuthorizationCode,
        Self::ParkedRequest,
        Self::RefreshToken,
        Self::ClientSecret,
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
        }
    }

    fn checksum(self, body: &str) -> String {
        let digest = Sha256::new().chain_update(self.prefix()).chain_update(body).finalize();
        URL_SAFE_NO_PAD.encode(&digest[..3])
    }

    /// A new secret as it travels, with its hash as it is stored.
    pub fn generate(self, random: &dyn Random) -> (String, Vec<u8>) {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        self.of_bytes(bytes)
    }

    /// The secret that these bytes make, which nobody else can know.
    pub fn of_bytes(self, bytes: [u8; 32]) -> (String, Vec<u8>) {
        let body = URL_SAFE_NO_PAD.encode(bytes);
        let text = format!("{}{body}{}", self.prefix(), self.checksum(&body));
        let hash = hash(&text);
        (text, hash)
    }

    /// The stored hash of `text`, if it has this kind's prefix, length and checksum.
    pub fn hash_of(self, text: &str) -> Option<Vec<u8>> {
        let rest = text.strip_prefix(self.prefix())?;
        if rest.len() != 43 + 4 || !rest.is_ascii() {
            return None;
        }
        let (body, checksum) = rest.split_at(43);
        (checksum == self.checksum(body)).then(|| hash(text))
    }
}

/// Whether `text` is one of these secrets, whichever.
pub fn is_secret(text: &str) -> bool {
    SecretKind::ALL.into_iter().any(|kind| kind.hash_of(text).is_some())
}

/// SHA-256, as secrets are stored. The secrets have 256 bits of their own, so no salt and no stretching is needed.
pub fn hash(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::random::SystemRandom;

    #[test]
    fn a_secret_is_recognised_as_its_own_kind_only() {
        let (text, stored) = SecretKind::HandOffCode.generate(&SystemRandom);
        assert_eq!(SecretKind::HandOffCode.hash_of(&text), Some(stored));
        assert_eq!(SecretKind::RefreshToken.hash_of(&text), None);
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
