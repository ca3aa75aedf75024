//! Refresh tokens that do not fit, and refreshes that ask for too much.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::super::raw::elsewhere;
use crate::identity::flow::{AMARA, bare, call, code, impersonating, refresh, refused, signed_in, text, tokens};
use crate::support::{Ledger, ResponseExt, TestApp};

#[tokio::test]
async fn what_is_no_refresh_token_of_this_client_gives_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    let foreign = tokens(&app, &mut browser, "dispatch", &[]).await;
    let code = code(&mut browser, "console", &[]).await;
    let cookie = browser.cookie("understudy_production").expect("a cookie");
    let mut flipped = text(&own, "refresh_token").to_owned();
    flipped.replace_range(10..11, if &flipped[10..11] == "A" { "B" } else { "A" });
    let long = format!("urt_{}", "x".repeat(50_000));
    let before = Ledger::of(&app).await;
    let others = [
        text(&foreign, "refresh_token"),
        text(&own, "access_token"),
        text(&own, "id_token"),
        code.as_str(),
        cookie.as_str(),
        flipped.as_str(),
        long.as_str(),
        "urt_",
        "x",
        "ü",
    ];
    for other in others {
        refused(refresh(&app, "console", other, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let token = text(&own, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    refused(refresh(&app, "dispatch", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    refused(elsewhere(&app, "token", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let unproven = [form[0], form[1], ("client_id", "console")];
    refused(bare(&app, "/token", &unproven).await, StatusCode::UNAUTHORIZED, "invalid_client");
    before.expect_unchanged(&Ledger::of(&app).await, "a foreign refresh token");
    refresh(&app, "console", token, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_that_asks_for_too_much_gives_nothing_and_uses_nothing_up() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[("scope", "openid email")]).await;
    let token = text(&own, "refresh_token");
    let before = Ledger::of(&app).await;
    let long = "x".repeat(50_000);
    for scope in ["openid profile", "admin", "OPENID", "openid,email", " ", &long] {
        let answer = refresh(&app, "console", token, &[("scope", scope)]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_scope");
    }
    for account in ["nowhere", "harbor", "NORTHWIND", "northwind ", " ", &long] {
        let answer = refresh(&app, "console", token, &[("tenantId", account)]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a refresh that asks for too much");
    refresh(&app, "console", token, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_revoked_refresh_token_gives_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&own, "refresh_token");
    call(&app, "/revoke", "console", &[("token", token)]).await.expect_status(StatusCode::OK);
    let before = Ledger::of(&app).await;
    refused(refresh(&app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    before.expect_unchanged(&Ledger::of(&app).await, "a revoked refresh token");
}

#[tokio::test]
async fn a_refresh_token_of_an_ended_session_gives_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    browser.post("/id/production/account/sign-out", &[]).await.expect_status(StatusCode::OK);
    let before = Ledger::of(&app).await;
    let answer = refresh(&app, "console", text(&own, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    before.expect_unchanged(&Ledger::of(&app).await, "a refresh token of an ended session");
}

#[tokio::test]
async fn an_old_refresh_token_is_audited_and_ends_the_session() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&first, "refresh_token");
    let second = refresh(&app, "console", token, &[]).await.expect_status(StatusCode::OK).json();
    refresh(&app, "console", text(&second, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(11));
    let before = Ledger::of(&app).await;
    // Another client that presents it is no reason to end anything.
    refused(refresh(&app, "dispatch", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    before.expect_unchanged(&Ledger::of(&app).await, "a foreign old refresh token");
    refused(refresh(&app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    // Intended: the reuse and the END in the trail, the session's end, its tokens.
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "refresh_tokens", "sessions"]);
    assert_eq!(app.events("token.refresh_reused").await.len(), 1);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}
