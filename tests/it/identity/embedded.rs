//! Applications that sign their users in themselves: the hand-off goes to them, without a page of the provider between.

use axum::http::{StatusCode, header};

use super::flow::{AMARA, CHALLENGE, OLIVIA, REASON};
use crate::support::{Browser, ResponseExt, TestApp, error_in};
use understudy::model::impersonation::StartImpersonation;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::{Caller, Origin};
use understudy::server::service::impersonation::{self, hand_off};

/// Makes an application of the fixture sign its users in itself.
pub async fn embed(app: &TestApp) {
    app.execute("UPDATE applications SET login_method = 'embedded' WHERE client_id IN ('console', 'dispatch')").await;
}

/// Where the new tab of an impersonation of Amara goes.
pub async fn embedded_url(app: &TestApp, application: &str) -> url::Url {
    let caller = app.caller(OLIVIA, "production").await;
    started(app, &caller, application).await
}

async fn started(app: &TestApp, caller: &Caller, application: &str) -> url::Url {
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".into(),
        application: application.into(),
        reason: REASON.into(),
        ticket: String::new(),
    };
    let started = impersonation::start(caller, &request).await.expect("it starts");
    started.url.parse().expect("a URL")
}

/// The hand-off code with which the application's page can go on. `console` has a secret, so it takes the one from its login
/// address; for others the operator's browser claims another one, bound to [`CHALLENGE`].
pub async fn embedded_code(app: &TestApp, application: &str) -> String {
    let caller = app.caller(OLIVIA, "production").await;
    let code = parameter(&started(app, &caller, application).await, "login_hint");
    if application == "console" {
        return code;
    }
    let (operator, environment_id) = (caller.actor.operator(), caller.environment.id);
    let claimed = hand_off::claim(&app.state, environment_id, &code, CHALLENGE, operator, &Origin::default()).await;
    claimed.expect("an answer").map(|claimed| claimed.code).expect("a code")
}

fn parameter(url: &url::Url, name: &str) -> String {
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {url}")).1.into_owned()
}

#[tokio::test]
async fn the_new_tab_goes_to_the_applications_own_sign_in_with_issuer_code_and_target() {
    let app = TestApp::new().await;
    embed(&app).await;
    let url = embedded_url(&app, "console").await;
    assert!(url.as_str().starts_with("https://console.example/oauth?"), "{url}");
    assert_eq!(parameter(&url, "iss"), "http://localhost:3000/id/production");
    assert_eq!(parameter(&url, "target_link_uri"), "https://console.example/");
    assert!(parameter(&url, "login_hint").starts_with("uho_"));
    assert_eq!(url.query_pairs().count(), 3);
    assert_eq!(app.events("impersonation.started").await.len(), 1);
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1);
}

#[tokio::test]
async fn the_query_of_the_login_address_is_kept() {
    let app = TestApp::new().await;
    embed(&app).await;
    app.execute(
        "UPDATE applications SET login_url = 'https://console.example/oauth?tenant=x' WHERE client_id = 'console'",
    )
    .await;
    let url = embedded_url(&app, "console").await;
    assert!(url.as_str().starts_with("https://console.example/oauth?tenant=x&iss="), "{url}");
}

#[tokio::test]
async fn a_login_address_that_is_no_web_address_starts_nothing() {
    let app = TestApp::new().await;
    embed(&app).await;
    app.execute("UPDATE applications SET login_url = 'javascript:alert(1)'").await;
    let caller = app.caller(OLIVIA, "production").await;
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".into(),
        application: "console".into(),
        reason: REASON.into(),
        ticket: String::new(),
    };
    let refused = impersonation::start(&caller, &request).await.map(drop).expect_err("no such start");
    assert!(matches!(&refused, ServiceError::Invalid(errors) if errors.about("application").is_some()), "{refused:?}");
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(app.count("hand_off_codes").await, 0);
    assert!(app.events("impersonation.started").await.is_empty());
}

/// Posts the drawer's form as a browser without script does.
async fn post_form(app: &TestApp, browser: &mut Browser) -> axum::http::Response<String> {
    let user_id = app.user_id(AMARA).await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", REASON)];
    browser.post(&format!("/production/users/{user_id}/impersonate"), &form).await
}

#[tokio::test]
async fn without_script_a_page_of_ours_goes_on_to_the_application_for_a_forms_redirect_may_not() {
    let app = TestApp::new().await;
    embed(&app).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = post_form(&app, &mut browser).await.expect_status(StatusCode::OK);
    assert!(page.headers().get(header::LOCATION).is_none());
    let url = "https://console.example/oauth?iss=http%3A%2F%2Flocalhost%3A3000%2Fid%2Fproduction&amp;login_hint=uho_";
    assert!(page.body().contains(&format!("content=\"0;url={url}")), "{}", page.body());
    assert!(page.body().contains(&format!("href=\"{url}")), "no link for browsers that stay: {}", page.body());
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.contains("script-src 'none'") && policy.contains("form-action 'self';"), "{policy}");
    app.execute("UPDATE applications SET login_url = 'javascript:alert(1)'").await;
    let back = post_form(&app, &mut browser).await;
    let error = error_in(&back.location()).expect("an error");
    assert!(error.for_field("application").is_some(), "{error}");
}

#[tokio::test]
async fn the_provider_opens_no_tab_with_a_code_that_is_for_the_application() {
    let app = TestApp::new().await;
    embed(&app).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = post_form(&app, &mut browser).await;
    let code = page.body().split("login_hint=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let page = browser.get(&format!("/id/production/hand-off?code={code}")).await;
    let page = page.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("for the application"), "{}", page.body());
    assert!(page.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1);
    assert_eq!(app.count("session_cookies").await, 0);
    let refused = app.events("impersonation.hand_off_refused").await;
    assert_eq!(refused.len(), 1);
    assert!(refused[0].description.contains("other way of signing in"), "{refused:?}");
}
