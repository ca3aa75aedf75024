//! Proof key for code exchange: a verifier and the S256 challenge that it makes (RFC 7636).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::server::platform::sha256::sha256;

/// Characters of a code verifier at least (RFC 7636 section 4.1).
pub const VERIFIER_LENGTH: usize = 43;

/// Whether a verifier of `least` characters at least made the challenge (RFC 7636 section 4.6). A verifier without a challenge is
/// a sign of a downgrade (RFC 9700 section 2.1.1).
pub fn verifier_fits(challenge: Option<&str>, verifier: Option<&str>, least: usize) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => {
            let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_' | b'~');
            let well_formed = (least..=128).contains(&verifier.len()) && verifier.bytes().all(allowed);
            let computed = URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes()));
            well_formed && bool::from(computed.as_bytes().ct_eq(challenge.as_bytes()))
        }
        _ => false,
    }
}

/// Whether this is what the browser proves that it made the S256 challenge.
pub fn proves(code_challenge: &str, code_verifier: Option<&str>) -> bool {
    code_verifier.is_some() && verifier_fits(Some(code_challenge), code_verifier, VERIFIER_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::VERIFIER_LENGTH;

    const SHORT: usize = 16;

    fn verifier_fits(challenge: Option<&str>, verifier: Option<&str>) -> bool {
        super::verifier_fits(challenge, verifier, VERIFIER_LENGTH)
    }

    #[test]
    fn the_verifier_of_rfc_7636_appendix_b_fits_its_challenge_and_no_other_does() {
        let challenge = Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(verifier_fits(challenge, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
        assert!(!verifier_fits(challenge, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl")));
        assert!(!verifier_fits(challenge, Some("short")));
        assert!(!verifier_fits(challenge, None));
        assert!(!verifier_fits(None, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")));
        assert!(verifier_fits(None, None));
    }

    #[test]
    fn a_short_verifier_fits_only_where_an_sdk_presents_it() {
        // SHA-256 of "AbCdEfGh12345678".
        let challenge = Some("9NeX-jE_J3B0b4GPqTM_PbpQ-UDO9_-UI-21BpQUArA");
        let verifier = Some("AbCdEfGh12345678");
        assert!(!verifier_fits(challenge, verifier));
        assert!(super::verifier_fits(challenge, verifier, SHORT));
        assert!(!super::verifier_fits(challenge, Some("AbCdEfGh1234567"), SHORT));
    }
}
