//! Two clients of one environment that mix up their codes and tokens, by mistake or not.

use axum::http::StatusCode;
use serde_json::json;

use crate::identity::flow::{
    AMARA, authorize_path, call, code, impersonating, introspect, redeem, refresh, refused, signed_in, text, tokens,
    userinfo,
};
use crate::support::{Ledger, ResponseExt, TestApp};

#[tokio::test]
async fn two_clients_cannot_use_each_others_codes_and_tokens() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let console = tokens(&app, &mut browser, "console", &[]).await;
    let dispatch = tokens(&app, &mut browser, "dispatch", &[]).await;
    let console_code = code(&mut browser, "console", &[]).await;
    let dispatch_code = code(&mut browser, "dispatch", &[]).await;
    let before = Ledger::of(&app).await;
    let invalid_grant = |answer| refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    invalid_grant(redeem(&app, "console", &dispatch_code).await);
    invalid_grant(redeem(&app, "dispatch", &console_code).await);
    invalid_grant(refresh(&app, "console", text(&dispatch, "refresh_token"), &[]).await);
    invalid_grant(refresh(&app, "dispatch", text(&console, "refresh_token"), &[]).await);
    for token in ["access_token", "refresh_token"] {
        assert_eq!(introspect(&app, text(&dispatch, token)).await, json!({ "active": false }));
        call(&app, "/revoke", "console", &[("token", text(&dispatch, token))]).await.expect_status(StatusCode::OK);
        call(&app, "/revoke", "dispatch", &[("token", text(&console, token))]).await.expect_status(StatusCode::OK);
    }
    before.expect_unchanged(&Ledger::of(&app).await, "mixing up clients");
    for (client, code, tokens) in [("console", &console_code, &console), ("dispatch", &dispatch_code, &dispatch)] {
        redeem(&app, client, code).await.expect_status(StatusCode::OK);
        refresh(&app, client, text(tokens, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
        userinfo(&app, text(tokens, "access_token")).await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn an_impersonation_of_one_application_is_none_in_another() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let sid = sid.to_string();
    let before = Ledger::of(&app).await;
    let path = authorize_path("dispatch", &[("login_hint", &sid), ("prompt", "none")]);
    let answer = browser.get(&path).await;
    assert_eq!(crate::identity::flow::answered(&answer, "error").as_deref(), Some("login_required"));
    let page = browser.get(&authorize_path("dispatch", &[("login_hint", &sid)])).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    before.expect_unchanged(&Ledger::of(&app).await, "another application's impersonation");
}
