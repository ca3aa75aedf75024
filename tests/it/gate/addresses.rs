//! Behind proxies: whose address counts, and that nobody is limited by the proxy's.

use std::process::Command;

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::{AMARA, hosted, post_from};
use crate::support::{MASTER_KEY, ResponseExt, TestApp, USER_PASSWORD};
use understudy::server::platform::clock::{Clock, SystemClock};

const LOGIN: &str = "/id/production/login";

fn form<'a>(email: &'a str, password: &'a str) -> [(&'a str, &'a str); 2] {
    [("email", email), ("password", password)]
}

#[tokio::test]
async fn the_trail_names_the_client_behind_trusted_proxies() {
    let app = TestApp::trusting("10.0.0.0/8, 2001:db8:ffff::/48").await;
    for (headers, expected) in [
        (&[("x-forwarded-for", "6.6.6.6, 198.51.100.7, 10.1.1.1")][..], "198.51.100.7"),
        (&[("x-forwarded-for", "198.51.100.8:4711")][..], "198.51.100.8"),
        (&[("forwarded", "for=6.6.6.6, for=\"[2001:db8::9]:4711\";proto=https")][..], "2001:db8::9"),
        (&[("x-forwarded-for", "::ffff:198.51.100.10, [2001:db8:ffff::1]:80")][..], "198.51.100.10"),
    ] {
        let mut browser = app.browser();
        post_from(&mut browser, "10.0.0.5", headers, LOGIN, &form(AMARA, USER_PASSWORD))
            .await
            .expect_status(StatusCode::SEE_OTHER);
        let sessions = app.user_sessions(AMARA).await;
        assert!(sessions.iter().any(|session| session.ip_address.as_deref() == Some(expected)), "{expected}");
    }
}

#[tokio::test]
async fn a_header_from_anybody_else_is_not_believed() {
    let app = TestApp::trusting("10.0.0.0/8").await;
    let headers = [("x-forwarded-for", "198.51.100.7")];
    post_from(&mut app.browser(), "203.0.113.9", &headers, LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.user_sessions(AMARA).await[0].ip_address.as_deref(), Some("203.0.113.9"));
}

#[tokio::test]
async fn one_client_behind_a_proxy_that_nobody_named_keeps_nobody_out() {
    let app = TestApp::new().await;
    for number in 0..100 {
        let headers = [("x-forwarded-for", "198.51.100.7")];
        let email = format!("person{number}@northwind.example");
        post_from(&mut app.browser(), "127.0.0.1", &headers, LOGIN, &form(&email, "a guess")).await;
    }
    let headers = [("x-forwarded-for", "198.51.100.7")];
    post_from(&mut app.browser(), "127.0.0.1", &headers, LOGIN, &form("person1000@northwind.example", "a guess"))
        .await
        .expect_status(StatusCode::TOO_MANY_REQUESTS);
    for claimed in ["198.51.100.8", "unknown"] {
        let headers = [("x-forwarded-for", claimed)];
        post_from(&mut app.browser(), "127.0.0.1", &headers, LOGIN, &form(AMARA, USER_PASSWORD))
            .await
            .expect_status(StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn an_office_behind_a_trusted_proxy_counts_by_its_own_address() {
    let app = TestApp::trusting("10.0.0.5").await;
    for number in 0..61 {
        let headers = [("x-forwarded-for", "198.51.100.7")];
        let email = format!("person{number}@northwind.example");
        post_from(&mut app.browser(), "10.0.0.5", &headers, LOGIN, &form(&email, "a guess")).await;
    }
    let from = |address: &'static str| [("x-forwarded-for", address)];
    post_from(&mut app.browser(), "10.0.0.5", &from("198.51.100.7"), LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::TOO_MANY_REQUESTS);
    post_from(&mut app.browser(), "10.0.0.5", &from("198.51.100.8"), LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(3));
    post_from(&mut app.browser(), "10.0.0.5", &from("198.51.100.7"), LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_header_that_the_client_adds_gives_no_more_guesses_and_hides_nobody() {
    let app = TestApp::trusting("10.0.0.5").await;
    fn both(standard: &str) -> [(&str, &str); 2] {
        [("x-forwarded-for", "198.51.100.7"), ("forwarded", standard)]
    }
    for number in 0..60 {
        let standard = if number % 2 == 0 { "for=unknown".to_owned() } else { format!("for=192.0.2.{number}") };
        let email = format!("person{number}@northwind.example");
        post_from(&mut app.browser(), "10.0.0.5", &both(&standard), LOGIN, &form(&email, "a guess"))
            .await
            .expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    for standard in ["for=unknown", "for=192.0.2.200"] {
        post_from(&mut app.browser(), "10.0.0.5", &both(standard), LOGIN, &form(AMARA, USER_PASSWORD))
            .await
            .expect_status(StatusCode::TOO_MANY_REQUESTS);
    }
    // Whom it named in vain is as free as before.
    let named = [("x-forwarded-for", "192.0.2.1")];
    post_from(&mut app.browser(), "10.0.0.5", &named, LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(3));
    post_from(&mut app.browser(), "10.0.0.5", &both("for=192.0.2.9"), LOGIN, &form(AMARA, USER_PASSWORD))
        .await
        .expect_status(StatusCode::SEE_OTHER);
    let sessions = app.user_sessions(AMARA).await;
    let from: Vec<_> = sessions.iter().filter_map(|session| session.ip_address.as_deref()).collect();
    assert!(from.contains(&"198.51.100.7 or 192.0.2.9") && from.contains(&"192.0.2.1"), "{from:?}");
}

#[tokio::test]
async fn a_stranger_who_names_an_address_uses_nothing_of_it_up() {
    let app = TestApp::new().await;
    let named = [("x-forwarded-for", "198.51.100.7")];
    for number in 0..61 {
        let email = format!("person{number}@northwind.example");
        post_from(&mut app.browser(), "203.0.113.9", &named, LOGIN, &form(&email, "a guess")).await;
    }
    hosted(&mut app.browser(), "198.51.100.7", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_header_that_nobody_trusts_is_noted_for_the_doctor_once() {
    let app = TestApp::new().await;
    // The doctor is a process of its own, with the machine's clock.
    app.clock.set_forward(SystemClock.now() - app.now());
    for _ in 0..3 {
        let headers = [("x-forwarded-for", "198.51.100.7")];
        post_from(&mut app.browser(), "127.0.0.1", &headers, LOGIN, &form(AMARA, "a guess")).await;
    }
    hosted(&mut app.browser(), "203.0.113.5", AMARA, "a guess").await;
    assert_eq!(app.count("notices WHERE kind = 'forwarded.untrusted' AND detail = '127.0.0.1'").await, 1);
    assert_eq!(app.count("notices").await, 1);
    let doctor = |options: &[&str]| {
        let database = ["doctor", "--database-url", app.database_url(), "--master-key", MASTER_KEY];
        let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
        let output = command.args(database).args(options).env_clear().output().expect("the binary runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let said = doctor(&[]);
    assert!(said.contains("! a forwarding header came from 127.0.0.1"), "{said}");
    assert!(!doctor(&["--trusted-proxies", "127.0.0.0/8"]).contains("a forwarding header came from"));
    let https = ["--public-url", "https://portal.example"];
    assert!(doctor(&https).contains("TRUSTED_PROXIES names none"));
    assert!(!doctor(&[&https[..], &["--trusted-proxies", "10.0.0.5"]].concat()).contains("TRUSTED_PROXIES names none"));
}
