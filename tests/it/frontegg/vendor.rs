//! What the SDKs on servers ask to verify their users' tokens.

use axum::http::StatusCode;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

use super::sdk::{Call, ME, refused, tokens};
use crate::identity::flow::{AMARA, signed_in, text, userinfo};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp};

const CONFIGURATION: &str = "/identity/resources/configurations/v1";

fn bare(mut call: Call<'_>) -> Call<'_> {
    call.path = call.path.replace("/frontegg", "");
    call.from(None)
}

#[tokio::test]
async fn a_server_gets_the_key_that_verifies_its_users_tokens() {
    let app = TestApp::new().await;
    let mut server = app.browser();
    for slash in ["", "/"] {
        let body = json!({ "clientId": "console", "secret": CONSOLE_SECRET });
        let vendor = bare(Call::post("console", &format!("/auth/vendor{slash}"), body)).send(&mut server).await;
        let vendor = vendor.expect_status(StatusCode::OK).json();
        assert_eq!(vendor["expiresIn"], 300);
        let call = bare(Call::get("console", &format!("{CONFIGURATION}{slash}")));
        let answer = call.header("x-access-token", text(&vendor, "token")).send(&mut server).await;
        let pem = answer.expect_status(StatusCode::OK).json()["publicKey"].as_str().expect("a key").to_owned();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        let mut browser = signed_in(&app, AMARA).await;
        let user = tokens(&mut browser, "dispatch").await;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let key = DecodingKey::from_rsa_pem(pem.as_bytes()).expect("a PEM that libraries read");
        let decoded = jsonwebtoken::decode::<Value>(text(&user, "id_token"), &key, &validation).expect("verified");
        assert_eq!(decoded.claims["type"], "userToken");
        // A server's token is about no user, and a user's is not good for this.
        userinfo(&app, text(&vendor, "token")).await.expect_status(StatusCode::FORBIDDEN);
        let me = bare(Call::get("console", ME)).bearer(text(&vendor, "token")).send(&mut server).await;
        refused(&me, StatusCode::FORBIDDEN);
        let call = bare(Call::get("console", CONFIGURATION)).header("x-access-token", text(&user, "id_token"));
        refused(&call.send(&mut server).await, StatusCode::UNAUTHORIZED);
        app.advance(chrono::TimeDelta::minutes(5));
        let call = bare(Call::get("console", CONFIGURATION)).header("x-access-token", text(&vendor, "token"));
        refused(&call.send(&mut server).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn only_an_application_with_its_secret_gets_a_token() {
    let app = TestApp::new().await;
    let mut server = app.browser();
    for (client_id, secret) in [
        ("console", "ucs_wrong"),
        ("console", ""),
        ("dispatch", CONSOLE_SECRET),
        ("dispatch", ""),
        ("nothing", CONSOLE_SECRET),
    ] {
        let call = bare(Call::post("console", "/auth/vendor", json!({ "clientId": client_id, "secret": secret })));
        let answer = call.send(&mut server).await;
        let status = if secret.is_empty() { StatusCode::BAD_REQUEST } else { StatusCode::UNAUTHORIZED };
        refused(&answer, status);
    }
    refused(&bare(Call::get("console", CONFIGURATION)).send(&mut server).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_server_learns_the_address_and_the_keys() {
    let app = TestApp::new().await;
    let mut server = app.browser();
    let base = bare(Call::get("console", "/vendors/base-url")).send(&mut server).await.json();
    assert_eq!(base, json!({ "baseURL": "http://localhost:3000/id/production" }));
    let keys = Call::get("console", "/.well-known/jwks.json").send(&mut server).await.json();
    assert_eq!(keys["keys"][0]["alg"], "RS256");
}
