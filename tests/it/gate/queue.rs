//! Hashing passwords: a bounded queue for the portal and one for users.

use std::time::Duration;

use axum::http::{StatusCode, header};
use tokio::task::JoinSet;

use super::{AMARA, OLIVIA, hosted, portal};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp, USER_PASSWORD};
use understudy::model::session::EndReason;
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::db::user;
use understudy::server::domain::actor::Actor;
use understudy::server::service::caller::Origin;
use understudy::server::service::session::{self, password_link};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_posted_many_times_at_once_is_worked_for_a_few_times() {
    let app = TestApp::new().await;
    let link = password_link::make(&app.system().await, AMARA).await.expect("a link");
    let mut crowd = JoinSet::new();
    for _ in 0..150 {
        let (mut browser, code) = (app.browser(), link.code.clone());
        crowd.spawn(async move {
            let form = [("link", code.as_str()), ("password", "four quiet words"), ("again", "four quiet words")];
            browser.post("/id/production/password", &form).await
        });
    }
    let answers = crowd.join_all().await;
    let with = |status: StatusCode| answers.iter().filter(|answer| answer.status() == status).count();
    assert_eq!(with(StatusCode::OK), 1);
    assert_eq!(with(StatusCode::OK) + with(StatusCode::GONE) + with(StatusCode::SERVICE_UNAVAILABLE), 150);
    let made = app.state.passwords.made(PasswordQueue::Hosted);
    assert!(made < 20, "{made} hashes for one link");
    hosted(&mut app.browser(), "203.0.113.5", AMARA, "four quiet words").await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn where_too_many_wait_a_password_is_not_chosen_and_the_link_still_works() {
    let app = TestApp::new().await;
    let link = password_link::make(&app.system().await, AMARA).await.expect("a link");
    let mut waiting = JoinSet::new();
    let held =
        [app.state.passwords.turn(PasswordQueue::Hosted).await, app.state.passwords.turn(PasswordQueue::Hosted).await];
    while app.state.passwords.waiting(PasswordQueue::Hosted) < 100 {
        let passwords = app.state.passwords.clone();
        waiting.spawn(async move { passwords.turn(PasswordQueue::Hosted).await.is_ok() });
        tokio::task::yield_now().await;
    }
    let form = [("link", link.code.as_str()), ("password", "four quiet words"), ("again", "four quiet words")];
    let answer = app.browser().post("/id/production/password", &form).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
    // A link that does not work is no reason to wait.
    let wrong = [("link", "upl_"), ("password", "four quiet words"), ("again", "four quiet words")];
    app.browser().post("/id/production/password", &wrong).await.expect_status(StatusCode::GONE);
    assert_eq!(app.state.passwords.made(PasswordQueue::Hosted), 0);
    drop((held, waiting));
    while app.state.passwords.waiting(PasswordQueue::Hosted) > 0 {
        tokio::task::yield_now().await;
    }
    app.browser().post("/id/production/password", &form).await.expect_status(StatusCode::OK);
}

/// Somebody signs in, and between the look at the password and the session's beginning something changes.
async fn overtaken(realm: PasswordQueue, change: &'static str) -> StatusCode {
    let app = TestApp::new().await;
    let held = [app.state.passwords.turn(realm).await, app.state.passwords.turn(realm).await];
    let mut browser = app.browser();
    let attempt = tokio::spawn(async move {
        match realm {
            PasswordQueue::Portal => portal(&mut browser, "203.0.113.5", OLIVIA, OPERATOR_PASSWORD).await,
            PasswordQueue::Hosted => hosted(&mut browser, "203.0.113.5", AMARA, USER_PASSWORD).await,
        }
    });
    while app.state.passwords.waiting(realm) == 0 {
        tokio::task::yield_now().await;
    }
    app.execute(change).await;
    drop(held);
    let status = attempt.await.expect("an answer").status();
    let failed = match realm {
        PasswordQueue::Portal => app.count("audit_events WHERE action = 'operator.sign_in_failed'").await,
        PasswordQueue::Hosted => app.count("audit_events WHERE action = 'user.sign_in_failed'").await,
    };
    assert_eq!(failed > 0, status == StatusCode::UNPROCESSABLE_ENTITY, "{change}");
    status
}

#[tokio::test]
async fn who_is_changed_while_signing_in_begins_nothing_in_either_realm() {
    for change in [
        "UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'",
        "UPDATE users SET email_verified = FALSE WHERE email = 'amara@northwind.example'",
        "UPDATE users SET password_hash = 'another' WHERE email = 'amara@northwind.example'",
        "UPDATE users SET password_hash = NULL WHERE email = 'amara@northwind.example'",
    ] {
        assert_eq!(overtaken(PasswordQueue::Hosted, change).await, StatusCode::UNPROCESSABLE_ENTITY, "{change}");
    }
    for change in [
        "UPDATE operators SET disabled_at = created_at WHERE email = 'olivia@understudy.example'",
        "UPDATE operators SET password_hash = 'another' WHERE email = 'olivia@understudy.example'",
    ] {
        assert_eq!(overtaken(PasswordQueue::Portal, change).await, StatusCode::UNPROCESSABLE_ENTITY, "{change}");
    }
    let nothing = "UPDATE users SET visits = visits";
    assert_eq!(overtaken(PasswordQueue::Hosted, nothing).await, StatusCode::SEE_OTHER);
    assert_eq!(overtaken(PasswordQueue::Portal, nothing).await, StatusCode::OK);
}

/// The old password is right until the transaction commits that replaces it, and that one has seen all sessions by then.
#[tokio::test]
async fn whoever_signs_in_while_the_password_is_being_replaced_has_no_session_afterwards() {
    let app = TestApp::new().await;
    let user_id = app.user_id(AMARA).await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    user::set_password(&mut tx, user_id, "another", app.now()).await.expect("another password");
    let (reason, origin) = (EndReason::PasswordChanged, Origin::default());
    session::end_own_in(&app.state, &mut tx, user_id, 100, reason, &Actor::user(user_id, "Amara Okafor"), &origin)
        .await
        .expect("an end");
    let mut browser = app.browser();
    let attempt = tokio::spawn(async move { hosted(&mut browser, "203.0.113.5", AMARA, USER_PASSWORD).await });
    while app.state.passwords.made(PasswordQueue::Hosted) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    tx.commit().await.expect("the password is kept");
    attempt.await.expect("an answer").expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_signs_in_in_several_browsers_at_once() {
    let app = TestApp::new().await;
    let mut crowd = JoinSet::new();
    for number in 0..8 {
        let mut browser = app.browser();
        let peer = format!("203.0.113.{number}");
        crowd.spawn(async move { hosted(&mut browser, &peer, AMARA, USER_PASSWORD).await.status() });
    }
    assert!(crowd.join_all().await.into_iter().all(|status| status == StatusCode::SEE_OTHER));
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 8);
}
