//! Client assertions (private_key_jwt) that prove nothing, at every endpoint that wants a proof.

use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::super::forge::{forgeries_by, strangers_key};
use super::super::raw::metadata;
use crate::identity::flow::{AMARA, bare, basic, refused, signed_in, text, tokens};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ResponseExt, TestApp, try_execute};

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Client {
    key: EncodingKey,
    jwk: Value,
}

impl Client {
    /// Console proves itself with a key of its own from now on.
    async fn register(app: &TestApp) -> Self {
        let (pem, mut jwk) = strangers_key();
        jwk["kid"] = json!("its own");
        let set = json!({ "keys": [&jwk] });
        let sql =
            format!("UPDATE applications SET jwks = '{set}', client_secret_hash = NULL WHERE client_id = 'console'");
        try_execute(&app.state.db, &sql).await.expect("the key is registered");
        Self { key: EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key"), jwk }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some("its own".to_owned()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.key).expect("a token")
    }
}

fn claims(app: &TestApp, issuer: &str, jti: &str) -> Value {
    let now = app.now().timestamp();
    json!({ "iss": "console", "sub": "console", "aud": issuer, "exp": now + 60, "iat": now, "jti": jti })
}

#[tokio::test]
async fn a_client_assertion_that_proves_nothing_opens_nothing() {
    let app = TestApp::new().await;
    let issuer = text(&metadata(&app, "production").await, "issuer").to_owned();
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let client = Client::register(&app).await;
    let good = claims(&app, &issuer, "a");
    let genuine = client.sign(&good);
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
            value => claims[name] = value,
        }
        client.sign(&claims)
    };
    let now = app.now().timestamp();
    let mut bad: Vec<(&str, String)> = forgeries_by(&client.jwk, &genuine);
    bad.extend([
        ("another client's issuer", changed("iss", json!("dispatch"))),
        ("another client", changed("sub", json!("dispatch"))),
        ("no client", changed("sub", Value::Null)),
        ("a client with NUL", changed("sub", json!("con\0sole"))),
        ("another environment", changed("aud", json!(issuer.replace("production", "staging")))),
        ("another endpoint", changed("aud", json!(format!("{issuer}/userinfo")))),
        ("nobody's audience", changed("aud", json!([]))),
        ("no audience", changed("aud", Value::Null)),
        ("expired", changed("exp", json!(now - 60))),
        ("far too long", changed("exp", json!(now + 86_400))),
        ("no end", changed("exp", Value::Null)),
        ("an end in words", changed("exp", json!("tomorrow"))),
        ("not yet", changed("nbf", json!(now + 600))),
        ("no id", changed("jti", Value::Null)),
        ("an access token", text(&issued, "access_token").to_owned()),
        ("an id token", text(&issued, "id_token").to_owned()),
        ("junk", "a.b.c".to_owned()),
        ("junk of 50 kB", "a".repeat(50_000)),
    ]);
    let before = Ledger::of(&app).await;
    for (what, assertion) in &bad {
        for (path, form) in [
            ("/token", [("grant_type", "client_credentials")]),
            ("/introspect", [("token", text(&issued, "refresh_token"))]),
            ("/revoke", [("token", text(&issued, "refresh_token"))]),
        ] {
            let proof = [("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str())];
            let answer = bare(&app, path, &[&form[..], &proof].concat()).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what} at {path}: {}", answer.body());
            refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a client assertion that proves nothing");
    let proof = [("client_assertion_type", JWT_BEARER), ("client_assertion", genuine.as_str())];
    let form = [&[("grant_type", "client_credentials")], &proof[..]].concat();
    bare(&app, "/token", &form).await.expect_status(StatusCode::OK);
    // Once is enough: its id is what is remembered.
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["client_assertions"]);
    let before = Ledger::of(&app).await;
    refused(bare(&app, "/token", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    before.expect_unchanged(&Ledger::of(&app).await, "a client assertion used again");
}

#[tokio::test]
async fn half_a_client_assertion_or_two_proofs_are_refused() {
    let app = TestApp::new().await;
    let issuer = text(&metadata(&app, "production").await, "issuer").to_owned();
    let client = Client::register(&app).await;
    let assertion = client.sign(&claims(&app, &issuer, "a"));
    let grant = ("grant_type", "client_credentials");
    let (kind, jwt) = (("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.as_str()));
    let saml = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer");
    let before = Ledger::of(&app).await;
    for (form, status, code) in [
        (vec![grant, kind], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![grant, jwt], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![grant, kind, jwt, jwt], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![grant, kind, jwt, ("client_secret", CONSOLE_SECRET)], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![grant, kind, jwt, ("client_id", "dispatch")], StatusCode::BAD_REQUEST, "invalid_request"),
        (vec![grant, saml, jwt], StatusCode::UNAUTHORIZED, "invalid_client"),
    ] {
        refused(bare(&app, "/token", &form).await, status, code);
    }
    let proof = basic("console", CONSOLE_SECRET);
    let headers = [("content-type", super::super::raw::FORM), ("authorization", proof.as_str())];
    let body = crate::support::encode(&[grant, kind, jwt]);
    let answer = super::super::raw::send(&app, axum::http::Method::POST, "production/token", &headers, body).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    before.expect_unchanged(&Ledger::of(&app).await, "half a client assertion");
    bare(&app, "/token", &[grant, kind, jwt, ("client_id", "console")]).await.expect_status(StatusCode::OK);
}
