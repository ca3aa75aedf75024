//! The provider's one cookie: however many sessions begin and end, the browser keeps one name.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;

use super::flow::{AMARA, OLIVIA, RITA, answered, authorize_path, claims, hand_off, sign_in, signed_in, start, tokens};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD};
use understudy::model::mode::Mode;
use understudy::model::session::SessionKind;
use understudy::server::crypto::secret;
use understudy::server::db::browser as table;
use understudy::server::db::session::{self, NewSession};
use understudy::server::service::session::browser::RUNNING;
use understudy::server::service::upkeep;

const NAME: &str = "understudy_production";

async fn with_cookies(app: &TestApp, cookies: &str, path: &str) -> axum::http::Response<String> {
    let request = Request::get(path).header(header::COOKIE, cookies).body(Body::empty()).expect("a request");
    app.browser().send(request).await
}

async fn open(app: &TestApp, browser: &mut Browser, user: &str) -> String {
    let path = start(app, browser, user, "northwind", "console").await;
    hand_off(browser, &path).await.to_string()
}

#[tokio::test]
async fn the_two_hundredth_impersonation_of_an_hour_opens_like_the_first() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let mut opened = Vec::new();
    for _ in 0..200 {
        app.advance(TimeDelta::seconds(3));
        opened.push(open(&app, &mut browser, AMARA).await);
    }
    let header = format!("{NAME}={}", browser.cookie(NAME).expect("a cookie"));
    assert!(header.len() < 100, "{header}");
    for sid in [&opened[199], &opened[0], &opened[50], &opened[199]] {
        let path = authorize_path("console", &[("login_hint", sid), ("prompt", "none")]);
        let answer = with_cookies(&app, &header, &path).await;
        assert!(answered(&answer, "code").is_some(), "{}", answer.location());
    }
    browser.call("impersonation/end-all", &[("environment", "production")]).await.expect_status(StatusCode::OK);
    let sid = open(&app, &mut browser, RITA).await;
    let issued = tokens(&app, &mut browser, "console", &[("login_hint", &sid)]).await;
    assert_eq!(claims(&issued["id_token"])["email"], RITA);
    let kept =
        app.count("browser_sessions b JOIN sessions s ON s.id = b.session_id WHERE s.ended_at IS NOT NULL").await;
    assert!(kept <= 50, "{kept} that ended are kept");
}

#[tokio::test]
async fn a_browser_that_holds_as_many_as_it_may_says_so_and_the_code_is_not_used_up() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    open(&app, &mut browser, AMARA).await;
    fill(&app, &browser).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    let page = browser.get(&path).await.expect_status(StatusCode::CONFLICT);
    assert!(page.body().contains("1000 sessions are running in this browser"), "{}", page.body());
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1);
    // One ends, and the same link works.
    app.execute("UPDATE sessions SET ended_at = created_at, end_reason = 'expired' WHERE reason = 'filling'").await;
    let sid = hand_off(&mut browser, &path).await.to_string();
    assert_eq!(app.count("browsers").await, 1, "the refusal took no cookie away");
    tokens(&app, &mut browser, "console", &[("login_hint", &sid)]).await;
}

/// Lets the browser hold as many running sessions as one may.
async fn fill(app: &TestApp, browser: &Browser) {
    let environment_id = app.caller(OLIVIA, "production").await.environment.id;
    let hash = secret::hash(&browser.cookie(NAME).expect("a cookie"));
    let mut tx = app.state.db.write().await.expect("a transaction");
    let browser_id = table::by_secret(&mut tx, environment_id, &hash, app.now()).await.expect("a query");
    let browser_id = browser_id.expect("the browser is known");
    let held = table::held(&mut tx, browser_id).await.expect("a query");
    let like = session::standing(&mut tx, environment_id, held[0].session_id).await.expect("a query").expect("it");
    for _ in held.len()..usize::try_from(RUNNING).expect("a number") {
        let row = NewSession {
            id: app.state.new_id(),
            environment_id,
            user_id: like.user_id,
            kind: SessionKind::Impersonation,
            account_id: like.account_id,
            application_id: like.application_id,
            operator_id: like.operator_id,
            reason: Some("filling"),
            ticket: None,
            deadline: Some(like.expires_at),
            mode: Mode::Act,
            now: app.now(),
            expires_at: like.expires_at,
            ip_address: None,
            user_agent: None,
        };
        session::insert(&mut tx, &row).await.expect("a session");
        table::hold(&mut tx, browser_id, row.id, like.application_id, app.now()).await.expect("held");
    }
    tx.commit().await.expect("commit");
}

#[tokio::test]
async fn only_the_name_that_was_set_counts() {
    let app = TestApp::new().await;
    let attacker = signed_in(&app, RITA).await;
    let secret = attacker.cookie(NAME).expect("a cookie");
    let mut victim = signed_in(&app, AMARA).await;
    let own = victim.cookie(NAME).expect("a cookie");
    for name in [
        "understudy_production_xyz",
        "understudy_production_019aaf00000070008000000000000000",
        "understudy_productio",
        "Understudy_production",
        "__Host-understudy_production",
        "__Secure-understudy_production",
        "understudy_staging",
    ] {
        let answer = with_cookies(&app, &format!("{name}={secret}"), &authorize_path("console", &[])).await;
        assert!(answer.location().starts_with("/id/production/login"), "{name}: {}", answer.location());
        let tossed = format!("{name}={secret}; {NAME}={own}");
        let answer = with_cookies(&app, &tossed, "/id/production/account/sessions").await;
        assert!(answer.body().contains(AMARA) && !answer.body().contains(RITA), "{name}");
    }
    // Fifty of them hide nobody.
    let many = (0..50).map(|n| format!("understudy_production_{n:032}={secret}; ")).collect::<String>();
    let answer = with_cookies(&app, &format!("{many}{NAME}={own}"), "/id/production/account/sessions").await;
    assert!(answer.body().contains(AMARA), "{}", answer.body());
    tokens(&app, &mut victim, "console", &[]).await;
}

#[tokio::test]
async fn who_knew_the_cookie_before_the_sign_in_knows_nothing_after_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, RITA).await;
    let planted = browser.cookie(NAME).expect("a cookie");
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_ne!(browser.cookie(NAME).expect("a cookie"), planted);
    let answer = with_cookies(&app, &format!("{NAME}={planted}"), &authorize_path("console", &[])).await;
    assert!(answer.location().starts_with("/id/production/login"), "{}", answer.location());
    assert_eq!(app.count("browsers").await, 1);
}

/// What somebody gets who knows a cookie of the provider and nothing else.
async fn gets_nothing(app: &TestApp, planted: &str, sid: &str) {
    let planted = format!("{NAME}={planted}");
    for hint in [&[("login_hint", sid)][..], &[]] {
        let answer = with_cookies(app, &planted, &authorize_path("console", hint)).await;
        let location = answer.headers().get(header::LOCATION).map(|value| value.to_str().expect("text"));
        let location = location.unwrap_or_default();
        assert!(!location.contains("?code=") && !location.contains("&code="), "{location}");
    }
    shows_nothing_of_amara(app, &planted, sid).await;
}

async fn shows_nothing_of_amara(app: &TestApp, cookies: &str, sid: &str) {
    let page = with_cookies(app, cookies, &format!("/id/production/account/sessions?session={sid}")).await;
    assert!(!page.body().contains(AMARA) && !page.body().contains("Amara"), "{}", page.body());
}

#[tokio::test]
async fn who_knew_the_cookie_before_the_hand_off_gets_nothing_of_the_impersonation() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let planted = browser.cookie(NAME).expect("a cookie");
    let sid = open(&app, &mut browser, AMARA).await;
    assert_ne!(browser.cookie(NAME).expect("a cookie"), planted);
    gets_nothing(&app, &planted, &sid).await;
    // Nor by a hand-off of their own, at once.
    let mut adam = app.operator_browser("adam@understudy.example").await;
    app.set_roles("adam@understudy.example", &[understudy::model::operator::Role::Owner]).await;
    let path = start(&app, &mut adam, RITA, "northwind", "console").await;
    let own = format!("understudy={}; {NAME}={planted}", adam.cookie("understudy").expect("a portal cookie"));
    let answer = with_cookies(&app, &own, &path).await.expect_status(StatusCode::OK);
    let set = answer.headers()[header::SET_COOKIE].to_str().expect("text").to_owned();
    let given = set.split([';', '=']).nth(1).expect("a value");
    assert_ne!(Some(given), browser.cookie(NAME).as_deref());
    shows_nothing_of_amara(&app, &format!("{NAME}={given}"), &sid).await;
    assert_eq!(app.count("browsers").await, 2);
    tokens(&app, &mut browser, "console", &[("login_hint", &sid)]).await;
}

#[tokio::test]
async fn two_hand_offs_that_cross_in_one_browser_end_in_one_jar() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let earliest = open(&app, &mut browser, AMARA).await;
    app.advance(TimeDelta::minutes(1));
    let mut paths = Vec::new();
    for user in [AMARA, RITA, AMARA] {
        paths.push(start(&app, &mut browser, user, "northwind", "console").await);
    }
    // Both tabs ask before either has an answer; a third one asks in between, with the first one's cookie.
    let (mut first, mut second) = (browser.clone(), browser.clone());
    let before = browser.cookie(NAME).expect("a cookie");
    let mut opened = vec![earliest];
    opened.push(hand_off(&mut first, &paths[0]).await.to_string());
    let mut third = first.clone();
    opened.push(hand_off(&mut third, &paths[2]).await.to_string());
    opened.push(hand_off(&mut second, &paths[1]).await.to_string());
    assert_ne!(first.cookie(NAME), Some(before.clone()));
    assert_eq!(first.cookie(NAME), second.cookie(NAME));
    assert_eq!(first.cookie(NAME), third.cookie(NAME));
    assert_eq!(app.count("browsers").await, 1);
    for sid in &opened {
        tokens(&app, &mut first, "console", &[("login_hint", sid)]).await;
        gets_nothing(&app, &before, sid).await;
    }
    // Later on the old cookie leads nowhere.
    app.advance(TimeDelta::seconds(10));
    open(&app, &mut browser, RITA).await;
    assert_eq!(app.count("browsers").await, 2);
}

#[tokio::test]
async fn cookies_of_former_times_are_taken_back_and_worth_nothing() {
    let app = TestApp::new().await;
    let browser = app.browser();
    let former = "understudy_production_019aaf00000070008000000000000000=usc_x; understudy_production=usc_y; other=z";
    let request = Request::post("/id/production/login")
        .header(header::ORIGIN, crate::support::ORIGIN)
        .header("sec-fetch-site", "same-origin")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, former)
        .body(Body::from(crate::support::encode(&[("email", AMARA), ("password", USER_PASSWORD)])))
        .expect("a request");
    let answer = browser.clone().send(request).await.expect_status(StatusCode::SEE_OTHER);
    let set = answer.headers().get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    let set: Vec<&str> = set.filter(|cookie| cookie.starts_with("understudy_")).collect();
    assert_eq!(set.len(), 3, "{set:?}");
    assert!(set[0].starts_with("understudy_production=ubr_") && set[0].contains("Path=/;"), "{set:?}");
    for taken in &set[1..] {
        assert!(taken.contains("=; Path=/id/production; ") && taken.contains("Max-Age=0"), "{taken}");
    }
}

#[tokio::test]
async fn a_browser_that_nobody_can_be_known_by_any_more_is_forgotten() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    open(&app, &mut browser, AMARA).await;
    tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::days(30) - TimeDelta::seconds(1));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("browsers").await, 1);
    assert_eq!(app.count("browser_uses").await, 1, "what ended must be known for as long as a tab may ask");
    app.advance(TimeDelta::seconds(1));
    upkeep::run(&app.state).await.expect("upkeep");
    for table in ["browsers", "browser_sessions", "browser_uses"] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
}
