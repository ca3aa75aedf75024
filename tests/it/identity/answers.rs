//! What a person answers to a page is for the request that led to it, and lists that are long lose nobody.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;

use super::flow::{
    AMARA, OLIVIA, RITA, answered, authorize_path, claims, hand_off, impersonating, redeem, sign_in, signed_in, start,
    text, tokens,
};
use super::whom::{choose, error, press};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD, encode};

const SESSIONS: &str = "/id/production/account/sessions";

/// A browser in which each of these is impersonated in the console and got tokens.
async fn tabs(app: &TestApp, users: &[&str]) -> (Browser, Vec<String>) {
    let mut browser = app.operator_browser(OLIVIA).await;
    let mut sids = Vec::new();
    for user in users {
        let path = start(app, &mut browser, user, "northwind", "console").await;
        sids.push(hand_off(&mut browser, &path).await.to_string());
        tokens(app, &mut browser, "console", &[]).await;
    }
    (browser, sids)
}

pub async fn end(browser: &mut Browser, sid: &str) {
    let form = [("environment", "production"), ("session_id", sid)];
    browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn what_is_chosen_in_one_tab_is_no_answer_to_another() {
    for (extra, amara_ends) in
        [(&[][..], true), (&[("login_hint", AMARA)][..], true), (&[][..], false), (&[("prompt", "consent")][..], true)]
    {
        let app = TestApp::new().await;
        let (mut browser, sids) = tabs(&app, &[AMARA, AMARA, RITA]).await;
        let (app, sids) = (&app, &sids);
        let first = browser.get(&authorize_path("console", extra)).await.expect_status(StatusCode::OK);
        let second = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
        app.advance(TimeDelta::seconds(1));
        let answer = choose(&mut browser, second.body(), "Go on as Rita Reader").await;
        assert!(answered(&answer, "code").is_some());
        // The newest is named first.
        let mut offered = first.body().split("name=\"session\" value=\"").skip(1).map(|rest| rest[..36].to_owned());
        let chosen = offered.find(|sid| *sid == sids[0] || *sid == sids[1]).expect("Amara's session");
        if amara_ends {
            end(&mut browser, &chosen).await;
        }
        let answer = choose(&mut browser, first.body(), "Go on as Amara Okafor").await;
        if amara_ends {
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{extra:?}: {}", answer.location());
            assert!(answer.body().contains("You acted as Amara Okafor"), "{}", answer.body());
        } else {
            let code = answered(&answer, "code").expect("a code");
            let issued: Value = redeem(app, "console", &code).await.expect_status(StatusCode::OK).json();
            assert_eq!(text(&claims(&issued["id_token"]), "sid"), chosen);
        }
    }
}

#[tokio::test]
async fn who_signs_in_for_one_request_is_no_answer_to_another() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(1));
    let login = browser.get(&authorize_path("console", &[("prompt", "login")])).await.location();
    let query = login.split_once('?').expect("a query").1;
    let waiting = url::form_urlencoded::parse(query.as_bytes()).next().expect("continue").1.into_owned();
    app.advance(TimeDelta::seconds(1));
    // In another tab, for the list of sessions.
    sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let asked = browser.get(&waiting).await;
    assert!(asked.status() == StatusCode::FORBIDDEN, "{} {}", asked.status(), asked.location());
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", waiting.as_str())];
    let on = browser.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER).location();
    let code = answered(&browser.get(&on).await, "code").expect("a code");
    let issued: Value = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&issued["id_token"])["email"], AMARA);
    // Nor does the answer of one browser count in another.
    let mut other = signed_in(&app, RITA).await;
    assert_eq!(answered_by(&mut other, &on).await, None);
}

async fn answered_by(browser: &mut Browser, path: &str) -> Option<String> {
    let answer = browser.get(path).await;
    (answer.status() == StatusCode::SEE_OTHER).then(|| answered(&answer, "code")).flatten()
}

#[tokio::test]
async fn an_impersonation_first_used_late_is_asked_about_beside_who_the_application_was() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    app.advance(TimeDelta::seconds(61));
    assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
    let page = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
    let answer = choose(&mut browser, page.body(), "Go on as Amara Okafor").await;
    let code = answered(&answer, "code").expect("a code");
    let issued: Value = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&issued["id_token"])["email"], AMARA);
}

#[tokio::test]
async fn an_impersonation_that_ended_before_somebody_signed_in_does_not_stand_in_the_way_of_their_page() {
    let app = TestApp::new().await;
    let (mut browser, sids) = tabs(&app, &[AMARA]).await;
    end(&mut browser, &sids[0]).await;
    app.advance(TimeDelta::minutes(5));
    let login = browser.get(SESSIONS).await.location();
    assert!(login.starts_with("/id/production/login"), "{login}");
    let form = [("email", OLIVIA), ("password", USER_PASSWORD), ("continue", SESSIONS)];
    let on = browser.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER).location();
    let page = browser.get(&on).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("My sessions"), "{}", page.body());
    // One that ends while the session runs has a tab that would ask for the same page.
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let sid = hand_off(&mut browser, &path).await.to_string();
    end(&mut browser, &sid).await;
    browser.get(SESSIONS).await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_id_token_of_a_former_sign_in_signs_its_user_out_all_the_same() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let former = tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::seconds(1));
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let bye = |token: &str| format!("/id/production/logout?{}", encode(&[("id_token_hint", token)]));
    // Elsewhere it says nothing of who is signed in there, who is asked first.
    let mut other = signed_in(&app, AMARA).await;
    let asked = other.get(&bye(text(&former, "id_token"))).await.expect_status(StatusCode::OK);
    assert!(asked.body().contains("Sign out Amara Okafor?"), "{}", asked.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
    let done = press(&mut other, asked.body(), ">Sign out<").await.expect_status(StatusCode::OK);
    assert!(done.body().contains("You are signed out"), "{}", done.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    let done = browser.get(&bye(text(&former, "id_token"))).await.expect_status(StatusCode::OK);
    assert!(done.body().contains("You are signed out"), "{}", done.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0, "still signed in");
    // Somebody else is not signed out by it.
    sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    browser.get(&bye(text(&former, "id_token"))).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn of_more_sessions_than_a_page_lists_each_can_be_named_and_none_is_said_to_be_over() {
    let app = TestApp::new().await;
    let (mut browser, sids) = tabs(&app, &[AMARA]).await;
    for _ in 0..101 {
        app.advance(TimeDelta::seconds(1));
        let path = start(&app, &mut browser, RITA, "northwind", "console").await;
        hand_off(&mut browser, &path).await;
    }
    let oldest = sids[0].as_str();
    let page = browser.get(&format!("{SESSIONS}?session={oldest}")).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("is impersonating <bdi>Amara Okafor</bdi>"), "{}", page.body());
    let page = browser.get(SESSIONS).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Who are you?") && page.body().contains("The newest 100 of 102 sessions are shown"));
    let named = tokens(&app, &mut browser, "console", &[("login_hint", oldest), ("prompt", "none")]).await;
    assert_eq!(claims(&named["id_token"])["email"], AMARA);
    // It counts as a choice, though the page had no room for its button.
    let page = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
    let button = page.body().split("name=\"session\" value=\"").nth(1).expect("a button")[..36].to_owned();
    let page = page.body().replacen(&button, oldest, 1);
    let answer = choose(&mut browser, &page, "Go on as").await;
    let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
    let issued: Value = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&issued["id_token"])["email"], AMARA);
}

#[tokio::test]
async fn only_a_get_for_somebody_to_see_uses_the_code_of_a_hand_off_up() {
    use axum::body::Body;
    use axum::http::Request;
    let app = TestApp::new().await;
    crate::frontegg::sdk::embedded(&app).await;
    let mut portal = app.operator_browser(OLIVIA).await;
    let code = crate::frontegg::impersonation::carried(&app, &mut portal).await;
    let path = crate::frontegg::impersonation::claim_path(&code);
    let head = Request::head(&path).body(Body::empty()).expect("a request");
    portal.send(head).await.expect_status(StatusCode::METHOD_NOT_ALLOWED);
    portal.get(&path).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_may_be_sent_more_than_once_is_and_a_number_beyond_counting_is_no_limit() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let twice = "resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example&audience=a&audience=b";
    let path = format!("{}&{twice}", authorize_path("console", &[]));
    let code = answered(&browser.get(&path).await, "code").expect("a code");
    redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::days(1));
    let issued = tokens(&app, &mut browser, "console", &[("max_age", "99999999999999999999999")]).await;
    assert!(claims(&issued["id_token"])["auth_time"].is_i64());
    // A parameter of the application's own that is called as one of ours.
    for own in ["mine", "upr_", ""] {
        let path = format!("{}&parked={own}", authorize_path("console", &[]));
        assert!(answered(&browser.get(&path).await, "code").is_some(), "{own:?}");
    }
}

#[tokio::test]
async fn every_prompt_that_the_document_lists_works() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let document = browser.get("/id/production/.well-known/openid-configuration").await.json();
    assert_eq!(document["prompt_values_supported"], serde_json::json!(["none", "login", "consent", "select_account"]));
    app.advance(TimeDelta::seconds(1));
    for (prompt, asks) in [("none", false), ("login", true), ("consent", false), ("select_account", true)] {
        let answer = browser.get(&authorize_path("console", &[("prompt", prompt)])).await;
        let gives = answer.status() == StatusCode::SEE_OTHER && answer.location().contains("code=");
        assert_eq!(gives, !asks, "{prompt}: {}", answer.status());
    }
}

#[tokio::test]
async fn the_account_page_of_a_named_session_says_so_where_it_has_ended() {
    let app = TestApp::new().await;
    let (mut browser, first) = impersonating(&app, AMARA, "northwind", "console").await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    let first = first.to_string();
    end(&mut browser, &first).await;
    let page = browser.get(&format!("{SESSIONS}?session={first}")).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("You acted as Amara Okafor"), "{}", page.body());
}
