//! Several tabs, several users, one browser: each keeps its own.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::flow::{
    AMARA, RITA, answered, authorize_path, claims, hand_off, impersonating, introspect, refresh, start, text, tokens,
};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};

#[tokio::test]
async fn two_tabs_keep_their_users_and_ending_one_leaves_the_other() {
    let app = TestApp::new().await;
    let (mut browser, amara) = impersonating(&app, AMARA, "northwind", "console").await;
    let (amara, first) = (amara.to_string(), tokens(&app, &mut browser, "console", &[]).await);
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    let rita = hand_off(&mut browser, &path).await.to_string();
    let second = tokens(&app, &mut browser, "console", &[("login_hint", &rita)]).await;
    assert_eq!(claims(&first["access_token"])["email"], AMARA);
    assert_eq!(claims(&second["access_token"])["email"], RITA);
    // Each tab signs in silently as its own user, in any order.
    for (sid, email) in [(&amara, AMARA), (&rita, RITA), (&amara, AMARA)] {
        let again = tokens(&app, &mut browser, "console", &[("login_hint", sid), ("prompt", "none")]).await;
        assert_eq!(claims(&again["access_token"])["email"], email);
    }
    let revoked = super::flow::call(&app, "/revoke", "console", &[("token", text(&first, "access_token"))]).await;
    revoked.expect_status(StatusCode::OK);
    assert_eq!(introspect(&app, text(&first, "access_token")).await["active"], false);
    assert_eq!(introspect(&app, text(&second, "access_token")).await["active"], true);
    refresh(&app, "console", text(&second, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    // The tab of the ended session does not become the other user.
    let page = browser.get(&authorize_path("console", &[("login_hint", &amara)])).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    browser.get("/production/users").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn an_application_that_passes_no_hint_gets_the_impersonation_that_was_just_opened() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    let second = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(claims(&second["access_token"])["email"], RITA);
}

#[tokio::test]
async fn the_users_own_session_does_not_take_the_place_of_an_impersonation() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    super::flow::sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // Just opened, used, named: as long as it runs it is who the application is.
    let sid = sid.to_string();
    for extra in [&[][..], &[], &[("prompt", "none")], &[("login_hint", sid.as_str())]] {
        let opened = tokens(&app, &mut browser, "console", extra).await;
        assert_eq!(claims(&opened["access_token"])["email"], AMARA);
    }
    // Named, the user's own is meant; from then on both could be.
    let own = tokens(&app, &mut browser, "console", &[("login_hint", RITA)]).await;
    assert_eq!(claims(&own["access_token"])["email"], RITA);
    let silent = browser.get(&authorize_path("console", &[("prompt", "none")])).await;
    assert_eq!(answered(&silent, "error").as_deref(), Some("account_selection_required"));
}

#[tokio::test]
async fn an_impersonation_that_was_left_lying_is_asked_about_beside_the_users_own_session() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    super::flow::sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(61));
    let silent = browser.get(&authorize_path("console", &[("prompt", "none")])).await;
    assert_eq!(answered(&silent, "error").as_deref(), Some("account_selection_required"));
    browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
    // Of another application it does not matter.
    let own = tokens(&app, &mut browser, "dispatch", &[]).await;
    assert_eq!(claims(&own["access_token"])["email"], RITA);
}

#[tokio::test]
async fn an_id_token_of_a_tab_brings_that_tabs_user_back() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    let hint = [("id_token_hint", text(&first, "id_token")), ("prompt", "none")];
    let again = tokens(&app, &mut browser, "console", &hint).await;
    assert_eq!(claims(&again["access_token"])["email"], AMARA);
    let mut other = super::flow::signed_in(&app, RITA).await;
    let answer = other.get(&authorize_path("console", &hint)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    let answer = other.get(&authorize_path("console", &[("id_token_hint", "e30.e30.")])).await;
    assert!(answered(&answer, "code").is_some(), "{}", answer.location());
}

#[tokio::test]
async fn an_impersonation_is_no_sign_in_of_the_user() {
    let app = TestApp::new().await;
    let before = app.count("users WHERE last_login_at IS NOT NULL OR visits > 0 OR last_visit_us > 0").await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("users WHERE last_login_at IS NOT NULL OR visits > 0 OR last_visit_us > 0").await, before);
    assert_eq!(app.count("sessions WHERE kind = 'password'").await, 0);
    assert!(app.events("user.signed_in").await.is_empty());
    // Nor does it claim to be one.
    let sid = sid.to_string();
    for extra in [("prompt", "login"), ("max_age", "600"), ("prompt", "select_account")] {
        let issued = tokens(&app, &mut browser, "console", &[("login_hint", &sid), extra]).await;
        assert!(claims(&issued["id_token"]).get("auth_time").is_none(), "{extra:?}");
    }
    assert!(app.events("user.signed_in").await.is_empty());
}
