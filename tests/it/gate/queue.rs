//! Hashing passwords: a bounded queue for the portal and one for users.

use axum::http::{StatusCode, header};
use tokio::task::JoinSet;

use super::{AMARA, OLIVIA, hosted, portal};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD};

#[tokio::test(flavor = "multi_thread")]
async fn where_too_many_sign_in_at_once_the_rest_is_asked_to_come_again_and_the_portal_is_not_kept_waiting() {
    let app = TestApp::new().await;
    let mut known = app.browser();
    hosted(&mut known, "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let mut crowd = JoinSet::new();
    for number in 0..400 {
        let mut browser = app.browser();
        crowd.spawn(async move {
            let (email, peer) =
                (format!("person{number}@northwind.example"), format!("10.0.{}.{}", number / 200, number % 200));
            hosted(&mut browser, &peer, &email, "a guess").await
        });
    }
    let mut owner = app.browser();
    portal(&mut owner, "203.0.113.5", OLIVIA, OPERATOR_PASSWORD).await.expect_status(StatusCode::OK);
    // The queue is full, but for browsers that are known.
    hosted(&mut known, "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let answers = crowd.join_all().await;
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE).collect();
    assert!(!busy.is_empty() && busy.len() < 400, "{}", busy.len());
    assert!(busy[0].headers().contains_key(header::RETRY_AFTER));
    assert!(busy[0].body().contains("The server is busy, and nothing was changed."), "{}", busy[0].body());
    assert!(
        answers
            .iter()
            .all(|answer| !answer.status().is_server_error() || answer.status() == StatusCode::SERVICE_UNAVAILABLE)
    );
    // Who was not heard has not guessed.
    hosted(&mut app.browser(), "203.0.113.5", AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_hash_that_would_take_minutes_is_no_hash() {
    let app = TestApp::new().await;
    app.execute(
        "UPDATE users SET password_hash = '$argon2id$v=19$m=65536,t=4000000,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI' WHERE email = 'amara@northwind.example'",
    )
    .await;
    hosted(&mut app.browser(), "203.0.113.5", AMARA, USER_PASSWORD)
        .await
        .expect_status(StatusCode::UNPROCESSABLE_ENTITY);
}
