//! RFC 7636, proof key for code exchange.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::identity::flow::{
    AMARA, CHALLENGE, VERIFIER, answered, authorize_path, call, code, redirect_uri, refused, signed_in,
};
use crate::support::{Browser, ResponseExt, TestApp};

async fn redeemed(app: &TestApp, code: &str, verifier: &str) -> axum::http::Response<String> {
    let uri = redirect_uri("console");
    let form =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &uri), ("code_verifier", verifier)];
    call(app, "/token", "console", &form).await
}

async fn code_for(browser: &mut Browser, verifier: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    code(browser, "console", &[("code_challenge", &challenge)]).await
}

#[tokio::test]
async fn a_verifier_has_43_to_128_unreserved_characters() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for good in ["a".repeat(43), "~".repeat(128), format!("{}-._~09AZaz", "x".repeat(40))] {
        let code = code_for(&mut browser, &good).await;
        redeemed(&app, &code, &good).await.expect_status(StatusCode::OK);
    }
    for bad in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), "ü".repeat(30), " ".repeat(50)] {
        let code = code_for(&mut browser, &bad).await;
        refused(redeemed(&app, &code, &bad).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
}

#[tokio::test]
async fn each_code_has_a_challenge_of_its_own() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let (left, right) = ("l".repeat(43), "r".repeat(43));
    let (first, second) = (code_for(&mut browser, &left).await, code_for(&mut browser, &right).await);
    refused(redeemed(&app, &first, &right).await, StatusCode::BAD_REQUEST, "invalid_grant");
    refused(redeemed(&app, &second, &left).await, StatusCode::BAD_REQUEST, "invalid_grant");
    redeemed(&app, &first, &left).await.expect_status(StatusCode::OK);
    redeemed(&app, &second, &right).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn only_s256_is_a_method_and_a_public_client_needs_a_challenge() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for extra in [
        &[("code_challenge_method", "plain")][..],
        // Left out it would mean plain.
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain"), ("code_challenge", VERIFIER)],
        &[("code_challenge_method", "S512")],
        &[("code_challenge", "")],
    ] {
        let answer = browser.get(&authorize_path("console", extra)).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"), "{extra:?}");
        assert!(answered(&answer, "error_description").is_some_and(|text| text.contains("code_challenge")));
    }
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let answer = browser.get(&authorize_path("dispatch", &without)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn the_challenge_itself_is_no_verifier() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    refused(redeemed(&app, &code, CHALLENGE).await, StatusCode::BAD_REQUEST, "invalid_grant");
    redeemed(&app, &code, VERIFIER).await.expect_status(StatusCode::OK);
}
