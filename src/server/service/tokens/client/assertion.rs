//! Assertions by which a client proves itself with its private key (RFC 7523 section 3, OpenID Connect Core section 9).

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use crate::server::crypto::secret;
use crate::server::db::client_token as table;
use crate::server::domain::application::Application;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// How far the clocks of client and provider may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// How far ahead an assertion may expire at most.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// An assertion as a client presents it, read but not believed.
pub struct Assertion<'a> {
    text: &'a str,
    claims: Map<String, Value>,
}

impl<'a> Assertion<'a> {
    /// Reads the claims of a JWT. `None` where it is none.
    pub fn read(text: &'a str) -> Option<Self> {
        let claims = jsonwebtoken::dangerous::insecure_decode_claims(text).ok()?;
        Some(Self { text, claims })
    }

    /// The client that the assertion says it is from.
    pub fn client_id(&self) -> Option<&str> {
        self.claims.get("sub")?.as_str()
    }
}

/// Accepts an assertion of `application` that is meant for one of `audiences`, once. Gives what is wrong with it
/// otherwise, for the application's developer.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn accept(
    state: &AppState,
    application: &Application,
    assertion: &Assertion<'_>,
    audiences: &[String],
) -> ServiceResult<Result<(), &'static str>> {
    let claims = match verified(application, assertion.text) {
        Ok(claims) => claims,
        Err(fault) => return Ok(Err(fault)),
    };
    let (jti, expires_at) = match check(&claims, &application.client_id, audiences, state.now()) {
        Ok(accepted) => accepted,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut tx = state.db.write().await?;
    if !table::use_assertion(&mut tx, application.id, &secret::hash(jti), expires_at + LEEWAY).await? {
        return Ok(Err(
            "the client assertion was used already: make a new one, with a jti of its own, for each request",
        ));
    }
    tx.commit().await?;
    Ok(Ok(()))
}

/// The claims, if one of the client's registered keys signed them, each key for its own algorithm only.
fn verified(application: &Application, text: &str) -> Result<Map<String, Value>, &'static str> {
    let set = application.jwks.as_deref().and_then(|jwks| serde_json::from_str::<JwkSet>(jwks).ok());
    let set = set.ok_or("no keys are registered for this client")?;
    let header = jsonwebtoken::decode_header(text).map_err(|_| "the client assertion is no JWT")?;
    if header.crit.is_some() {
        return Err("the client assertion has critical header parameters, and none is understood");
    }
    if !matches!(header.alg, Algorithm::RS256 | Algorithm::ES256) {
        return Err("the client assertion must be signed with RS256 or ES256");
    }
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let mut keys = set.keys.iter().filter(named).filter(|key| algorithm_of(key) == Some(header.alg)).peekable();
    if keys.peek().is_none() {
        return Err("no registered key of this client has the kid and the algorithm of the client assertion");
    }
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let decode = |key: &Jwk| {
        let key = DecodingKey::from_jwk(key).ok()?;
        jsonwebtoken::decode::<Map<String, Value>>(text, &key, &validation).ok()
    };
    keys.find_map(decode).map(|data| data.claims).ok_or("the signature of the client assertion does not hold")
}

/// The one algorithm that a key is for.
fn algorithm_of(key: &Jwk) -> Option<Algorithm> {
    let algorithm = match &key.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let for_signatures = key.common.public_key_use.as_ref().is_none_or(|wanted| *wanted == PublicKeyUse::Signature);
    let named = key.common.key_algorithm.is_none_or(|named| named.to_string() == format!("{algorithm:?}"));
    (for_signatures && named).then_some(algorithm)
}

/// The assertion's id and end, if it says what it must.
fn check<'c>(
    claims: &'c Map<String, Value>,
    client_id: &str,
    audiences: &[String],
    now: DateTime<Utc>,
) -> Result<(&'c str, DateTime<Utc>), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    if text("iss") != Some(client_id) || text("sub") != Some(client_id) {
        return Err("iss and sub of the client assertion must be the client id");
    }
    let is_audience = |value: &Value| value.as_str().is_some_and(|text| audiences.iter().any(|known| known == text));
    let meant = match claims.get("aud") {
        Some(Value::Array(all)) => all.iter().any(is_audience),
        Some(one) => is_audience(one),
        None => false,
    };
    if !meant {
        return Err("aud of the client assertion must be the issuer or the endpoint that is called");
    }
    let expires_at = time(claims, "exp")?.ok_or("the client assertion has no exp")?;
    if now >= expires_at + LEEWAY {
        return Err("the client assertion has expired");
    }
    if expires_at > now + LIFETIME + LEEWAY {
        return Err("the client assertion may expire in 10 minutes at most");
    }
    if time(claims, "nbf")?.is_some_and(|not_before| not_before > now + LEEWAY) {
        return Err("the client assertion is not valid yet");
    }
    if let Some(issued_at) = time(claims, "iat")? {
        if issued_at > now + LEEWAY {
            return Err("the client assertion was issued in the future");
        }
        if issued_at < now - LIFETIME - LEEWAY {
            return Err("the client assertion was issued more than 10 minutes ago");
        }
    }
    let jti = text("jti").filter(|jti| !jti.is_empty()).ok_or("the client assertion has no jti")?;
    Ok((jti, expires_at))
}

/// The end of the year 9999: what lies beyond is no time that anybody means, and would leave no room for sums.
const LAST_SECOND: i64 = 253_402_300_799;

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<DateTime<Utc>>, &'static str> {
    const FAULT: &str = "a time in the client assertion is no number of seconds";
    let Some(value) = claims.get(name) else { return Ok(None) };
    let seconds = match (value.as_i64(), value.as_f64()) {
        (Some(seconds), _) => seconds,
        #[expect(clippy::cast_possible_truncation, reason = "rounded down, and out of range is refused below")]
        (None, Some(seconds)) => seconds.floor() as i64,
        (None, None) => return Err(FAULT),
    };
    if !(0..=LAST_SECOND).contains(&seconds) {
        return Err(FAULT);
    }
    DateTime::from_timestamp(seconds, 0).map(Some).ok_or(FAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://understudy.example/id/production";

    fn claims() -> Map<String, Value> {
        let json = serde_json::json!({ "iss": "a", "sub": "a", "aud": ISSUER, "exp": 1_000_300, "jti": "1" });
        json.as_object().expect("an object").clone()
    }

    fn checked(change: impl FnOnce(&mut Map<String, Value>)) -> Result<i64, &'static str> {
        let mut claims = claims();
        change(&mut claims);
        let now = DateTime::from_timestamp(1_000_000, 0).expect("a time");
        check(&claims, "a", &[ISSUER.to_owned(), format!("{ISSUER}/token")], now).map(|found| found.1.timestamp())
    }

    #[test]
    fn an_assertion_says_who_it_is_from_for_whom_it_is_and_until_when() {
        assert_eq!(checked(|_| {}), Ok(1_000_300));
        assert!(
            checked(|all| drop(all.insert("aud".into(), serde_json::json!(["x", format!("{ISSUER}/token")])))).is_ok()
        );
        assert!(checked(|all| drop(all.insert("exp".into(), 1_000_300.5.into()))).is_ok());
        for name in ["iss", "sub", "aud", "exp", "jti"] {
            assert!(checked(|all| drop(all.remove(name))).is_err(), "without {name}");
            assert!(
                checked(|all| drop(all.insert(name.into(), "other".into()))).is_err() || name == "jti",
                "other {name}"
            );
        }
    }

    #[test]
    fn times_are_taken_with_30_seconds_of_leeway() {
        let with = |name: &str, at: i64| checked(|all| drop(all.insert(name.into(), (1_000_000 + at).into()))).is_ok();
        assert!(with("exp", -29) && !with("exp", -30));
        assert!(with("exp", 630) && !with("exp", 631));
        assert!(with("nbf", 30) && !with("nbf", 31));
        assert!(with("iat", 30) && !with("iat", 31));
        assert!(with("iat", -630) && !with("iat", -631));
        for name in ["exp", "nbf", "iat"] {
            for at in [i64::MAX, i64::MIN, 8_210_266_876_799, -8_334_601_228_800, 253_402_300_800, -1] {
                assert!(checked(|all| drop(all.insert(name.into(), at.into()))).is_err(), "{name} {at}");
            }
            for at in [f64::MAX, f64::MIN, 1e300, -0.5] {
                assert!(checked(|all| drop(all.insert(name.into(), at.into()))).is_err(), "{name} {at}");
            }
            assert!(checked(|all| drop(all.insert(name.into(), u64::MAX.into()))).is_err(), "{name}");
        }
        assert!(checked(|all| drop(all.insert("nbf".into(), "soon".into()))).is_err());
    }
}
