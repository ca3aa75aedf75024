//! Required text of which nothing can be seen is not there.

use axum::http::StatusCode;

use super::import;
use crate::support::{ResponseExt, TestApp, error_in};
use understudy::server::service;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::import::Kind;
use understudy::server::service::operator::NewOperator;

const UNSEEN: [&str; 25] = [
    "\u{3164}",
    "\u{200b}",
    "\u{2800}",
    "\u{ad}",
    "\u{115f}",
    "\u{2060}",
    "\u{1160}",
    "\u{ffa0}",
    "\u{feff}",
    "\u{200d}",
    "\u{a0}\u{fe0f}",
    "\u{e0041}",
    // Signs that join others, what Unicode has given no meaning, what is a program's own, a mark without its letter.
    "\u{13430}",
    "\u{13437}",
    "\u{13440}",
    "\u{2d7f}",
    "\u{1107f}",
    "\u{fdd0}",
    "\u{ffff}",
    "\u{e000}",
    "\u{378}",
    "\u{301}",
    "\u{93f}",
    "\u{fe0f} \u{20e3}",
    "\u{10fffd}",
];

async fn start(app: &TestApp, reason: &str, ticket: &str) -> String {
    let user = app.user_id("amara@northwind.example").await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let form = [
        ("account", "northwind"),
        ("application", "console"),
        ("reason", reason),
        ("ticket", ticket),
        ("return_to", "/production/users"),
    ];
    browser.post(&format!("/production/users/{user}/impersonate"), &form).await.location()
}

#[tokio::test]
async fn a_reason_of_which_nothing_can_be_seen_starts_nothing() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    for reason in UNSEEN {
        let location = start(&app, reason, "").await;
        let error = error_in(&location).expect("an error");
        assert_eq!(
            error.for_field("reason").as_deref(),
            Some("Say why you are signing in as this user."),
            "{reason:?}"
        );
    }
    assert!(app.events("impersonation.started").await.is_empty());
}

#[tokio::test]
async fn reasons_of_all_scripts_stay_as_they_were_typed() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let typed = [
        "نمی\u{200c}تواند وارد شود",
        "क्\u{200d}षमा मांगता है",
        "❤\u{fe0f} 👩\u{200d}🔧 #512",
        "確認",
        "SUP-4821",
        "ㅤ확인",
    ];
    for reason in typed {
        assert_eq!(error_in(&start(&app, reason, "\u{3164}").await), None, "{reason}");
    }
    let events = service::audit::list(
        &app.caller("olivia@understudy.example", "production").await,
        &understudy::model::audit::AuditQuery { action: "impersonation.started".into(), ..Default::default() },
    )
    .await
    .expect("events")
    .rows;
    for reason in &typed[..5] {
        let event = events.iter().find(|event| event.reason.as_deref() == Some(*reason)).expect("the reason as typed");
        assert_eq!(event.ticket, None);
    }
}

/// What says next to nothing is no reason, by the form as by the call of a page with script.
#[tokio::test]
async fn a_reason_has_at_least_three_letters_or_digits() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let user = app.user_id("amara@northwind.example").await.to_string();
    for reason in ["x", "ok", "-- !? --", "👍👍👍", "字", "x\u{200b}\u{200b}", "\u{1102}\u{1166}"] {
        let location = start(&app, reason, "").await;
        assert!(error_in(&location).is_some_and(|error| error.for_field("reason").is_some()), "{reason:?}: {location}");
        let form = [
            ("request[environment]", "production"),
            ("request[user_id]", &user),
            ("request[account]", "northwind"),
            ("request[application]", "console"),
            ("request[reason]", reason),
        ];
        let answer = browser.call("impersonation/start", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body().contains("at least 3 letters or digits"), "{reason:?}: {}", answer.body());
    }
    let back = browser.get(&start(&app, "x", "").await).await;
    assert!(back.body().contains("Say more: a reason has at least 3 letters or digits."), "{}", back.body());
    assert!(app.events("impersonation.started").await.is_empty());
}

#[tokio::test]
async fn lines_count_alike_with_and_without_script() {
    let app = TestApp::new().await;
    let lines = format!("{}\r\n{}", "a".repeat(249), "b".repeat(250));
    assert_eq!(error_in(&start(&app, &lines, "").await), None);
}

#[tokio::test]
async fn a_name_of_which_nothing_can_be_seen_is_none() {
    let app = TestApp::new().await;
    for name in UNSEEN {
        for (kind, csv) in [
            (Kind::Users, format!("email,name\nx@northwind.example,{name}\n")),
            (Kind::Accounts, format!("external_id,name\nx,{name}\n")),
            (Kind::Roles, format!("key,name\nx,{name}\n")),
            (Kind::Applications, format!("client_id,name,app_url\nx,{name},https://x.example/\n")),
        ] {
            assert!(import(&app, kind, &csv).await.is_err(), "{kind:?} {name:?}");
        }
        let by = ServerCaller::system(&app.state);
        let password = service::operator::new_password(&by, "a-long-password").await.expect("a password");
        let made = service::directory::environment::create(&by, "x", name).await;
        assert!(made.is_err(), "environment {name:?}");
        let roles = [understudy::model::operator::Role::Owner].into_iter().collect();
        let email = "new@understudy.example";
        let new = NewOperator { email, name, password, environment_id: None, roles };
        let made = service::operator::create(&by, new).await;
        assert!(made.is_err(), "operator {name:?}");
    }
}
