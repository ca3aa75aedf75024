//! Tokens as an attacker makes them, and as the provider itself would: signed with an environment's own key.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::raw;
use crate::support::{ResponseExt, TestApp};
use understudy::server::crypto::keyring::SigningKey;
use understudy::server::service::registry::relying_party;

/// The key with which an environment signs now.
async fn own_key(app: &TestApp, environment: &str, algorithm: Algorithm) -> Arc<SigningKey> {
    let found = relying_party::environment(&app.state, environment).await.expect("a query").expect("an environment");
    let keys = relying_party::keys(&app.state, found.id).await.expect("keys");
    keys.iter().find(|key| key.algorithm == algorithm && key.is_active()).expect("an active key").clone()
}

/// Claims signed by the environment itself: what its key could sign but its code never does.
pub async fn signed(app: &TestApp, environment: &str, typ: &str, claims: &Value) -> String {
    let (typ, claims) = (typ.to_owned(), claims.clone());
    let key = own_key(app, environment, Algorithm::RS256).await;
    key.signing(move |signer| signer.sign(&typ, &claims)).await.expect("a token")
}

/// Tokens with the claims of this one of the provider's whose signature only looks like one, under each name of a forgery.
pub async fn forgeries(app: &TestApp, typ: &str, genuine: &str) -> Vec<(&'static str, String)> {
    let kid = own_key(app, "production", Algorithm::RS256).await.kid.clone();
    let jwks = app.browser().get("/id/production/.well-known/jwks.json").await.json();
    let jwk = jwks["keys"].as_array().expect("keys").iter().find(|jwk| jwk["kid"] == kid.as_str()).expect("the key");
    let mut found = forgeries_of(jwk, typ, genuine);
    let claims = claims_of(genuine);
    found.push(("another environment's signature", signed(app, "staging", typ, &claims).await));
    found
}

/// The same for an assertion of a client with this public key.
pub fn forgeries_by(jwk: &Value, genuine: &str) -> Vec<(&'static str, String)> {
    forgeries_of(jwk, "JWT", genuine)
}

fn claims_of(token: &str) -> Value {
    let part = token.split('.').nth(1).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

fn forgeries_of(jwk: &Value, typ: &str, genuine: &str) -> Vec<(&'static str, String)> {
    let kid = jwk["kid"].as_str().expect("a kid");
    let parts: Vec<&str> = genuine.split('.').collect();
    let claims = claims_of(genuine);
    let mut other = claims.clone();
    other["email"] = json!("root@understudy.example");
    let with_header = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
    let unsigned = |alg: &str| format!("{}.{}.", with_header(json!({ "alg": alg, "typ": typ, "kid": kid })), parts[1]);
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().expect("n")).expect("base64url");
    let symmetric = |secret: &[u8]| {
        let header = header(Algorithm::HS256, typ, kid);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).expect("a token")
    };
    let (strangers_pem, strangers_jwk) = strangers_key();
    let stranger = EncodingKey::from_rsa_pem(strangers_pem.as_bytes()).expect("a key");
    let by_stranger = |header: Header| jsonwebtoken::encode(&header, &claims, &stranger).expect("a token");
    let mut embedded = header(Algorithm::RS256, typ, kid);
    embedded.jwk = Some(serde_json::from_value(strangers_jwk).expect("a JWK"));
    let mut remote = header(Algorithm::RS256, typ, "another");
    remote.jku = Some("https://evil.example/jwks.json".to_owned());
    let mut longer = parts[2].to_owned();
    longer.push_str("AAAA");
    vec![
        ("alg none", unsigned("none")),
        ("alg None", unsigned("None")),
        ("alg NONE with the old signature", format!("{}{}", unsigned("NONE"), parts[2])),
        ("RS256 without a signature", format!("{}.{}.", parts[0], parts[1])),
        ("a signature that is cut", format!("{}.{}.{}", parts[0], parts[1], &parts[2][..40])),
        ("a signature that is longer", format!("{}.{}.{longer}", parts[0], parts[1])),
        ("HS256 with the public key as PEM", symmetric(public_pem(&modulus).as_bytes())),
        ("HS256 with the public key as JWK", symmetric(jwk.to_string().as_bytes())),
        ("HS256 with the modulus", symmetric(&modulus)),
        ("HS256 with nothing", symmetric(b"")),
        ("a stranger's key under its own name", by_stranger(header(Algorithm::RS256, typ, "strangers"))),
        ("a stranger's key under the provider's name", by_stranger(header(Algorithm::RS256, typ, kid))),
        ("a stranger's key under no name", by_stranger(Header { kid: None, ..header(Algorithm::RS256, typ, kid) })),
        ("a stranger's key in the header", by_stranger(embedded)),
        ("a stranger's key by address", by_stranger(remote)),
        ("PS256 for an RS256 key", by_stranger(header(Algorithm::PS256, typ, kid))),
        ("other claims", format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(other.to_string()), parts[2])),
        (
            "another header",
            format!(
                "{}.{}.{}",
                with_header(json!({ "alg": "RS256", "typ": typ, "kid": kid, "x": 1 })),
                parts[1],
                parts[2]
            ),
        ),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", format!("{genuine}.{}", parts[2])),
    ]
}

fn header(algorithm: Algorithm, typ: &str, kid: &str) -> Header {
    Header { typ: Some(typ.to_owned()), kid: Some(kid.to_owned()), ..Header::new(algorithm) }
}

/// A private key of the test's own as PEM, and its public JWK.
pub fn strangers_key() -> (String, Value) {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let der: Pkcs8V1Der<'_> = pair.as_der().expect("PKCS#8");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::RS256).expect("a JWK");
    (pem, serde_json::to_value(jwk).expect("JSON"))
}

/// The public key as tools print it: `SubjectPublicKeyInfo` of RSA with the exponent 65537.
fn public_pem(modulus: &[u8]) -> String {
    let tlv = |tag: u8, content: &[u8]| {
        let length = u16::try_from(content.len()).expect("short");
        let mut bytes = vec![tag];
        match length {
            0..128 => bytes.push(length as u8),
            _ => bytes.extend([0x82, (length >> 8) as u8, length as u8]),
        }
        bytes.extend(content);
        bytes
    };
    let integer = tlv(0x02, &[&[0], modulus].concat());
    let key = tlv(0x30, &[integer, tlv(0x02, &[1, 0, 1])].concat());
    let rsa = tlv(0x30, &[tlv(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01]), tlv(0x05, &[])].concat());
    let info = tlv(0x30, &[rsa, tlv(0x03, &[vec![0], key].concat())].concat());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(info))
}

/// Verifies a token as any client would: by the published keys, the one that its header names.
pub async fn verified(app: &TestApp, token: &str) -> Value {
    verified_in(app, "production", token).await.expect("a published key verifies the token")
}

pub async fn verified_in(app: &TestApp, environment: &str, token: &str) -> Option<Value> {
    let uri = raw::metadata(app, environment).await["jwks_uri"].as_str().expect("a URI").to_owned();
    let jwks = app.browser().get(uri.strip_prefix(crate::support::ORIGIN).expect("ours")).await.json();
    let jwks: jsonwebtoken::jwk::JwkSet = serde_json::from_value(jwks).expect("a key set");
    let header = jsonwebtoken::decode_header(token).expect("a header");
    let jwk = jwks.find(header.kid.as_ref().expect("the token names its key"))?;
    let key = jsonwebtoken::DecodingKey::from_jwk(jwk).expect("a key");
    let mut validation = jsonwebtoken::Validation::new(header.alg);
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
}
