//! Users whom only an Owner may impersonate.

use axum::http::StatusCode;

use super::OLIVIA;
use crate::support::{ResponseExt, TestApp};
use understudy::model::denial::Denial;
use understudy::model::impersonation::StartImpersonation;
use understudy::server::error::ServiceError;
use understudy::server::service::impersonation::settings::{self, SettingsChange};
use understudy::server::service::{impersonation, session};

const VERA: &str = "vera@understudy.example";
/// Administrator of Northwind, who may read its audit log.
const RITA: &str = "rita@northwind.example";
/// Member of Harbor, without any permission.
const BEN: &str = "ben@harbor.example";

pub async fn protect(app: &TestApp, text: &str) {
    let owner = app.caller(OLIVIA, "production").await;
    let change = SettingsChange { protected_permissions: Some(text.to_owned()), ..SettingsChange::default() };
    settings::change(&owner, change).await.expect("the settings change");
}

async fn wanted(app: &TestApp, email: &str) -> StartImpersonation {
    StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(email).await,
        account: if email == BEN { "harbor" } else { "northwind" }.to_owned(),
        application: "dispatch".to_owned(),
        reason: "Looking into a report".to_owned(),
        ..StartImpersonation::default()
    }
}

#[tokio::test]
async fn only_an_owner_impersonates_who_holds_a_protected_permission() {
    let app = TestApp::new().await;
    let (olivia, vera) = (app.caller(OLIVIA, "production").await, app.caller(VERA, "production").await);
    let rita = wanted(&app, RITA).await;
    impersonation::start(&vera, &rita).await.expect("nothing is protected at first");
    protect(&app, "account.audit.read").await;
    let refused = impersonation::start(&vera, &rita).await.expect_err("she is protected");
    assert!(matches!(refused, ServiceError::Denied(Denial::TargetProtected)), "{refused}");
    assert!(Denial::TargetProtected.sentence().contains("Owner"));
    let drawer = impersonation::drawer(&vera, rita.user_id).await.expect("the drawer");
    assert_eq!(drawer.denial, Some(Denial::TargetProtected));
    impersonation::start(&olivia, &rita).await.expect("an Owner may");
    impersonation::start(&vera, &wanted(&app, BEN).await).await.expect("others are not protected");
    assert_eq!(app.count("sessions WHERE kind = 'impersonation' AND ended_at IS NULL").await, 3);
    // The one that ran before ends.
    session::end_refused(&app.state).await.expect("a look");
    assert_eq!(app.count("sessions WHERE kind = 'impersonation' AND ended_at IS NULL").await, 2);
    let ended = app.events("impersonation.ended").await;
    assert!(ended.len() == 1 && ended[0].user_name.as_deref() == Some("Rita Reader"), "{ended:?}");
}

#[tokio::test]
async fn whoever_is_promoted_in_the_meantime_gets_the_session_back() {
    let app = TestApp::new().await;
    protect(&app, "account.audit.read, users.write").await;
    let (olivia, vera) = (app.caller(OLIVIA, "production").await, app.caller(VERA, "production").await);
    let ben = wanted(&app, BEN).await;
    let hers = impersonation::start(&vera, &ben).await.expect("it starts");
    let owners = impersonation::start(&olivia, &ben).await.expect("it starts");
    // In another account than the one that is worked in.
    app.execute(
        "INSERT INTO memberships (account_id, user_id, created_at)
         SELECT a.id, u.id, u.created_at FROM users u JOIN accounts a ON a.environment_id = u.environment_id
         WHERE u.email = 'ben@harbor.example' AND a.external_id = 'northwind'",
    )
    .await;
    app.execute(
        "INSERT INTO membership_roles (account_id, user_id, role_id)
         SELECT m.account_id, m.user_id, r.id FROM memberships m
         JOIN users u ON u.id = m.user_id JOIN accounts a ON a.id = m.account_id
         JOIN roles r ON r.environment_id = a.environment_id AND r.key = 'admin'
         WHERE u.email = 'ben@harbor.example' AND a.external_id = 'northwind'",
    )
    .await;
    let environment = olivia.environment.id;
    let live = async |id| session::live(&app.state, environment, id).await.expect("a look").is_some();
    assert!(!live(hers.session_id).await);
    assert!(live(owners.session_id).await);
    let ended = app.events("impersonation.ended").await;
    assert!(ended[0].description.ends_with("may not do that any more"), "{}", ended[0].description);
}

#[tokio::test]
async fn protected_permissions_are_set_on_the_page_and_told_in_the_trail() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let page = browser.get("/production/impersonation").await.expect_status(StatusCode::OK);
    assert!(page.body().contains("name=\"protected_permissions\""));
    assert!(page.body().contains("name=\"version\" value=\"1\""), "{}", page.body());
    let form = [
        ("environment", "production"),
        ("version", "1"),
        ("enabled", "true"),
        ("enabled_was", "true"),
        ("hide_from_account_audit_was", "false"),
        ("protected_permissions", "users.write\r\naccount.audit.read, users.write"),
    ];
    browser.call("impersonation/settings", &form).await.expect_status(StatusCode::OK);
    let page = browser.get("/production/impersonation").await;
    assert!(page.body().contains("account.audit.read\nusers.write</textarea>"), "{}", page.body());
    let events = app.events("impersonation.settings_changed").await;
    assert!(events[0].description.contains("account.audit.read, users.write"), "{}", events[0].description);
    let odd = [("environment", "production"), ("enabled", "true"), ("protected_permissions", &"x".repeat(300))];
    browser.call("impersonation/settings", &odd).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn whom_the_protected_permissions_bind_cannot_take_one_off() {
    let app = TestApp::new().await;
    let adam = app.caller("adam@understudy.example", "production").await;
    let by_adam = async |text: &str| {
        let change = SettingsChange { protected_permissions: Some(text.to_owned()), ..SettingsChange::default() };
        settings::change(&adam, change).await
    };
    by_adam("account.audit.read").await.expect("an Admin may add");
    by_adam("account.audit.read users.write").await.expect("an Admin may add");
    for fewer in ["", "users.write"] {
        match by_adam(fewer).await.expect_err("no Owner") {
            ServiceError::Invalid(errors) => {
                let message = errors.about("protected_permissions").expect("it is about them");
                assert!(message.contains("Only an Owner") && message.contains("account.audit.read"), "{message}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(app.count("protected_permissions").await, 2);
    assert_eq!(app.events("impersonation.settings_changed").await.len(), 2);
    let mut browser = app.operator_browser("adam@understudy.example").await;
    let page = browser.get("/production/impersonation").await;
    assert!(page.body().contains("only an Owner may take one off"), "{}", page.body());
    protect(&app, "users.write").await;
    assert_eq!(app.count("protected_permissions").await, 1);
}

#[tokio::test]
async fn a_list_that_is_emptied_on_the_page_is_empty() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    protect(&app, "account.audit.read").await;
    let form = [("environment", "production"), ("version", "2"), ("enabled", "true"), ("enabled_was", "true")];
    browser.call("impersonation/settings", &form).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("protected_permissions").await, 1, "what was not sent stays");
    let emptied = [&form[..], &[("protected_permissions", "")]].concat();
    browser.call("impersonation/settings", &emptied).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("protected_permissions").await, 0);
    assert_eq!(app.events("impersonation.settings_changed").await.len(), 2);
}

#[tokio::test]
async fn a_permission_that_no_role_has_is_refused_by_name() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for (typed, near) in [
        ("account.audit.raed", Some("account.audit.read")),
        ("Account.Audit.Read", Some("account.audit.read")),
        ("account.audit.*", Some("account.audit.read")),
        ("users.write fly.to.the.moon", None),
    ] {
        let form = [
            ("environment", "production"),
            ("version", "1"),
            ("enabled", "true"),
            ("enabled_was", "true"),
            ("protected_permissions", typed),
        ];
        let answer = browser.call("impersonation/settings", &form).await;
        let answer = answer.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        let said = answer.json()["Invalid"][0]["message"].as_str().expect("a sentence").to_owned();
        assert_eq!(answer.json()["Invalid"][0]["field"], "protected_permissions");
        assert!(said.contains(typed.split(' ').next_back().expect("a word")), "{said}");
        assert_eq!(near.is_some(), said.contains("Did you mean account.audit.read?"), "{said}");
    }
    assert_eq!(app.count("protected_permissions").await, 0);
    // One that is on the list stays there, whatever became of the roles that had it.
    protect(&app, "users.write").await;
    app.execute("DELETE FROM role_permissions WHERE permission = 'users.write'").await;
    protect(&app, "users.write account.audit.read").await;
    assert_eq!(app.count("protected_permissions").await, 2);
}
