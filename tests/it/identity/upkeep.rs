//! What is deleted in time, and what stays.

use axum::http::StatusCode;
use chrono::TimeDelta;
use understudy::server::job::Worker;
use understudy::server::service::upkeep;

use super::flow::{AMARA, RITA, code, impersonating, redeem, refresh, refused, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp, remember};

const TABLES: [&str; 5] =
    ["refresh_tokens", "authorization_codes", "hand_off_codes", "browser_sessions", "session_applications"];

async fn run(app: &TestApp) -> u64 {
    upkeep::run(&app.state).await.expect("upkeep")
}

#[tokio::test]
async fn codes_and_tokens_go_a_day_after_the_end_of_their_session_and_its_history_stays() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let used = code(&mut browser, "console", &[]).await;
    let answer = redeem(&app, "console", &used).await.expect_status(StatusCode::OK).json();
    let mut own = signed_in(&app, RITA).await;
    let kept = tokens(&app, &mut own, "console", &[]).await;
    browser.call("impersonation/end-all", &[("environment", "production")]).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::days(1));
    assert_eq!(run(&app).await, 0, "not before a day has passed");
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(run(&app).await, 5);
    for table in TABLES {
        let expected = if table == "hand_off_codes" { 0 } else { 1 };
        assert_eq!(app.count(table).await, expected, "{table}: the running session keeps what it has");
    }
    assert_eq!(run(&app).await, 0);
    assert_eq!(app.count("sessions").await, 2);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
    refused(redeem(&app, "console", &used).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let old = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await;
    refused(old, StatusCode::BAD_REQUEST, "invalid_grant");
    refresh(&app, "console", text(&kept, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn within_that_day_a_code_that_comes_again_is_still_recognised() {
    let app = TestApp::new().await;
    let mut own = signed_in(&app, AMARA).await;
    let used = code(&mut own, "console", &[]).await;
    redeem(&app, "console", &used).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::days(3));
    run(&app).await;
    refused(redeem(&app, "console", &used).await, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.events("token.code_reused").await.len(), 1, "its session was running all the time");
}

#[tokio::test]
async fn one_use_assertions_and_revoked_tokens_are_forgotten_when_they_have_expired() {
    let app = TestApp::new().await;
    for (number, hours) in [(1, 1), (2, 2)] {
        let expires_at = app.now() + TimeDelta::hours(hours);
        let environment = app.caller("olivia@understudy.example", "production").await.environment.id;
        remember(&app.state.db, environment, number, expires_at).await;
    }
    app.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    assert_eq!(run(&app).await, 0);
    app.advance(TimeDelta::microseconds(1));
    assert_eq!(run(&app).await, 2);
    assert_eq!(app.count("client_assertions").await, 1);
    assert_eq!(app.count("revoked_tokens").await, 1);
}

#[tokio::test]
async fn delivered_logout_messages_are_shown_for_thirty_days() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET backchannel_logout_uri = 'https://console.example/out'").await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    browser.call("impersonation/end-all", &[("environment", "production")]).await.expect_status(StatusCode::OK);
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    app.advance(TimeDelta::days(30));
    run(&app).await;
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, 1);
    app.advance(TimeDelta::microseconds(1));
    run(&app).await;
    assert_eq!(app.count("deliveries").await, 0);
}
