//! Starting, showing and ending impersonations, at the portal's side.

mod bounded;
mod endings;
mod race;

use axum::http::StatusCode;
use chrono::TimeDelta;

use crate::support::{ResponseExt, TestApp, error_in, try_execute};
use understudy::model::denial::Denial;
use understudy::model::error::ApiError;
use understudy::model::impersonation::{HandOff, ImpersonationSettings, StartImpersonation};
use understudy::model::operator::{Role, Roles};
use understudy::model::session::{EndReason, SessionKind};
use understudy::server::error::ServiceError;
use understudy::server::service::caller::Caller;
use understudy::server::service::{self, impersonation};

pub async fn request(app: &TestApp, user: &str) -> StartImpersonation {
    StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id(user).await,
        account: "northwind".into(),
        application: "console".into(),
        reason: "Export of the June invoices fails for her".into(),
        ticket: "SUP-4821".into(),
    }
}

pub async fn owner(app: &TestApp) -> Caller {
    app.caller("olivia@understudy.example", "production").await
}

async fn start(app: &TestApp, user: &str) -> HandOff {
    impersonation::start(&owner(app).await, &request(app, user).await).await.expect("the session starts")
}

fn denial<T: std::fmt::Debug>(result: Result<T, ServiceError>) -> Denial {
    match result {
        Err(ServiceError::Denied(denial)) => denial,
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn a_started_session_is_in_the_audit_trail_with_everyone_and_the_reason() {
    let app = TestApp::new().await;
    let hand_off = start(&app, "amara@northwind.example").await;
    assert_eq!(hand_off.deadline, app.now() + TimeDelta::minutes(60));
    assert_eq!(hand_off.expires_at, app.now() + TimeDelta::seconds(60));
    let events = app.events("impersonation.started").await;
    assert_eq!(events.len(), 1);
    let event = &events[0];
    assert_eq!(event.actor_name, "Olivia Owner");
    assert_eq!(event.operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(event.user_name.as_deref(), Some("Amara Okafor"));
    assert_eq!(event.reason.as_deref(), Some("Export of the June invoices fails for her"));
    assert_eq!(event.ticket.as_deref(), Some("SUP-4821"));
    assert_eq!(event.session_id, Some(hand_off.session_id));
}

#[tokio::test]
async fn the_code_in_the_address_is_stored_as_a_hash_only() {
    let app = TestApp::new().await;
    let hand_off = start(&app, "amara@northwind.example").await;
    let code = hand_off.url.split("code=").nth(1).expect("a code").to_owned();
    assert!(code.starts_with("uho_"));
    for event in app.events("impersonation.started").await {
        assert!(!event.description.contains(&code));
    }
    assert_eq!(app.count("hand_off_codes").await, 1);
}

#[tokio::test]
async fn every_combination_of_roles_follows_the_rule_at_the_service() {
    let app = TestApp::new().await;
    for bits in 1..32 {
        let roles = Roles::from_bits(bits);
        app.set_roles("ed@understudy.example", &roles.iter().collect::<Vec<_>>()).await;
        let caller = app.caller("ed@understudy.example", "production").await;
        app.advance(TimeDelta::minutes(5));
        let owner = roles.has(Role::Owner);
        let second = roles.has(Role::Admin) || roles.has(Role::BackofficeEditor) || roles.has(Role::BackofficeViewer);
        let allowed = owner || (roles.has(Role::Impersonator) && second);
        let result = impersonation::start(&caller, &request(&app, "amara@northwind.example").await).await;
        assert_eq!(result.is_ok(), allowed, "{}: {result:?}", roles.labels());
        match result {
            Ok(_) => {}
            Err(ServiceError::Denied(denial)) => assert_eq!(denial, Denial::RoleMissing),
            Err(ServiceError::Forbidden) => assert!(!roles.can_view()),
            Err(error) => panic!("{}: {error}", roles.labels()),
        }
    }
}

#[tokio::test]
async fn an_operator_without_any_role_is_told_that_there_is_nothing() {
    let app = TestApp::new().await;
    app.set_roles("ed@understudy.example", &[]).await;
    let mut browser = app.operator_browser("ed@understudy.example").await;
    browser
        .call("users/list", &[("environment", "production"), ("query[q]", "")])
        .await
        .expect_status(StatusCode::NOT_FOUND);
    browser.get("/").await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn each_refusal_has_its_own_reason_and_is_audited() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let with = async |user: &str, account: &str, application: &str| {
        let mut request = request(&app, user).await;
        request.account = account.into();
        request.application = application.into();
        denial(impersonation::start(&caller, &request).await)
    };
    assert_eq!(with("dana@northwind.example", "northwind", "console").await, Denial::TargetLocked);
    assert_eq!(with("giorgos@northwind.example", "northwind", "console").await, Denial::TargetUnverified);
    assert_eq!(with("nora@nowhere.example", "northwind", "console").await, Denial::NoAccount);
    assert_eq!(with("ben@harbor.example", "northwind", "console").await, Denial::NotAMember);
    assert_eq!(with("zoe@northwind.example", "northwind", "console").await, Denial::DisabledInAccount);
    assert_eq!(with("amara@northwind.example", "empty", "console").await, Denial::NoApplications);
    assert_eq!(with("amara@northwind.example", "harbor", "console").await, Denial::NotAssigned);
    assert_eq!(with("amara@northwind.example", "northwind", "no-such-app").await, Denial::NotAssigned);
    assert_eq!(with("olivia@understudy.example", "northwind", "console").await, Denial::SelfImpersonation);
    assert_eq!(app.events("impersonation.denied").await.len(), 9);
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn an_empty_or_short_reason_is_refused_and_500_characters_pass_but_501_do_not() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    for reason in ["", "   \n\t ", "x", "a, b", "a\0b", "\u{1b}[2J", &"x".repeat(501), &"é".repeat(501)] {
        let request = StartImpersonation { reason: reason.into(), ..request(&app, "amara@northwind.example").await };
        match impersonation::start(&caller, &request).await {
            Err(ServiceError::Invalid(errors)) => assert!(errors.about("reason").is_some(), "{errors}"),
            other => panic!("{} characters: {other:?}", reason.chars().count()),
        }
    }
    assert_eq!(app.count("sessions").await, 0);
    let request = StartImpersonation { reason: "é".repeat(500), ..request(&app, "amara@northwind.example").await };
    impersonation::start(&caller, &request).await.expect("500 characters pass");
}

#[tokio::test]
async fn the_server_function_marks_the_reason_field() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let user = app.user_id("amara@northwind.example").await.to_string();
    let form = [
        ("request[environment]", "production"),
        ("request[user_id]", &user),
        ("request[account]", "northwind"),
        ("request[application]", "console"),
        ("request[reason]", "  "),
    ];
    let answer = browser.call("impersonation/start", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    let error: ApiError = serde_json::from_str(answer.body()).expect("an error");
    assert_eq!(error.for_field("reason").as_deref(), Some("Say why you are signing in as this user."));
}

#[tokio::test]
async fn everything_that_is_wrong_with_the_form_is_said_at_once() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let user = app.user_id("amara@northwind.example").await.to_string();
    let ticket = "T".repeat(101);
    let form = [
        ("request[environment]", "production"),
        ("request[user_id]", &user),
        ("request[account]", "northwind"),
        ("request[application]", "console"),
        ("request[reason]", "x"),
        ("request[ticket]", &ticket),
    ];
    let answer = browser.call("impersonation/start", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    let error: ApiError = serde_json::from_str(answer.body()).expect("an error");
    assert!(error.for_field("reason").expect("the reason").starts_with("Say more"), "{error}");
    assert_eq!(error.for_field("ticket").as_deref(), Some("The ticket has 101 characters; 100 is the most."));
}

#[tokio::test]
async fn without_script_the_form_opens_the_hand_off_or_comes_back_with_the_error() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let user = app.user_id("amara@northwind.example").await;
    let path = format!("/production/users/{user}/impersonate");
    let form = |reason: &'static str| {
        vec![("account", "northwind"), ("application", "console"), ("reason", reason), ("ticket", "SUP-1 & 2")]
    };
    let answer = browser.post(&path, &form("because")).await.expect_status(StatusCode::SEE_OTHER);
    assert!(
        answer.location().starts_with("http://localhost:3000/id/production/hand-off?code=uho_"),
        "{}",
        answer.location()
    );
    let answer = browser.post(&path, &form(" ")).await;
    // In a new tab, which knows nothing of what was typed: it is in the address, and in the drawer again.
    let location = answer.location();
    assert!(
        location.ends_with("&account=northwind&application=console&ticket=SUP-1%20%26%202&reason=%20"),
        "{location}"
    );
    let said = error_in(&location).and_then(|error| error.for_field("reason"));
    assert_eq!(said.as_deref(), Some("Say why you are signing in as this user."));
    let page = browser.get(&answer.location()).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("value=\"SUP-1 &amp; 2\""), "the ticket is lost: {}", page.body());
    assert!(page.body().contains("Say why you are signing in as this user."), "{}", page.body());
    // What is said of it is what is wrong with it.
    let unseen = browser.post(&path, &form("because\u{7}")).await;
    let page = browser.get(&unseen.location()).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("The reason has characters in it that cannot be shown."), "{}", page.body());
    let long = "x".repeat(501);
    let answer = browser.post(&path, &[("account", "northwind"), ("reason", &long)]).await;
    let page = browser.get(&answer.location()).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Too long by 1. 500 characters are the most."), "{}", page.body());
    let mut evil = form("because");
    evil[0] = ("account", "nope");
    evil.push(("return_to", "//evil.example"));
    let answer = browser.post(&path, &evil).await;
    assert!(answer.location().starts_with(&format!("/production/users/{user}?")), "{}", answer.location());
    assert!(answer.location().ends_with("&reason=because"), "{}", answer.location());
    assert_eq!(error_in(&answer.location()), Some(ApiError::Denied(Denial::NotAMember)));
    // What no address can carry is left behind, and the refusal arrives all the same.
    let long = "x".repeat(20_000);
    let answer = browser.post(&path, &[("account", "northwind"), ("reason", &long), ("ticket", &long)]).await;
    let location = answer.location();
    let error = error_in(&location).expect("an error");
    assert!(error.for_field("reason").is_some() && error.for_field("ticket").is_some(), "{error}");
    assert!(location.len() < 600 && !location.contains("xxx"), "{location}");
    let page = browser.get(&location).await.expect_status(StatusCode::OK);
    for said in
        ["Say why you are signing in as this user, in 500 characters", "The ticket was not accepted. It has 100"]
    {
        assert!(page.body().contains(said), "{said}: {}", page.body());
    }
}

#[tokio::test]
async fn where_the_audit_row_cannot_be_written_nothing_starts() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let request = request(&app, "amara@northwind.example").await;
    crate::support::break_audit(&app.state.db).await;
    let result = impersonation::start(&caller, &request).await;
    assert!(matches!(result, Err(ServiceError::Internal(_))), "{result:?}");
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(app.count("hand_off_codes").await, 0);
    crate::support::mend_audit(&app.state.db).await;
    impersonation::start(&caller, &request).await.expect("it starts again");
}

#[tokio::test]
async fn only_owners_and_admins_change_the_settings() {
    let app = TestApp::new().await;
    for (email, allowed) in
        [("adam@understudy.example", true), ("vera@understudy.example", false), ("ed@understudy.example", false)]
    {
        let caller = app.caller(email, "production").await;
        let wanted = ImpersonationSettings { enabled: true, hide_from_account_audit: true };
        assert_eq!(service::impersonation::settings::update(&caller, wanted).await.is_ok(), allowed, "{email}");
    }
}

#[tokio::test]
async fn the_account_audit_switch_hides_what_is_written_while_it_is_on_and_rewrites_nothing() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let shown = start(&app, "amara@northwind.example").await;
    service::impersonation::settings::update(
        &caller,
        ImpersonationSettings { enabled: true, hide_from_account_audit: true },
    )
    .await
    .expect("settings change");
    let hidden = start(&app, "rita@northwind.example").await;
    impersonation::end(&caller, shown.session_id).await.expect("ends");
    impersonation::end(&caller, hidden.session_id).await.expect("ends");
    let log = account_log(&app).await;
    assert!(log.contains("started impersonating Amara Okafor"), "{log}");
    assert!(!log.contains("ended the impersonation of Amara Okafor"), "written while the switch was on: {log}");
    assert!(!log.contains("Rita"), "{log}");
    let started = app.events("impersonation.started").await;
    let visible: Vec<bool> = started.iter().map(|event| event.visible_to_account).collect();
    assert_eq!(visible, [true, false], "the audit trail has both");
    let sessions = app.user_sessions("rita@northwind.example").await;
    assert_eq!(sessions[0].kind, SessionKind::Impersonation, "the user sees it whatever the switch says");
}

async fn account_log(app: &TestApp) -> String {
    let caller = owner(app).await;
    let mut conn = app.state.db.read().await.expect("a connection");
    let account = understudy::server::db::account::by_external_id(&mut conn, caller.environment.id, "northwind").await;
    let account = account.expect("a query").expect("the account");
    let (rows, _, _) =
        service::audit::account_log(&mut conn, caller.environment.id, account.id, "").await.expect("the log");
    rows.into_iter().map(|row| format!("{} ({})\n", row.description, row.reason.unwrap_or_default())).collect()
}

#[tokio::test]
async fn the_drawer_preselects_the_active_account_and_lists_only_its_applications() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let drawer = impersonation::drawer(&caller, app.user_id("amara@northwind.example").await).await.expect("a drawer");
    let accounts: Vec<&str> = drawer.accounts.iter().map(|account| account.external_id.as_str()).collect();
    assert_eq!(accounts, ["northwind", "empty", "harbor"], "the active one first, then by name");
    assert!(drawer.accounts[0].active);
    let applications = |index: usize| -> Vec<String> {
        drawer.accounts[index].applications.iter().map(|application| application.client_id.clone()).collect()
    };
    assert_eq!(applications(0), ["console", "dispatch"]);
    assert_eq!(applications(1), [""; 0]);
    assert_eq!(drawer.accounts[1].denial, Some(Denial::NoApplications));
    assert_eq!(applications(2), ["dispatch"]);
    assert_eq!(drawer.accounts[0].default_application().map(|application| application.minutes), Some(60));
    assert_eq!(drawer.accounts[2].default_application().map(|application| application.minutes), Some(5));
}

#[tokio::test]
async fn an_application_without_keep_alive_gets_five_minutes() {
    let app = TestApp::new().await;
    let mut request = request(&app, "amara@northwind.example").await;
    request.application = "dispatch".into();
    let hand_off = impersonation::start(&owner(&app).await, &request).await.expect("the session starts");
    assert_eq!(hand_off.deadline, app.now() + TimeDelta::minutes(5));
}

#[tokio::test]
async fn an_impersonation_leaves_the_users_own_sign_in_visits_and_sessions_alone() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let user = app.user_id("amara@northwind.example").await;
    let before = service::directory::user::get(&caller, user).await.expect("the user");
    let hand_off = start(&app, "amara@northwind.example").await;
    impersonation::end(&caller, hand_off.session_id).await.expect("ends");
    let after = service::directory::user::get(&caller, user).await.expect("the user");
    assert_eq!(
        (before.last_login_at, before.last_visit_at, before.visits),
        (after.last_login_at, after.last_visit_at, after.visits)
    );
    let own = |sessions: &[understudy::model::session::SessionItem]| {
        sessions.iter().filter(|session| session.kind == SessionKind::Password).count()
    };
    assert_eq!(own(&before.sessions), own(&after.sessions));
    assert_eq!(after.sessions[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(after.sessions[0].end_reason, Some(EndReason::EndedByOperator));
}

#[tokio::test]
async fn script_tags_are_shown_as_text_on_every_page() {
    let app = TestApp::new().await;
    app.execute("UPDATE memberships SET disabled_at = NULL").await;
    let mut request = request(&app, "zoe@northwind.example").await;
    request.reason = "<script>alert('reason')</script>".into();
    request.ticket = "\"><img src=x onerror=alert(2)>".into();
    impersonation::start(&owner(&app).await, &request).await.expect("the session starts");
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let user = request.user_id;
    for page in [
        "/production/users".to_owned(),
        format!("/production/users/{user}"),
        format!("/production/users/{user}?impersonate=1"),
        format!("/production/users?impersonate={user}&q=<script>alert('q')</script>"),
        "/production/impersonation".to_owned(),
        "/production/audit".to_owned(),
    ] {
        let encoded = page.replace('<', "%3C").replace('>', "%3E");
        let answer = browser.get(&encoded).await.expect_status(StatusCode::OK);
        let at =
            answer.body().find("<script>alert(").map(|at| answer.body()[at.saturating_sub(300)..at + 100].to_owned());
        assert_eq!(at, None, "{page}");
        assert!(!answer.body().contains("<img src=x"), "{page}");
        assert!(answer.body().contains("Zoe") || page.contains("q="), "{page} shows nothing of it");
    }
}

#[tokio::test]
async fn the_schema_refuses_an_impersonation_without_operator_reason_or_deadline() {
    let app = TestApp::new().await;
    start(&app, "amara@northwind.example").await;
    for column in ["operator_id", "reason", "deadline", "account_id", "application_id"] {
        let sql = format!("UPDATE sessions SET {column} = NULL");
        assert!(try_execute(&app.state.db, &sql).await.is_err(), "{column} can be missing");
    }
    assert!(
        try_execute(&app.state.db, "UPDATE account_applications SET is_default = TRUE").await.is_err(),
        "two defaults"
    );
}
