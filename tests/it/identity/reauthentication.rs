//! Applications that insist on a sign-in of now: it happens, and nothing but a sign-in gets past it.

use axum::http::{Response, StatusCode};
use chrono::TimeDelta;

use super::flow::{AMARA, BEN, RITA, answered, authorize_path, claims, impersonating, redeem, signed_in, tokens};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD};

/// The address to which a sign-in page comes back.
fn continued(login: &str) -> String {
    let query = login.split_once('?').unwrap_or_else(|| panic!("no sign-in page: {login}")).1;
    url::form_urlencoded::parse(query.as_bytes()).into_owned().find(|(name, _)| name == "continue").expect("continue").1
}

/// Signs in at the page to which the browser was sent; gives the address after that.
async fn sign_in_there(browser: &mut Browser, login: &str, email: &str) -> String {
    let again = continued(login);
    let form = [("email", email), ("password", USER_PASSWORD), ("continue", again.as_str())];
    browser.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER).location()
}

#[track_caller]
fn asks(answer: &Response<String>) -> String {
    let location = answer.location();
    assert!(location.starts_with("/id/production/login?continue="), "not asked: {location}");
    location
}

const INSISTING: [&[(&str, &str)]; 3] =
    [&[("prompt", "login")], &[("max_age", "0")], &[("max_age", "60"), ("prompt", "login")]];

#[tokio::test]
async fn whoever_skips_the_sign_in_page_is_asked_again() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    app.advance(TimeDelta::minutes(2));
    for extra in INSISTING {
        let login = asks(&browser.get(&authorize_path("console", extra)).await);
        let again = continued(&login);
        // Straight on, and on with the mark of time changed, taken away or moved into the past.
        asks(&browser.get(&again).await);
        let mark = again.split("asked_at=").nth(1).expect("a mark").to_owned();
        let (micros, tag) = mark.split_once('.').expect("two parts");
        let somebody = app.user_sessions(AMARA).await[0].id;
        for forged in [
            format!("0.{tag}"),
            format!("{micros}."),
            micros.to_owned(),
            String::new(),
            format!("{micros}.AAAA"),
            format!("{micros}.{somebody}.{tag}"),
        ] {
            asks(&browser.get(&again.replace(&mark, &forged)).await);
        }
        let path = sign_in_there(&mut browser, &login, AMARA).await;
        assert!(path.starts_with(&again[..again.len() - mark.len()]) && path != again, "{path}");
        let answer = browser.get(&path).await;
        assert!(answered(&answer, "code").is_some(), "{extra:?}: {}", answer.location());
        app.advance(TimeDelta::minutes(2));
    }
}

#[tokio::test]
async fn the_mark_of_one_request_is_none_for_another() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let login = asks(&browser.get(&authorize_path("console", &[("prompt", "login")])).await);
    let path = sign_in_there(&mut browser, &login, AMARA).await;
    let mark = path.split("&asked_at=").nth(1).expect("a mark");
    for extra in [("state", "another state"), ("nonce", "another nonce")] {
        let other = format!("{}&asked_at={mark}", authorize_path("console", &[("prompt", "login"), extra]));
        asks(&browser.get(&other).await);
    }
    assert!(answered(&browser.get(&path).await, "code").is_some());
    let staging = browser.get(&path.replace("/id/production/", "/id/staging/")).await;
    assert!(staging.location().starts_with("/id/staging/login"), "{}", staging.location());
}

#[tokio::test]
async fn going_back_later_is_no_sign_in() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let login = asks(&browser.get(&authorize_path("console", &[("prompt", "login")])).await);
    let path = sign_in_there(&mut browser, &login, AMARA).await;
    assert!(answered(&browser.get(&path).await, "code").is_some());
    app.advance(TimeDelta::hours(1) + TimeDelta::seconds(1));
    asks(&browser.get(&path).await);
    // The application asks anew: then the page of before is worth nothing, also in another tab of the same browser.
    let login = asks(&browser.get(&authorize_path("console", &[("prompt", "login")])).await);
    asks(&browser.get(&continued(&login)).await);
}

#[tokio::test]
async fn a_sign_in_that_is_young_enough_is_not_repeated_and_says_when_it_was() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let since = app.now().timestamp();
    app.advance(TimeDelta::seconds(60));
    let answer = tokens(&app, &mut browser, "console", &[("max_age", "60")]).await;
    assert_eq!(claims(&answer["id_token"])["auth_time"], since);
    app.advance(TimeDelta::seconds(1));
    let login = asks(&browser.get(&authorize_path("console", &[("max_age", "60")])).await);
    let path = sign_in_there(&mut browser, &login, AMARA).await;
    let signed_in_at = app.now().timestamp();
    // However long the way back takes, it was the sign-in that was asked for.
    app.advance(TimeDelta::seconds(90));
    let code = answered(&browser.get(&path).await, "code").expect("a code");
    let answer = redeem(&app, "console", &code).await.json();
    assert_eq!(claims(&answer["id_token"])["auth_time"], signed_in_at);
}

#[tokio::test]
async fn nothing_is_shown_where_nothing_may_be() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    app.advance(TimeDelta::seconds(1));
    let answer = browser.get(&authorize_path("console", &[("prompt", "none"), ("max_age", "0")])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    assert!(answered(&answer, "iss").is_some());
}

#[tokio::test]
async fn an_impersonation_cannot_sign_the_user_in_again_and_goes_on_without_claiming_it() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let sid = sid.to_string();
    app.advance(TimeDelta::minutes(2));
    for extra in INSISTING {
        let mut extra = extra.to_vec();
        extra.push(("login_hint", sid.as_str()));
        let issued = tokens(&app, &mut browser, "console", &extra).await;
        let said = claims(&issued["id_token"]);
        assert!(said.get("auth_time").is_none() && said.get("amr").is_none(), "{extra:?}: {said}");
    }
    assert!(app.events("user.signed_in").await.is_empty());
}

#[tokio::test]
async fn a_session_that_was_named_may_be_replaced_by_the_sign_in_that_was_asked_for() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let sid = app.user_sessions(AMARA).await[0].id.to_string();
    app.advance(TimeDelta::seconds(1));
    let extra = [("prompt", "login"), ("login_hint", sid.as_str())];
    let login = asks(&browser.get(&authorize_path("console", &extra)).await);
    let path = sign_in_there(&mut browser, &login, AMARA).await;
    assert!(answered(&browser.get(&path).await, "code").is_some());
}

#[tokio::test]
async fn somebody_else_than_the_id_token_names_is_asked_for_once_and_then_refused() {
    let app = TestApp::new().await;
    let mut amara = signed_in(&app, AMARA).await;
    let hint = tokens(&app, &mut amara, "console", &[]).await;
    let hint = hint["id_token"].as_str().expect("an id token").to_owned();
    let mut browser = signed_in(&app, RITA).await;
    app.advance(TimeDelta::seconds(1));
    let extra = [("id_token_hint", hint.as_str())];
    let silent = [("id_token_hint", hint.as_str()), ("prompt", "none")];
    let answer = browser.get(&authorize_path("console", &silent)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    let login = asks(&browser.get(&authorize_path("console", &extra)).await);
    let path = sign_in_there(&mut browser, &login, BEN).await;
    let answer = browser.get(&path).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    app.advance(TimeDelta::seconds(1));
    let login = asks(&browser.get(&authorize_path("console", &extra)).await);
    let path = sign_in_there(&mut browser, &login, AMARA).await;
    assert!(answered(&browser.get(&path).await, "code").is_some());
    let answer = browser.get(&authorize_path("console", &[("id_token_hint", "nonsense")])).await;
    assert!(answered(&answer, "code").is_some(), "it names nobody: {}", answer.location());
}
