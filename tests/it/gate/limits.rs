//! Guessing is slowed down, and nobody can keep somebody else from signing in.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;

use super::{AMARA, OLIVIA, hosted, portal};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD};

/// A stranger tries an operator's address from so many others.
async fn hammer(app: &TestApp, email: &str, addresses: u32) {
    for number in 0..addresses {
        let peer = format!("198.51.{}.{}", 100 + number / 200, number % 200);
        portal(&mut app.browser(), &peer, email, "a guess").await;
    }
}

#[tokio::test]
async fn whoever_is_guessed_at_from_everywhere_signs_in_at_once_in_a_browser_of_theirs() {
    let app = TestApp::new().await;
    let mut known = app.browser();
    portal(&mut known, "203.0.113.5", OLIVIA, OPERATOR_PASSWORD).await.expect_status(StatusCode::OK);
    hammer(&app, OLIVIA, 60).await;
    // Also from an address that guesses.
    portal(&mut known, "198.51.100.1", OLIVIA, OPERATOR_PASSWORD).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn whoever_is_guessed_at_from_everywhere_waits_a_little_in_a_new_browser() {
    let app = TestApp::new().await;
    hammer(&app, OLIVIA, 60).await;
    let mut fresh = app.browser();
    let answer = portal(&mut fresh, "203.0.113.5", OLIVIA, OPERATOR_PASSWORD).await;
    let answer = answer.expect_status(StatusCode::TOO_MANY_REQUESTS);
    let wait: i64 = answer.headers()[header::RETRY_AFTER].to_str().expect("text").parse().expect("seconds");
    assert!((1..=15).contains(&wait), "{wait}");
    for _ in 0..wait {
        hammer(&app, OLIVIA, 30).await;
        app.advance(TimeDelta::seconds(1));
    }
    portal(&mut fresh, "203.0.113.5", OLIVIA, OPERATOR_PASSWORD).await.expect_status(StatusCode::OK);
    // Nobody else waits.
    portal(&mut app.browser(), "203.0.113.6", "adam@understudy.example", OPERATOR_PASSWORD)
        .await
        .expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_spraying_network_of_ipv6_is_one_place() {
    let app = TestApp::new().await;
    for number in 0..60 {
        let (email, peer) = (format!("person{number}@northwind.example"), format!("2001:db8:0:1::{number:x}"));
        hosted(&mut app.browser(), &peer, &email, "a guess").await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    hosted(&mut app.browser(), "2001:db8:0:1:ffff::9", AMARA, "a guess")
        .await
        .expect_status(StatusCode::TOO_MANY_REQUESTS);
    hosted(&mut app.browser(), "2001:db8:0:2::1", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // The portal counts for itself.
    portal(&mut app.browser(), "2001:db8:0:1:ffff::9", OLIVIA, OPERATOR_PASSWORD).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn who_signs_in_does_not_use_up_what_others_at_the_same_address_have() {
    let app = TestApp::new().await;
    for _ in 0..100 {
        hosted(&mut app.browser(), "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn whoever_has_the_password_begins_no_sessions_without_end_and_locks_no_known_browser_out() {
    let app = TestApp::new().await;
    let mut known = app.browser();
    hosted(&mut known, "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let mut statuses = Vec::new();
    for number in 0..301 {
        let peer = format!("198.51.{}.{}", 100 + number / 200, number % 200);
        statuses.push(hosted(&mut app.browser(), &peer, AMARA, USER_PASSWORD).await.status());
    }
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::SEE_OTHER).count(), 299);
    let refused = hosted(&mut app.browser(), "198.51.102.9", AMARA, USER_PASSWORD).await;
    assert!(refused.headers().contains_key(header::RETRY_AFTER));
    refused.expect_status(StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(app.count("sessions").await, 300);
    hosted(&mut known, "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // A guess is a guess all the same.
    hosted(&mut app.browser(), "198.51.102.10", AMARA, "a guess").await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    app.advance(TimeDelta::seconds(2));
    hosted(&mut app.browser(), "198.51.102.9", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_browser_is_known_where_its_account_signed_in_and_for_that_account_only() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    hosted(&mut browser, "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert!(browser.cookie("understudy-device-production").is_some());
    assert!(browser.cookie("understudy-device").is_none());
    for _ in 0..10 {
        hosted(&mut app.browser(), "198.51.100.1", AMARA, "a guess").await;
        hosted(&mut app.browser(), "198.51.100.1", "ben@harbor.example", "a guess").await;
    }
    hosted(&mut browser, "198.51.100.1", "ben@harbor.example", USER_PASSWORD)
        .await
        .expect_status(StatusCode::TOO_MANY_REQUESTS);
    hosted(&mut browser, "198.51.100.1", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // It is no way to guess for ever.
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(hosted(&mut browser, "198.51.100.1", AMARA, "a guess").await.status());
    }
    assert_eq!(statuses.last(), Some(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let app = TestApp::new().await;
    for _ in 0..11 {
        hosted(&mut app.browser(), "203.0.113.5", AMARA, "a guess").await;
    }
    app.clock.set_forward(TimeDelta::hours(-1));
    app.advance(TimeDelta::seconds(31));
    hosted(&mut app.browser(), "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // Nor does one that is set forward give more guesses.
    for _ in 0..11 {
        hosted(&mut app.browser(), "203.0.113.5", AMARA, "a guess").await;
    }
    app.clock.set_forward(TimeDelta::hours(3));
    hosted(&mut app.browser(), "203.0.113.5", AMARA, "a guess").await.expect_status(StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn an_address_longer_than_any_is_nobodys_and_takes_no_place() {
    let app = TestApp::new().await;
    let long = format!("{}@northwind.example", "x".repeat(50_000));
    let answer = hosted(&mut app.browser(), "203.0.113.5", &long, USER_PASSWORD).await;
    let answer = answer.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body().contains("The e-mail or the password is wrong."));
    let answer = portal(&mut app.browser(), "203.0.113.5", &long, OPERATOR_PASSWORD).await;
    assert!(answer.body().contains("The e-mail or the password is wrong."), "{}", answer.body());
}

#[tokio::test]
async fn unknown_addresses_are_counted_and_do_not_fill_the_trail() {
    let app = TestApp::new().await;
    for number in 0..120 {
        let peer = format!("198.51.100.{number}");
        portal(&mut app.browser(), &peer, &format!("nobody{number}@understudy.example"), "a guess").await;
    }
    let events = app.events("operator.sign_in_failed").await;
    assert_eq!(events.len(), 2 * 5, "in each environment the first three, the tenth and the hundredth");
    assert!(events.iter().any(|event| event.description.starts_with("100 sign-ins to the portal")), "{events:?}");
    let hundredth = events.iter().find(|event| event.description.contains("from 100 addresses"));
    assert!(hundredth.is_some(), "{events:?}");
    assert_eq!(app.count("failed_sign_ins WHERE attempts = 120").await, 2);
    // A known one is an event each time, in each environment where it has a role.
    portal(&mut app.browser(), "203.0.113.5", OLIVIA, "a guess").await;
    assert_eq!(app.events("operator.sign_in_failed").await.len(), 12);
    assert_eq!(app.count("failed_sign_ins").await, 2);
}
