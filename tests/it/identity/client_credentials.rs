//! Tokens of applications that speak for themselves: about no user, in no session.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;

use super::flow::{call, claims, introspect, jose_header, refused, report, text, userinfo};
use crate::support::{ResponseExt, TestApp};
use understudy::server::service::tokens::client;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn an_application_gets_a_token_of_its_own_that_names_no_user() {
    let app = TestApp::new().await;
    let answer = call(&app, "/token", "console", &[GRANT, ("scope", "")]).await.expect_status(StatusCode::OK).json();
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 300);
    for absent in ["refresh_token", "id_token", "issued_token_type", "scope"] {
        assert!(answer.get(absent).is_none(), "{answer}");
    }
    assert_eq!(jose_header(&answer["access_token"])["typ"], "at+jwt");
    let mut access = claims(&answer["access_token"]);
    assert!(access["jti"].take().as_str().is_some_and(|jti| jti.len() == 32));
    let expected = json!({
        "iss": "http://localhost:3000/id/production",
        "sub": "console",
        "aud": "console",
        "exp": app.now().timestamp() + 300,
        "iat": app.now().timestamp(),
        "jti": null,
        "client_id": "console",
        "type": "applicationToken",
    });
    assert_eq!(access, expected);
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn a_public_client_gets_none_and_there_is_no_scope_to_ask_for() {
    let app = TestApp::new().await;
    let answer = call(&app, "/token", "dispatch", &[GRANT]).await;
    refused(answer, StatusCode::BAD_REQUEST, "unauthorized_client");
    let answer = call(&app, "/token", "console", &[GRANT, ("scope", "openid")]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_scope");
}

#[tokio::test]
async fn its_token_is_good_until_it_is_revoked_expires_or_the_application_goes() {
    let app = TestApp::new().await;
    let first = call(&app, "/token", "console", &[GRANT]).await.json();
    let second = call(&app, "/token", "console", &[GRANT]).await.json();
    let (first, second) = (text(&first, "access_token"), text(&second, "access_token"));
    let introspected = introspect(&app, first).await;
    assert_eq!(introspected["active"], true);
    assert_eq!(introspected["token_type"], "Bearer");
    assert_eq!(introspected["sub"], "console");
    assert!(introspected.get("sid").is_none() && introspected.get("act").is_none(), "{introspected}");
    // Another client's word changes nothing.
    call(&app, "/revoke", "dispatch", &[("token", first)]).await.expect_status(StatusCode::OK);
    assert_eq!(introspect(&app, first).await["active"], true);
    for _ in 0..2 {
        call(&app, "/revoke", "console", &[("token", first)]).await.expect_status(StatusCode::OK);
    }
    assert_eq!(introspect(&app, first).await, json!({ "active": false }));
    assert_eq!(introspect(&app, second).await["active"], true);
    refused(userinfo(&app, first).await, StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(client::forget_expired(&app.state).await.expect("a clean-up"), 0);
    assert_eq!(app.count("revoked_tokens").await, 1);
    app.advance(TimeDelta::minutes(5));
    assert_eq!(introspect(&app, second).await["active"], false);
    assert_eq!(client::forget_expired(&app.state).await.expect("a clean-up"), 1);
    assert_eq!(introspect(&app, first).await["active"], false);
    let third = call(&app, "/token", "console", &[GRANT]).await.json();
    app.execute("UPDATE applications SET client_id = 'renamed' WHERE client_id = 'console'").await;
    refused(userinfo(&app, text(&third, "access_token")).await, StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn its_token_opens_nothing_that_is_about_a_user() {
    let app = TestApp::new().await;
    let answer = call(&app, "/token", "console", &[GRANT]).await.json();
    let token = text(&answer, "access_token");
    refused(userinfo(&app, token).await, StatusCode::FORBIDDEN, "insufficient_scope");
    let reported = report(&app, token, r#"{"action":"invoice.exported"}"#).await;
    refused(reported, StatusCode::FORBIDDEN, "insufficient_scope");
    assert!(app.events("application.invoice.exported").await.is_empty());
}
