//! Logout tokens, by which the provider says that a session ended (OpenID Connect Back-Channel Logout 1.0).

use std::time::Duration;

use anyhow::{Context, ensure};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// How far the clocks of application and provider may be apart, in seconds.
const LEEWAY: i64 = 30;
/// How old a logout token may be at most, and so how long its use is remembered.
pub const LIFETIME: Duration = Duration::from_secs(600);

/// A verified logout token.
#[derive(Debug, PartialEq, Eq)]
pub struct LogoutToken {
    /// The provider's session that ended.
    pub sid: String,
    pub jti: String,
}

/// Whether one of these keys can have signed the token.
pub fn is_key_known(token: &str, keys: &JwkSet) -> bool {
    jsonwebtoken::decode_header(token).ok().and_then(|header| key(keys, header.kid.as_deref())).is_some()
}

fn key<'k>(keys: &'k JwkSet, kid: Option<&str>) -> Option<&'k Jwk> {
    keys.find(kid?)
}

/// Section 2.6: signature, issuer, audience, times, event and session, and no nonce, so that no id token passes for one.
pub fn verify(token: &str, keys: &JwkSet, issuer: &str, client_id: &str, now: i64) -> anyhow::Result<LogoutToken> {
    let header = jsonwebtoken::decode_header(token).context("it is no JWT")?;
    ensure!(header.typ.as_deref().is_some_and(|typ| typ.eq_ignore_ascii_case("logout+jwt")), "it is of another type");
    ensure!(header.crit.is_none(), "it has critical parameters, and none is understood");
    ensure!(matches!(header.alg, Algorithm::RS256 | Algorithm::ES256), "it is signed with another algorithm");
    let jwk = key(keys, header.kid.as_deref()).context("its key is none of the provider's")?;
    let fits = jwk.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{:?}", header.alg));
    ensure!(fits, "its key is for another algorithm");
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "exp"]);
    let decoded = jsonwebtoken::decode::<Map<String, Value>>(token, &DecodingKey::from_jwk(jwk)?, &validation);
    let claims = decoded.context("signature, issuer or audience do not fit")?.claims;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    ensure!(number("exp").is_some_and(|exp| now < exp + LEEWAY), "it has expired");
    let issued_at = number("iat").context("it has no iat")?;
    let oldest = now - i64::try_from(LIFETIME.as_secs())? + LEEWAY;
    ensure!((oldest..=now + LEEWAY).contains(&issued_at), "it was issued too long ago, or in the future");
    let event = claims.get("events").and_then(|events| events.get(EVENT));
    ensure!(event.is_some_and(Value::is_object), "it is about another event");
    ensure!(!claims.contains_key("nonce"), "it has a nonce, which no logout token has");
    let sid = text("sid").context("it names no session")?.to_owned();
    let jti = text("jti").context("it has no jti")?.to_owned();
    Ok(LogoutToken { sid, jti })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn key_pair() -> (EncodingKey, Jwk) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let private = STANDARD.encode(pair.to_pkcs8v1().expect("PKCS#8").as_ref());
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\n");
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).expect("a key");
        let mut jwk = Jwk::from_encoding_key(&key, Algorithm::ES256).expect("a JWK");
        jwk.common.key_id = Some("k".into());
        (key, jwk)
    }

    fn claims() -> Value {
        json!({
            "iss": "https://issuer.example", "aud": "app", "iat": NOW, "exp": NOW + 120, "jti": "1", "sid": "s",
            "events": { EVENT: {} },
        })
    }

    fn sign(key: &EncodingKey, typ: &str, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some("k".into());
        header.typ = Some(typ.into());
        jsonwebtoken::encode(&header, claims, key).expect("a JWT")
    }

    #[test]
    fn a_logout_token_names_the_session_and_everything_else_is_refused() {
        let (key, jwk) = key_pair();
        let keys = JwkSet { keys: vec![jwk] };
        let verified = |token: &str| verify(token, &keys, "https://issuer.example", "app", NOW);
        let good = sign(&key, "logout+jwt", &claims());
        assert!(is_key_known(&good, &keys));
        assert_eq!(verified(&good).expect("good"), LogoutToken { sid: "s".into(), jti: "1".into() });
        let (stranger, _) = key_pair();
        assert!(verified(&sign(&stranger, "logout+jwt", &claims())).is_err(), "another key");
        for typ in ["JWT", "at+jwt"] {
            assert!(verified(&sign(&key, typ, &claims())).is_err(), "{typ}");
        }
        let changes = [
            ("iss", json!("https://other.example")),
            ("aud", json!("other")),
            ("exp", json!(NOW - 30)),
            ("iat", json!(NOW - 571)),
            ("iat", json!(NOW + 31)),
            ("events", json!({})),
            ("events", json!({ EVENT: true })),
            ("nonce", json!("n")),
            ("sid", json!("")),
            ("jti", json!(null)),
        ];
        for (name, value) in changes {
            let mut changed = claims();
            changed[name] = value.clone();
            assert!(verified(&sign(&key, "logout+jwt", &changed)).is_err(), "{name}: {value}");
        }
        for name in ["iss", "aud", "iat", "exp", "jti", "sid", "events"] {
            let mut changed = claims();
            changed.as_object_mut().expect("an object").remove(name);
            assert!(verified(&sign(&key, "logout+jwt", &changed)).is_err(), "without {name}");
        }
    }
}
