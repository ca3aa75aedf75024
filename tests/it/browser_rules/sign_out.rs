//! The SDKs' sign-out, which is an address that anybody can put behind a link.

use axum::http::{Response, StatusCode};

use super::get;
use crate::identity::flow::{AMARA, signed_in};
use crate::support::{Browser, ResponseExt, TestApp, encode};

const BACK: [(&str, &str); 2] = [("post_logout_redirect_uri", "https://dispatch.example/bye"), ("state", "a b")];

async fn go(browser: &mut Browser, headers: &[(&str, &str)]) -> Response<String> {
    let path = format!("/id/production/frontegg/oauth/logout?{}", encode(&BACK));
    let mut all = vec![("sec-fetch-mode", "navigate")];
    all.extend(headers);
    get(browser, &path, &all).await
}

#[tokio::test]
async fn nobody_is_signed_out_by_a_link_of_another_site() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "cross-site"), ("referer", "https://evil.example/")],
        vec![("sec-fetch-site", "same-site"), ("referer", "https://other.dispatch.example/")],
        vec![("sec-fetch-site", "none")],
        vec![],
        vec![("sec-purpose", "prefetch"), ("referer", "https://dispatch.example/home")],
        vec![("sec-purpose", "prefetch;prerender"), ("referer", "https://dispatch.example/home")],
        // An application's page speaks for that application alone.
        vec![("sec-fetch-site", "cross-site"), ("referer", "https://console.example/")],
    ] {
        let asked = go(&mut browser, &headers).await.expect_status(StatusCode::SEE_OTHER).location();
        assert!(asked.starts_with("/id/production/logout?client_id=dispatch&post_logout_redirect_uri="), "{asked}");
        let page = browser.get(&asked).await.expect_status(StatusCode::OK);
        assert!(page.body().contains("Sign out"), "{headers:?}: {}", page.body());
        assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1, "{headers:?}");
    }
    let asked = go(&mut browser, &[]).await.location();
    assert!(asked.contains("state=a+b"), "the way back is kept: {asked}");
}

#[tokio::test]
async fn the_application_itself_signs_out_at_once() {
    let app = TestApp::new().await;
    for headers in [
        vec![("sec-fetch-site", "cross-site"), ("referer", "https://dispatch.example/")],
        vec![("sec-fetch-site", "same-site"), ("referer", "https://dispatch.example/a/page")],
        vec![("referer", "https://dispatch.example/")],
    ] {
        let mut browser = signed_in(&app, AMARA).await;
        let done = go(&mut browser, &headers).await.expect_status(StatusCode::SEE_OTHER);
        assert_eq!(done.location(), "https://dispatch.example/bye?state=a+b", "{headers:?}");
        assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0, "{headers:?}");
    }
}
