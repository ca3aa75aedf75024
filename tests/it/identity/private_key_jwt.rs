//! Clients that prove themselves with a private key (RFC 7523 section 3, OpenID Connect Core section 9).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::http::{Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::flow::{AMARA, VERIFIER, bare, call, code, redirect_uri, refused, signed_in, text};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp, try_execute};
use understudy::server::service::tokens::client;

const ISSUER: &str = "http://localhost:3000/id/production";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");

/// A client's key.
struct Key {
    algorithm: Algorithm,
    kid: &'static str,
    encoding: EncodingKey,
}

impl Key {
    fn new(algorithm: Algorithm, kid: &'static str) -> Self {
        let private = match algorithm {
            Algorithm::RS256 => {
                let pair = KeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
                let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
                der.as_ref().to_vec()
            }
            _ => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("an EC key");
                pair.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec()
            }
        };
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(private));
        let encoding = match algorithm {
            Algorithm::RS256 => EncodingKey::from_rsa_pem(pem.as_bytes()),
            _ => EncodingKey::from_ec_pem(pem.as_bytes()),
        };
        Self { algorithm, kid, encoding: encoding.expect("a key") }
    }

    fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.encoding, self.algorithm).expect("a JWK");
        jwk.common.key_id = Some(self.kid.into());
        serde_json::to_value(jwk).expect("JSON")
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.into());
        jsonwebtoken::encode(&header, claims, &self.encoding).expect("a JWT")
    }
}

/// Console proves itself with these keys from now on, and with nothing else.
async fn register(app: &TestApp, keys: &[&Key]) {
    let set = json!({ "keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>() });
    let sql = format!("UPDATE applications SET jwks = '{set}', client_secret_hash = NULL WHERE client_id = 'console'");
    try_execute(&app.state.db, &sql).await.expect("keys are registered");
}

fn assertion(app: &TestApp, jti: &str) -> Value {
    let now = app.now().timestamp();
    json!({ "iss": "console", "sub": "console", "aud": ISSUER, "exp": now + 60, "iat": now, "jti": jti })
}

async fn with_assertion(app: &TestApp, path: &str, jwt: &str, form: &[(&str, &str)]) -> Response<String> {
    let mut form = form.to_vec();
    form.extend([("client_assertion_type", JWT_BEARER), ("client_assertion", jwt)]);
    bare(app, path, &form).await
}

#[tokio::test]
async fn a_client_proves_itself_with_its_key_at_every_endpoint_that_wants_a_proof() {
    let app = TestApp::new().await;
    for (algorithm, kid) in [(Algorithm::ES256, "ec"), (Algorithm::RS256, "rsa")] {
        let key = Key::new(algorithm, kid);
        register(&app, &[&key]).await;
        let mut browser = signed_in(&app, AMARA).await;
        let code = code(&mut browser, "console", &[]).await;
        let uri = redirect_uri("console");
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &uri),
            ("code_verifier", VERIFIER),
        ];
        let sign = |jti: &str, aud: Value| {
            let mut claims = assertion(&app, &format!("{kid}{jti}"));
            claims["aud"] = aud;
            key.sign(&claims)
        };
        let jwt = sign("1", json!(format!("{ISSUER}/token")));
        let tokens = with_assertion(&app, "/token", &jwt, &form).await.expect_status(StatusCode::OK).json();
        let access = text(&tokens, "access_token");
        let jwt = sign("2", json!([ISSUER, "https://elsewhere.example"]));
        let active = with_assertion(&app, "/introspect", &jwt, &[("token", access)]).await;
        assert_eq!(active.json()["active"], true);
        let jwt = sign("3", json!(format!("{ISSUER}/revoke")));
        with_assertion(&app, "/revoke", &jwt, &[("token", access)]).await.expect_status(StatusCode::OK);
        let jwt = sign("4", json!(format!("{ISSUER}/introspect")));
        let active = with_assertion(&app, "/introspect", &jwt, &[("token", access), ("client_id", "console")]).await;
        assert_eq!(active.json()["active"], false);
    }
}

#[tokio::test]
async fn an_assertion_works_once_until_long_after_it_expired() {
    let app = TestApp::new().await;
    let key = Key::new(Algorithm::ES256, "ec");
    register(&app, &[&key]).await;
    let jwt = key.sign(&assertion(&app, "once"));
    let (left, right) = tokio::join!(
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]),
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS])
    );
    let mut statuses = [left.status().as_u16(), right.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    // The same id in another assertion is the same id.
    let mut again = assertion(&app, "once");
    again["exp"] = (app.now().timestamp() + 90).into();
    let answer = with_assertion(&app, "/introspect", &key.sign(&again), &[("token", "x")]).await;
    refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    app.advance(TimeDelta::seconds(89));
    client::forget_expired(&app.state).await.expect("a clean-up");
    assert_eq!(app.count("client_assertions").await, 1, "forgotten while it would still be accepted");
    refused(
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await,
        StatusCode::UNAUTHORIZED,
        "invalid_client",
    );
    app.advance(TimeDelta::seconds(1));
    client::forget_expired(&app.state).await.expect("a clean-up");
    assert_eq!(app.count("client_assertions").await, 0);
    refused(
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await,
        StatusCode::UNAUTHORIZED,
        "invalid_client",
    );
}

#[tokio::test]
async fn an_assertion_of_anybody_else_for_anybody_else_or_of_another_time_is_refused() {
    let app = TestApp::new().await;
    let key = Key::new(Algorithm::ES256, "ec");
    let stranger = Key::new(Algorithm::ES256, "ec");
    let unknown = Key::new(Algorithm::ES256, "other");
    let rsa = Key::new(Algorithm::RS256, "ec");
    register(&app, &[&key]).await;
    let good = assertion(&app, "a");
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        key.sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(name);
        key.sign(&claims)
    };
    let now = app.now().timestamp();
    let unsigned = {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"ec"}"#);
        format!("{header}.{}.", URL_SAFE_NO_PAD.encode(good.to_string()))
    };
    // The public key as the secret of a symmetric signature.
    let confused = {
        let secret = EncodingKey::from_secret(key.public().to_string().as_bytes());
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("ec".into());
        jsonwebtoken::encode(&header, &good, &secret).expect("a JWT")
    };
    let critical = {
        let mut header = Header::new(Algorithm::ES256);
        header.crit = Some(vec!["exp".into()]);
        jsonwebtoken::encode(&header, &good, &key.encoding).expect("a JWT")
    };
    let cases = [
        ("another key", stranger.sign(&good)),
        ("another kid", unknown.sign(&good)),
        ("another algorithm", rsa.sign(&good)),
        ("no signature", unsigned),
        ("a symmetric signature", confused),
        ("critical parameters", critical),
        ("no JWT", "nonsense".to_owned()),
        ("issuer", changed("iss", json!("dispatch"))),
        ("audience", changed("aud", json!("http://localhost:3000/id/staging"))),
        ("audiences", changed("aud", json!(["dispatch"]))),
        ("expired", changed("exp", json!(now - 30))),
        ("too long", changed("exp", json!(now + 631))),
        ("not yet", changed("nbf", json!(now + 31))),
        ("issued in the future", changed("iat", json!(now + 31))),
        ("no time", changed("exp", json!("soon"))),
        ("empty id", changed("jti", json!(""))),
        ("without iss", without("iss")),
        ("without sub", without("sub")),
        ("without aud", without("aud")),
        ("without exp", without("exp")),
        ("without jti", without("jti")),
    ];
    for (what, jwt) in cases {
        let answer = with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}: {}", answer.body());
        refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    for client in ["dispatch", "nobody"] {
        let answer = with_assertion(&app, "/token", &changed("sub", json!(client)), &[CLIENT_CREDENTIALS]).await;
        refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    assert_eq!(app.count("client_assertions").await, 0, "a refused assertion used its id up");
    with_assertion(&app, "/token", &key.sign(&good), &[CLIENT_CREDENTIALS]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_client_has_one_proof_a_request_and_the_kind_that_is_registered() {
    let app = TestApp::new().await;
    let key = Key::new(Algorithm::ES256, "ec");
    register(&app, &[&key]).await;
    // No secret is registered, so none is right; and it is no public client.
    let secret = [CLIENT_CREDENTIALS, ("client_id", "console"), ("client_secret", CONSOLE_SECRET)];
    refused(bare(&app, "/token", &secret).await, StatusCode::UNAUTHORIZED, "invalid_client");
    refused(call(&app, "/token", "console", &[CLIENT_CREDENTIALS]).await, StatusCode::UNAUTHORIZED, "invalid_client");
    refused(bare(&app, "/token", &secret[..2]).await, StatusCode::UNAUTHORIZED, "invalid_client");
    let jwt = key.sign(&assertion(&app, "a"));
    let both = [CLIENT_CREDENTIALS, ("client_secret", CONSOLE_SECRET)];
    refused(with_assertion(&app, "/token", &jwt, &both).await, StatusCode::BAD_REQUEST, "invalid_request");
    let basic = [CLIENT_CREDENTIALS, ("client_assertion_type", JWT_BEARER), ("client_assertion", &jwt)];
    refused(call(&app, "/token", "console", &basic).await, StatusCode::BAD_REQUEST, "invalid_request");
    let other = [CLIENT_CREDENTIALS, ("client_id", "dispatch")];
    refused(with_assertion(&app, "/token", &jwt, &other).await, StatusCode::BAD_REQUEST, "invalid_request");
    refused(bare(&app, "/token", &basic[..2]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let untyped = [CLIENT_CREDENTIALS, ("client_assertion", jwt.as_str())];
    refused(bare(&app, "/token", &untyped).await, StatusCode::BAD_REQUEST, "invalid_request");
    let saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
    let mistyped = [CLIENT_CREDENTIALS, ("client_assertion_type", saml), ("client_assertion", jwt.as_str())];
    refused(bare(&app, "/token", &mistyped).await, StatusCode::UNAUTHORIZED, "invalid_client");
    assert_eq!(app.count("client_assertions").await, 0);
    with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn while_keys_are_exchanged_both_work_also_without_a_kid() {
    let app = TestApp::new().await;
    let (old, new) = (Key::new(Algorithm::ES256, "old"), Key::new(Algorithm::ES256, "new"));
    register(&app, &[&old, &new]).await;
    for key in [&old, &new] {
        let jwt = key.sign(&assertion(&app, key.kid));
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await.expect_status(StatusCode::OK);
        let claims = assertion(&app, &format!("{} nameless", key.kid));
        let jwt = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key.encoding).expect("a JWT");
        with_assertion(&app, "/token", &jwt, &[CLIENT_CREDENTIALS]).await.expect_status(StatusCode::OK);
    }
}
