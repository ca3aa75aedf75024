//! Sign-in that a third party initiates (OpenID Connect Core section 4): here the portal is the third party.

use axum::http::StatusCode;
use url::Url;

use super::raw::metadata;
use crate::identity::flow::{
    AMARA, OLIVIA, RITA, answered, authorize_path, claims, hand_off, signed_in, start, tokens,
};
use crate::support::{Browser, ResponseExt, TestApp};

/// Where the hand-off sends the browser.
async fn forwarded(browser: &mut Browser, path: &str) -> Url {
    let page = browser.get(path).await.expect_status(StatusCode::OK);
    let url = page.body().split("content=\"0;url=").nth(1).expect("a forward").split('"').next().expect("its end");
    url.replace("&amp;", "&").parse().expect("a URL")
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn the_application_is_told_issuer_user_and_target_and_brings_the_hint_back() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let url = forwarded(&mut browser, &path).await;
    assert_eq!(url.origin().ascii_serialization(), "https://console.example");
    assert_eq!(url.path(), "/login");
    assert_eq!(parameter(&url, "iss").as_deref(), metadata(&app, "production").await["issuer"].as_str());
    assert_eq!(parameter(&url, "target_link_uri").as_deref(), Some("https://console.example/"));
    let hint = parameter(&url, "login_hint").expect("a hint");
    // The application passes the hint on in a request of its own: no page is needed.
    let answer = tokens(&app, &mut browser, "console", &[("login_hint", &hint), ("prompt", "none")]).await;
    assert_eq!(claims(&answer["id_token"])["sub"], serde_json::json!(app.user_id(AMARA).await));
    // The secret that opened the tab went no further than the provider.
    assert!(!url.as_str().contains("uho_") && !url.as_str().contains("usc_"), "{url}");
}

#[tokio::test]
async fn the_applications_address_keeps_its_own_query() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET initiate_login_url = 'https://console.example/login?via=portal'").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let url = forwarded(&mut browser, &path).await;
    assert_eq!(parameter(&url, "via").as_deref(), Some("portal"));
    assert!(parameter(&url, "iss").is_some() && parameter(&url, "login_hint").is_some());
}

#[tokio::test]
async fn a_hint_from_elsewhere_signs_nobody_in() {
    let app = TestApp::new().await;
    let mut operator = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut operator, AMARA, "northwind", "console").await;
    let hint = hand_off(&mut operator, &path).await.to_string();
    // A link that a stranger made with a hint that it saw: the victim stays who it is, the stranger gets nobody.
    for mut browser in [signed_in(&app, RITA).await, app.browser()] {
        let silent = [("login_hint", hint.as_str()), ("prompt", "none")];
        let answer = browser.get(&authorize_path("console", &silent)).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
        let page = browser.get(&authorize_path("console", &silent[..1])).await;
        assert_eq!(page.status(), StatusCode::FORBIDDEN, "{}", page.body());
    }
}
