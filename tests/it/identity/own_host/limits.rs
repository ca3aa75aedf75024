//! What is not at an environment's own host name, and who is not believed to be there.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode, header};

use super::{HOST, ISSUER, at_own_host, get, get_at, move_to, post_from, sign_in, try_move_to};
use crate::identity::flow::{AMARA, OLIVIA};
use crate::support::{Browser, OPERATOR_PASSWORD, ORIGIN, ResponseExt, TestApp, USER_PASSWORD};

const DISCOVERY: &str = "/.well-known/openid-configuration";

#[tokio::test]
async fn nothing_of_the_portal_is_at_the_host() {
    let app = at_own_host().await;
    let mut operator = app.operator_browser(OLIVIA).await;
    for path in ["/", "/sign-in", "/production/users", "/production/applications", "/rpc/live", "/production"] {
        let page = get(&mut operator, path).await.expect_status(StatusCode::NOT_FOUND);
        assert!(page.headers().get(header::SET_COOKIE).is_none(), "{path}");
        assert!(!page.body().contains("To the portal"), "{path}: {}", page.body());
    }
    let form = [("email", OLIVIA), ("password", OPERATOR_PASSWORD), ("return_to", "/")];
    for origin in [ISSUER, ORIGIN] {
        let answer = post_from(origin, &mut app.browser(), "/rpc/sign-in", &form).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{}", answer.body());
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
    }
    operator.get("/production/users").await.expect_status(StatusCode::OK);
    get(&mut app.browser(), "/healthz").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn no_other_environment_is_at_the_host() {
    let app = at_own_host().await;
    for path in [
        "/id/staging/login",
        "/id/staging/.well-known/openid-configuration",
        "/../staging/login",
        "/%69d/staging/login",
    ] {
        get(&mut app.browser(), path).await.expect_status(StatusCode::NOT_FOUND);
    }
    // Its own path means the same as at the public address.
    let document = get(&mut app.browser(), "/id/production/.well-known/openid-configuration").await;
    assert_eq!(document.expect_status(StatusCode::OK).json()["issuer"], ISSUER);
}

#[tokio::test]
async fn another_name_gets_what_it_always_got() {
    let app = TestApp::new().await;
    let paths = ["/production/users", "/id/production/login", "/id/staging/login", DISCOVERY, "/healthz"];
    let answers = async |app: &TestApp| {
        let mut all = Vec::new();
        for path in paths {
            all.push(get_at("other.example", &mut app.browser(), path).await.status());
        }
        all
    };
    let before = answers(&app).await;
    try_move_to(&app, "staging", Some(HOST)).await.expect("it moves");
    let after = answers(&app).await;
    // But for staging, which is elsewhere now, whatever name it is asked under.
    assert_eq!(after[2], StatusCode::TEMPORARY_REDIRECT);
    assert_eq!((&after[..2], &after[3..]), (&before[..2], &before[3..]));
}

#[tokio::test]
async fn a_form_counts_from_the_hosts_own_pages_only() {
    let app = at_own_host().await;
    let form = [("email", AMARA), ("password", USER_PASSWORD)];
    for origin in [ORIGIN, "https://console.example", "http://login.acme.example:8080", "http://evil.example"] {
        let page = post_from(origin, &mut app.browser(), "/login", &form).await;
        assert_eq!(page.status(), StatusCode::FORBIDDEN, "{origin}");
        assert!(page.body().contains(ISSUER), "{}", page.body());
    }
    // And the portal takes none from there.
    let request = Request::post("/rpc/sign-in")
        .header(header::ORIGIN, ISSUER)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = app.browser().send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{}", answer.body());
}

#[tokio::test]
async fn over_https_cookies_are_bound_to_the_host_and_its_subdomains_are_left_alone() {
    let app = TestApp::at("https://understudy.example.com").await;
    move_to(&app, Some("Login.ACME.example:443")).await;
    let form = [("email", AMARA), ("password", USER_PASSWORD)];
    let answer = post_from("https://login.acme.example", &mut app.browser(), "/login", &form).await;
    let answer = answer.expect_status(StatusCode::SEE_OTHER);
    let cookies: Vec<_> =
        answer.headers().get_all(header::SET_COOKIE).iter().map(|v| v.to_str().expect("text")).collect();
    let ours = cookies.iter().find(|text| text.starts_with("__Host-understudy_production=ubr_"));
    assert!(ours.is_some_and(|text| text.contains("; Path=/;") && text.ends_with("; Secure")), "{cookies:?}");
    assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000");
    for path in ["/healthz", "/readyz", "/nothing-here"] {
        let answer = get(&mut app.browser(), path).await;
        assert_eq!(answer.headers()[header::STRICT_TRANSPORT_SECURITY], "max-age=63072000", "{path}");
    }
    let document = get(&mut app.browser(), DISCOVERY).await.expect_status(StatusCode::OK).json();
    assert_eq!(document["issuer"], "https://login.acme.example");
}

async fn behind(app: &TestApp, proxy: &str, asked: &str) -> Response<String> {
    let request = Request::builder().method(Method::GET).uri(DISCOVERY).header(header::HOST, "understudy.internal");
    let mut request = request.header("x-forwarded-host", asked).body(Body::empty()).expect("a request");
    let peer: SocketAddr = format!("{proxy}:4000").parse().expect("an address");
    request.extensions_mut().insert(ConnectInfo(peer));
    app.browser().send(request).await
}

#[tokio::test]
async fn a_trusted_proxy_may_say_the_host_and_nobody_else() {
    let app = TestApp::trusting("192.0.2.0/24").await;
    move_to(&app, Some(HOST)).await;
    let answer = behind(&app, "192.0.2.1", HOST).await.expect_status(StatusCode::OK);
    assert_eq!(answer.json()["issuer"], ISSUER);
    assert_eq!(behind(&app, "192.0.2.1", "evil.example, login.acme.example").await.status(), StatusCode::OK);
    assert_ne!(behind(&app, "192.0.2.1", "login.acme.example, evil.example").await.status(), StatusCode::OK);
    assert_ne!(behind(&app, "203.0.113.9", HOST).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_host_is_one_environments_and_never_the_portals() {
    let app = at_own_host().await;
    for host in [HOST, "LOGIN.acme.example:8443", "localhost", "localhost:3001", "127.0.0.1", "a/b"] {
        let refused = try_move_to(&app, "staging", Some(host)).await;
        assert!(refused.is_err(), "{host}");
    }
    try_move_to(&app, "staging", Some("staging.acme.example:8443")).await.expect("it moves");
    let mut browser: Browser = app.browser();
    let document = get_at("staging.acme.example:8443", &mut browser, DISCOVERY).await.expect_status(StatusCode::OK);
    assert_eq!(document.json()["issuer"], "http://staging.acme.example:8443");
    let other = get_at("staging.acme.example", &mut browser, DISCOVERY).await;
    assert_ne!(other.status(), StatusCode::OK);
    // Who signed in in one is nobody in the other.
    sign_in(&mut browser, "").await.expect_status(StatusCode::SEE_OTHER);
    let page = get_at("staging.acme.example:8443", &mut browser, "/account/sessions").await;
    assert!(page.location().starts_with("/login?"), "{}", page.location());
}
