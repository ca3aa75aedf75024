//! Token exchange: whatever is no hand-off code of this client, and requests that are none.

use axum::http::{Method, Response, StatusCode};
use chrono::TimeDelta;

use super::super::raw::{FORM, elsewhere, header_of, send};
use crate::identity::embedded::{embed, embedded_code};
use crate::identity::flow::{AMARA, VERIFIER, bare, call, code, refused, signed_in, text, tokens};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ResponseExt, TestApp, encode};

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const TYPE: (&str, &str) = ("subject_token_type", "urn:understudy:params:oauth:token-type:hand-off");
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

async fn exchange(app: &TestApp, client_id: &str, code: &str, extra: &[(&str, &str)]) -> Response<String> {
    call(app, "/token", client_id, &[&[GRANT, TYPE, ("subject_token", code)], extra].concat()).await
}

#[tokio::test]
async fn what_is_no_hand_off_code_is_traded_for_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let authorization = code(&mut browser, "console", &[]).await;
    let cookie = browser.cookie("understudy_production").expect("a cookie");
    embed(&app).await;
    let genuine = embedded_code(&app, "console").await;
    let long = format!("uho_{}", "x".repeat(50_000));
    let before = Ledger::of(&app).await;
    let others = [
        text(&issued, "access_token"),
        text(&issued, "refresh_token"),
        text(&issued, "id_token"),
        authorization.as_str(),
        cookie.as_str(),
        &genuine[..genuine.len() - 1],
        &genuine.to_uppercase(),
        &long,
        "uho_",
        "x",
        "ü",
    ];
    for other in others {
        refused(exchange(&app, "console", other, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    let form = [GRANT, TYPE, ("subject_token", genuine.as_str())];
    refused(elsewhere(&app, "token", &form).await, StatusCode::BAD_REQUEST, "invalid_request");
    // A hand-off code is no other secret either.
    let grants = [
        [("grant_type", "refresh_token"), ("refresh_token", genuine.as_str())],
        [("grant_type", "authorization_code"), ("code", genuine.as_str())],
    ];
    for form in grants {
        refused(call(&app, "/token", "console", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "something else than a hand-off code");
    exchange(&app, "console", &genuine, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_request_for_an_exchange_that_is_none_uses_no_code_up() {
    let app = TestApp::new().await;
    embed(&app).await;
    let genuine = embedded_code(&app, "console").await;
    let code = ("subject_token", genuine.as_str());
    let long = "x".repeat(50_000);
    let before = Ledger::of(&app).await;
    let cases: [(&[(&str, &str)], &str); 15] = [
        (&[GRANT], "invalid_request"),
        (&[GRANT, TYPE], "invalid_request"),
        (&[GRANT, TYPE, ("subject_token", "")], "invalid_request"),
        (&[GRANT, code], "invalid_request"),
        (&[GRANT, code, ("subject_token_type", "")], "invalid_request"),
        (&[GRANT, code, ("subject_token_type", ACCESS_TOKEN)], "invalid_request"),
        (&[GRANT, code, ("subject_token_type", &long)], "invalid_request"),
        (&[GRANT, code, TYPE, TYPE], "invalid_request"),
        (&[GRANT, code, code, TYPE], "invalid_request"),
        (&[GRANT, code, TYPE, ("actor_token", "x"), ("actor_token_type", ACCESS_TOKEN)], "invalid_request"),
        (&[GRANT, code, TYPE, ("actor_token_type", ACCESS_TOKEN)], "invalid_request"),
        (&[GRANT, code, TYPE, ("requested_token_type", "urn:ietf:params:oauth:token-type:jwt")], "invalid_request"),
        (&[GRANT, code, TYPE, ("audience", "dispatch")], "invalid_target"),
        (&[GRANT, code, TYPE, ("resource", "https://evil.example")], "invalid_target"),
        (&[GRANT, code, TYPE, ("scope", &long)], "invalid_scope"),
    ];
    for (form, error) in cases {
        refused(call(&app, "/token", "console", form).await, StatusCode::BAD_REQUEST, error);
    }
    let unproven = [GRANT, TYPE, code, ("client_id", "console")];
    refused(bare(&app, "/token", &unproven).await, StatusCode::UNAUTHORIZED, "invalid_client");
    let wrong = [GRANT, TYPE, code, ("client_id", "console"), ("client_secret", &CONSOLE_SECRET[..20])];
    refused(bare(&app, "/token", &wrong).await, StatusCode::UNAUTHORIZED, "invalid_client");
    before.expect_unchanged(&Ledger::of(&app).await, "a malformed exchange");
    exchange(&app, "console", &genuine, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_public_client_from_a_strangers_page_trades_nothing() {
    let app = TestApp::new().await;
    embed(&app).await;
    let genuine = embedded_code(&app, "dispatch").await;
    let proof = ("code_verifier", VERIFIER);
    let body = encode(&[GRANT, TYPE, ("subject_token", &genuine), ("client_id", "dispatch"), proof]);
    let before = Ledger::of(&app).await;
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("http://dispatch.example"),
        Some("https://dispatch.example:8443"),
        Some("https://dispatch.example.evil.example"),
        Some("https://console.example"),
        Some("dispatch.example"),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let answer = send(&app, Method::POST, "production/token", &headers, body.clone()).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{origin:?}");
        refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a page of a stranger");
    let headers = [("content-type", FORM), ("origin", "https://dispatch.example")];
    let answer = send(&app, Method::POST, "production/token", &headers, body).await.expect_status(StatusCode::OK);
    assert_eq!(header_of(&answer, "access-control-allow-origin"), "https://dispatch.example");
}

#[tokio::test]
async fn a_foreign_stale_or_used_hand_off_code_leaves_an_event_and_no_more() {
    let app = TestApp::new().await;
    embed(&app).await;
    let genuine = embedded_code(&app, "dispatch").await;
    let before = Ledger::of(&app).await;
    refused(exchange(&app, "console", &genuine, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    // Intended, here and below: the refusal is in the trail.
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes"]);
    let genuine = embedded_code(&app, "console").await;
    exchange(&app, "console", &genuine, &[]).await.expect_status(StatusCode::OK);
    let before = Ledger::of(&app).await;
    refused(exchange(&app, "console", &genuine, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes"]);
    let stale = embedded_code(&app, "console").await;
    app.advance(TimeDelta::seconds(60));
    let before = Ledger::of(&app).await;
    refused(exchange(&app, "console", &stale, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes"]);
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 3);
}
