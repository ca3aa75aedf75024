//! Whom a request means, where a browser holds several: no tab ever becomes somebody else.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;
use understudy::server::service::upkeep;

use super::flow::{
    AMARA, OLIVIA, RITA, answered, authorize_path, claims, hand_off, impersonating, redeem, sign_in, signed_in, start,
    text, tokens,
};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD, encode};

/// A tab of the console, and what its application knows of itself.
#[derive(Clone)]
struct Tab {
    email: &'static str,
    sid: String,
    id_token: String,
}

/// A browser with three tabs of one application: two impersonations, and the operator as a user of its own.
struct Desk {
    app: TestApp,
    browser: Browser,
    tabs: [Tab; 3],
}

async fn tab(app: &TestApp, browser: &mut Browser, email: &'static str, extra: &[(&str, &str)]) -> Tab {
    let issued = tokens(app, browser, "console", extra).await;
    let said = claims(&issued["id_token"]);
    assert_eq!(said["email"], email);
    Tab { email, sid: text(&said, "sid").to_owned(), id_token: text(&issued, "id_token").to_owned() }
}

impl Desk {
    /// The operator's own tab first, then the impersonations, or the other way round.
    async fn open(own_first: bool) -> Self {
        let app = TestApp::new().await;
        let mut browser = app.operator_browser(OLIVIA).await;
        let mut own = None;
        if own_first {
            sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
            own = Some(tab(&app, &mut browser, OLIVIA, &[]).await);
        }
        let mut opened = Vec::new();
        for email in [AMARA, RITA] {
            let path = start(&app, &mut browser, email, "northwind", "console").await;
            hand_off(&mut browser, &path).await;
            opened.push(tab(&app, &mut browser, email, &[]).await);
        }
        let own = match own {
            Some(own) => own,
            None => {
                sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
                tab(&app, &mut browser, OLIVIA, &[("login_hint", OLIVIA)]).await
            }
        };
        let rita = opened.pop().expect("a tab");
        let amara = opened.pop().expect("a tab");
        app.advance(TimeDelta::seconds(1));
        Self { app, browser, tabs: [amara, rita, own] }
    }

    async fn end(&mut self, tab: usize, way: usize) {
        let Tab { email, sid, id_token } = self.tabs[tab].clone();
        match (email == OLIVIA, way % 3) {
            (false, 0) => {
                let form = [("environment", "production"), ("session_id", sid.as_str())];
                self.browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
            }
            (_, 1) => {
                let path = format!("/id/production/account/sessions/{sid}/revoke");
                let mut user = signed_in(&self.app, email).await;
                user.post(&path, &[]).await.expect_status(StatusCode::SEE_OTHER);
            }
            _ => {
                let path = format!("/id/production/logout?{}", encode(&[("id_token_hint", id_token.as_str())]));
                self.browser.get(&path).await.expect_status(StatusCode::OK);
            }
        }
    }

    /// Whoever a request of this kind answers as, if it gives a code.
    async fn answer(&mut self, extra: &[(&str, &str)]) -> Option<String> {
        let answer = self.browser.get(&authorize_path("console", extra)).await;
        if answer.status() != StatusCode::SEE_OTHER || answer.location().starts_with("/id/production/login") {
            return None;
        }
        let code = answered(&answer, "code")?;
        let issued: Value = redeem(&self.app, "console", &code).await.expect_status(StatusCode::OK).json();
        Some(text(&claims(&issued["id_token"]), "email").to_owned())
    }

    /// Every tab asks in every way, and is itself or nobody. Gives how many got a code.
    async fn renew_everywhere(&mut self, running: &[bool; 3], after: &str) -> usize {
        let mut codes = 0;
        for index in [0, 1, 2, 1, 0] {
            let Tab { email, sid, id_token } = self.tabs[index].clone();
            let none = ("prompt", "none");
            let ways: [&[(&str, &str)]; 8] = [
                &[none],
                &[none, ("login_hint", email)],
                &[none, ("login_hint", &sid)],
                &[none, ("id_token_hint", &id_token)],
                &[],
                &[("login_hint", email)],
                &[("login_hint", &sid)],
                &[("id_token_hint", &id_token)],
            ];
            for way in ways {
                let answer = self.answer(way).await;
                if let Some(answer) = answer {
                    assert_eq!(answer, email, "{after}: the tab of {email} became somebody else by {way:?}");
                    codes += 1;
                }
                let names_itself = way.iter().any(|(name, value)| name.ends_with("_hint") && *value != email);
                if running[index] && names_itself {
                    let answer = self.answer(way).await;
                    assert_eq!(answer.as_deref(), Some(email), "{after}: the tab of {email} was lost by {way:?}");
                }
            }
        }
        codes
    }
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

#[tokio::test]
async fn after_each_end_in_each_order_no_tab_is_ever_another_person() {
    for (number, order) in ORDERS.into_iter().enumerate() {
        let mut desk = Desk::open(number % 2 == 0).await;
        let mut running = [true; 3];
        assert!(desk.renew_everywhere(&running, "all run").await > 0);
        for (turn, tab) in order.into_iter().enumerate() {
            desk.end(tab, number + turn).await;
            running[tab] = false;
            let after = format!("order {order:?}, after {turn}");
            let codes = desk.renew_everywhere(&running, &after).await;
            assert_eq!(codes > 0, running.contains(&true), "{after}");
        }
    }
}

#[tokio::test]
async fn when_the_hour_is_over_no_tab_becomes_the_operators_own() {
    let mut desk = Desk::open(true).await;
    desk.app.advance(TimeDelta::minutes(60));
    desk.renew_everywhere(&[false, false, true], "expired").await;
    for days in [1, 2, 20] {
        desk.app.advance(TimeDelta::days(days));
        upkeep::run(&desk.app.state).await.expect("upkeep");
        desk.renew_everywhere(&[false, false, true], "long after").await;
    }
}

#[tokio::test]
async fn what_ends_every_impersonation_at_once_makes_nobody_somebody_else() {
    for sql in [
        "UPDATE impersonation_settings SET enabled = FALSE",
        "UPDATE users SET locked_at = created_at WHERE email LIKE '%@northwind.example'",
        "DELETE FROM account_applications",
    ] {
        let mut desk = Desk::open(false).await;
        desk.app.execute(sql).await;
        let codes = desk.renew_everywhere(&[false, false, false], sql).await;
        assert_eq!(codes > 0, !sql.starts_with("DELETE"), "{sql}");
    }
}

pub async fn error(browser: &mut Browser, extra: &[(&str, &str)]) -> Option<String> {
    answered(&browser.get(&authorize_path("console", extra)).await, "error")
}

/// The fields of the form that has this button.
fn form_of<'a>(page: &'a str, button: &str) -> (Vec<(String, String)>, &'a str) {
    let form = page.split("<form").find(|form| form.contains(button)).unwrap_or_else(|| panic!("no {button}: {page}"));
    let value = |part: &str| {
        let value = part.split("value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        value.replace("&amp;", "&")
    };
    let name = |part: &str| part.split('"').next().unwrap_or_default().to_owned();
    let fields = form.split("name=\"").skip(1).map(|part| (name(part), value(part))).collect();
    let action = form.split("action=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    (fields, action)
}

pub async fn press(browser: &mut Browser, page: &str, button: &str) -> axum::http::Response<String> {
    let (fields, action) = form_of(page, button);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(action, &fields).await
}

/// Presses a button of the page that asks, and goes on as the page after it does.
pub async fn choose(browser: &mut Browser, page: &str, button: &str) -> axum::http::Response<String> {
    let next = press(browser, page, button).await.expect_status(StatusCode::OK);
    let next = next.body().split("0;url=").nth(1).and_then(|rest| rest.split('"').next()).expect("where it goes on");
    browser.get(&next.replace("&amp;", "&")).await
}

#[tokio::test]
async fn two_that_could_be_meant_are_asked_about_and_the_answer_is_for_the_request_that_asked() {
    let mut desk = Desk::open(false).await;
    let (app, browser) = (&desk.app, &mut desk.browser);
    assert_eq!(error(browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
    for extra in [&[][..], &[("prompt", "consent")], &[("prompt", "login")], &[("max_age", "3")]] {
        let page = browser.get(&authorize_path("console", extra)).await.expect_status(StatusCode::OK);
        for part in [
            "Who are you in Console?",
            "Amara Okafor",
            RITA,
            "Northwind Traders",
            "by <bdi>Olivia Owner",
            "59 minutes left",
        ] {
            assert!(page.body().contains(part), "no {part:?} in {}", page.body());
        }
        assert!(!page.body().contains("password"), "{}", page.body());
        let answer = choose(browser, page.body(), "Go on as Amara Okafor").await;
        let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
        let issued: Value = redeem(app, "console", &code).await.expect_status(StatusCode::OK).json();
        assert_eq!(claims(&issued["id_token"])["email"], AMARA);
        // The other tabs are asked in their turn.
        assert_eq!(error(browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
    }
}

#[tokio::test]
async fn a_page_says_what_ended_and_the_person_says_who_goes_on() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(1));
    let renewed = |email: &'static str| move |issued: &Value| assert_eq!(claims(&issued["id_token"])["email"], email);
    tokens(&app, &mut browser, "console", &[]).await;
    // As long as it runs it is who the application is, though its operator is signed in here, too.
    for extra in [&[("prompt", "none")][..], &[]] {
        renewed(AMARA)(&tokens(&app, &mut browser, "console", extra).await);
    }
    let sid = sid.to_string();
    let form = [("environment", "production"), ("session_id", sid.as_str())];
    browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
    for _ in 0..2 {
        assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("login_required"));
        let page = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::FORBIDDEN);
        for part in [
            "This impersonation has ended",
            "You acted as Amara Okafor in Console",
            "Ended by the support staff",
            "Go on as Olivia the User",
            "Sign in as somebody else",
        ] {
            assert!(page.body().contains(part), "no {part:?} in {}", page.body());
        }
    }
    let page = browser.get(&authorize_path("console", &[])).await;
    let answer = choose(&mut browser, page.body(), "Go on as Olivia the User").await;
    assert!(answered(&answer, "code").is_some(), "{}", answer.location());
    renewed(OLIVIA)(&tokens(&app, &mut browser, "console", &[("prompt", "none")]).await);
    // The tab of the one that ended says who it was: it is still nobody else.
    let hint = [("prompt", "none"), ("login_hint", sid.as_str())];
    assert_eq!(error(&mut browser, &hint).await.as_deref(), Some("login_required"));
}

#[tokio::test]
async fn two_that_open_at_once_are_asked_about() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for email in [AMARA, RITA] {
        let path = start(&app, &mut browser, email, "northwind", "console").await;
        hand_off(&mut browser, &path).await;
    }
    assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
    let page = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
    assert!(page.body().contains(AMARA) && page.body().contains(RITA), "{}", page.body());
}

#[tokio::test]
async fn a_session_opened_once_more_is_what_the_new_tab_means() {
    let app = TestApp::new().await;
    let (mut browser, amara) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "console").await;
    hand_off(&mut browser, &path).await;
    tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::minutes(2));
    let answer = browser.post(&format!("/production/sessions/{amara}/reopen"), &[]).await;
    let url = answer.expect_status(StatusCode::SEE_OTHER).location();
    hand_off(&mut browser, url.strip_prefix("http://localhost:3000").expect("our own address")).await;
    // The tab that was there before does not become her.
    assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(claims(&issued["id_token"])["email"], AMARA);
    // Once: what asks later names nobody.
    browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::OK);
    assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("account_selection_required"));
}

#[tokio::test]
async fn tabs_of_different_applications_do_not_meet() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "dispatch").await;
    let rita = hand_off(&mut browser, &path).await.to_string();
    tokens(&app, &mut browser, "dispatch", &[]).await;
    for _ in 0..2 {
        for (client_id, email) in [("console", AMARA), ("dispatch", RITA)] {
            let issued = tokens(&app, &mut browser, client_id, &[("prompt", "none")]).await;
            assert_eq!(claims(&issued["access_token"])["email"], email);
        }
    }
    let form = [("environment", "production"), ("session_id", rita.as_str())];
    browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
    let answer = browser.get(&authorize_path("dispatch", &[("prompt", "none")])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    tokens(&app, &mut browser, "console", &[("prompt", "none")]).await;
}

#[tokio::test]
async fn who_signs_in_again_is_the_same_person_and_somebody_else_is_not() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&app, &mut browser, "console", &[]).await;
    // The same user, by another application's sign-in.
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let issued = tokens(&app, &mut browser, "console", &[("prompt", "none")]).await;
    assert_eq!(claims(&issued["id_token"])["email"], AMARA);
    sign_in(&mut browser, RITA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(1));
    assert_eq!(error(&mut browser, &[("prompt", "none")]).await.as_deref(), Some("login_required"));
    let page = browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("This session has ended") && page.body().contains("Go on as Rita Reader"));
    let answer = choose(&mut browser, page.body(), "Go on as Rita Reader").await;
    assert!(answered(&answer, "code").is_some());
}

#[tokio::test]
async fn the_pages_of_the_provider_ask_whose_they_are_and_never_show_somebody_elses_instead() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    const SESSIONS: &str = "/id/production/account/sessions";
    const AUDIT: &str = "/id/production/account/audit";
    let sid = sid.to_string();
    assert!(browser.get(SESSIONS).await.body().contains("is impersonating <bdi>Amara Okafor</bdi>"));
    sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    for page in [SESSIONS, AUDIT] {
        let asked = browser.get(page).await.expect_status(StatusCode::OK);
        assert!(asked.body().contains("Who are you?"), "{}", asked.body());
        let link = format!("{page}?session={sid}");
        assert!(asked.body().contains(&format!("href=\"{link}\"")), "{}", asked.body());
        assert!(browser.get(&link).await.body().contains("is impersonating <bdi>Amara Okafor</bdi>"));
    }
    // Nothing is done for anybody where it is not said for whom.
    let posted = browser.post("/id/production/account/sign-out", &[]).await;
    assert!(posted.body().contains("Who are you?"), "{}", posted.body());
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
    let form = [("environment", "production"), ("session_id", sid.as_str())];
    browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
    for page in [SESSIONS.to_owned(), format!("{SESSIONS}?session={sid}"), AUDIT.to_owned()] {
        let asked = browser.get(&page).await.expect_status(StatusCode::FORBIDDEN);
        assert!(asked.body().contains("You acted as Amara Okafor"), "{}", asked.body());
        assert!(!asked.body().contains("My sessions"), "{}", asked.body());
    }
    let posted = browser.post("/id/production/account/sign-out", &[("session", &sid)]).await;
    posted.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn signing_out_without_saying_of_what_asks_which() {
    let mut desk = Desk::open(false).await;
    let bye = ("post_logout_redirect_uri", "https://console.example/bye");
    let path = format!("/id/production/logout?{}", encode(&[("client_id", "console"), bye, ("state", "s")]));
    let page = desk.browser.get(&path).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Which session do you want to end?"), "{}", page.body());
    assert_eq!(desk.app.count("sessions WHERE ended_at IS NULL").await, 3);
    let left = press(&mut desk.browser, page.body(), "End the impersonation of Rita Reader").await;
    assert_eq!(left.location(), "https://console.example/bye?state=s");
    desk.renew_everywhere(&[true, false, true], "signed out").await;
    assert_eq!(desk.app.count("sessions WHERE ended_at IS NULL").await, 2);
}
