//! OpenID Connect RP-Initiated Logout 1.0.

use axum::http::StatusCode;

use super::raw::{hidden_fields, metadata};
use crate::identity::flow::{AMARA, RITA, impersonating, introspect, signed_in, text, tokens};
use crate::support::{Browser, Ledger, ResponseExt, TestApp, encode};

const BYE: (&str, &str) = ("post_logout_redirect_uri", "https://console.example/bye");

async fn logout(browser: &mut Browser, pairs: &[(&str, &str)]) -> axum::http::Response<String> {
    browser.get(&format!("/id/production/logout?{}", encode(pairs))).await
}

#[tokio::test]
async fn signing_out_by_post_does_what_it_does_by_get() {
    let app = TestApp::new().await;
    let endpoint = metadata(&app, "production").await["end_session_endpoint"].clone();
    assert_eq!(endpoint, "http://localhost:3000/id/production/logout");
    for by_post in [false, true] {
        let mut browser = signed_in(&app, AMARA).await;
        let issued = tokens(&app, &mut browser, "console", &[]).await;
        let pairs = [("id_token_hint", text(&issued, "id_token")), BYE, ("state", "a b&c")];
        let left = match by_post {
            true => browser.post("/id/production/logout", &pairs).await,
            false => logout(&mut browser, &pairs).await,
        };
        assert_eq!(left.status(), StatusCode::SEE_OTHER);
        assert_eq!(left.location(), "https://console.example/bye?state=a+b%26c");
        assert_eq!(introspect(&app, text(&issued, "access_token")).await["active"], false);
    }
}

#[tokio::test]
async fn an_id_token_of_a_session_that_this_browser_does_not_hold_is_asked_about_first() {
    let app = TestApp::new().await;
    let mut amara = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut amara, "console", &[]).await;
    let pairs = [("id_token_hint", text(&issued, "id_token")), BYE];
    for mut browser in [app.browser(), signed_in(&app, RITA).await] {
        let before = Ledger::of(&app).await;
        let page = logout(&mut browser, &pairs).await.expect_status(StatusCode::OK);
        assert!(page.body().contains("Sign out Amara Okafor?"), "{}", page.body());
        let posted = browser.post("/id/production/logout", &pairs).await.expect_status(StatusCode::OK);
        assert!(posted.body().contains("Sign out Amara Okafor?"), "{}", posted.body());
        before.expect_unchanged(&Ledger::of(&app).await, "a question");
    }
    // An application that posts from its own site comes without cookies: who says yes is signed out.
    let mut browser = app.browser();
    let page = browser.post("/id/production/logout", &pairs).await;
    let fields = hidden_fields(page.body());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let left = browser.post("/id/production/logout/confirm", &fields).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(left.location(), BYE.1);
    assert_eq!(introspect(&app, text(&issued, "access_token")).await["active"], false);
    // Once it is over there is nothing to ask.
    assert_eq!(logout(&mut app.browser(), &pairs).await.location(), BYE.1);
}

#[tokio::test]
async fn without_a_hint_the_question_names_what_would_end() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let before = Ledger::of(&app).await;
    for pairs in [&[][..], &[("client_id", "console")], &[("logout_hint", AMARA)], &[("ui_locales", "el")]] {
        let page = logout(&mut browser, pairs).await.expect_status(StatusCode::OK);
        assert!(page.body().contains("End the impersonation of Amara Okafor?"), "{}", page.body());
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a question");
}

#[tokio::test]
async fn without_an_address_to_return_to_the_browser_stays() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let hint = ("id_token_hint", text(&issued, "id_token"));
    let page = logout(&mut browser, &[hint, ("state", "x")]).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("You are signed out"), "{}", page.body());
}
