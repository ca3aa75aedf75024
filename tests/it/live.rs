//! What runs, told as it changes, and opening a running session again.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use tokio_stream::StreamExt;
use tower::ServiceExt;

use crate::support::{Browser, ResponseExt, TestApp};
use understudy::model::impersonation::{HandOff, StartImpersonation};
use understudy::model::operator::Roles;
use understudy::model::session::EndReason;
use understudy::server::domain::actor::Actor;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::{Caller, ServerCaller};
use understudy::server::service::impersonation::{self, Reopened, live};
use understudy::server::service::operator;

const OLIVIA: &str = "olivia@understudy.example";
/// Far more than a change takes to be told; only a failure waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

async fn owner(app: &TestApp) -> Caller {
    app.caller(OLIVIA, "production").await
}

async fn start(app: &TestApp, caller: &Caller, application: &str) -> HandOff {
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".into(),
        application: application.into(),
        reason: "Export fails for her".into(),
        ticket: "SUP-4821".into(),
    };
    impersonation::start(caller, &request).await.expect("the session starts")
}

/// A tab that watches.
struct Watching(BodyDataStream);

impl Watching {
    async fn of(app: &TestApp, browser: &Browser) -> Self {
        let request = Request::get("/production/live")
            .header(header::COOKIE, format!("understudy={}", browser.cookie("understudy").expect("a portal cookie")))
            .header(header::ACCEPT, "text/event-stream")
            .body(Body::empty())
            .expect("a request");
        let answer = app.router.clone().oneshot(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
        Self(answer.into_body().into_data_stream())
    }

    /// The next message: how many run, and the mark.
    async fn next(&mut self) -> Option<(i64, String)> {
        let text = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time")?.expect("bytes");
        let text = String::from_utf8(text.to_vec()).expect("text");
        let data = text.lines().find_map(|line| line.strip_prefix("data: ")).expect("data").to_owned();
        let (count, mark) = data.split_once(' ').expect("a count and a mark");
        Some((count.parse().expect("a count"), mark.to_owned()))
    }
}

#[tokio::test]
async fn a_tab_that_watches_is_told_of_each_start_and_each_end_by_anybody() {
    let app = TestApp::new().await;
    let browser = app.operator_browser("ed@understudy.example").await;
    let mut tab = Watching::of(&app, &browser).await;
    let (count, before) = tab.next().await.expect("what runs now");
    assert_eq!(count, 0);
    let caller = owner(&app).await;
    let hand_off = start(&app, &caller, "console").await;
    let (count, during) = tab.next().await.expect("the start");
    assert_eq!(count, 1);
    assert_ne!(during, before);
    impersonation::end(&caller, hand_off.session_id).await.expect("it ends");
    let (count, after) = tab.next().await.expect("the end");
    assert_eq!((count, after), (0, before));
}

#[tokio::test]
async fn an_operator_who_signed_out_is_told_nothing_more() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("ed@understudy.example").await;
    let mut tab = Watching::of(&app, &browser).await;
    tab.next().await.expect("what runs now");
    browser.post("/rpc/sign-out", &[]).await;
    start(&app, &owner(&app).await, "console").await;
    assert_eq!(tab.next().await, None);
}

#[tokio::test]
async fn a_server_that_stops_ends_every_watch() {
    let app = TestApp::new().await;
    let browser = app.operator_browser(OLIVIA).await;
    let mut tab = Watching::of(&app, &browser).await;
    tab.next().await.expect("what runs now");
    app.state.watchers.close();
    assert_eq!(tab.next().await, None);
}

#[tokio::test]
async fn who_may_not_watch_is_told_not_to_come_back() {
    let app = TestApp::new().await;
    app.browser().get("/production/live").await.expect_status(StatusCode::NO_CONTENT);
    let mut ivy = app.operator_browser("ivy@understudy.example").await;
    ivy.get("/production/live").await.expect_status(StatusCode::NO_CONTENT);
    let mut olivia = app.operator_browser(OLIVIA).await;
    olivia.get("/nowhere/live").await.expect_status(StatusCode::NO_CONTENT);
    let once = olivia.get("/production/live?once").await.expect_status(StatusCode::OK);
    assert!(once.body().starts_with("0 "), "{}", once.body());
}

#[tokio::test]
async fn an_operator_who_signed_out_elsewhere_watches_no_longer_though_nothing_changes() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("ed@understudy.example").await;
    let mut tab = Watching::of(&app, &browser).await;
    tab.next().await.expect("what runs now");
    browser.post("/rpc/sign-out", &[]).await;
    assert_eq!(tab.next().await, None);
}

#[tokio::test]
async fn a_server_that_cannot_say_now_does_not_send_a_page_away_for_good() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    app.execute("ALTER TABLE operator_sessions RENAME TO away").await;
    for path in ["/production/live", "/production/live?once"] {
        let answer = browser.get(path).await.expect_status(StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER));
    }
    // Nor is a page sent to sign in, or its cookie taken.
    for path in ["/production/users", "/", "/sign-in", "/sign-out"] {
        let answer = browser.get(path).await.expect_status(StatusCode::SERVICE_UNAVAILABLE);
        assert!(answer.headers().contains_key(header::RETRY_AFTER), "{path}");
        assert!(answer.body().contains("You were not signed out"), "{path}: {}", answer.body());
        assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path}");
    }
    app.execute("ALTER TABLE away RENAME TO operator_sessions").await;
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    browser.get("/production/live?once").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn who_may_not_watch_is_not_told_by_the_frame_of_pages_either() {
    let app = TestApp::new().await;
    start(&app, &owner(&app).await, "console").await;
    for (email, expected) in [("ivy@understudy.example", 0), ("ed@understudy.example", 1)] {
        let mut browser = app.operator_browser(email).await;
        let shell = browser.call("shell", &[("environment", "production")]).await.expect_status(StatusCode::OK).json();
        assert_eq!(shell["live_impersonations"], expected, "{email}");
        assert_eq!(shell["live_mark"].as_str().expect("a mark").is_empty(), expected == 0, "{email}");
    }
}

fn handed_off(reopened: Reopened) -> HandOff {
    match reopened {
        Reopened::HandOff(hand_off) => hand_off,
        Reopened::Ended(reason) => panic!("it has ended: {reason:?}"),
    }
}

#[tokio::test]
async fn a_running_session_opens_in_another_tab_with_the_same_deadline_and_reason() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let first = start(&app, &owner(&app).await, "console").await;
    app.advance(TimeDelta::minutes(20));
    let path = format!("/production/sessions/{}/reopen", first.session_id);
    let answer = browser.post(&path, &[]).await.expect_status(StatusCode::SEE_OTHER);
    let url = answer.headers()[header::LOCATION].to_str().expect("an address").to_owned();
    let page = browser.get(url.strip_prefix("http://localhost:3000").expect("our own address")).await;
    let page = page.expect_status(StatusCode::OK);
    assert!(page.body().contains("Opening Console as Amara Okafor"), "{}", page.body());
    // The same session: one, with its first deadline.
    let sessions = app.user_sessions("amara@northwind.example").await;
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].expires_at, first.deadline);
    assert_eq!(app.events("impersonation.started").await.len(), 1);
    let reopened = app.events("impersonation.reopened").await;
    assert_eq!(reopened.len(), 1);
    assert_eq!(reopened[0].session_id, Some(first.session_id));
    assert_eq!(reopened[0].actor_name, "Olivia Owner");
    assert_eq!(reopened[0].reason.as_deref(), Some("Export fails for her"));
    assert_eq!(reopened[0].ticket.as_deref(), Some("SUP-4821"));
    // The new code is used up like any other.
    let replayed = browser.get(url.strip_prefix("http://localhost:3000").expect("our own address")).await;
    replayed.expect_status(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_code_of_a_reopened_session_never_outlives_the_session() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let first = start(&app, &caller, "dispatch").await;
    app.advance(TimeDelta::seconds(270));
    let again = handed_off(impersonation::reopen(&caller, first.session_id).await.expect("it opens"));
    assert_eq!(again.deadline, first.deadline);
    assert_eq!(again.expires_at, first.deadline);
}

#[tokio::test]
async fn only_the_operator_who_started_a_session_opens_it_again() {
    let app = TestApp::new().await;
    let first = start(&app, &owner(&app).await, "console").await;
    let adam = app.caller("adam@understudy.example", "production").await;
    assert!(matches!(impersonation::reopen(&adam, first.session_id).await, Err(ServiceError::NotFound)));
    let staging = app.caller(OLIVIA, "staging").await;
    assert!(matches!(impersonation::reopen(&staging, first.session_id).await, Err(ServiceError::NotFound)));
    let mut browser = app.operator_browser("adam@understudy.example").await;
    let path = format!("/production/sessions/{}/reopen", first.session_id);
    browser.post(&path, &[]).await.expect_status(StatusCode::NOT_FOUND);
    assert!(app.events("impersonation.reopened").await.is_empty());
}

#[tokio::test]
async fn a_session_that_may_not_go_on_is_not_opened_again_but_ends() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let first = start(&app, &caller, "console").await;
    app.execute("UPDATE impersonation_settings SET enabled = FALSE").await;
    let reopened = impersonation::reopen(&caller, first.session_id).await.expect("an answer");
    assert!(matches!(reopened, Reopened::Ended(EndReason::SettingsTurnedOff)), "{reopened:?}");
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.post(&format!("/production/sessions/{}/reopen", first.session_id), &[]).await;
    let page = page.expect_status(StatusCode::CONFLICT);
    assert!(page.body().contains("This session is over"), "{}", page.body());
    assert_eq!(app.count("hand_off_codes").await, 1);
}

#[tokio::test]
async fn the_account_that_works_is_preselected_where_the_active_one_is_refused() {
    let app = TestApp::new().await;
    let user_id = app.user_id("amara@northwind.example").await;
    app.execute(
        "UPDATE memberships SET disabled_at = created_at WHERE account_id = (SELECT a.id FROM accounts a
           JOIN environments e ON e.id = a.environment_id WHERE a.external_id = 'northwind' AND e.slug = 'production')",
    )
    .await;
    let detail =
        understudy::server::service::directory::user::get(&owner(&app).await, user_id).await.expect("the user");
    assert_eq!(detail.impersonation, None);
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get(&format!("/production/users/{user_id}?impersonate=1")).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("disabled in the active account"), "nothing says why");
    assert!(page.body().contains("<option value=\"harbor\" selected"), "another account is preselected");
}

#[tokio::test]
async fn where_nothing_can_be_started_the_drawer_says_why_and_draws_no_form() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for (user, why) in [
        ("dana@northwind.example", "Locked users cannot be impersonated."),
        ("giorgos@northwind.example", "has not verified"),
        ("nora@nowhere.example", "does not belong to any account."),
        ("zoe@northwind.example", "is disabled in"),
        ("olivia@understudy.example", "This is you"),
    ] {
        let id = app.user_id(user).await;
        let page = browser.get(&format!("/production/users/{id}?impersonate=1")).await.expect_status(StatusCode::OK);
        let drawer = page.body().split("<dialog").nth(1).expect("the drawer is open");
        assert!(drawer.contains(why), "{user}: {drawer}");
        assert!(!drawer.contains("name=\"reason\""), "{user} has a form that leads nowhere");
    }
}

#[tokio::test]
async fn an_environment_that_one_may_not_see_keeps_the_way_out_and_to_others() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get("/nowhere/users").await.expect_status(StatusCode::NOT_FOUND);
    assert!(page.body().contains("/rpc/sign-out"), "no way out");
    assert!(page.body().contains("/staging/users"), "no way to another environment");
    app.set_roles("ed@understudy.example", &[]).await;
    let mut browser = app.operator_browser("ed@understudy.example").await;
    let page = browser.get("/").await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("/rpc/sign-out"), "{}", page.body());
}

#[tokio::test]
async fn my_sessions_say_browsers_by_their_names() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let sign_in = Request::post("/id/production/login")
        .header(header::ORIGIN, crate::support::ORIGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::USER_AGENT, agent);
    let form = format!("email=amara%40northwind.example&password={}", crate::support::USER_PASSWORD);
    browser.send(sign_in.body(Body::from(form)).expect("a request")).await;
    let page = browser.get("/id/production/account/sessions").await.expect_status(StatusCode::OK);
    assert!(page.body().contains(">Chrome on Linux"), "{}", page.body());
    assert!(!page.body().contains(&format!(">{agent}")), "the browser's own words are on the page");
}

#[tokio::test]
async fn who_may_not_see_sessions_is_not_told_what_runs() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    start(&app, &caller, "console").await;
    assert_eq!(live::look(&caller).await.expect("a look").count, 1);
    let nobody = Caller { roles: Roles::default(), ..caller };
    let looked = live::look(&nobody).await;
    assert!(matches!(looked, Err(ServiceError::Forbidden)), "{looked:?}");
    let watched = live::watch(&nobody).await.map(drop);
    assert!(matches!(watched, Err(ServiceError::Forbidden)), "{watched:?}");
}

#[tokio::test]
async fn who_is_no_operator_has_no_frame_and_no_first_page() {
    let app = TestApp::new().await;
    let Caller { state, actor, origin, .. } = owner(&app).await;
    let caller = ServerCaller { state, actor, origin };
    assert_eq!(operator::shell(&caller, "production").await.expect("a frame").operator_email, OLIVIA);
    let nobody = ServerCaller { actor: Actor::System, ..caller };
    let outcomes = [
        operator::shell(&nobody, "production").await.map(drop),
        operator::home(&nobody).await.map(drop),
        operator::ending_with_sign_out(&nobody).await.map(drop),
    ];
    for outcome in outcomes {
        assert!(matches!(outcome, Err(ServiceError::Forbidden)), "{outcome:?}");
    }
}
