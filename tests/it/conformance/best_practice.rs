//! RFC 9700, best current practice for OAuth 2.0 security.

use axum::http::{Method, Response, StatusCode};
use chrono::TimeDelta;

use super::raw::{header_of, send};
use crate::identity::flow::{
    AMARA, OLIVIA, RITA, authorize_path, code, redeem, redirect_uri, refresh, refused, sign_in, signed_in, start, text,
    tokens,
};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};

#[track_caller]
fn framed_and_followed_by_nobody(answer: &Response<String>, what: &str) {
    assert_eq!(header_of(answer, "x-frame-options"), "DENY", "{what}");
    let policy = header_of(answer, "content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{what}: {policy}");
    // Pages with forms are known to this very origin, so that browsers say where a form comes from; others learn nothing.
    assert!(matches!(header_of(answer, "referrer-policy").as_str(), "no-referrer" | "same-origin"), "{what}");
    assert_eq!(header_of(answer, "cache-control"), "no-store", "{what}");
}

#[tokio::test]
async fn no_page_of_the_provider_is_framed_kept_or_named_as_referrer() {
    let app = TestApp::new().await;
    let mut operator = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut operator, AMARA, "northwind", "console").await;
    framed_and_followed_by_nobody(&operator.get(&path).await, "the hand-off");
    let mut browser = signed_in(&app, AMARA).await;
    for path in [
        authorize_path("console", &[]).as_str(),
        &authorize_path("console", &[("scope", "")]),
        &authorize_path("nobody", &[]),
        "/id/production/login",
        "/id/production/logout",
        "/id/production/account/sessions",
        "/id/production/account/audit",
        "/id/production/hand-off?code=x",
    ] {
        framed_and_followed_by_nobody(&browser.get(path).await, path);
    }
}

#[tokio::test]
async fn no_script_of_another_site_may_read_the_pages() {
    let app = TestApp::new().await;
    let path = authorize_path("console", &[]);
    let path = path.strip_prefix("/id/").expect("the provider's");
    for path in [path, "production/login", "production/logout", "production/hand-off?code=x"] {
        for method in [Method::GET, Method::OPTIONS] {
            let headers = [("origin", "https://console.example"), ("access-control-request-method", "GET")];
            let answer = send(&app, method, path, &headers, "").await;
            assert_eq!(header_of(&answer, "access-control-allow-origin"), "", "{path}");
        }
    }
}

#[tokio::test]
async fn after_a_form_the_browser_goes_on_without_its_body() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    // 303 and never 307: the next site must not get the password.
    let answer = sign_in(&mut browser, AMARA, USER_PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let answer = browser.get(&authorize_path("console", &[])).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let answer = browser.post("/id/production/authorize", &[("client_id", "console"), ("state", "x")]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let answer = browser.post("/id/production/account/switch", &[("account", "harbor")]).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn no_token_is_ever_in_an_address() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = browser.get(&authorize_path("console", &[])).await;
    let url = url::Url::parse(&answer.location()).expect("a URL");
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert!(url.fragment().is_none());
}

#[tokio::test]
async fn a_code_injected_into_another_browsers_sign_in_gives_nothing() {
    let app = TestApp::new().await;
    // The attacker's request has a challenge of its own; the victim's client has another verifier.
    let mut attacker = signed_in(&app, RITA).await;
    let challenge = "q".repeat(43);
    let injected = code(&mut attacker, "dispatch", &[("code_challenge", &challenge)]).await;
    refused(redeem(&app, "dispatch", &injected).await, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.count("refresh_tokens").await, 0);
}

#[tokio::test]
async fn signing_out_takes_the_refresh_tokens_with_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "dispatch", &[]).await;
    browser.post("/id/production/account/sign-out", &[]).await.expect_status(StatusCode::OK);
    let answer = refresh(&app, "dispatch", text(&issued, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_lives_no_longer_than_its_session() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let mut issued = tokens(&app, &mut browser, "dispatch", &[]).await;
    for _ in 0..3 {
        app.advance(TimeDelta::days(9));
        issued =
            refresh(&app, "dispatch", text(&issued, "refresh_token"), &[]).await.expect_status(StatusCode::OK).json();
    }
    app.advance(TimeDelta::days(3));
    let answer = refresh(&app, "dispatch", text(&issued, "refresh_token"), &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
}

#[tokio::test]
async fn a_registered_address_matches_letter_by_letter_even_on_this_machine() {
    let app = TestApp::new().await;
    app.execute("UPDATE redirect_uris SET uri = 'http://127.0.0.1:4000/callback' WHERE uri LIKE '%dispatch%callback'")
        .await;
    let mut browser = signed_in(&app, AMARA).await;
    for (uri, status) in [
        ("http://127.0.0.1:4000/callback", StatusCode::SEE_OTHER),
        ("http://127.0.0.1:4001/callback", StatusCode::BAD_REQUEST),
        ("http://localhost:4000/callback", StatusCode::BAD_REQUEST),
        (redirect_uri("dispatch").as_str(), StatusCode::BAD_REQUEST),
    ] {
        let answer = browser.get(&authorize_path("dispatch", &[("redirect_uri", uri)])).await;
        assert_eq!(answer.status(), status, "{uri}");
    }
}
