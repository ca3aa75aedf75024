//! Operators come and go at once: by signing out, at the command line, and by *End all*.

use std::convert::Infallible;
use std::process::{Command, Output};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{AMARA, OLIVIA};
use crate::support::{Browser, MASTER_KEY, OPERATOR_PASSWORD, ORIGIN, ResponseExt, TestApp};
use understudy::model::impersonation::StartImpersonation;
use understudy::model::operator::Role;
use understudy::model::session::EndReason;
use understudy::server::crypto::password::PasswordQueue;
use understudy::server::domain::actor::{Actor, NamedActor};
use understudy::server::error::ServiceError;
use understudy::server::platform::clock::{Clock, SystemClock};
use understudy::server::service::caller::{Caller, Origin, ServerCaller};
use understudy::server::service::operator::NewOperator;
use understudy::server::service::{directory, impersonation, operator, session, upkeep};

const VERA: &str = "vera@understudy.example";

/// The command line, on the database of the running server.
fn understudy(app: &TestApp, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
    let database = ["--database-url", app.database_url(), "--master-key", MASTER_KEY];
    command.args(arguments).args(database).env_clear().output().expect("the binary runs")
}

#[track_caller]
fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// From here on the test's time is that of the command line.
fn meet(app: &TestApp) {
    app.clock.set_forward(SystemClock.now() - app.now());
}

async fn wanted(app: &TestApp, email: &str) -> StartImpersonation {
    StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(email).await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "Looking into a report".to_owned(),
        ..StartImpersonation::default()
    }
}

async fn start_many(app: &TestApp, caller: &Caller, count: usize) {
    let wanted = wanted(app, AMARA).await;
    for _ in 0..count {
        impersonation::start(caller, &wanted).await.expect("it starts");
    }
}

/// Starts one in a browser, and gives the path that opens it.
async fn start(app: &TestApp, browser: &mut Browser) -> String {
    let wanted = wanted(app, AMARA).await;
    let path = format!("/production/users/{}/impersonate", wanted.user_id);
    let form = [("account", "northwind"), ("application", "console"), ("reason", "because"), ("return_to", "/")];
    let answer = browser.post(&path, &form).await;
    let location = answer.location();
    assert!(location.contains("/hand-off?code="), "{location}");
    location.trim_start_matches(crate::support::ORIGIN).to_owned()
}

async fn running(app: &TestApp) -> i64 {
    app.count("sessions WHERE kind = 'impersonation' AND ended_at IS NULL").await
}

#[tokio::test]
async fn end_all_ends_all_whatever_the_number() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let olivia = app.caller(OLIVIA, "production").await;
    let vera = app.caller(VERA, "production").await;
    start_many(&app, &vera, 2).await;
    start_many(&app, &olivia, 505).await;
    let overview = impersonation::overview(&olivia, "").await.expect("the page");
    assert_eq!((overview.running, overview.endable, overview.live.len()), (507, 507, 50));
    let overview = impersonation::overview(&vera, "").await.expect("the page");
    assert_eq!((overview.running, overview.endable), (507, 2));
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get("/production/impersonation").await;
    assert!(page.body().contains("End all 507 sessions"), "the number is the true one");
    // Her own are older than 500 others.
    assert_eq!(impersonation::end_all(&vera).await.expect("an end"), 2);
    assert_eq!(running(&app).await, 505);
    assert_eq!(impersonation::end_all(&olivia).await.expect("an end"), 505);
    assert_eq!(running(&app).await, 0);
    assert_eq!(app.events("impersonation.ended").await.len(), 507);
}

#[tokio::test]
async fn signing_out_ends_what_was_started_from_there_and_says_so_before() {
    let app = TestApp::new().await;
    let mut here = app.operator_browser(OLIVIA).await;
    let mut elsewhere = app.operator_browser(OLIVIA).await;
    let opened = start(&app, &mut here).await;
    let mut tab = here.clone();
    tab.get(&opened).await;
    let pending = start(&app, &mut here).await;
    start(&app, &mut elsewhere).await;
    let page = here.get("/production/users").await;
    assert!(page.body().contains("2 running sessions will end"), "{}", page.body());
    here.post("/rpc/sign-out", &[("ending", "2")]).await;
    assert_eq!(running(&app).await, 1);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 2);
    for event in ended {
        assert!(event.description.ends_with("because Olivia Owner signed out of the portal"), "{}", event.description);
        assert_eq!(event.actor_name, "Olivia Owner");
    }
    let answer = app.operator_browser(OLIVIA).await.get(&pending).await;
    assert!(!answer.status().is_redirection(), "a code that nobody had opened opens nothing");
    let page = elsewhere.get("/production/users").await;
    assert!(page.body().contains("1 running session will end"), "{}", page.body());
    assert!(app.user_sessions(AMARA).await.iter().any(|one| one.end_reason == Some(EndReason::OperatorSignedOut)));
}

#[tokio::test]
async fn what_was_started_since_a_page_was_made_is_asked_about_before_it_ends() {
    let app = TestApp::new().await;
    let mut here = app.operator_browser(OLIVIA).await;
    let page = here.get("/production/users").await;
    assert!(page.body().contains("name=\"ending\" value=\"0\""), "{}", page.body());
    start(&app, &mut here.clone()).await;
    // As the page had it, and as pages had it that said no number.
    for old in [&[("ending", "0")][..], &[]] {
        assert_eq!(here.post("/rpc/sign-out", old).await.location(), "/sign-out");
        let page = here.get("/sign-out").await.expect_status(StatusCode::OK);
        for part in ["1 running session will end", "action=\"/rpc/sign-out\"", "name=\"ending\" value=\"1\""] {
            assert!(page.body().contains(part), "no {part:?} in {}", page.body());
        }
        let asked = here.call("sign-out", old).await.expect_status(StatusCode::OK);
        assert_eq!(asked.json(), "asks");
        assert!(app.events("operator.signed_out").await.is_empty());
        assert_eq!(running(&app).await, 1);
    }
    start(&app, &mut here.clone()).await;
    assert_eq!(here.post("/rpc/sign-out", &[("ending", "1")]).await.location(), "/sign-out");
    assert_eq!(here.post("/rpc/sign-out", &[("ending", "2")]).await.location(), "/sign-in");
    assert_eq!(running(&app).await, 0);
    here.get("/sign-out").await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_runs_grows_less_as_time_passes_though_nothing_is_written() {
    let app = TestApp::new().await;
    let mut here = app.operator_browser(OLIVIA).await;
    for minutes in [20, 40] {
        start(&app, &mut here.clone()).await;
        app.advance(TimeDelta::minutes(minutes));
    }
    // The first is over, and nobody has written that down; 20 minutes are left of the second.
    for (left, minutes) in [(1, 19), (1, 1), (0, 0)] {
        let shell = here.call("shell", &[("environment", "production")]).await.expect_status(StatusCode::OK).json();
        assert_eq!(shell["live_impersonations"], left);
        assert_eq!(shell["ending_with_sign_out"], left);
        let page = here.get("/sign-out").await.expect_status(StatusCode::OK);
        assert!(page.body().contains(&format!("name=\"ending\" value=\"{left}\"")), "{}", page.body());
        app.advance(TimeDelta::minutes(minutes));
    }
    assert_eq!(running(&app).await, 2);
}

#[tokio::test]
async fn a_start_that_comes_after_the_sign_out_starts_nothing() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    let Caller { state, actor, origin, .. } = caller.clone();
    operator::sign_out(&ServerCaller { state, actor, origin }, None).await.expect("she signs out");
    let outcome = impersonation::start(&caller, &wanted(&app, AMARA).await).await;
    assert!(matches!(outcome, Err(ServiceError::Unauthenticated)), "{outcome:?}");
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn signing_in_again_in_a_browser_ends_the_session_that_it_held() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let mut copy = browser.clone();
    let form = [("email", VERA), ("password", OPERATOR_PASSWORD), ("return_to", "/")];
    browser.call("sign-in", &form).await.expect_status(StatusCode::OK);
    copy.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    browser.get("/production/users").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_disabled_operator_is_out_at_once_and_everything_of_hers_ends() {
    let app = TestApp::new().await;
    meet(&app);
    let mut browser = app.operator_browser(VERA).await;
    let pending = start(&app, &mut browser).await;
    let answer = json(&understudy(&app, &["operator", "disable", "--email", VERA, "--json"]));
    assert_eq!(answer["operator"]["disabled"], true);
    assert_eq!(answer["ended"], serde_json::json!({ "portal_sessions": 1, "impersonations": 1 }));
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    assert!(!browser.get(&pending).await.status().is_redirection());
    assert_eq!(running(&app).await, 0);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.ends_with("may not do that any more"), "{}", ended[0].description);
    assert_eq!(app.count("audit_events WHERE action = 'operator.disabled' AND severity = 'high'").await, 2);
    let form = [("email", VERA), ("password", OPERATOR_PASSWORD), ("return_to", "/")];
    app.browser().call("sign-in", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);

    let again = json(&understudy(&app, &["operator", "disable", "--email", VERA, "--json"]));
    assert_eq!(again["ended"]["portal_sessions"], 0);
    assert_eq!(app.events("operator.disabled").await.len(), 2, "it is disabled once");
    let answer = json(&understudy(&app, &["operator", "enable", "--email", VERA, "--json"]));
    assert_eq!(answer["operator"]["disabled"], false);
    assert_eq!(app.events("operator.enabled").await.len(), 2);
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    app.browser().call("sign-in", &form).await.expect_status(StatusCode::OK);
}

/// Whoever has a session could begin requests, keep their bodies back, and end them after being shut out.
#[tokio::test]
async fn whoever_is_signed_out_is_out_also_with_requests_that_are_under_way() {
    let app = TestApp::new().await;
    meet(&app);
    let browser = app.operator_browser(OLIVIA).await;
    let user_id = app.user_id(AMARA).await;
    let mut under_way = Vec::new();
    // Under the server's own name nobody is looked up before the body, under another one the environment's host is.
    for host in ["localhost:3000", "10.0.0.5:3000"] {
        for path in ["/rpc/impersonation/settings".to_owned(), format!("/production/users/{user_id}/impersonate")] {
            let (sender, receiver) = mpsc::channel::<Result<String, Infallible>>(1);
            let request = Request::post(path)
                .header(header::HOST, host)
                .header(header::ORIGIN, ORIGIN)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Body::from_stream(ReceiverStream::new(receiver)))
                .expect("a request");
            let mut browser = browser.clone();
            let answer = tokio::spawn(async move { browser.send(request).await });
            sender.send(Ok("environment=production&enabled=false".to_owned())).await.expect("it is read");
            // Its beginning was taken: the server waits for the rest.
            drop(sender.reserve().await.expect("it is read"));
            under_way.push((sender, answer));
        }
    }
    let ended = json(&understudy(&app, &["operator", "sign-out", "--email", OLIVIA, "--json"]));
    assert_eq!(ended["ended"]["portal_sessions"], 1);
    for (sender, answer) in under_way {
        sender.send(Ok("&account=northwind&application=console&reason=because".to_owned())).await.expect("it is read");
        drop(sender);
        let answer = answer.await.expect("an answer");
        assert!(!answer.status().is_success(), "{}: {}", answer.status(), answer.body());
    }
    assert!(app.events("impersonation.settings_changed").await.is_empty());
    assert_eq!(running(&app).await, 0);
}

#[tokio::test]
async fn a_leaked_password_is_answered_by_another_one() {
    let app = TestApp::new().await;
    meet(&app);
    let mut browser = app.operator_browser(OLIVIA).await;
    start(&app, &mut browser).await;
    let answer = json(&understudy(&app, &["operator", "reset-password", "--email", OLIVIA, "--json"]));
    let password = answer["password"].as_str().expect("a password").to_owned();
    assert_eq!(answer["ended"]["portal_sessions"], 1);
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(running(&app).await, 0);
    assert_eq!(app.events("operator.password_reset").await.len(), 2);
    let form = |password| [("email", OLIVIA), ("password", password), ("return_to", "/")];
    app.browser().call("sign-in", &form(OPERATOR_PASSWORD)).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    app.browser().call("sign-in", &form(&password)).await.expect_status(StatusCode::OK);
    let short = understudy(&app, &["operator", "reset-password", "--email", OLIVIA, "--password", "short"]);
    assert!(String::from_utf8_lossy(&short.stderr).contains("12 characters at least"));
}

#[tokio::test]
async fn what_administers_the_server_is_refused_to_every_other_actor() {
    let app = TestApp::new().await;
    let adam = app.caller("adam@understudy.example", "production").await;
    let named = || NamedActor { id: app.state.new_id(), name: "Somebody".to_owned() };
    let others = [adam.actor.clone(), Actor::User(named()), Actor::Client(named()), Actor::Agent(named())];
    for actor in others {
        let caller = ServerCaller { state: app.state.clone(), actor: actor.clone(), origin: Origin::default() };
        let within = Caller { actor: actor.clone(), ..adam.clone() };
        let outcomes = [
            operator::disable(&caller, VERA).await.map(drop),
            operator::enable(&caller, VERA).await,
            operator::sign_out_everywhere(&caller, VERA).await.map(drop),
            operator::change_roles(&caller, VERA, None, &[Role::Owner], &[]).await,
            directory::environment::create(&caller, "another", "Another").await.map(drop),
            directory::environment::set_host(&within, Some("login.acme.example")).await.map(drop),
            session::password_link::make(&within, AMARA).await.map(drop),
            operator::new_password(&caller, "a-long-password").await.map(drop),
        ];
        for outcome in outcomes {
            assert!(matches!(outcome, Err(ServiceError::Forbidden)), "{actor:?}: {outcome:?}");
        }
    }
    assert_eq!(app.events("operator.disabled").await.len() + app.events("user.password_link_made").await.len(), 0);
}

#[tokio::test]
async fn nobodys_write_waits_for_a_password_to_be_hashed() {
    let app = TestApp::new().await;
    let by = ServerCaller::system(&app.state);
    let chosen = operator::new_password(&by, "a-long-password").await.expect("a password");
    let another = operator::new_password(&by, "another-long-password").await.expect("a password");
    let _held =
        [app.state.passwords.turn(PasswordQueue::Portal).await, app.state.passwords.turn(PasswordQueue::Portal).await];
    let mut tx = app.state.db.write().await.expect("a transaction");
    let stored = async {
        let roles = [Role::Admin].into_iter().collect();
        let email = "new@understudy.example";
        operator::create_in(
            &by,
            &mut tx,
            NewOperator { email, name: "New", password: chosen, environment_id: None, roles },
        )
        .await
        .expect("an operator");
        operator::reset_password_in(&by, &mut tx, VERA, &another).await.expect("another password");
    };
    tokio::time::timeout(Duration::from_secs(10), stored).await.expect("nothing is hashed in the transaction");
    let short = operator::new_password(&by, "short").await;
    assert!(matches!(short, Err(ServiceError::Invalid(_))));
}

#[tokio::test]
async fn signed_out_everywhere_at_the_command_line_means_everywhere() {
    let app = TestApp::new().await;
    meet(&app);
    let mut one = app.operator_browser(OLIVIA).await;
    let mut other = app.operator_browser(OLIVIA).await;
    start(&app, &mut one).await;
    start(&app, &mut other).await;
    let answer = json(&understudy(&app, &["operator", "sign-out", "--email", OLIVIA, "--json"]));
    assert_eq!(answer["ended"], serde_json::json!({ "portal_sessions": 2, "impersonations": 2 }));
    for browser in [&mut one, &mut other] {
        browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    }
    assert_eq!(app.events("operator.signed_out_everywhere").await.len(), 2);
}

#[tokio::test]
async fn a_change_of_roles_is_in_the_trail_of_where_they_are_given_and_of_where_they_are_taken() {
    let app = TestApp::new().await;
    let create = ["operator", "create", "--email", "new@understudy.example", "--name", "New", "--json"];
    json(&understudy(&app, &[&create[..], &["--role", "admin", "--environment", "staging"]].concat()));
    let change = |verb: &str, role: &str| {
        let who = ["operator", verb, "--email", "new@understudy.example", "--json"];
        json(&understudy(&app, &[&who[..], &["--role", role, "--environment", "production"]].concat()))
    };
    let in_production = "audit_events a JOIN environments e ON e.id = a.environment_id
       WHERE a.action = 'operator.roles_changed' AND e.slug = 'production'";
    let in_staging = "audit_events a JOIN environments e ON e.id = a.environment_id
       WHERE a.action = 'operator.roles_changed' AND e.slug = 'staging'";
    let (production, staging) = (app.count(in_production).await, app.count(in_staging).await);
    change("grant", "owner");
    let now = (app.count(in_production).await, app.count(in_staging).await);
    assert_eq!(now, (production + 1, staging + 1));
    change("revoke", "owner");
    let now = (app.count(in_production).await, app.count(in_staging).await);
    assert_eq!(now, (production + 2, staging + 2));
}

#[tokio::test]
async fn an_operator_gets_no_role_by_saying_nothing() {
    let app = TestApp::new().await;
    let output = understudy(&app, &["operator", "create", "--email", "new@understudy.example", "--name", "New"]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("--role") && text.contains("backoffice_viewer"), "{text}");
    assert_eq!(app.count("operators WHERE name = 'New'").await, 0);
    let create =
        ["operator", "create", "--email", "new@understudy.example", "--name", "New", "--role", "admin", "--json"];
    let made = json(&understudy(&app, &create));
    assert_eq!(made["operator"]["roles"], serde_json::json!([{ "role": "admin", "environment": null }]));
    assert!(made["password"].as_str().is_some_and(|password| password.len() >= 12));
    let listed = json(&understudy(&app, &["operator", "list", "--json"]));
    assert_eq!(listed["operators"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn portal_sessions_that_are_long_over_are_not_kept() {
    let app = TestApp::new().await;
    app.operator_browser(OLIVIA).await;
    app.advance(TimeDelta::days(400));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("operator_sessions").await, 1);
    app.advance(TimeDelta::hours(25));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("operator_sessions").await, 0);
}
