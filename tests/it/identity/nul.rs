//! NUL characters, which PostgreSQL's text cannot hold: refused in words wherever they come from, on both databases alike.

use axum::http::{Method, StatusCode};

use super::flow::{
    AMARA, OLIVIA, answered, authorize_path, bare, basic, call, refused, report, sign_in, signed_in, text, tokens,
    with_bearer,
};
use crate::support::{ResponseExt, TestApp};

const NUL: &str = "a\0b";

#[tokio::test]
async fn protocol_endpoints_call_it_an_invalid_request() {
    let app = TestApp::new().await;
    for path in ["/token", "/introspect", "/revoke"] {
        for form in [[("token", NUL)], [("client_id", NUL)], [("grant_type", NUL)], [("a\0", "x")]] {
            refused(call(&app, path, "console", &form).await, StatusCode::BAD_REQUEST, "invalid_request");
        }
    }
    refused(bare(&app, "/userinfo", &[("access_token", NUL)]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let request = axum::http::Request::post("/id/production/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", basic(NUL, "x"))
        .body(axum::body::Body::from("grant_type=client_credentials"));
    refused(app.browser().send(request.expect("a request")).await, StatusCode::UNAUTHORIZED, "invalid_client");
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let reported = report(&app, text(&answer, "access_token"), r#"{"action":"a","description":"x\u0000y"}"#).await;
    refused(reported, StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
}

#[tokio::test]
async fn an_authorization_request_with_one_is_refused_by_page_or_by_redirect() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for name in ["client_id", "redirect_uri"] {
        let page = browser.get(&authorize_path("console", &[(name, NUL)])).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{name}");
    }
    for name in ["nonce", "state", "login_hint", "scope", "anything"] {
        let answer = browser.get(&authorize_path("console", &[(name, NUL)])).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"), "{name}");
    }
    assert_eq!(app.count("authorization_codes").await, 0);
}

#[tokio::test]
async fn hosted_pages_refuse_it_in_words() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    sign_in(&mut browser, NUL, "x").await.expect_status(StatusCode::BAD_REQUEST);
    for query in [
        "login?continue=%00",
        "login?continue=%2Fid%2Fproduction%2Fauthorize%3Fclient_id%3Da%2500b",
        "logout?client_id=%00",
        "logout?post_logout_redirect_uri=%00&client_id=console",
        "hand-off?code=%00",
        "account/sessions?session=%00",
        "account/audit?cursor=%00",
    ] {
        let page = browser.get(&format!("/id/production/{query}")).await;
        assert!(page.status().is_client_error(), "{query}: {}", page.status());
    }
    for path in ["/id/%00/login", "/id/%00/.well-known/openid-configuration"] {
        browser.get(path).await.expect_status(StatusCode::NOT_FOUND);
    }
    let token = with_bearer(&app, Method::GET, "/../%00/userinfo", "x", None).await;
    assert!(token.status().is_client_error());
}

#[tokio::test]
async fn the_portal_finds_nothing_under_it() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for query in [
        "q=%00",
        "q=ama%00ra",
        "account=%00",
        "exclude=%00",
        "cursor=%00",
        "sort=name&cursor=ZjAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwdGEAYg",
    ] {
        let page = browser.get(&format!("/production/users?{query}")).await;
        assert_eq!(page.status(), StatusCode::OK, "{query}: {}", page.body());
    }
    for query in ["q=%00", "q=impersona%00tion", "account=%00", "action=%00"] {
        let page = browser.get(&format!("/production/audit?{query}")).await;
        assert_eq!(page.status(), StatusCode::OK, "{query}: {}", page.body());
    }
    let page = browser.get("/production/users?q=ama%00ra").await;
    assert!(!page.body().contains(AMARA), "{}", page.body());
    assert!(browser.get("/production/users?q=amara").await.body().contains(AMARA));
    browser.get("/%00/users").await.expect_status(StatusCode::NOT_FOUND);
    let mut stranger = app.browser();
    let answer = stranger.call("sign-in", &[("email", NUL), ("password", "x"), ("return_to", "/")]).await;
    assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body());
}
