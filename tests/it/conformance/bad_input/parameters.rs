//! Parameters of the protocol endpoints: missing, empty, twice, far too long, unknown words.

use axum::http::StatusCode;

use crate::identity::flow::{
    AMARA, VERIFIER, bare, call, code, redirect_uri, refresh, refused, signed_in, text, tokens, userinfo,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ResponseExt, TestApp};

#[tokio::test]
async fn an_unknown_grant_type_is_unsupported() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "refresh_token");
    let long = "g".repeat(50_000);
    let before = Ledger::of(&app).await;
    for grant in [
        "password",
        "implicit",
        "code",
        "REFRESH_TOKEN",
        "refresh_token ",
        "refresh_token authorization_code",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:openid:params:grant-type:ciba",
        &long,
    ] {
        let form = [("grant_type", grant), ("refresh_token", token), ("username", AMARA), ("password", "x")];
        refused(call(&app, "/token", "console", &form).await, StatusCode::BAD_REQUEST, "unsupported_grant_type");
    }
    for form in [&[][..], &[("grant_type", "")], &[("refresh_token", token)]] {
        refused(call(&app, "/token", "console", form).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "an unknown grant");
}

#[tokio::test]
async fn a_missing_parameter_is_an_invalid_request_at_every_endpoint() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let uri = redirect_uri("console");
    let cases: [(&str, &[(&str, &str)]); 8] = [
        ("/token", &[("grant_type", "authorization_code"), ("redirect_uri", &uri), ("code_verifier", VERIFIER)]),
        ("/token", &[("grant_type", "authorization_code"), ("code", ""), ("code_verifier", VERIFIER)]),
        ("/token", &[("grant_type", "refresh_token")]),
        ("/token", &[("grant_type", "refresh_token"), ("refresh_token", "")]),
        ("/introspect", &[("token_type_hint", "access_token")]),
        ("/introspect", &[("token", "")]),
        ("/revoke", &[("token_type_hint", "access_token")]),
        ("/revoke", &[("token", "")]),
    ];
    for (path, form) in cases {
        refused(call(&app, path, "console", form).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a missing parameter");
}

#[tokio::test]
async fn a_parameter_twice_is_an_invalid_request_at_every_endpoint() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let uri = redirect_uri("console");
    let token = text(&issued, "refresh_token");
    let requests: [(&str, &[(&str, &str)]); 4] = [
        (
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", &uri),
                ("code_verifier", VERIFIER),
                ("client_id", "console"),
            ],
        ),
        (
            "/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", token),
                ("scope", "openid"),
                ("tenantId", "northwind"),
            ],
        ),
        ("/introspect", &[("token", token), ("token_type_hint", "refresh_token")]),
        ("/revoke", &[("token", token), ("token_type_hint", "refresh_token"), ("unheard_of", "x")]),
    ];
    let before = Ledger::of(&app).await;
    for (path, form) in requests {
        for (name, value) in form {
            // Even the same value, even an empty one.
            for again in [value, "", "other"] {
                let twice = [form, &[(*name, again)]].concat();
                let answer = call(&app, path, "console", &twice).await;
                assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{name} twice at {path}");
                refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
            }
        }
    }
    let access = text(&issued, "access_token");
    let twice = [("access_token", access), ("access_token", access)];
    refused(bare(&app, "/userinfo", &twice).await, StatusCode::BAD_REQUEST, "invalid_request");
    let secrets =
        [("token", token), ("client_id", "console"), ("client_secret", CONSOLE_SECRET), ("client_secret", "x")];
    refused(bare(&app, "/introspect", &secrets).await, StatusCode::BAD_REQUEST, "invalid_request");
    before.expect_unchanged(&Ledger::of(&app).await, "a parameter sent twice");
    refresh(&app, "console", token, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn two_ways_of_client_authentication_or_two_clients_are_refused() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "refresh_token");
    let before = Ledger::of(&app).await;
    for (path, form) in [
        ("/token", &[("grant_type", "refresh_token"), ("refresh_token", token)][..]),
        ("/introspect", &[("token", token)]),
        ("/revoke", &[("token", token)]),
    ] {
        for more in [("client_secret", CONSOLE_SECRET), ("client_id", "dispatch")] {
            let form = [form, &[more]].concat();
            refused(call(&app, path, "console", &form).await, StatusCode::BAD_REQUEST, "invalid_request");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "two ways of client authentication");
}

#[tokio::test]
async fn who_proves_nothing_learns_and_changes_nothing_at_any_endpoint() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "refresh_token");
    let before = Ledger::of(&app).await;
    for path in ["/token", "/introspect", "/revoke"] {
        for proof in [&[][..], &[("client_id", "console")], &[("client_id", "console"), ("client_secret", "x")]] {
            let form = [&[("grant_type", "refresh_token"), ("refresh_token", token), ("token", token)], proof].concat();
            refused(bare(&app, path, &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a client without proof");
    userinfo(&app, text(&issued, "access_token")).await.expect_status(StatusCode::OK);
}
