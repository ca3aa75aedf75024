//! Refresh tokens: rotation with grace for parallel tabs, the end of a session whose old token comes back, and accounts.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;

use super::flow::{
    AMARA, BEN, bare, claims, code, impersonating, introspect, redeem, refresh, refused, signed_in, text, tokens,
};
use crate::support::{ResponseExt, TestApp};

async fn refreshed(app: &TestApp, token: &str) -> Value {
    refresh(app, "console", token, &[]).await.expect_status(StatusCode::OK).json()
}

#[tokio::test]
async fn a_refresh_token_rotates_and_an_old_one_ends_the_impersonation() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let first = text(&first, "refresh_token");
    let second = refreshed(&app, first).await;
    assert_ne!(text(&second, "refresh_token"), first);
    let last = refreshed(&app, text(&second, "refresh_token")).await;
    app.advance(TimeDelta::seconds(10) + TimeDelta::microseconds(1));
    refused(refresh(&app, "console", first, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(introspect(&app, text(&last, "access_token")).await["active"], false);
    let answer = refresh(&app, "console", text(&last, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    let reused = app.events("token.refresh_reused").await;
    assert_eq!(reused.len(), 1);
    assert_eq!(app.count("audit_events WHERE action = 'token.refresh_reused' AND severity = 'critical'").await, 1);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.ends_with("an old refresh token was used again"), "{ended:?}");
}

#[tokio::test]
async fn two_refreshes_at_the_same_instant_both_succeed() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&first, "refresh_token");
    let (left, right) = tokio::join!(refreshed(&app, token), refreshed(&app, token));
    assert_ne!(left["refresh_token"], right["refresh_token"]);
    assert!(app.events("token.refresh_reused").await.is_empty());
}

#[tokio::test]
async fn an_old_refresh_token_signs_a_user_out_too() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let second = refreshed(&app, text(&first, "refresh_token")).await;
    let second = refreshed(&app, text(&second, "refresh_token")).await;
    app.advance(TimeDelta::seconds(11));
    let answer = refresh(&app, "console", text(&first, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(introspect(&app, text(&second, "access_token")).await["active"], false);
    assert!(app.user_sessions(AMARA).await[0].ended_at.is_some());
}

#[tokio::test]
async fn an_impersonation_in_an_application_that_keeps_no_session_alive_cannot_be_refreshed() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let answer = tokens(&app, &mut browser, "dispatch", &[]).await;
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    // The user's own session is not concerned by that.
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "dispatch", &[]).await;
    refresh(&app, "dispatch", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn turning_keep_session_alive_off_stops_the_refreshes_that_run() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'console'").await;
    let answer = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_works_for_its_client_only() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&answer, "refresh_token");
    refused(refresh(&app, "dispatch", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let form = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", "console")];
    refused(bare(&app, "/token", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    refreshed(&app, token).await;
}

#[tokio::test]
async fn a_refresh_may_narrow_the_scope_and_never_widen_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[("scope", "openid email")]).await;
    let token = text(&answer, "refresh_token");
    let wider = refresh(&app, "console", token, &[("scope", "openid profile")]).await;
    refused(wider, StatusCode::BAD_REQUEST, "invalid_scope");
    let narrow = refresh(&app, "console", token, &[("scope", "openid")]).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&narrow["access_token"])["scope"], "openid");
    let again = refreshed(&app, text(&narrow, "refresh_token")).await;
    assert_eq!(again["scope"], "openid email");
    let last = refresh(&app, "console", text(&again, "refresh_token"), &[("scope", "email")]).await;
    let last = last.expect_status(StatusCode::OK).json();
    assert!(last.get("id_token").is_none());
    let answer = super::flow::userinfo(&app, text(&last, "access_token")).await;
    refused(answer, StatusCode::FORBIDDEN, "insufficient_scope");
}

#[tokio::test]
async fn switching_account_inside_an_impersonation_keeps_operator_and_deadline() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    app.execute("UPDATE applications SET keep_session_alive = TRUE WHERE client_id = 'dispatch'").await;
    let first = tokens(&app, &mut browser, "dispatch", &[]).await;
    let before = app.user_sessions(AMARA).await[0].clone();
    let switched = refresh(&app, "dispatch", text(&first, "refresh_token"), &[("tenantId", "harbor")]).await;
    let switched = switched.expect_status(StatusCode::OK).json();
    let access = claims(&switched["access_token"]);
    assert_eq!(access["tenantId"], "harbor");
    assert_eq!(access["roles"], serde_json::json!(["member"]));
    assert_eq!(access["act"], claims(&first["access_token"])["act"]);
    assert_eq!(access["sid"], sid.to_string());
    let after = app.user_sessions(AMARA).await[0].clone();
    assert_eq!(after.expires_at, before.expires_at);
    assert_eq!(after.account_name.as_deref(), Some("Harbor Logistics"));
    let events = app.events("session.account_switched").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_name, "Amara Okafor");
    assert_eq!(events[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(events[0].reason.as_deref(), Some(super::flow::REASON));
    assert_eq!(events[0].session_id, Some(sid));
    assert_eq!(app.count("users u JOIN accounts a ON a.id = u.active_account_id WHERE u.name = 'Amara Okafor' AND a.external_id = 'northwind'").await, 1);
}

#[tokio::test]
async fn switching_account_at_the_token_endpoint_is_audited_and_remembered_for_the_users_own_session() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "dispatch", &[]).await;
    let access = claims(&first["access_token"]);
    assert_eq!(access["tenantId"], "northwind");
    assert_eq!(access["roles"], serde_json::json!(["admin", "member"]));
    let switched = refresh(&app, "dispatch", text(&first, "refresh_token"), &[("tenantId", "harbor")]).await;
    let switched = switched.expect_status(StatusCode::OK).json();
    let access = claims(&switched["access_token"]);
    assert_eq!(access["tenantId"], "harbor");
    assert_eq!(access["roles"], serde_json::json!(["member"]));
    assert_eq!(access["permissions"], serde_json::json!([]));
    assert!(access.get("act").is_none());
    assert_eq!(claims(&switched["id_token"])["tenantId"], "harbor");
    let events = app.events("session.account_switched").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_name, "Amara Okafor");
    assert_eq!(events[0].operator_name, None);
    assert_eq!(events[0].description, "Amara Okafor switched from Northwind Traders to Harbor Logistics");
    let remembered = "users u JOIN accounts a ON a.id = u.active_account_id WHERE u.name = 'Amara Okafor' AND a.external_id = 'harbor'";
    assert_eq!(app.count(remembered).await, 1);
    // Without tenantId the session stays where it is, and so does the next one.
    let again = refresh(&app, "dispatch", text(&switched, "refresh_token"), &[]).await.json();
    assert_eq!(claims(&again["access_token"])["tenantId"], "harbor");
    let mut next = signed_in(&app, AMARA).await;
    assert_eq!(claims(&tokens(&app, &mut next, "dispatch", &[]).await["access_token"])["tenantId"], "harbor");
}

#[tokio::test]
async fn a_switch_to_an_account_that_is_not_the_users_changes_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&first, "refresh_token");
    // Unknown; without this application; without any.
    for wanted in ["nowhere", "harbor", "empty"] {
        let answer = refresh(&app, "console", token, &[("tenantId", wanted)]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    }
    assert!(app.events("session.account_switched").await.is_empty());
    assert_eq!(app.count("refresh_tokens").await, 1);
    assert_eq!(app.count("refresh_tokens WHERE rotated_at IS NOT NULL").await, 0);
    assert_eq!(claims(&refreshed(&app, token).await["access_token"])["tenantId"], "northwind");
}

#[tokio::test]
async fn a_user_none_of_whose_accounts_has_the_application_is_turned_away() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, BEN).await;
    let answer = browser.get(&super::flow::authorize_path("console", &[])).await;
    assert_eq!(super::flow::answered(&answer, "error").as_deref(), Some("access_denied"));
    let code = code(&mut browser, "dispatch", &[]).await;
    redeem(&app, "dispatch", &code).await.expect_status(StatusCode::OK);
}
