//! Sign-out that an application asks for.

use axum::http::StatusCode;

use super::flow::{AMARA, RITA, hand_off, impersonating, introspect, signed_in, start, text, tokens};
use crate::support::{ResponseExt, TestApp, encode};

fn logout(pairs: &[(&str, &str)]) -> String {
    format!("/id/production/logout?{}", encode(pairs))
}

const BYE: (&str, &str) = ("post_logout_redirect_uri", "https://console.example/bye");

#[tokio::test]
async fn with_an_id_token_the_user_is_signed_out_at_once_and_goes_back() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    app.advance(chrono::TimeDelta::minutes(30));
    let hint = ("id_token_hint", text(&answer, "id_token"));
    let left = browser.get(&logout(&[hint, BYE, ("state", "s&t")])).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(left.location(), "https://console.example/bye?state=s%26t");
    let page = browser.get("/id/production/account/sessions").await;
    assert!(page.location().starts_with("/id/production/login"), "{}", page.location());
    assert_eq!(app.events("user.signed_out").await.len(), 1);
    let again = browser.get(&logout(&[hint, BYE])).await;
    assert_eq!(again.location(), "https://console.example/bye");
    assert_eq!(app.events("user.signed_out").await.len(), 1);
}

#[tokio::test]
async fn signing_out_of_an_impersonation_ends_only_that_and_names_its_operator() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    let second = tokens(&app, &mut browser, "console", &[]).await;
    let left = browser.get(&logout(&[("id_token_hint", text(&first, "id_token")), BYE])).await;
    assert_eq!(left.location(), "https://console.example/bye");
    assert_eq!(introspect(&app, text(&first, "access_token")).await["active"], false);
    assert_eq!(introspect(&app, text(&second, "access_token")).await["active"], true);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].actor_name, "Olivia Owner");
    assert!(ended[0].description.ends_with("signed out"), "{ended:?}");
    browser.get("/production/users").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn without_an_id_token_the_browser_is_asked_first() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let page = browser.get(&logout(&[("client_id", "console"), BYE])).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign out Amara Okafor?"), "{}", page.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    let session = page.body().split("name=\"session\" value=\"").nth(1).expect("a field")[..36].to_owned();
    let form = [("session", session.as_str()), ("client_id", "console"), BYE];
    let left = browser.post("/id/production/logout/confirm", &form).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(left.location(), "https://console.example/bye");
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
    let page = browser.get(&logout(&[])).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("You are signed out"), "{}", page.body());
}

#[tokio::test]
async fn a_foreign_session_is_not_signed_out_by_its_id() {
    let app = TestApp::new().await;
    signed_in(&app, AMARA).await;
    let victim = app.user_sessions(AMARA).await[0].id.to_string();
    let mut browser = signed_in(&app, RITA).await;
    browser.post("/id/production/logout/confirm", &[("session", &victim)]).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered_for_signing_out() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let hint = ("id_token_hint", text(&answer, "id_token"));
    for pairs in [
        vec![hint, ("post_logout_redirect_uri", "https://evil.example/")],
        vec![hint, ("post_logout_redirect_uri", "https://console.example/callback")],
        vec![hint, ("client_id", "dispatch")],
        vec![("client_id", "dispatch"), BYE],
        vec![hint, BYE, BYE],
    ] {
        let page = browser.get(&logout(&pairs)).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{pairs:?}");
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    // An access token is no id token: without a hint the browser is asked.
    let page = browser.get(&logout(&[("id_token_hint", text(&answer, "access_token"))])).await;
    assert!(page.body().contains("Sign out Amara Okafor?"), "{}", page.body());
}
