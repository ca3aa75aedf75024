//! Links with which users choose a password.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::flow::{AMARA, impersonating, sign_in, signed_in};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD};
use understudy::model::impersonation::StartImpersonation;
use understudy::model::session::EndReason;
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::service::impersonation;
use understudy::server::service::session::password_link;

const GIORGOS: &str = "giorgos@northwind.example";
const NEW: &str = "four quiet words here";

async fn link(app: &TestApp, email: &str) -> Result<String, String> {
    let made = password_link::make(&app.system().await, email).await.map_err(|error| error.to_string())?;
    Ok(made.code)
}

async fn choose(browser: &mut Browser, code: &str, password: &str, again: &str) -> StatusCode {
    let form = [("link", code), ("password", password), ("again", again)];
    browser.post("/id/production/password", &form).await.status()
}

#[tokio::test]
async fn an_invited_user_chooses_a_password_by_the_link_and_signs_in() {
    let app = TestApp::new().await;
    let code = link(&app, " Giorgos@Northwind.example ").await.expect("a link");
    let mut browser = app.browser();
    // Looking uses nothing up.
    for _ in 0..2 {
        let page = browser.get(&format!("/id/production/password?link={code}")).await.expect_status(StatusCode::OK);
        assert!(page.body().contains(GIORGOS));
    }
    assert_eq!(choose(&mut browser, &code, "too short", "too short").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(choose(&mut browser, &code, NEW, "four other words here").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(choose(&mut browser, &code, NEW, NEW).await, StatusCode::OK);
    sign_in(&mut browser, GIORGOS, NEW).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.events("user.password_link_made").await.len(), 1);
    assert_eq!(app.events("user.password_set").await[0].actor_name, "Giorgos Papadopoulos");
}

#[tokio::test]
async fn the_two_are_the_same_from_two_keyboards() {
    let app = TestApp::new().await;
    let code = link(&app, AMARA).await.expect("a link");
    let mut browser = app.browser();
    let (composed, apart) = ("vier stille W\u{f6}rter hier", "vier\u{a0}stille Wo\u{308}rter hier");
    assert_eq!(choose(&mut browser, &code, composed, apart).await, StatusCode::OK);
    sign_in(&mut browser, AMARA, apart).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_link_works_once_for_72_hours_in_its_environment_and_until_a_newer_one_is_made() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let first = link(&app, AMARA).await.expect("a link");
    let second = link(&app, AMARA).await.expect("a link");
    assert_eq!(choose(&mut browser, &first, NEW, NEW).await, StatusCode::GONE);
    let foreign = browser.get(&format!("/id/staging/password?link={second}")).await;
    assert_eq!(foreign.status(), StatusCode::GONE);
    assert_eq!(choose(&mut browser, &second, NEW, NEW).await, StatusCode::OK);
    assert_eq!(choose(&mut browser, &second, NEW, NEW).await, StatusCode::GONE);
    let third = link(&app, AMARA).await.expect("a link");
    app.advance(TimeDelta::hours(72));
    assert_eq!(choose(&mut browser, &third, NEW, NEW).await, StatusCode::GONE);
    for code in ["", "nonsense", "upl_"] {
        assert_eq!(choose(&mut browser, code, NEW, NEW).await, StatusCode::GONE, "{code:?}");
    }
}

#[tokio::test]
async fn a_new_password_ends_the_users_own_sessions_and_no_impersonation() {
    let app = TestApp::new().await;
    let mut own = signed_in(&app, AMARA).await;
    let (_operator, impersonation) = impersonating(&app, AMARA, "northwind", "console").await;
    let code = link(&app, AMARA).await.expect("a link");
    assert_eq!(choose(&mut app.browser(), &code, NEW, NEW).await, StatusCode::OK);
    own.get("/id/production/account/sessions").await.expect_status(StatusCode::SEE_OTHER);
    for session in app.user_sessions(AMARA).await {
        let expected = (session.id != impersonation).then_some(EndReason::PasswordChanged);
        assert_eq!(session.end_reason, expected);
    }
    sign_in(&mut own, AMARA, USER_PASSWORD).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    sign_in(&mut own, AMARA, NEW).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_new_password_ends_the_users_own_sessions_behind_any_number_of_others() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let mut own = signed_in(&app, AMARA).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "Looking into a report".to_owned(),
        ..StartImpersonation::default()
    };
    for _ in 0..201 {
        impersonation::start(&caller, &wanted).await.expect("it starts");
    }
    let code = link(&app, AMARA).await.expect("a link");
    assert_eq!(choose(&mut app.browser(), &code, NEW, NEW).await, StatusCode::OK);
    own.get("/id/production/account/sessions").await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.count("sessions WHERE kind = 'password' AND ended_at IS NULL").await, 0);
    assert_eq!(app.count("sessions WHERE kind = 'impersonation' AND ended_at IS NULL").await, 201);
}

#[tokio::test]
async fn a_link_of_a_user_who_was_locked_meanwhile_does_not_work() {
    let app = TestApp::new().await;
    let code = link(&app, AMARA).await.expect("a link");
    app.execute("UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'").await;
    let mut browser = app.browser();
    browser.get(&format!("/id/production/password?link={code}")).await.expect_status(StatusCode::GONE);
    assert_eq!(choose(&mut browser, &code, NEW, NEW).await, StatusCode::GONE);
    assert_eq!(app.state.passwords.made(PasswordQueue::Hosted), 0);
}

#[tokio::test]
async fn who_is_locked_or_unknown_gets_no_link() {
    let app = TestApp::new().await;
    assert!(link(&app, "dana@northwind.example").await.is_err());
    assert!(link(&app, "nobody@northwind.example").await.is_err());
    assert_eq!(app.count("password_links").await, 0);
}
