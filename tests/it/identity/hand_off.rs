//! Points of the hand-off: once, in time, for its operator and its client only, and never without an audit row.

use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;

use super::embedded::embedded_code;
use super::flow::{AMARA, OLIVIA, REASON, answered, authorize_path, code, hand_off, introspect, start, tokens};
use crate::support::{ResponseExt, TestApp, break_audit, mend_audit};
use understudy::model::operator::Role;
use understudy::server::db::{application, environment};
use understudy::server::service::caller::Origin;
use understudy::server::service::impersonation::hand_off::{self as service, HandOffRefusal, Presenter};

#[tokio::test]
async fn the_new_tab_goes_to_the_application_as_the_user() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let page = browser.get(&path).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Opening Console as Amara Okafor…"), "{}", page.body());
    let sid = app.events("impersonation.started").await[0].session_id.expect("a session");
    let url = format!(
        "https://console.example/login?iss=http%3A%2F%2Flocalhost%3A3000%2Fid%2Fproduction&amp;login_hint={sid}\
         &amp;target_link_uri=https%3A%2F%2Fconsole.example%2F"
    );
    assert!(page.body().contains(&format!("content=\"0;url={url}\"")), "{}", page.body());
    assert!(
        page.body().contains(&format!("href=\"{url}\"")),
        "no link for browsers that do not go on: {}",
        page.body()
    );
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(page.headers()[header::X_FRAME_OPTIONS], "DENY");
    let cookie = page.headers()[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    assert!(cookie.starts_with("understudy_production=ubr_"), "{cookie}");
    for part in ["Path=/;", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let opened = app.events("impersonation.opened").await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(opened[0].reason.as_deref(), Some(REASON));
    browser.get("/production/users").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_link_works_once_and_its_replay_is_in_the_audit_trail() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    let page = browser.get(&path).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("used already"), "{}", page.body());
    assert!(page.body().contains("start a new session"), "{}", page.body());
    assert!(page.headers().get(header::SET_COOKIE).is_none());
    let refused = app.events("impersonation.hand_off_refused").await;
    assert_eq!(refused.len(), 1);
    assert!(refused[0].description.contains("used already"), "{refused:?}");
    assert_eq!(
        app.count("audit_events WHERE action = 'impersonation.hand_off_refused' AND severity = 'info'").await,
        1
    );
}

#[tokio::test]
async fn a_link_works_for_60_seconds() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    app.advance(TimeDelta::seconds(60) - TimeDelta::microseconds(1));
    hand_off(&mut browser, &path).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    app.advance(TimeDelta::seconds(60));
    let page = browser.get(&path).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("too old"), "{}", page.body());
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 1);
}

#[tokio::test]
async fn of_two_tabs_at_the_same_instant_one_opens() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let (mut first, mut second) = (browser.clone(), browser);
    let (first, second) = tokio::join!(first.get(&path), second.get(&path));
    let mut statuses = [first.status().as_u16(), second.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(app.events("impersonation.opened").await.len(), 1);
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 1);
    assert_eq!(app.count("browser_sessions").await, 1);
}

#[tokio::test]
async fn a_link_in_another_browser_opens_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    for (mut stranger, sentence) in [
        (app.browser(), "not signed in to the portal"),
        (app.operator_browser("adam@understudy.example").await, "not for this browser"),
        // The same operator in another portal session is another browser.
        (app.operator_browser(OLIVIA).await, "not for this browser"),
    ] {
        let page = stranger.get(&path).await.expect_status(StatusCode::FORBIDDEN);
        assert!(page.body().contains(sentence), "{}", page.body());
        assert!(page.headers().get(header::SET_COOKIE).is_none());
    }
    // The two that are signed in were refused for the same reason, which is said once.
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 2);
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn an_application_cannot_redeem_the_code_of_another() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET login_method = 'embedded'").await;
    let code = embedded_code(&app, "console").await;
    let secret = code.as_str();
    let mut conn = app.state.db.read().await.expect("a connection");
    let production = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production").id;
    let dispatch =
        application::by_client_id(&mut conn, production, "dispatch").await.expect("a query").expect("dispatch");
    let console = application::by_client_id(&mut conn, production, "console").await.expect("a query").expect("console");
    drop(conn);
    let origin = Origin::default();
    let outcome = service::redeem(&app.state, production, secret, Presenter::Application(&dispatch), &origin).await;
    assert_eq!(outcome.expect("an answer").map(drop), Err(HandOffRefusal::ForeignApplication));
    let events = app.events("impersonation.hand_off_refused").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_name, "Dispatch");
    let outcome = service::redeem(&app.state, production, secret, Presenter::Application(&console), &origin).await;
    outcome.expect("an answer").expect("its own application may");
}

#[tokio::test]
async fn a_link_of_another_environment_is_unknown() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let elsewhere = path.replace("/id/production/", "/id/staging/");
    browser.get(&elsewhere).await.expect_status(StatusCode::BAD_REQUEST);
    browser.get("/id/nowhere/hand-off?code=x").await.expect_status(StatusCode::NOT_FOUND);
    browser.get("/id/production/hand-off").await.expect_status(StatusCode::BAD_REQUEST);
    browser.get("/id/production/hand-off?code=uho_forged").await.expect_status(StatusCode::BAD_REQUEST);
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn whoever_only_looks_ahead_does_not_use_the_link_up() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let head = Request::builder().method(Method::HEAD).uri(&path).body(axum::body::Body::empty()).expect("a request");
    browser.send(head).await.expect_status(StatusCode::METHOD_NOT_ALLOWED);
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn an_operator_who_lost_the_right_in_between_opens_nothing() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    app.set_roles(OLIVIA, &[Role::BackofficeViewer]).await;
    let page = browser.get(&path).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("Ended because the support staff may no longer act"), "{}", page.body());
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.ends_with("may not do that any more"), "{ended:?}");
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 1);
}

#[tokio::test]
async fn without_an_audit_row_nothing_opens_and_the_link_still_works_afterwards() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    break_audit(&app.state.db).await;
    let page = browser.get(&path).await.expect_status(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(app.count("browser_sessions").await, 0);
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NOT NULL").await, 0);
    mend_audit(&app.state.db).await;
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn an_ended_session_cannot_be_refreshed_while_its_end_cannot_be_written() {
    let app = TestApp::new().await;
    let (mut browser, _) = super::flow::impersonating(&app, AMARA, "northwind", "console").await;
    let tokens = tokens(&app, &mut browser, "console", &[]).await;
    app.set_roles(OLIVIA, &[Role::BackofficeViewer]).await;
    break_audit(&app.state.db).await;
    let refresh_token = tokens["refresh_token"].as_str().expect("a refresh token");
    let answer = super::flow::refresh(&app, "console", refresh_token, &[]).await;
    super::flow::refused(answer, StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    mend_audit(&app.state.db).await;
    assert_eq!(introspect(&app, tokens["access_token"].as_str().expect("a token")).await["active"], false);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn another_application_does_not_get_the_impersonated_user() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let sid = hand_off(&mut browser, &path).await.to_string();
    let answer = browser.get(&authorize_path("dispatch", &[("prompt", "none")])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    let answer = browser.get(&authorize_path("dispatch", &[("prompt", "none"), ("login_hint", &sid)])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    let page = browser.get(&authorize_path("dispatch", &[("login_hint", &sid)])).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    assert!(page.body().contains("This impersonation has ended"), "{}", page.body());
    code(&mut browser, "console", &[("login_hint", &sid)]).await;
}

#[tokio::test]
async fn no_application_address_can_run_script_here() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET initiate_login_url = NULL, app_url = 'javascript:alert(1)'").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let page = browser.get(&path).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(!page.body().contains("javascript:"), "{}", page.body());
}

#[tokio::test]
async fn an_application_without_an_initiate_login_address_is_opened_at_its_own() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET initiate_login_url = NULL").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let page = browser.get(&path).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("content=\"0;url=https://console.example/\""), "{}", page.body());
    code(&mut browser, "console", &[("prompt", "none")]).await;
}

#[tokio::test]
async fn sign_in_that_the_provider_initiates_keeps_the_query_of_the_address_and_leads_to_a_code() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET initiate_login_url = 'https://console.example/login?via=support'").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let page = browser.get(&path).await.expect_status(StatusCode::OK);
    let url = page.body().split("content=\"0;url=").nth(1).and_then(|rest| rest.split('"').next()).expect("an address");
    let url: url::Url = url.replace("&amp;", "&").parse().expect("a URL");
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["via", "iss", "login_hint", "target_link_uri"]);
    assert_eq!(pairs[1].1, "http://localhost:3000/id/production");
    assert_eq!(pairs[3].1, "https://console.example/");
    // The application passes the hint on, and nothing is asked.
    let answer = browser.get(&authorize_path("console", &[("login_hint", &pairs[2].1), ("prompt", "none")])).await;
    assert!(answered(&answer, "code").is_some(), "{}", answer.location());
}
