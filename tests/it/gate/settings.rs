//! Settings that two people change at once: nobody undoes unseen what another has saved.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use serde_json::json;

use super::OLIVIA;
use super::protected::protect;
use crate::support::{ORIGIN, ResponseExt, TestApp, encode, error_in};
use understudy::model::error::ApiError;
use understudy::model::impersonation::ImpersonationSettings;
use understudy::server::error::ServiceError;
use understudy::server::service::impersonation::settings::{self, SettingsChange};

const ADAM: &str = "adam@understudy.example";

#[tokio::test]
async fn a_page_that_is_out_of_date_turns_nothing_on_again() {
    let app = TestApp::new().await;
    let mut stale = app.operator_browser(OLIVIA).await;
    stale.get("/production/impersonation").await;
    let admin = app.caller(ADAM, "production").await;
    settings::update(&admin, ImpersonationSettings::default()).await.expect("Adam turns it off");
    let form = [
        ("environment", "production"),
        ("version", "1"),
        ("enabled", "true"),
        ("enabled_was", "true"),
        ("hide_from_account_audit", "true"),
        ("hide_from_account_audit_was", "false"),
    ];
    let answer = stale.call("impersonation/settings", &form).await.expect_status(StatusCode::CONFLICT);
    assert_eq!(answer.json(), json!({ "Conflict": { "seen": 1, "now": 2 } }));
    assert_eq!(app.count("impersonation_settings WHERE enabled OR hide_from_account_audit").await, 1, "staging's");
    // What was not touched on a page is not saved with it, whatever its age.
    let [environment, _, rest @ ..] = form;
    let unversioned: Vec<_> = [environment].into_iter().chain(rest).collect();
    stale.call("impersonation/settings", &unversioned).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("impersonation_settings WHERE hide_from_account_audit AND NOT enabled").await, 1);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(app.events("impersonation.settings_changed").await.len(), 2);
}

/// Without script the page is drawn anew: what was entered comes back in its address.
#[tokio::test]
async fn who_was_too_late_finds_what_was_entered_beside_what_is_stored_by_now() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    protect(&app, "account.audit.read").await;
    let mut form = vec![
        ("environment", "production"),
        ("version", "1"),
        ("enabled", "true"),
        ("enabled_was", "true"),
        ("hide_from_account_audit", "true"),
        ("hide_from_account_audit_was", "false"),
        ("protected_permissions", "users.write\r\n"),
        ("protected_permissions_was", ""),
    ];
    let answer = browser.post("/rpc/impersonation/settings", &form).await.expect_status(StatusCode::FOUND);
    assert_eq!(error_in(&answer.location()), Some(ApiError::Conflict { seen: 1, now: 2 }));
    assert_eq!(app.count("impersonation_settings WHERE hide_from_account_audit").await, 0, "nothing is written");
    let page = browser.get(&answer.location()).await.expect_status(StatusCode::OK);
    let page = page.body();
    assert!(page.contains("you saw version 1, and it is version 2 now"), "{page}");
    assert!(page.contains("users.write\r\n</textarea>") || page.contains("users.write\n</textarea>"), "{page}");
    assert!(page.contains("Stored by now: ") && page.contains("Saving puts what you typed in its place"), "{page}");
    assert!(is_on(page, "hide_from_account_audit") && is_on(page, "enabled"), "{page}");
    assert!(page.contains("name=\"hide_from_account_audit_was\" value=\"false\""), "{page}");
    assert!(page.contains("name=\"version\" value=\"2\""), "{page}");
    // Looked at again, and saved: back on the page, which says nothing of what was.
    (form[1], form[7]) = (("version", "2"), ("protected_permissions_was", "account.audit.read"));
    let answer = browser.post("/rpc/impersonation/settings", &form).await.expect_status(StatusCode::FOUND);
    assert_eq!(answer.location(), "/production/impersonation");
    let page = browser.get(&answer.location()).await;
    assert!(
        page.body().contains("users.write</textarea>") && !page.body().contains("Stored by now"),
        "{}",
        page.body()
    );
    assert!(is_on(page.body(), "hide_from_account_audit"), "{}", page.body());
}

/// On PostgreSQL both look before either has written.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_the_same_settings_at_once_one_is_told_of_the_other() {
    let app = TestApp::new().await;
    let (olivia, adam) = (app.caller(OLIVIA, "production").await, app.caller(ADAM, "production").await);
    let hidden = SettingsChange { version: Some(1), hide_from_account_audit: Some(true), ..SettingsChange::default() };
    let off = SettingsChange { version: Some(1), enabled: Some(false), ..SettingsChange::default() };
    let (one, other) = tokio::join!(settings::change(&olivia, hidden), settings::change(&adam, off));
    let lost = if one.is_ok() { other } else { one };
    assert!(matches!(lost, Err(ServiceError::Conflict { seen: 1, now: 2 })), "{lost:?}");
    assert_eq!(app.events("impersonation.settings_changed").await.len(), 1);
}

fn is_on(page: &str, switch: &str) -> bool {
    let (_, rest) = page.split_once(&format!("name=\"{switch}\" value=\"true\"")).expect("the switch");
    rest.split('>').next().expect("the rest of its tag").contains(" checked")
}

#[tokio::test]
async fn a_list_that_was_not_touched_is_not_saved_over_what_another_made_of_it() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let form = [
        ("environment", "production"),
        ("enabled", "true"),
        ("enabled_was", "true"),
        ("protected_permissions", "account.audit.read"),
        ("protected_permissions_was", "account.audit.read\r\n"),
    ];
    browser.call("impersonation/settings", &form).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("protected_permissions").await, 0);
}

#[tokio::test]
async fn what_is_too_long_for_an_address_is_lost_without_script_and_its_error_is_not() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let long = "x".repeat(20_000);
    let form = [("environment", "production"), ("version", "7"), ("protected_permissions", &long)];
    let request = Request::post("/rpc/impersonation/settings")
        .header(header::ACCEPT, "text/html")
        .header(header::ORIGIN, ORIGIN)
        .header(header::REFERER, format!("{ORIGIN}/production/impersonation"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = browser.send(request.body(Body::from(encode(&form))).expect("a request")).await;
    let location = answer.expect_status(StatusCode::FOUND).location();
    assert!(location.len() < 1_000, "{location}");
    assert!(matches!(error_in(&location), Some(ApiError::Invalid(_))), "{location}");
}
