//! Authorization codes that do not fit: wrong proof, wrong client, wrong environment, too late, twice.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::super::raw::elsewhere;
use crate::identity::flow::{
    AMARA, CHALLENGE, VERIFIER, bare, call, code, impersonating, redeem, redirect_uri, refused, signed_in, text,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ResponseExt, TestApp};

const GRANT: (&str, &str) = ("grant_type", "authorization_code");

#[tokio::test]
async fn a_code_with_the_wrong_verifier_or_address_gives_nothing_and_is_not_used_up() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let uri = redirect_uri("console");
    let before = Ledger::of(&app).await;
    let long = "v".repeat(50_000);
    let close = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";
    for verifier in
        ["", close, CHALLENGE, "short", &VERIFIER[..42], &VERIFIER.to_uppercase(), &long, "ä\u{202e}", "plain"]
    {
        let form = [GRANT, ("code", &code), ("redirect_uri", &uri), ("code_verifier", verifier)];
        refused(call(&app, "/token", "console", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    for other in ["", "https://console.example/callback/", "https://console.example/callback?", "https://evil.example/"]
    {
        let form = [GRANT, ("code", &code), ("redirect_uri", other), ("code_verifier", VERIFIER)];
        refused(call(&app, "/token", "console", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a code that does not fit");
    redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn another_client_and_another_environment_cannot_redeem_a_code_or_spoil_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for (owner, stranger) in [("console", "dispatch"), ("dispatch", "console")] {
        let code = code(&mut browser, owner, &[]).await;
        let before = Ledger::of(&app).await;
        for uri in [redirect_uri(owner), redirect_uri(stranger)] {
            let form = [GRANT, ("code", &code), ("redirect_uri", &uri), ("code_verifier", VERIFIER)];
            refused(call(&app, "/token", stranger, &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
            refused(elsewhere(&app, "token", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
        }
        before.expect_unchanged(&Ledger::of(&app).await, "a foreign code");
        redeem(&app, owner, &code).await.expect_status(StatusCode::OK);
        // Used up, it is as unknown to the stranger as before: no replay that takes the owner's tokens back.
        let before = Ledger::of(&app).await;
        refused(redeem(&app, stranger, &code).await, StatusCode::BAD_REQUEST, "invalid_grant");
        before.expect_unchanged(&Ledger::of(&app).await, "a foreign used code");
    }
}

#[tokio::test]
async fn an_expired_code_gives_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(60));
    let before = Ledger::of(&app).await;
    refused(redeem(&app, "console", &code).await, StatusCode::BAD_REQUEST, "invalid_grant");
    before.expect_unchanged(&Ledger::of(&app).await, "an expired code");
}

#[tokio::test]
async fn a_replayed_code_is_audited_and_takes_back_only_what_it_gave() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let replayed = code(&mut browser, "console", &[]).await;
    redeem(&app, "console", &replayed).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(11));
    let before = Ledger::of(&app).await;
    refused(redeem(&app, "console", &replayed).await, StatusCode::BAD_REQUEST, "invalid_grant");
    // Intended: an event, the code that was replayed, and the refresh token of the first use.
    let changed = before.changed_tables(&Ledger::of(&app).await);
    assert_eq!(changed, ["audit_events", "authorization_codes", "refresh_tokens"]);
    assert_eq!(app.events("token.code_reused").await.len(), 1);
    assert_eq!(app.count("refresh_tokens WHERE revoked_at IS NOT NULL").await, 1);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_replayed_code_of_an_impersonation_is_audited_and_ends_it() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let replayed = code(&mut browser, "console", &[]).await;
    redeem(&app, "console", &replayed).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(11));
    let before = Ledger::of(&app).await;
    refused(redeem(&app, "console", &replayed).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let changed = before.changed_tables(&Ledger::of(&app).await);
    // Intended: the END event, the session's end, its tokens; nobody is told who did not ask to be.
    assert_eq!(changed, ["audit_events", "authorization_codes", "refresh_tokens", "sessions"]);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn other_secrets_are_no_codes() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let tokens = crate::identity::flow::tokens(&app, &mut browser, "console", &[]).await;
    let cookie = browser.cookie("understudy_production").expect("a cookie");
    let mut flipped = code(&mut browser, "console", &[]).await;
    let last = if flipped.ends_with('A') { "B" } else { "A" };
    flipped.replace_range(flipped.len() - 1.., last);
    let before = Ledger::of(&app).await;
    let long = format!("uac_{}", "x".repeat(50_000));
    let others = [
        text(&tokens, "refresh_token"),
        text(&tokens, "access_token"),
        text(&tokens, "id_token"),
        cookie.as_str(),
        CONSOLE_SECRET,
        flipped.as_str(),
        long.as_str(),
        "uac_",
        "x",
        "' OR 1=1 --",
        "ü",
    ];
    for other in others {
        refused(redeem(&app, "console", other).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "something else than a code");
}

#[tokio::test]
async fn a_client_that_does_not_prove_itself_redeems_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let uri = redirect_uri("console");
    let grant = [GRANT, ("code", code.as_str()), ("redirect_uri", &uri), ("code_verifier", VERIFIER)];
    let before = Ledger::of(&app).await;
    let long = "s".repeat(50_000);
    for secret in ["", "wrong", "ucs_", &CONSOLE_SECRET[..CONSOLE_SECRET.len() - 1], &long, &code] {
        let form = [&grant[..], &[("client_id", "console"), ("client_secret", secret)]].concat();
        refused(bare(&app, "/token", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    refused(bare(&app, "/token", &grant).await, StatusCode::UNAUTHORIZED, "invalid_client");
    before.expect_unchanged(&Ledger::of(&app).await, "a client without proof");
    redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
}
