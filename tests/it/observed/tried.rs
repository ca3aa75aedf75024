//! What somebody tried in vain leaves a line: who, as far as that is known, and why. Never what was typed.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use serde_json::Value;

use crate::frontegg::sdk::{self, Call};
use crate::identity::flow::{self, AMARA, OLIVIA};
use crate::support::log::{Log, saying, usual};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD};

const FAILED: &str = "a sign-in failed";
const LIMIT: &str = "a limit was reached";
const HAND_OFF: &str = "a hand-off was refused";
const START: &str = "an impersonation was refused";
const STRANGER: &str = "stranger.with.a.long.name@elsewhere.example";

async fn at_the_portal(app: &TestApp, email: &str, password: &str) -> Response<String> {
    app.browser().post("/rpc/sign-in", &[("email", email), ("password", password), ("return_to", "/")]).await
}

async fn at_the_provider(app: &TestApp, email: &str, password: &str) -> Response<String> {
    flow::sign_in(&mut app.browser(), email, password).await
}

/// The one line that says this.
fn only(log: &Log, message: &str) -> Value {
    let mut lines = saying(log, message);
    assert_eq!(lines.len(), 1, "{}", log.text());
    lines.remove(0)
}

fn expect_nothing_typed(log: &Log, typed: &[&str]) {
    for secret in typed {
        assert!(!log.text().contains(secret), "{secret}: {}", log.text());
    }
}

#[tokio::test]
async fn a_failed_sign_in_to_the_portal_is_told_with_the_operator_and_the_request() {
    let app = TestApp::new().await;
    let log = usual();
    let answer = at_the_portal(&app, OLIVIA, "a-wrong-password").await;
    let line = only(&log, FAILED);
    let olivia = app.caller(OLIVIA, "production").await.actor.id().expect("an operator").to_string();
    assert_eq!((line["operator"].as_str(), line["reason"].as_str()), (Some(olivia.as_str()), Some("wrong_password")));
    assert!(line["environment"].is_null() && line["user"].is_null(), "{line}");
    let whole = log.lines().into_iter().find(|line| line["fields"]["message"] == FAILED).expect("the line");
    let id = answer.headers()["x-request-id"].to_str().expect("an id");
    assert_eq!(whole["span"]["id"], id, "{whole}");
    expect_nothing_typed(&log, &[OLIVIA, "a-wrong-password"]);
}

#[tokio::test]
async fn a_sign_in_with_an_address_that_nobody_has_is_told_without_the_address() {
    let app = TestApp::new().await;
    let log = usual();
    at_the_portal(&app, STRANGER, "a-wrong-password").await;
    at_the_provider(&app, STRANGER, "a-wrong-password").await;
    let lines = saying(&log, FAILED);
    assert_eq!(lines.len(), 2, "{}", log.text());
    for line in &lines {
        assert_eq!(line["reason"], "unknown");
        assert!(line["operator"].is_null() && line["user"].is_null(), "{line}");
    }
    expect_nothing_typed(&log, &["stranger", "elsewhere.example", "a-wrong-password"]);
}

#[tokio::test]
async fn a_failed_sign_in_of_a_user_is_told_with_the_user_and_why() {
    let app = TestApp::new().await;
    app.execute("UPDATE users SET locked_at = created_at WHERE email = 'dana@northwind.example'").await;
    let log = usual();
    at_the_provider(&app, AMARA, "a-wrong-password").await;
    at_the_provider(&app, "dana@northwind.example", USER_PASSWORD).await;
    let lines = saying(&log, FAILED);
    assert_eq!(lines.len(), 2, "{}", log.text());
    let environment = app.caller(OLIVIA, "production").await.environment.id.to_string();
    for (line, email, reason) in [(&lines[0], AMARA, "wrong_password"), (&lines[1], "dana@northwind.example", "locked")]
    {
        assert_eq!(line["reason"], reason);
        assert_eq!(line["user"], app.user_id(email).await.to_string());
        assert_eq!(line["environment"], environment);
    }
    expect_nothing_typed(&log, &[AMARA, "dana@", "a-wrong-password", USER_PASSWORD]);
}

#[tokio::test]
async fn a_limit_that_is_reached_is_told_in_a_few_lines_however_often_it_is_tried() {
    let app = TestApp::new().await;
    for _ in 0..10 {
        at_the_provider(&app, AMARA, "a-wrong-password").await;
    }
    let log = usual();
    for _ in 0..40 {
        let refused = at_the_provider(&app, AMARA, "a-wrong-password").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    }
    let lines = saying(&log, LIMIT);
    assert_eq!(lines.len(), 10, "{}", log.text());
    assert_eq!(lines[0]["limit"], "sign_in");
    assert_eq!(lines[0]["of"], app.caller(OLIVIA, "production").await.environment.id.to_string());
    assert_eq!(saying(&log, FAILED).len(), 0, "it was not even looked at");
    app.advance(chrono::TimeDelta::seconds(1));
    at_the_provider(&app, AMARA, "a-wrong-password").await;
    assert_eq!(saying(&log, LIMIT)[10]["left_out"], 30);
    expect_nothing_typed(&log, &[AMARA, "a-wrong-password"]);
}

#[tokio::test]
async fn an_operator_who_starts_too_often_is_named_by_id() {
    let app = TestApp::new().await;
    let olivia = app.caller(OLIVIA, "production").await;
    let id = olivia.actor.id().expect("an operator");
    while olivia.state.limits.start(id).is_ok() {}
    let log = usual();
    let mut browser = app.operator_browser(OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", flow::REASON), ("ticket", "")];
    browser.post(&format!("/production/users/{amara}/impersonate"), &form).await;
    let line = only(&log, LIMIT);
    assert_eq!((line["limit"].as_str(), line["of"].as_str()), (Some("start"), Some(id.to_string().as_str())));
    assert!(saying(&log, START).is_empty(), "one line is enough");
}

#[tokio::test]
async fn hand_off_codes_that_nobody_was_given_are_told_and_counted() {
    let app = TestApp::new().await;
    let log = usual();
    for number in 0..30 {
        let path = format!("/id/production/hand-off?code=uho_a-code-that-was-made-up-{number}");
        assert!(app.browser().get(&path).await.status().is_client_error());
    }
    let lines = saying(&log, HAND_OFF);
    assert_eq!(lines.len(), 10, "{}", log.text());
    assert_eq!(lines[0]["reason"], "unknown");
    assert!(lines[0]["environment"].is_string());
    expect_nothing_typed(&log, &["made-up"]);
    let counted = app.state.metrics.text(&Default::default());
    assert!(counted.contains("understudy_hand_offs_total{outcome=\"unknown\"} 30\n"), "{counted}");
}

#[tokio::test]
async fn a_hand_off_code_that_nobody_was_given_is_told_where_an_sdk_or_an_application_presents_it_too() {
    let app = TestApp::new().await;
    sdk::embedded(&app).await;
    let made_up = "uho_a-code-that-was-made-up";
    let log = usual();
    let call = Call::post("dispatch", sdk::IMPERSONATE, serde_json::json!({ "actorToken": made_up }));
    call.send(&mut app.browser()).await.expect_status(StatusCode::UNAUTHORIZED);
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:understudy:params:oauth:token-type:hand-off"),
        ("subject_token", made_up),
    ];
    flow::call(&app, "/token", "console", &form).await.expect_status(StatusCode::BAD_REQUEST);
    let lines = saying(&log, HAND_OFF);
    assert_eq!(lines.len(), 2, "{}", log.text());
    assert!(lines.iter().all(|line| line["reason"] == "unknown"), "{lines:?}");
    expect_nothing_typed(&log, &["made-up"]);
}

#[tokio::test]
async fn a_hand_off_code_that_is_used_again_or_too_late_is_told_with_its_session() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let used = flow::start(&app, &mut browser, AMARA, "northwind", "console").await;
    let sid = flow::hand_off(&mut browser, &used).await;
    let late = flow::start(&app, &mut browser, AMARA, "northwind", "console").await;
    let log = usual();
    browser.get(&used).await;
    app.advance(chrono::TimeDelta::seconds(61));
    browser.get(&late).await;
    let lines = saying(&log, HAND_OFF);
    let reasons: Vec<&str> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["replayed", "expired"], "{}", log.text());
    assert_eq!(lines[0]["session"], sid.to_string());
    let code = |path: &str| path.split("code=").nth(1).expect("a code").to_owned();
    expect_nothing_typed(&log, &[&code(&used), &code(&late)]);
}

#[tokio::test]
async fn a_refused_client_assertion_is_told_with_the_client_and_why() {
    let app = TestApp::new().await;
    let log = usual();
    // {"alg":"ES256"}.{"sub":"console"}. and a signature that is none.
    let assertion = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJjb25zb2xlIn0.c2lnbmVkIGJ5IG5vYm9keQ";
    let form = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion),
    ];
    flow::bare(&app, "/token", &form).await.expect_status(StatusCode::UNAUTHORIZED);
    let line = only(&log, "an application got something wrong");
    assert_eq!((line["client_id"].as_str(), line["kind"].as_str()), (Some("console"), Some("client_assertion")));
    assert!(line["refused"].as_str().is_some_and(|why| !why.is_empty()), "{line}");
    assert!(line["request.id"].is_string());
    assertion.split('.').for_each(|part| expect_nothing_typed(&log, &[part]));
}

#[tokio::test]
async fn a_start_that_comes_to_no_decision_is_told_all_the_same() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    let nobody = app.caller(OLIVIA, "production").await.environment.id;
    let log = usual();
    for (user, reason) in [(amara, ""), (nobody, "Typed by an operator")] {
        let form = [("account", "northwind"), ("application", "console"), ("reason", reason), ("ticket", "SUP-1")];
        browser.post(&format!("/production/users/{user}/impersonate"), &form).await;
    }
    let lines = saying(&log, START);
    assert_eq!(lines.len(), 2, "{}", log.text());
    for (line, user, reason) in [(&lines[0], amara, "invalid"), (&lines[1], nobody, "not_found")] {
        assert_eq!((line["user"].as_str(), line["reason"].as_str()), (Some(user.to_string().as_str()), Some(reason)));
        assert!(line["operator"].is_string() && line["environment"] == "production", "{line}");
    }
    expect_nothing_typed(&log, &["Typed by an operator", "SUP-1", OPERATOR_PASSWORD]);
}

#[tokio::test]
async fn forms_of_other_sites_are_told_in_a_few_short_lines() {
    let app = TestApp::new().await;
    let log = usual();
    let origin = format!("https://{}.example", "x".repeat(5_000));
    for _ in 0..30 {
        let form = Request::post("/rpc/sign-in").header(header::ORIGIN, &origin).header("sec-fetch-site", "cross-site");
        let refused = app.browser().send(form.body(Body::empty()).expect("a request")).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    }
    assert_eq!(saying(&log, "a form was refused").len(), 10);
    assert!(log.text().lines().all(|line| line.len() < 1_000), "{}", log.text());
}
