//! Answers of the authorization endpoint as a form that posts itself (OAuth 2.0 Form Post Response Mode).

use axum::http::{Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::flow::{AMARA, answered, authorize_path, redeem, signed_in};
use crate::support::{ResponseExt, TestApp};

const FORM_POST: (&str, &str) = ("response_mode", "form_post");

/// The hidden fields of the page's form.
fn fields(page: &Response<String>) -> Vec<(String, String)> {
    let attribute = |input: &str, name: &str| {
        let rest = input.split(&format!("{name}=\"")).nth(1).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    let inputs = page.body().split("<input type=\"hidden\"").skip(1);
    inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
}

fn field(page: &Response<String>, name: &str) -> Option<String> {
    fields(page).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

#[tokio::test]
async fn the_code_comes_in_a_form_that_goes_to_the_redirect_uri_by_itself_or_by_its_button() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let hostile = "<\"&'>";
    let page = browser.get(&authorize_path("console", &[FORM_POST, ("state", hostile)])).await;
    let page = page.expect_status(StatusCode::OK);
    assert!(page.headers().get(header::LOCATION).is_none());
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
    let form = "<form class=\"form\" method=\"post\" action=\"https://console.example/callback\">";
    assert!(page.body().contains(form), "{}", page.body());
    assert!(page.body().contains("type=\"submit\">Go on to Console</button>"), "{}", page.body());
    let names: Vec<String> = fields(&page).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert!(!page.body().contains(hostile), "{}", page.body());
    assert_eq!(field(&page, "state").expect("a state").replace("&quot;", "\""), hostile);
    assert_eq!(field(&page, "iss").as_deref(), Some("http://localhost:3000/id/production"));
    let script =
        page.body().split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).expect("a script");
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(policy.contains(&format!("script-src 'sha256-{hash}';")), "{policy}");
    assert!(!policy.contains("form-action"), "where the application leads on is not known: {policy}");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "origin", "the application is told who posts");
    redeem(&app, "console", &field(&page, "code").expect("a code")).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn errors_come_the_same_way() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let page = browser.get(&authorize_path("console", &[FORM_POST, ("prompt", "none")])).await;
    let page = page.expect_status(StatusCode::OK);
    assert_eq!(field(&page, "error").as_deref(), Some("login_required"));
    assert_eq!(field(&page, "state").as_deref(), Some("a state"));
    assert!(field(&page, "iss").is_some() && field(&page, "code").is_none());
    let page = browser.get(&authorize_path("console", &[FORM_POST, ("scope", "email")])).await;
    assert_eq!(field(&page.expect_status(StatusCode::OK), "error").as_deref(), Some("invalid_scope"));
}

#[tokio::test]
async fn an_application_with_a_scheme_of_its_own_cannot_be_posted_to() {
    let app = TestApp::new().await;
    app.execute(
        "UPDATE redirect_uris SET uri = 'com.console.app:/callback' WHERE uri = 'https://console.example/callback'",
    )
    .await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = ("redirect_uri", "com.console.app:/callback");
    let answer = browser.get(&authorize_path("console", &[own, FORM_POST])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"));
    let answer = browser.get(&authorize_path("console", &[own])).await;
    assert!(answer.location().starts_with("com.console.app:/callback?code=uac_"), "{}", answer.location());
    // Letter by letter, like any other.
    for other in ["com.console.app:/callback/", "com.console.app:/", "COM.console.app:/callback"] {
        let answer = browser.get(&authorize_path("console", &[("redirect_uri", other)])).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{other}");
    }
    let login = app.browser().get(&authorize_path("console", &[own])).await.location();
    let page = app.browser().get(&login).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
    assert!(!policy.contains("form-action"), "{policy}");
}
