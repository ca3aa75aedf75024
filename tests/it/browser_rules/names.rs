//! Under which name the server was opened.

use axum::http::{StatusCode, header};

use super::{LAN, LOGIN, PUBLIC, amara, get, olivia, post};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn a_page_opened_under_another_name_is_opened_under_the_right_one() {
    let app = TestApp::new().await;
    for path in ["/production/users?q=a%20b&sort=-name", "/sign-in", "/", LOGIN, "/id/production/account/sessions"] {
        let answer = get(&mut app.browser(), path, &[("host", "127.0.0.1:3000")]).await;
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        let target = answer.location();
        assert!(target.starts_with(&format!("http://localhost:3000{path}")), "{path}: {target}");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        // What comes there is served.
        let inside = target.strip_prefix("http://localhost:3000").expect("ours").to_owned();
        assert_ne!(app.browser().get(&inside).await.status(), StatusCode::TEMPORARY_REDIRECT);
    }
    // What is no page of a browser answers under any name.
    for path in ["/healthz", "/readyz", "/id/production/.well-known/openid-configuration", "/favicon.svg"] {
        let answer = get(&mut app.browser(), path, &[("host", "backend:3000")]).await;
        assert!(!answer.status().is_redirection(), "{path}: {}", answer.status());
    }
    // Another port of this machine is a tunnel's.
    get(&mut app.browser(), "/sign-in", &[("host", "localhost:8080")]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn behind_a_proxy_that_rewrites_host_nobody_is_sent_in_circles() {
    let app = TestApp::at(PUBLIC).await;
    let host = ("host", "10.0.0.7:3000");
    let mut browser = app.browser();
    let sent =
        get(&mut browser, "/sign-in?return_to=%2Fx", &[host]).await.expect_status(StatusCode::TEMPORARY_REDIRECT);
    let target = sent.location();
    let inside = target.strip_prefix(PUBLIC).unwrap_or_else(|| panic!("elsewhere: {target}"));
    // The proxy hands the same browser over under the same wrong name: it was right all along.
    get(&mut browser, inside, &[host]).await.expect_status(StatusCode::OK);
    // From then on that name is known.
    get(&mut app.browser(), "/sign-in", &[host]).await.expect_status(StatusCode::OK);
    get(&mut app.browser(), "/sign-in", &[("host", "10.0.0.8:3000")])
        .await
        .expect_status(StatusCode::TEMPORARY_REDIRECT);
    // A proxy that says which name it was asked under is believed at once.
    let said = [("host", "10.0.0.9:3000"), ("x-forwarded-host", "understudy.example.com")];
    get(&mut app.browser(), "/sign-in", &said).await.expect_status(StatusCode::OK);
    for host in ["understudy.example.com", "understudy.example.com:443", "UNDERSTUDY.example.com"] {
        get(&mut app.browser(), "/sign-in", &[("host", host)]).await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn nobody_makes_a_name_trusted_by_saying_so() {
    let app = TestApp::at(PUBLIC).await;
    let host = ("host", "evil.example");
    let referer = ("referer", "https://understudy.example.com/");
    let sent = get(&mut app.browser(), "/sign-in", &[host]).await.location();
    let mark = sent.split("opened_as=").nth(1).expect("a mark").to_owned();
    let stale = mark.clone();
    for made_up in ["evil.example", "1.AAAA", "", "9999999999999999.AAAA"] {
        let answer = get(&mut app.browser(), &format!("/sign-in?opened_as={made_up}"), &[host]).await;
        assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT, "{made_up}");
    }
    // The mark is for that name alone, and soon worth nothing.
    let other = [("host", "other.example")];
    let answer = get(&mut app.browser(), &format!("/sign-in?opened_as={mark}"), &other).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    app.advance(chrono::TimeDelta::minutes(6));
    let answer = get(&mut app.browser(), &format!("/sign-in?opened_as={stale}"), &[host]).await;
    assert_eq!(answer.status(), StatusCode::TEMPORARY_REDIRECT);
    // Nor does a page that is said to have been open.
    get(&mut app.browser(), "/sign-in", &[host, referer]).await.expect_status(StatusCode::OK);
    get(&mut app.browser(), "/sign-in", &[host]).await.expect_status(StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn a_form_of_a_page_under_another_name_is_refused_with_the_right_one() {
    let app = TestApp::at(LAN).await;
    let by_number = [("host", "192.168.1.5:3000"), ("origin", "http://192.168.1.5:3000")];
    for (path, form) in [(LOGIN, amara().to_vec()), ("/rpc/sign-in", olivia().to_vec())] {
        let refused = post(&mut app.browser(), path, &by_number, &form).await.expect_status(StatusCode::FORBIDDEN);
        assert!(refused.body().contains("opened under another name"), "{}", refused.body());
        assert!(refused.body().contains(LAN), "{}", refused.body());
        let unsaid = post(&mut app.browser(), path, &by_number[..1], &form).await;
        assert_eq!(unsaid.status(), StatusCode::FORBIDDEN, "a name that was made to lead here");
    }
    // Names of one machine are as good as each other for a form.
    let app = TestApp::new().await;
    let loopback = [("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")];
    post(&mut app.browser(), LOGIN, &loopback, &amara()).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_comes_from_the_network_to_a_server_that_believes_to_be_alone_is_told_what_to_set() {
    let app = TestApp::new().await;
    let page = get(&mut app.browser(), "/sign-in", &[("host", "192.168.1.5:3000")]).await;
    let page = page.expect_status(StatusCode::MISDIRECTED_REQUEST);
    assert!(page.body().contains("192.168.1.5:3000") && page.body().contains("PUBLIC_URL"), "{}", page.body());
}
