//! RFC 9068, the JWT profile of access tokens.

use axum::http::StatusCode;

use super::forge::verified;
use super::raw::metadata;
use crate::identity::flow::{
    AMARA, answered, authorize_path, impersonating, introspect, jose_header, refresh, signed_in, text, tokens, userinfo,
};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn an_access_token_is_typed_and_signed_and_has_every_required_claim() {
    let app = TestApp::new().await;
    let issuer = metadata(&app, "production").await["issuer"].clone();
    let mut own = signed_in(&app, AMARA).await;
    let (mut operator, _) = impersonating(&app, AMARA, "northwind", "console").await;
    for browser in [&mut own, &mut operator] {
        let issued = tokens(&app, browser, "console", &[]).await;
        let header = jose_header(&issued["access_token"]);
        assert_eq!(header["typ"], "at+jwt");
        assert_eq!(header["alg"], "RS256");
        let access = verified(&app, text(&issued, "access_token")).await;
        assert_eq!(access["iss"], issuer);
        assert_eq!(access["aud"], "console");
        assert_eq!(access["client_id"], "console");
        assert_eq!(access["sub"], serde_json::json!(app.user_id(AMARA).await));
        assert_eq!(access["iat"], app.now().timestamp());
        assert_eq!(access["exp"], app.now().timestamp() + 300);
        assert_eq!(access["scope"], issued["scope"]);
        assert!(!text(&access, "jti").is_empty());
        assert!(access["roles"].is_array());
    }
}

#[tokio::test]
async fn every_access_token_has_an_id_of_its_own() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let mut issued = tokens(&app, &mut browser, "console", &[]).await;
    let mut ids = std::collections::HashSet::new();
    for _ in 0..5 {
        assert!(ids.insert(introspect(&app, text(&issued, "access_token")).await["jti"].to_string()));
        issued = refresh(&app, "console", text(&issued, "refresh_token"), &[]).await.json();
    }
}

#[tokio::test]
async fn an_id_token_opens_nothing_and_an_access_token_is_no_hint() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(jose_header(&issued["id_token"])["typ"], "JWT");
    userinfo(&app, text(&issued, "id_token")).await.expect_status(StatusCode::UNAUTHORIZED);
    assert_eq!(introspect(&app, text(&issued, "id_token")).await, serde_json::json!({ "active": false }));
    let silent = [("id_token_hint", text(&issued, "access_token")), ("prompt", "none")];
    let answer = browser.get(&authorize_path("console", &silent)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
}
