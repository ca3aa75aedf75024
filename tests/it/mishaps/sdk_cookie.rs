//! What a stolen code gave in an SDK's application is taken back whole.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use crate::frontegg::sdk::{Call, SILENT, code, redeem, refused};
use crate::identity::flow::{AMARA, signed_in, text, userinfo};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn the_cookie_that_came_with_a_stolen_code_goes_with_it_and_so_does_what_it_gave_since() {
    let app = TestApp::new().await;
    let mut victim = signed_in(&app, AMARA).await;
    let code = code(&mut victim, "dispatch").await;
    // Whoever was first has tokens, the cookie, and by the cookie further tokens.
    let mut thief = app.browser();
    redeem(&mut thief, "dispatch", &code).await.expect_status(StatusCode::OK);
    let since = Call::post("dispatch", SILENT, json!({})).send(&mut thief).await.expect_status(StatusCode::OK).json();
    app.advance(TimeDelta::seconds(11));
    refused(&redeem(&mut victim, "dispatch", &code).await, StatusCode::UNAUTHORIZED);
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut thief).await, StatusCode::UNAUTHORIZED);
    assert_eq!(userinfo(&app, text(&since, "access_token")).await.status(), StatusCode::UNAUTHORIZED);
    let body = json!({ "grant_type": "refresh_token", "refresh_token": since["refresh_token"] });
    let renewed = Call::post("dispatch", "/oauth/token", body).send(&mut thief).await;
    refused(&renewed, StatusCode::UNAUTHORIZED);
    // The user's own session is the browser's still, and signs in again.
    let again = crate::frontegg::sdk::tokens(&mut victim, "dispatch").await;
    userinfo(&app, text(&again, "access_token")).await.expect_status(StatusCode::OK);
    Call::post("dispatch", SILENT, json!({})).send(&mut victim).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_refresh_token_that_is_revoked_takes_the_cookie_of_its_sign_in_with_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = crate::frontegg::sdk::tokens(&mut browser, "dispatch").await;
    let cookie = format!("fe_refresh_dispatch={}", browser.cookie("fe_refresh_dispatch").expect("a cookie"));
    let silent = || Call::post("dispatch", SILENT, json!({})).header("cookie", &cookie);
    silent().send(&mut app.browser()).await.expect_status(StatusCode::OK);
    let form = [("token", text(&given, "refresh_token"))];
    crate::identity::flow::call(&app, "/revoke", "dispatch", &form).await.expect_status(StatusCode::OK);
    refused(&silent().send(&mut app.browser()).await, StatusCode::UNAUTHORIZED);
}
