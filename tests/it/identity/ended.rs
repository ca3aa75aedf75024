//! What an application that names nobody gets after an end and while a tab opens: the limits of the promise that no tab becomes
//! somebody else, which a hint has not.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::answers::end;
use super::flow::{AMARA, OLIVIA, RITA, authorize_path, claims, hand_off, impersonating, start, tokens};
use super::whom::error;
use crate::support::{Browser, ResponseExt, TestApp};

const NONE: (&str, &str) = ("prompt", "none");

/// Opens an impersonation in a new tab, which gets its tokens by its own first request.
async fn opened(app: &TestApp, browser: &mut Browser, user: &str) -> String {
    let path = start(app, browser, user, "northwind", "console").await;
    let sid = hand_off(browser, &path).await.to_string();
    let issued = tokens(app, browser, "console", &[]).await;
    assert_eq!(claims(&issued["id_token"])["sid"], sid.as_str());
    sid
}

#[tokio::test]
async fn one_customer_after_the_other_is_renewed_as_the_one_who_was_opened_last() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    end(&mut browser, &sid.to_string()).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    // The old tab asks before the new one does.
    assert_eq!(error(&mut browser, &[NONE]).await.as_deref(), Some("login_required"));
    for extra in [&[][..], &[NONE], &[]] {
        let issued = tokens(&app, &mut browser, "console", extra).await;
        assert_eq!(claims(&issued["id_token"])["email"], RITA);
    }
}

#[tokio::test]
async fn a_silent_request_while_a_new_tab_opens_is_not_taken_for_the_new_tabs() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    assert_eq!(error(&mut browser, &[NONE]).await.as_deref(), Some("account_selection_required"));
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(claims(&issued["id_token"])["email"], RITA);
}

#[tokio::test]
async fn a_tab_that_names_nobody_is_whoever_was_opened_after_its_end() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let amara = opened(&app, &mut browser, AMARA).await;
    end(&mut browser, &amara).await;
    app.advance(TimeDelta::minutes(5));
    let rita = opened(&app, &mut browser, RITA).await;
    // It may as well be Rita's, which is to be renewed.
    let issued = tokens(&app, &mut browser, "console", &[NONE]).await;
    assert_eq!(claims(&issued["id_token"])["sid"], rita.as_str());
    // Who says whose it was is never anybody else.
    for hint in [amara.as_str(), AMARA] {
        let named = [NONE, ("login_hint", hint)];
        assert_eq!(error(&mut browser, &named).await.as_deref(), Some("login_required"), "{hint}");
    }
}

#[tokio::test]
async fn a_page_that_names_nobody_and_loads_in_the_minute_of_a_hand_off_is_taken_for_the_new_tab() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let amara = opened(&app, &mut browser, AMARA).await;
    end(&mut browser, &amara).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    // Unseen it is not, and where it says whose it was it is not either.
    for extra in [&[NONE][..], &[NONE, ("login_hint", amara.as_str())]] {
        assert_eq!(error(&mut browser, extra).await.as_deref(), Some("login_required"), "{extra:?}");
    }
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(claims(&issued["id_token"])["email"], RITA);
}

#[tokio::test]
async fn where_nobody_is_left_to_choose_from_the_sign_in_page_says_what_ended() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    end(&mut browser, &sid.to_string()).await;
    let login = browser.get(&authorize_path("console", &[])).await.location();
    let page = browser.get(&login).await.expect_status(StatusCode::OK);
    for part in ["You acted as Amara Okafor in Console", "Ended by the support staff", "type=\"password\""] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    // Another browser is told nothing of it.
    let page = app.browser().get(&login).await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("Amara"), "{}", page.body());
}
