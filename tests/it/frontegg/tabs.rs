//! Several tabs of one application share a cookie: none becomes another, and none ends another's session.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use chrono::TimeDelta;
use serde_json::json;

use super::impersonation::{started, trade};
use super::sdk::{AUTH, BASE, Call, REFRESH, SILENT, embedded, kept_alive, refused, sign_in, tokens};
use crate::identity::flow::{AMARA, OLIVIA, RITA, claims, hand_off, start, text};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD, encode};

const LOGOUT: &str = "/identity/resources/auth/v1/logout";

async fn leave(browser: &mut Browser, pairs: &[(&str, &str)]) -> Response<String> {
    let request = Request::get(format!("{BASE}/oauth/logout?{}", encode(pairs)))
        .header("referer", "https://dispatch.example/home")
        .header("accept", "text/html")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-site", "cross-site");
    browser.send(request.body(Body::empty()).expect("a request")).await
}

/// Two tabs of a hosted application: Amara's, then Rita's, both impersonated, and their tokens.
async fn two_tabs(app: &TestApp) -> (Browser, [serde_json::Value; 2]) {
    kept_alive(app).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let mut given = Vec::new();
    for user in [AMARA, RITA] {
        let path = start(app, &mut browser, user, "northwind", "dispatch").await;
        hand_off(&mut browser, &path).await;
        let call = Call::post("dispatch", SILENT, json!({}));
        given.push(call.send(&mut browser).await.expect_status(StatusCode::OK).json());
    }
    assert_eq!(claims(&given[1]["id_token"])["email"], RITA);
    let rita = given.pop().expect("tokens");
    (browser, [given.pop().expect("tokens"), rita])
}

#[tokio::test]
async fn where_two_could_sign_out_neither_is_ended_unasked() {
    let app = TestApp::new().await;
    let (mut browser, [amara, rita]) = two_tabs(&app).await;
    app.advance(TimeDelta::minutes(2));
    let bye = ("post_logout_redirect_uri", "https://dispatch.example/bye");
    let asked = leave(&mut browser, &[bye]).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(asked.starts_with("/id/production/logout?client_id=dispatch&"), "{asked}");
    let page = browser.get(&asked).await.expect_status(StatusCode::OK);
    for part in ["Which session do you want to end?", "Amara Okafor", "Rita Reader"] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    for path in ["/oauth/logout", LOGOUT] {
        refused(&Call::post("dispatch", path, json!({})).send(&mut browser).await, StatusCode::CONFLICT);
        let unreadable = Call::post("dispatch", path, json!({})).bearer("e30.e30.x");
        refused(&unreadable.send(&mut browser).await, StatusCode::CONFLICT);
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
    // By their tokens each signs out of its own.
    let call = Call::post("dispatch", LOGOUT, json!({})).bearer(text(&amara, "id_token"));
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert!(app.user_sessions(AMARA).await[0].ended_at.is_some());
    assert!(app.user_sessions(RITA).await[0].ended_at.is_none());
    // A tab of hers that is loaded anew says nothing of itself, and is not told to be signed out by Rita's end.
    let asked = leave(&mut browser, &[bye]).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(asked.starts_with("/id/production/logout?"), "{asked}");
    assert!(app.user_sessions(RITA).await[0].ended_at.is_none());
    let call = Call::post("dispatch", LOGOUT, json!({})).bearer(text(&rita, "id_token"));
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
    let done = leave(&mut browser, &[bye]).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(done.location(), "https://dispatch.example/bye");
}

#[tokio::test]
async fn an_unreadable_token_signs_nobody_out_though_one_session_runs() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    sign_in(&mut browser, AMARA).await.expect_status(StatusCode::OK);
    let unreadable = Call::post("dispatch", LOGOUT, json!({})).bearer("nonsense");
    refused(&unreadable.send(&mut browser).await, StatusCode::CONFLICT);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_tab_that_is_loaded_anew_does_not_become_who_came_last() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    let own = sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK).json();
    let reload = |path: &'static str| Call::post("dispatch", path, json!({ "tenantId": null }));
    for path in [REFRESH, SILENT] {
        reload(path).send(&mut browser).await.expect_status(StatusCode::OK);
    }
    let amara = trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK).json();
    for path in [REFRESH, SILENT] {
        refused(&reload(path).send(&mut browser).await, StatusCode::UNAUTHORIZED);
        refused(&reload(path).bearer(text(&own, "accessToken")).send(&mut browser).await, StatusCode::UNAUTHORIZED);
        let again = reload(path).bearer(text(&amara, "accessToken")).send(&mut browser).await;
        again.expect_status(StatusCode::OK);
    }
    assert!(browser.cookie("fe_refresh_dispatch").is_some(), "the cookie was taken back");
    // Nor is it signed out: whose tab it is cannot be said.
    refused(&Call::post("dispatch", LOGOUT, json!({})).send(&mut browser).await, StatusCode::CONFLICT);
    let page = leave(&mut browser, &[("client_id", "dispatch")]).await.expect_status(StatusCode::CONFLICT);
    assert!(page.body().contains("Nothing was ended"), "{}", page.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
    // Once one is over, its tab is nobody else either; whoever signs in afterwards is alone.
    Call::post("dispatch", LOGOUT, json!({})).bearer(text(&own, "accessToken")).send(&mut browser).await;
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    refused(&reload(REFRESH).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    Call::post("dispatch", LOGOUT, json!({})).bearer(text(&amara, "accessToken")).send(&mut browser).await;
    sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK);
    reload(REFRESH).send(&mut browser).await.expect_status(StatusCode::OK);
}

/// A limit: the new tab of an embedded application is loaded anew once it has its cookie, and has nothing else to show.
#[tokio::test]
async fn an_embedded_tab_that_is_loaded_anew_after_its_end_is_whoever_the_cookie_names() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    let amara = trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK).json();
    let ended = text(&amara, "accessToken");
    let call = Call::post("dispatch", LOGOUT, json!({})).bearer(ended);
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK);
    let renew = || Call::post("dispatch", REFRESH, json!({}));
    let renewed = renew().send(&mut browser).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&renewed["accessToken"])["email"], RITA);
    // A tab that was not loaded anew shows whose it was.
    refused(&renew().bearer(ended).send(&mut browser).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn of_three_in_a_row_none_is_forgotten() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK);
    trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK);
    let last = sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK).json();
    assert_eq!(app.count("replaced_sessions").await, 3, "the second replaced one, the third both");
    refused(&Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    // Who signs in again is the same person.
    let again = sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK).json();
    refused(&Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    for token in [&last, &again] {
        let call = Call::post("dispatch", REFRESH, json!({})).bearer(text(token, "accessToken"));
        let renewed = call.send(&mut browser).await.expect_status(StatusCode::OK).json();
        assert_eq!(claims(&renewed["accessToken"])["email"], RITA);
    }
}

#[tokio::test]
async fn by_https_each_environment_has_cookies_of_its_own() {
    let app = TestApp::at("https://understudy.example.com").await;
    embedded(&app).await;
    let body = json!({ "email": AMARA, "password": USER_PASSWORD });
    let call = || Call::post("dispatch", AUTH, body.clone()).header("host", "understudy.example.com");
    let mut browser = app.browser();
    let given = call().send(&mut browser).await.expect_status(StatusCode::OK);
    let set = given.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let set: Vec<&str> = set.filter(|cookie| cookie.contains("fe_refresh")).collect();
    assert!(set.len() == 1 && set[0].starts_with("__Host-fe_refresh_production_dispatch=usc_"), "{set:?}");
    let cookie = set[0].split(';').next().expect("a pair").to_owned();
    let renew = |path: &str| {
        let call = Call::post("dispatch", REFRESH, json!({})).header("sec-fetch-site", "same-site");
        let call = call.header("host", "understudy.example.com").header("cookie", &cookie);
        Call { path: path.to_owned() + REFRESH, ..call }
    };
    renew(BASE).send(&mut app.browser()).await.expect_status(StatusCode::OK);
    // The same client id in another environment: it is nobody there, and nothing is taken back.
    let staging = renew("/id/staging/frontegg").send(&mut app.browser()).await;
    refused(&staging, StatusCode::UNAUTHORIZED);
    assert!(!staging.headers().contains_key(header::SET_COOKIE), "{:?}", staging.headers());
}

#[tokio::test]
async fn cookies_of_others_crowd_the_applications_own_out_of_nothing() {
    let app = TestApp::new().await;
    let mut browser = crate::identity::flow::signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    let own = browser.cookie("fe_refresh_dispatch").expect("a cookie");
    // Well-formed, and nobody's.
    let random = understudy::server::platform::random::SystemRandom;
    let kind = understudy::server::crypto::secret::SecretKind::SessionCookie;
    let mut pairs: Vec<String> =
        (0..150).map(|number| format!("fe_refresh_x{number}={}", kind.generate(&random).0)).collect();
    pairs.push(format!("fe_refresh_dispatch={own}"));
    let call = Call::post("dispatch", SILENT, json!({})).header("cookie", &pairs.join("; "));
    let answer = call.send(&mut app.browser()).await.expect_status(StatusCode::OK);
    assert_eq!(claims(&answer.json()["id_token"])["email"], AMARA);
}
