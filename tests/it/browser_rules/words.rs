//! Errors that would have no words, and what is said to nobody.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};

use super::{get, send};
use crate::support::{ORIGIN, ResponseExt, TestApp};

const OLIVIA: &str = "olivia@understudy.example";

#[tokio::test]
async fn every_refusal_has_words_for_people_and_for_programs() {
    let app = TestApp::new().await;
    for (method, path, status) in [
        ("PUT", "/id/production/login", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/id/production/logout/confirm", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/id/production/token", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/healthz", StatusCode::METHOD_NOT_ALLOWED),
        ("GET", "/rpc/sign-in", StatusCode::METHOD_NOT_ALLOWED),
        ("POST", "/favicon.svg", StatusCode::NOT_FOUND),
        ("GET", "/id/production/nothing", StatusCode::NOT_FOUND),
        ("GET", "/id/nowhere/login", StatusCode::NOT_FOUND),
        ("GET", "/id/production/userinfo", StatusCode::UNAUTHORIZED),
        ("HEAD", "/id/production/hand-off?code=x", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let request = || {
            let request = Request::builder().method(method).uri(path);
            request.header(header::ORIGIN, crate::support::ORIGIN).header("sec-fetch-site", "same-origin")
        };
        let page = send(&mut app.browser(), request(), &[("accept", "text/html")], Body::empty()).await;
        assert_eq!(page.status(), status, "{method} {path}");
        if method != "HEAD" {
            assert!(page.body().contains("<h1>"), "{method} {path}: {}", page.body());
        }
        let line = send(&mut app.browser(), request(), &[("accept", "*/*")], Body::empty()).await;
        // RFC 6750: who sends no token is told the scheme and nothing else.
        if method != "HEAD" && !line.headers().contains_key(header::WWW_AUTHENTICATE) {
            assert!(line.body().len() > 10, "{method} {path}: {:?}", line.body());
        }
    }
}

#[tokio::test]
async fn what_a_caller_got_wrong_is_the_callers_mistake() {
    let app = TestApp::new().await;
    let mut operator = app.operator_browser(OLIVIA).await;
    for (endpoint, form) in [
        ("sign-in", ""),
        ("sign-in", "email=a"),
        ("sign-in", "email=a&password=b"),
        ("users/get", "environment=production"),
        ("users/get", "environment=production&user_id=not-a-uuid"),
        ("audit/get", "environment=production&event_id="),
        ("impersonation/start", "request[environment]=production"),
        ("impersonation/start", "request=1"),
        ("users/list", "{\"environment\":\"production\"}"),
    ] {
        for browser in [&mut app.browser(), &mut operator] {
            for kind in ["application/x-www-form-urlencoded", "application/json", "text/plain"] {
                let request = Request::post(format!("/rpc/{endpoint}")).header(header::CONTENT_TYPE, kind);
                let answer = send(browser, request, &[("accept", "*/*")], Body::from(form)).await;
                assert!(
                    [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&answer.status()),
                    "{endpoint} {form}: {} {}",
                    answer.status(),
                    answer.body()
                );
                assert!(answer.body().contains("could not be read"), "{endpoint}: {}", answer.body());
            }
        }
    }
}

#[tokio::test]
async fn a_call_that_is_no_text_is_the_callers_mistake() {
    let app = TestApp::new().await;
    let garbage = Request::post("/rpc/sign-in").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = send(&mut app.browser(), garbage, &[], Body::from(vec![0xff, 0xfe, 0x00, 0x80])).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{}", answer.body());
}

#[tokio::test]
async fn only_operators_are_told_how_long_the_server_took() {
    let app = TestApp::new().await;
    for path in ["/sign-in", "/id/production/login", "/healthz", "/id/production/.well-known/jwks.json", "/nothing"] {
        assert!(!app.browser().get(path).await.headers().contains_key("server-timing"), "{path}");
    }
    let form = [("email", OLIVIA), ("password", "wrong"), ("return_to", "/")];
    let refused = app.browser().call("sign-in", &form).await;
    assert!(!refused.headers().contains_key("server-timing"));
    let mut stranger = app.browser();
    let request = Request::post("/rpc/users/list").header(header::COOKIE, "understudy=uoc_made-up");
    let answer = send(&mut stranger, request, &[], Body::empty()).await;
    assert!(!answer.headers().contains_key("server-timing"));
    let mut operator = app.operator_browser(OLIVIA).await;
    assert!(operator.get("/production/users").await.headers().contains_key("server-timing"));
    let listed = operator.call("users/list", &[("environment", "production"), ("query[q]", "")]).await;
    assert!(listed.expect_status(StatusCode::OK).headers().contains_key("server-timing"));
}

#[tokio::test]
async fn no_sentence_of_an_address_is_shown_on_the_sign_in_page() {
    use base64::Engine;
    let app = TestApp::new().await;
    let evil = serde_json::json!({ "Invalid": [{ "field": "", "message": "Call 555-0100 now" }] }).to_string();
    let encoded = base64::engine::general_purpose::URL_SAFE.encode(evil);
    let page = app.browser().get(&format!("/sign-in?__path=%2Frpc%2Fsign-in&__err={encoded}")).await;
    assert!(!page.body().contains("555-0100"), "{}", page.body());
    assert!(page.body().contains("This was not accepted"), "something went wrong, and it is said: {}", page.body());
    // The way of a form without script still says what happened.
    let form = [("email", OLIVIA), ("password", "wrong"), ("return_to", "/")];
    let page = ("referer", "http://localhost:3000/sign-in");
    let back = super::post(&mut app.browser(), "/rpc/sign-in", &[("origin", ORIGIN), page], &form).await.location();
    let shown = app.browser().get(back.strip_prefix(ORIGIN).unwrap_or(&back)).await;
    assert!(shown.body().contains("The e-mail or the password is wrong."), "{back}: {}", shown.body());
}

#[tokio::test]
async fn without_script_a_refused_sign_in_keeps_the_e_mail_and_tells_it_to_no_address() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let typed = "o\"livia+<b>@understudy.example";
    let form = [("email", typed), ("password", "wrong"), ("return_to", "/")];
    let headers = [("origin", ORIGIN), ("referer", "http://localhost:3000/sign-in")];
    let answer = super::post(&mut browser, "/rpc/sign-in", &headers, &form).await;
    let cookie = left_behind(&answer).expect("a cookie");
    assert!(cookie.contains("Path=/sign-in; HttpOnly; SameSite=Strict; Max-Age=60"), "{cookie}");
    let back = answer.location();
    assert!(!back.contains("livia"), "{back}");
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let path = back.strip_prefix(ORIGIN).unwrap_or(&back).to_owned();
    let shown = get(&mut app.browser(), &path, &[("cookie", &pair)]).await;
    assert!(shown.body().contains("value=\"o&quot;livia+&lt;b&gt;@understudy.example\""), "{}", shown.body());
    // A fresh sign-in page is empty, and a call by script leaves nothing behind.
    let fresh = get(&mut app.browser(), "/sign-in", &[("cookie", &pair)]).await;
    assert!(!fresh.body().contains("livia"), "{}", fresh.body());
    let called = app.browser().call("sign-in", &form).await;
    assert_eq!(left_behind(&called), None);
}

/// The cookie that keeps what was typed.
fn left_behind(answer: &Response<String>) -> Option<String> {
    let cookies = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.map(str::to_owned).find(|cookie| cookie.starts_with("understudy_typed="))
}

#[tokio::test]
async fn no_page_may_ask_for_what_none_needs() {
    let app = TestApp::new().await;
    for path in ["/sign-in", "/id/production/login"] {
        let page = get(&mut app.browser(), path, &[]).await;
        let policy = page.headers()["permissions-policy"].to_str().expect("text");
        for feature in ["camera=()", "microphone=()", "geolocation=()", "usb=()", "payment=()"] {
            assert!(policy.contains(feature), "{policy}");
        }
    }
}
