//! RFC 7662, token introspection.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::json;

use super::raw::{header_of, send};
use crate::identity::flow::{AMARA, call, claims, impersonating, introspect, refresh, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn an_active_token_is_described_in_the_standards_members() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let access = claims(&issued["access_token"]);
    for kind in ["access_token", "refresh_token"] {
        let said = introspect(&app, text(&issued, kind)).await;
        assert_eq!(said["active"], true);
        assert_eq!(said["client_id"], "console");
        assert_eq!(said["aud"], "console");
        for claim in ["iss", "sub", "scope", "act"] {
            assert_eq!(said[claim], access[claim], "{claim} of {kind}");
        }
        assert_eq!(said["sid"], sid.to_string());
        assert!(said["iat"].as_i64() <= Some(app.now().timestamp()));
        assert!(said["exp"].as_i64() > Some(app.now().timestamp()));
    }
    let said = introspect(&app, text(&issued, "access_token")).await;
    assert_eq!(said["token_type"], "Bearer");
    assert_eq!(said["jti"], access["jti"]);
    assert_eq!(said["exp"], access["exp"]);
}

#[tokio::test]
async fn about_a_token_that_is_not_active_nothing_else_is_said() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let expired = tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::minutes(5));
    let revoked = tokens(&app, &mut browser, "console", &[]).await;
    call(&app, "/revoke", "console", &[("token", text(&revoked, "refresh_token"))]).await;
    let foreign = tokens(&app, &mut browser, "dispatch", &[]).await;
    let rotated = tokens(&app, &mut browser, "console", &[]).await;
    let next =
        refresh(&app, "console", text(&rotated, "refresh_token"), &[]).await.expect_status(StatusCode::OK).json();
    refresh(&app, "console", text(&next, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(31));
    let tokens = [
        text(&expired, "access_token"),
        text(&expired, "id_token"),
        text(&revoked, "access_token"),
        text(&revoked, "refresh_token"),
        text(&foreign, "access_token"),
        text(&foreign, "refresh_token"),
        text(&rotated, "refresh_token"),
        "unknown",
    ];
    for token in tokens {
        assert_eq!(introspect(&app, token).await, json!({ "active": false }));
    }
}

#[tokio::test]
async fn the_hint_is_only_a_hint_and_the_answer_is_nobodys_to_keep() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    for kind in ["access_token", "refresh_token"] {
        for hint in ["access_token", "refresh_token", "unheard_of"] {
            let form = [("token", text(&issued, kind)), ("token_type_hint", hint)];
            let answer = call(&app, "/introspect", "console", &form).await.expect_status(StatusCode::OK);
            assert_eq!(header_of(&answer, "content-type"), "application/json");
            assert_eq!(header_of(&answer, "cache-control"), "no-store");
            assert_eq!(answer.json()["active"], true, "{kind} as {hint}");
        }
    }
    let answer = send(&app, Method::GET, "production/introspect", &[], "").await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}
