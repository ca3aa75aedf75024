//! What is refused leaves a line with ids, once, and floods nothing.

use axum::http::StatusCode;
use chrono::TimeDelta;
use understudy::server::platform::telemetry::LogFormat;

use crate::identity::flow::{self, AMARA, OLIVIA};
use crate::support::log::{Log, saying, usual};
use crate::support::{ResponseExt, TestApp};

const MISTAKE: &str = "an application got something wrong";

#[tokio::test]
async fn a_refused_token_is_told_with_its_session_its_user_and_its_client() {
    let app = TestApp::new().await;
    let (mut browser, sid) = flow::impersonating(&app, AMARA, "northwind", "console").await;
    let tokens = flow::tokens(&app, &mut browser, "console", &[]).await;
    let first = flow::text(&tokens, "refresh_token").to_owned();
    let next = flow::refresh(&app, "console", &first, &[]).await.expect_status(StatusCode::OK).json();
    flow::refresh(&app, "console", flow::text(&next, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(30));
    let log = usual();
    flow::refresh(&app, "console", &first, &[]).await.expect_status(StatusCode::BAD_REQUEST);
    let lines = saying(&log, MISTAKE);
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert_eq!(lines[0]["client_id"], "console");
    assert_eq!(lines[0]["session"], sid.to_string());
    assert_eq!(lines[0]["user"], app.user_id(AMARA).await.to_string());
    assert!(lines[0]["environment"].is_string());
    assert!(lines[0]["refused"].as_str().is_some_and(|why| why.contains("used before")), "{lines:?}");
    assert!(!log.text().contains(&first), "{}", log.text());
}

#[tokio::test]
async fn a_code_of_a_session_that_is_over_is_told_with_the_session() {
    let app = TestApp::new().await;
    let (mut browser, sid) = flow::impersonating(&app, AMARA, "northwind", "console").await;
    let code = flow::code(&mut browser, "console", &[]).await;
    app.advance(TimeDelta::minutes(5));
    let log = usual();
    flow::redeem(&app, "console", &code).await.expect_status(StatusCode::BAD_REQUEST);
    let lines = saying(&log, MISTAKE);
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert_eq!(lines[0]["session"], sid.to_string());
}

#[tokio::test]
async fn a_refused_start_and_a_refused_hand_off_are_told_in_a_word() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = flow::start(&app, &mut browser, AMARA, "northwind", "console").await;
    let log = usual();
    let dana = app.user_id("dana@northwind.example").await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", flow::REASON), ("ticket", "")];
    browser.post(&format!("/production/users/{dana}/impersonate"), &form).await;
    let lines = saying(&log, "an impersonation was refused");
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert_eq!(lines[0]["reason"], "target_locked");
    assert_eq!(lines[0]["environment"], "production");
    assert_eq!(lines[0]["user"], dana.to_string());
    assert!(lines[0]["operator"].is_string());
    for _ in 0..3 {
        app.browser().get(&path).await;
    }
    let lines = saying(&log, "a hand-off was refused");
    assert_eq!(lines.len(), 1, "a tab that is loaded anew says nothing new: {}", log.text());
    assert_eq!(lines[0]["reason"], "no_operator");
    assert_eq!(lines[0]["user"], app.user_id(AMARA).await.to_string());
}

#[tokio::test]
async fn a_crowd_of_strangers_makes_some_lines_and_their_number() {
    let app = TestApp::new().await;
    let log = usual();
    let guess = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "nobody")];
    for _ in 0..100 {
        flow::bare(&app, "/token", &guess).await.expect_status(StatusCode::UNAUTHORIZED);
    }
    let lines = saying(&log, MISTAKE);
    assert_eq!(lines.len(), 10, "{lines:?}");
    app.advance(TimeDelta::seconds(1));
    flow::bare(&app, "/token", &guess).await;
    let lines = saying(&log, MISTAKE);
    assert_eq!((lines.len(), &lines[10]["left_out"]), (11, &90.into()), "{lines:?}");
}

#[tokio::test]
async fn what_anybody_can_send_any_number_of_times_is_told_to_who_asks_for_it_only() {
    let app = TestApp::new().await;
    let log = usual();
    flow::userinfo(&app, "no token at all").await.expect_status(StatusCode::UNAUTHORIZED);
    assert_eq!(log.text(), "");
    drop(log);
    let log = Log::of_everything(LogFormat::Json);
    flow::userinfo(&app, "no token at all").await.expect_status(StatusCode::UNAUTHORIZED);
    assert_eq!(saying(&log, "a token was refused").len(), 1, "{}", log.text());
}
