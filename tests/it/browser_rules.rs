//! What browsers say of where a form comes from, and what applications' pages may read: over plain http, behind proxies,
//! and under a name that is not this server's own. What is refused is refused in words.

mod limits;
mod names;
mod problems;
mod sign_out;
mod words;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response, StatusCode, header};

use crate::identity::flow::{AMARA, authorize_path};
use crate::support::{Browser, OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD, encode};

const LAN: &str = "http://understudy.lan:3000";
const PUBLIC: &str = "https://understudy.example.com";

/// A form, posted with these headers and no others.
async fn post(browser: &mut Browser, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Response<String> {
    let request = Request::post(path)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(browser, request, headers, Body::from(encode(form))).await
}

async fn get(browser: &mut Browser, path: &str, headers: &[(&str, &str)]) -> Response<String> {
    send(browser, Request::get(path).header(header::ACCEPT, "text/html"), headers, Body::empty()).await
}

async fn send(browser: &mut Browser, request: Builder, headers: &[(&str, &str)], body: Body) -> Response<String> {
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.send(request.body(body).expect("a request")).await
}

fn amara() -> [(&'static str, &'static str); 2] {
    [("email", AMARA), ("password", USER_PASSWORD)]
}

fn olivia() -> [(&'static str, &'static str); 3] {
    [("email", "olivia@understudy.example"), ("password", OPERATOR_PASSWORD), ("return_to", "/")]
}

const LOGIN: &str = "/id/production/login";

#[tokio::test]
async fn a_form_works_over_plain_http_on_a_name_of_the_network() {
    let app = TestApp::at(LAN).await;
    let mut browser = app.browser();
    let host = ("host", "understudy.lan:3000");
    let page = get(&mut browser, LOGIN, &[host]).await.expect_status(StatusCode::OK);
    // Else browsers would write `Origin: null` into what its form posts.
    assert_eq!(page.headers()[header::REFERRER_POLICY], "same-origin");
    post(&mut browser, LOGIN, &[host, ("origin", LAN)], &amara()).await.expect_status(StatusCode::SEE_OTHER);
    let out = post(&mut browser, "/id/production/account/sign-out", &[host, ("origin", LAN)], &[]).await;
    assert_ne!(out.status(), StatusCode::FORBIDDEN, "{}", out.body());
    let signed_in = post(&mut app.browser(), "/rpc/sign-in", &[host, ("origin", LAN)], &olivia()).await;
    assert!(signed_in.status().is_redirection(), "{}", signed_in.status());
}

#[tokio::test]
async fn a_browser_that_hides_its_page_signs_in_where_it_was_shown_that_page() {
    let app = TestApp::at(LAN).await;
    let headers = [("host", "understudy.lan:3000"), ("origin", "null")];
    let mut browser = app.browser();
    let refused = post(&mut browser, LOGIN, &headers, &amara()).await.expect_status(StatusCode::FORBIDDEN);
    assert!(refused.body().contains("Allow cookies for http://understudy.lan:3000"), "{}", refused.body());
    let page = get(&mut browser, LOGIN, &headers[..1]).await;
    let cookie = page.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("SameSite=Strict") && cookie.contains("HttpOnly"), "{cookie}");
    post(&mut browser, LOGIN, &headers, &amara()).await.expect_status(StatusCode::SEE_OTHER);
    // Newer browsers say more, and are believed.
    let other = [headers[0], headers[1], ("sec-fetch-site", "cross-site")];
    post(&mut browser, LOGIN, &other, &amara()).await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn on_the_machine_itself_an_old_browser_signs_in_and_a_new_one_says_where_it_is() {
    let app = TestApp::new().await;
    post(&mut app.browser(), LOGIN, &[("origin", "null")], &amara()).await.expect_status(StatusCode::SEE_OTHER);
    let own_page = [("origin", "null"), ("sec-fetch-site", "same-origin")];
    post(&mut app.browser(), LOGIN, &own_page, &amara()).await.expect_status(StatusCode::SEE_OTHER);
    for site in ["cross-site", "same-site", "whatever"] {
        let headers = [("origin", "null"), ("sec-fetch-site", site)];
        let refused = post(&mut app.browser(), LOGIN, &headers, &amara()).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{site}");
        assert!(refused.body().contains("PUBLIC_URL"), "{}", refused.body());
    }
    let page = app.browser().get(LOGIN).await;
    assert!(!page.headers().contains_key(header::SET_COOKIE), "nothing is needed here");
}

#[tokio::test]
async fn behind_a_proxy_that_rewrites_host_forms_work() {
    let app = TestApp::at(PUBLIC).await;
    for headers in [
        vec![("host", "127.0.0.1:3000"), ("origin", PUBLIC)],
        vec![("host", "backend"), ("origin", PUBLIC), ("sec-fetch-site", "same-origin")],
    ] {
        post(&mut app.browser(), LOGIN, &headers, &amara()).await.expect_status(StatusCode::SEE_OTHER);
        let signed_in = post(&mut app.browser(), "/rpc/sign-in", &headers, &olivia()).await;
        assert!(signed_in.status().is_redirection(), "{}: {}", signed_in.status(), signed_in.body());
        assert!(signed_in.headers().contains_key(header::SET_COOKIE));
    }
}

#[tokio::test]
async fn another_sites_form_is_refused_in_a_page_that_says_what_to_set() {
    let app = TestApp::at(PUBLIC).await;
    let operator = [("host", "understudy.example.com")];
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        vec![("origin", "http://understudy.example.com")],
        vec![("origin", "https://understudy.example.com:8443"), ("sec-fetch-site", "same-site")],
        vec![("origin", "null")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("referer", "https://evil.example/page")],
    ] {
        for path in [LOGIN, "/rpc/sign-in", "/production/users/019aaf00-0000-7000-8000-000000000000/impersonate"] {
            let headers = [&operator[..], &headers].concat();
            let form = if path == LOGIN { amara().to_vec() } else { olivia().to_vec() };
            let refused = post(&mut app.browser(), path, &headers, &form).await;
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path} {headers:?}");
            assert!(refused.body().contains(PUBLIC), "{path} {headers:?}: {}", refused.body());
            assert!(refused.body().contains("<h1>") && !refused.headers().contains_key(header::SET_COOKIE));
        }
    }
    let called = Request::post("/rpc/impersonation/settings").header(header::ACCEPT, "application/json");
    let headers = [("origin", "https://evil.example"), ("host", "understudy.example.com")];
    let refused = send(&mut app.browser(), called, &headers, Body::empty()).await.expect_status(StatusCode::FORBIDDEN);
    let message = refused.json()["Invalid"][0]["message"].as_str().expect("a message").to_owned();
    assert!(message.contains("PUBLIC_URL"), "{message}");
}

#[tokio::test]
async fn signing_in_may_lead_on_to_wherever_the_application_leads() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let login = browser.get(&authorize_path("console", &[])).await.location();
    let page = browser.get(&login).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(!policy.contains("form-action"), "{policy}");
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'none'"), "{policy}");
    // Where nothing leads on, forms end here.
    for path in [LOGIN, "/id/production/login?continue=%2Fid%2Fproduction%2Faccount%2Fsessions"] {
        let page = browser.get(path).await;
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
        assert!(policy.contains("form-action 'self';"), "{policy}");
    }
    let unregistered = authorize_path("console", &[("redirect_uri", "https://evil.example/")]);
    let page = browser.get(&format!("{LOGIN}?{}", encode(&[("continue", &unregistered)]))).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(policy.contains("form-action 'self';"), "{policy}");
}

#[tokio::test]
async fn a_registered_page_may_send_any_header_that_it_asks_for() {
    let app = TestApp::new().await;
    for (path, origin, usual) in [
        ("/id/production/token", "https://console.example", "authorization"),
        ("/id/production/userinfo", "https://dispatch.example", "content-type"),
        ("/id/production/frontegg/oauth/token", "https://dispatch.example", "x-frontegg-sdk"),
    ] {
        let asked = "Baggage, sentry-trace,traceparent, x-b3-traceid, bad header\u{e9}";
        let question = Request::builder()
            .method("OPTIONS")
            .uri(path)
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, asked.replace("bad header\u{e9}", "bad header"));
        let answer = send(&mut app.browser(), question, &[], Body::empty()).await;
        let allowed = answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text").to_lowercase();
        for name in ["baggage", "sentry-trace", "traceparent", "x-b3-traceid", usual] {
            assert!(allowed.split(", ").any(|allowed| allowed == name), "{path}: {name} in {allowed}");
        }
        assert!(!allowed.contains("bad"), "{allowed}");
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin);
    }
}

#[tokio::test]
async fn discovery_and_keys_are_everybodys_to_read() {
    let app = TestApp::new().await;
    for path in [
        "/id/production/.well-known/openid-configuration",
        "/id/production/.well-known/jwks.json",
        "/id/production/frontegg/.well-known/jwks.json",
    ] {
        for origin in ["https://anything.example", "null", "https://console.example", "http://localhost:5173"] {
            let headers = [("origin", origin)];
            let read = get(&mut app.browser(), path, &headers).await.expect_status(StatusCode::OK);
            assert_eq!(read.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
            assert!(!read.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{path}");
            let question = Request::builder()
                .method("OPTIONS")
                .uri(path)
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
                .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "traceparent");
            let answer = send(&mut app.browser(), question, &headers, Body::empty()).await;
            assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
            assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{path}");
            assert!(
                answer.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].to_str().expect("text").contains("traceparent")
            );
        }
    }
}
