//! The end of an impersonation: at its time to the microsecond, or at once when a right is lost, and written once.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;

use super::flow::{
    AMARA, OLIVIA, answered, authorize_path, claims, impersonating, introspect, refresh, refused, report, signed_in,
    start, text, tokens, userinfo,
};
use crate::support::{Browser, ResponseExt, TestApp};
use understudy::model::impersonation::ImpersonationSettings;
use understudy::model::operator::Role;
use understudy::server::service::impersonation::settings;

/// Everything that a session can be used for says no, and there is one END event for this reason.
async fn is_over(app: &TestApp, browser: &mut Browser, tokens: &Value, sid: &str, reason: &str) {
    let access_token = text(tokens, "access_token");
    assert_eq!(introspect(app, access_token).await, serde_json::json!({ "active": false }));
    userinfo(app, access_token).await.expect_status(StatusCode::UNAUTHORIZED);
    report(app, access_token, r#"{"action":"invoice.exported"}"#).await.expect_status(StatusCode::UNAUTHORIZED);
    if let Some(token) = tokens["refresh_token"].as_str() {
        refused(refresh(app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    }
    let client = if tokens["refresh_token"].is_string() { "console" } else { "dispatch" };
    let silent = browser.get(&authorize_path(client, &[("prompt", "none"), ("login_hint", sid)])).await;
    assert_eq!(answered(&silent, "error").as_deref(), Some("login_required"));
    let page = browser.get(&authorize_path(client, &[("login_hint", sid)])).await;
    assert!(page.body().contains("This impersonation has ended"), "{}", page.body());
    let account = browser.get("/id/production/account/sessions").await.expect_status(StatusCode::SEE_OTHER);
    assert!(account.location().starts_with("/id/production/login"), "{}", account.location());
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert!(ended[0].description.ends_with(reason), "{ended:?}");
}

#[tokio::test]
async fn an_impersonation_works_at_59_59_and_is_over_at_60_00() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let sid = sid.to_string();
    let deadline = app.now() + TimeDelta::minutes(60);
    let mut answer = tokens(&app, &mut browser, "console", &[]).await;
    // Refresh and silent sign-in, again and again: neither moves the deadline.
    for _ in 0..14 {
        app.advance(TimeDelta::minutes(4));
        answer =
            refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK).json();
        super::flow::code(&mut browser, "console", &[("prompt", "none")]).await;
    }
    app.advance(TimeDelta::minutes(3) + TimeDelta::seconds(59));
    answer = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK).json();
    assert_eq!(answer["expires_in"], 1);
    assert_eq!(claims(&answer["access_token"])["exp"], deadline.timestamp());
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], true);
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::OK);
    browser.get("/id/production/account/sessions").await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(app.now(), deadline);
    is_over(&app, &mut browser, &answer, &sid, " ran out").await;
}

#[tokio::test]
async fn where_the_application_keeps_no_session_alive_it_is_over_at_5_00() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    app.advance(TimeDelta::minutes(4) + TimeDelta::seconds(59));
    let answer = tokens(&app, &mut browser, "dispatch", &[]).await;
    assert_eq!(answer["expires_in"], 1);
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(1));
    is_over(&app, &mut browser, &answer, &sid.to_string(), " ran out").await;
}

#[tokio::test]
async fn an_access_token_lives_five_minutes_and_no_longer() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(299));
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], true);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], false);
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::UNAUTHORIZED);
    refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn demoting_the_operator_ends_the_session_at_the_next_use() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.set_roles(OLIVIA, &[Role::BackofficeViewer]).await;
    is_over(&app, &mut browser, &answer, &sid.to_string(), " may not do that any more").await;
}

#[tokio::test]
async fn disabling_the_operator_ends_the_session_at_the_next_use() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("UPDATE operators SET disabled_at = created_at WHERE name = 'Olivia Owner'").await;
    is_over(&app, &mut browser, &answer, &sid.to_string(), " may not do that any more").await;
}

#[tokio::test]
async fn locking_the_target_ends_the_session_at_the_next_use() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("UPDATE users SET locked_at = created_at WHERE name = 'Amara Okafor'").await;
    is_over(&app, &mut browser, &answer, &sid.to_string(), " cannot sign in there any more").await;
}

#[tokio::test]
async fn removing_the_target_from_the_account_ends_the_session_at_the_next_use() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("UPDATE memberships SET disabled_at = created_at").await;
    is_over(&app, &mut browser, &answer, &sid.to_string(), " cannot sign in there any more").await;
}

#[tokio::test]
async fn unassigning_the_application_ends_the_session_at_the_next_use() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("DELETE FROM account_applications WHERE is_default = TRUE").await;
    is_over(&app, &mut browser, &answer, &sid.to_string(), "its account or its application is not there any more")
        .await;
}

#[tokio::test]
async fn turning_impersonation_off_ends_what_runs_and_what_was_about_to_open() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let caller = app.caller(OLIVIA, "production").await;
    settings::update(&caller, ImpersonationSettings::default()).await.expect("the settings change");
    is_over(&app, &mut browser, &answer, &sid.to_string(), "impersonation was turned off").await;
    let on = ImpersonationSettings { enabled: true, hide_from_account_audit: false };
    settings::update(&caller, on).await.expect("the settings change");
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    settings::update(&caller, ImpersonationSettings::default()).await.expect("the settings change");
    let page = browser.get(&path).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("Ended because nobody may act as a user here any more"), "{}", page.body());
}

#[tokio::test]
async fn locking_a_user_ends_its_own_session_too() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.execute("UPDATE users SET locked_at = created_at WHERE name = 'Amara Okafor'").await;
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], false);
    let answer = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
}
