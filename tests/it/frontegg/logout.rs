//! Signing out: by script and by going there, and what other sites cannot do with it.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use chrono::TimeDelta;
use serde_json::json;

use super::impersonation::{started, trade};
use super::sdk::{BASE, Call, ME, embedded, kept_alive, refused, sign_in, tokens};
use crate::identity::flow::{self, AMARA, RITA, signed_in, text};
use crate::support::{Browser, ResponseExt, TestApp, encode};

async fn go(browser: &mut Browser, pairs: &[(&str, &str)], site: &str) -> Response<String> {
    let request = Request::get(format!("{BASE}/oauth/logout?{}", encode(pairs)))
        .header("referer", "https://dispatch.example/home")
        .header("accept", "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", site);
    browser.send(request.body(Body::empty()).expect("a request")).await
}

#[tokio::test]
async fn a_hosted_application_signs_out_by_script() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&mut browser, "dispatch").await;
    let call = Call::get("dispatch", "/oauth/logout").bearer(text(&answer, "id_token"));
    let done = call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(done.json(), json!({}));
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
    assert_eq!(app.events("user.signed_out").await.len(), 1);
    let me = Call::get("dispatch", ME).bearer(text(&answer, "id_token")).send(&mut browser).await;
    refused(&me, StatusCode::UNAUTHORIZED);
    // Again, and with nothing to sign out of: not an error.
    Call::get("dispatch", "/oauth/logout").send(&mut app.browser()).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn an_embedded_application_signs_out_by_cookie_alone() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    sign_in(&mut browser, AMARA).await.expect_status(StatusCode::OK);
    let call = Call::new(Method::POST, "dispatch", "/identity/resources/auth/v1/logout");
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn a_tab_signs_out_of_its_own_session_and_leaves_the_one_that_came_after() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    let first = sign_in(&mut browser, AMARA).await.json();
    // The second tab became an impersonation or another user: here another browser's cookie stands for it.
    let mut other = app.browser();
    sign_in(&mut other, RITA).await.expect_status(StatusCode::OK);
    let call = Call::post("dispatch", "/identity/resources/auth/v1/logout", json!({}));
    call.bearer(text(&first, "accessToken")).send(&mut other).await.expect_status(StatusCode::OK);
    assert!(other.cookie("fe_refresh_dispatch").is_some());
    assert!(app.user_sessions(AMARA).await[0].ended_at.is_some());
    assert!(app.user_sessions(RITA).await[0].ended_at.is_none());
}

#[tokio::test]
async fn a_browser_that_goes_there_comes_back_to_the_registered_address_only() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    for uri in ["https://evil.example/", "https://dispatch.example/bye?x", "https://dispatch.example/"] {
        let page = go(&mut browser, &[("post_logout_redirect_uri", uri)], "cross-site").await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{uri}");
    }
    let other = [("post_logout_redirect_uri", "https://dispatch.example/bye"), ("client_id", "console")];
    go(&mut browser, &other, "cross-site").await.expect_status(StatusCode::BAD_REQUEST);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    let back = [("post_logout_redirect_uri", "https://dispatch.example/bye"), ("state", "a b")];
    let done = go(&mut browser, &back, "cross-site").await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(done.location(), "https://dispatch.example/bye?state=a+b");
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn another_site_cannot_sign_its_visitor_out_unasked() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    let link = Request::get(format!("{BASE}/oauth/logout?client_id=dispatch"))
        .header("accept", "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "cross-site");
    let asked = browser.send(link.body(Body::empty()).expect("a request")).await;
    assert_eq!(asked.expect_status(StatusCode::SEE_OTHER).location(), "/id/production/logout?client_id=dispatch");
    let image = Call::get("dispatch", "/oauth/logout").from(None);
    let request = Request::get(image.path).header("sec-fetch-mode", "no-cors").header("sec-fetch-site", "same-site");
    let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
    refused(&answer, StatusCode::BAD_REQUEST);
    let form = Call::post("dispatch", "/oauth/logout", json!({})).from(Some("https://evil.example"));
    refused(&form.send(&mut browser).await, StatusCode::FORBIDDEN);
    let named = Call::get("dispatch", "/oauth/logout?client_id=dispatch").from(Some("https://evil.example"));
    refused(&named.send(&mut browser).await, StatusCode::FORBIDDEN);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    let page = go(&mut browser, &[("client_id", "dispatch")], "same-origin").await.expect_status(StatusCode::OK);
    assert!(page.body().contains("You are signed out"), "{}", page.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
}

const LOGOUT: &str = "/identity/resources/auth/v1/logout";
const PAGE: Option<&str> = Some("https://dispatch.example");

/// Signs out by this token from where no cookie is, from what calls itself a page and from what does not.
async fn ends_nothing(app: &TestApp, token: &str) {
    let ended = app.count("sessions WHERE ended_at IS NOT NULL").await;
    for path in ["/oauth/logout", LOGOUT] {
        for origin in [PAGE, None] {
            let call = Call::post("dispatch", path, json!({})).from(origin).bearer(token);
            refused(&call.send(&mut app.browser()).await, StatusCode::FORBIDDEN);
        }
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NOT NULL").await, ended);
}

#[tokio::test]
async fn a_token_that_an_api_was_shown_signs_nobody_out() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = flow::tokens(&app, &mut browser, "dispatch", &[("scope", "openid profile email")]).await;
    for token in ["access_token", "id_token"] {
        ends_nothing(&app, text(&given, token)).await;
    }
    // The browser that holds the session says by it which of its sessions is meant.
    let call = Call::post("dispatch", LOGOUT, json!({})).bearer(text(&given, "id_token"));
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn a_token_that_ran_out_signs_out_where_its_session_is_and_nowhere_else() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&mut browser, "dispatch").await;
    app.advance(TimeDelta::minutes(6));
    ends_nothing(&app, text(&given, "id_token")).await;
    // The provider's cookie does not come along from another site; the application's own may be handed on by its server.
    let kept = format!("fe_refresh_dispatch={}", browser.cookie("fe_refresh_dispatch").expect("a cookie"));
    let call = Call::get("dispatch", "/oauth/logout").bearer(text(&given, "id_token")).header("cookie", &kept);
    call.send(&mut app.browser()).await.expect_status(StatusCode::OK);
    assert_eq!(app.events("user.signed_out").await.len(), 1);
}

#[tokio::test]
async fn an_sdks_token_that_is_good_signs_out_without_page_or_cookie_until_it_is_revoked() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&mut browser, "dispatch").await;
    let call = Call::post("dispatch", LOGOUT, json!({})).from(None).bearer(text(&given, "id_token"));
    call.send(&mut app.browser()).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&mut browser, "dispatch").await;
    app.execute("UPDATE refresh_tokens SET revoked_at = created_at").await;
    ends_nothing(&app, text(&given, "id_token")).await;
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_tab_whose_cookie_another_tab_replaced_signs_out_of_its_own_session_late() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    let amara = trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK).json();
    sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::minutes(6));
    let token = text(&amara, "accessToken");
    ends_nothing(&app, token).await;
    Call::post("dispatch", LOGOUT, json!({})).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
    assert!(app.user_sessions(AMARA).await[0].ended_at.is_some());
    assert!(app.user_sessions(RITA).await[0].ended_at.is_none());
    assert!(browser.cookie("fe_refresh_dispatch").is_some());
}

#[tokio::test]
async fn where_the_database_fails_nobody_is_asked_which_session_is_meant() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    app.execute("ALTER TABLE session_cookies RENAME TO gone").await;
    go(&mut browser, &[], "same-origin").await.expect_status(StatusCode::INTERNAL_SERVER_ERROR);
}
