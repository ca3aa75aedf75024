//! Environments: made, renamed, coloured, moved, archived and taken out again.

use axum::http::StatusCode;
use understudy::model::environment::Colour;
use understudy::model::impersonation::StartImpersonation;
use understudy::model::session::EndReason;
use understudy::server::error::ServiceError;
use understudy::server::service::directory::checklist::{Step, checklist};
use understudy::server::service::directory::environment::{self, Archived, Look};
use understudy::server::service::{impersonation, operator};
use uuid::Uuid;

use super::{ADAM, ED, IVY, OLIVIA, VERA, environment_id, forbidden, of, own, refused, server_caller};
use crate::support::{ResponseExt, TestApp};

const LOOK: Look<'_> = Look { name: "Live", colour: Some(Colour::Teal) };

#[tokio::test]
async fn only_owners_of_everything_administer_environments() {
    let app = TestApp::new().await;
    let production = environment_id(&app, "production").await;
    own(&app, ED, Some(production)).await;
    for email in [ADAM, ED, VERA, IVY] {
        let caller = server_caller(&app, email).await;
        forbidden(environment::list(&caller).await.map(drop));
        forbidden(environment::create(&caller, "qa", "QA").await.map(drop));
        forbidden(environment::change(&caller, production, LOOK, None).await);
        forbidden(environment::move_by(&caller, production, false).await);
        forbidden(environment::archive(&caller, production).await);
        forbidden(environment::restore(&caller, production).await);
        forbidden(environment::archive(&caller, Uuid::nil()).await);
    }
    assert_eq!(app.count("environments WHERE archived_at IS NULL").await, 2);
}

#[tokio::test]
async fn an_environment_is_made_with_all_that_its_provider_needs() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    assert_eq!(refused(environment::create(&owner, "Q A", " ").await), ["slug", "name"]);
    assert_eq!(refused(environment::create(&owner, "staging", "Another").await), ["slug"]);
    assert_eq!(refused(environment::create(&owner, "setup", "Set-up").await), ["slug"]);
    environment::create(&owner, "qa", "Quality").await.expect("an environment");
    let told = app.events("environment.created").await;
    assert_eq!(told.last().map(|event| event.actor_name.as_str()), Some("Olivia Owner"));
    let mut browser = app.operator_browser(OLIVIA).await;
    browser.get("/qa/users").await.expect_status(StatusCode::OK);
    browser.get("/id/qa/.well-known/openid-configuration").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_name_and_a_colour_are_changed_and_told_and_shown() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let staging = environment_id(&app, "staging").await;
    let seen = environment::list(&owner).await.expect("the list")[1].version;
    let written = environment::change(&owner, staging, LOOK, Some(seen)).await.expect("it is changed");
    assert_eq!(written.version, seen + 1);
    let told = app.events("environment.changed").await;
    assert_eq!(told[0].description, "Staging is called Live from now on; the colour of Live is Teal");
    let late = environment::change(&owner, staging, Look { name: "Other", colour: None }, Some(seen)).await;
    assert!(matches!(late, Err(ServiceError::Conflict { .. })), "{late:?}");
    assert_eq!(refused(environment::change(&owner, staging, Look { name: "", colour: None }, None).await), ["name"]);
    let same = environment::change(&owner, staging, LOOK, None).await.expect("nothing changes");
    assert_eq!((same.version, app.events("environment.changed").await.len()), (seen + 1, 1));
    let page = app.operator_browser(OLIVIA).await.get("/production/users").await;
    assert!(page.body().contains("menu-item env-2"), "the switcher has the colour: {}", page.body());
    let missing = environment::change(&owner, Uuid::nil(), LOOK, None).await;
    assert!(matches!(missing, Err(ServiceError::NotFound)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_rename_the_same_version_at_once_one_is_refused() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
    let staging = environment_id(&app, "staging").await;
    let (mine, yours) = (Look { name: "Mine", colour: None }, Look { name: "Yours", colour: None });
    let (one, other) = tokio::join!(
        environment::change(&olivia, staging, mine, Some(1)),
        environment::change(&adam, staging, yours, Some(1))
    );
    let lost = if one.is_ok() { &other } else { &one };
    assert!(matches!(lost, Err(ServiceError::Conflict { seen: 1, now: 2 })), "{one:?}, {other:?}");
    assert_eq!(app.events("environment.changed").await.len(), 1);
}

#[tokio::test]
async fn environments_stand_where_they_were_moved_to() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    environment::create(&owner, "qa", "QA").await.expect("an environment");
    let qa = environment_id(&app, "qa").await;
    let order = async || {
        let rows = environment::list(&owner).await.expect("the list");
        rows.into_iter().map(|row| row.slug).collect::<Vec<_>>()
    };
    environment::move_by(&owner, qa, false).await.expect("it is the last already");
    assert_eq!(order().await, ["production", "staging", "qa"]);
    environment::move_by(&owner, qa, true).await.expect("up");
    assert_eq!(order().await, ["production", "qa", "staging"]);
    environment::move_by(&owner, qa, true).await.expect("up");
    environment::move_by(&owner, qa, true).await.expect("it is the first already");
    assert_eq!(order().await, ["qa", "production", "staging"]);
    assert_eq!(app.operator_browser(OLIVIA).await.get("/").await.location(), "/qa/users");
    let told = app.events("environment.changed").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].description, "QA stands before Staging from now on");
}

#[tokio::test]
async fn an_archived_environment_is_there_for_nobody_and_comes_back_whole() {
    let app = TestApp::new().await;
    let olivia = app.caller(OLIVIA, "production").await;
    let owner = of(&olivia);
    let production = environment_id(&app, "production").await;
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "because".to_owned(),
        ..StartImpersonation::default()
    };
    impersonation::start(&olivia, &wanted).await.expect("it starts");
    let (users, events) = (app.count("users").await, app.count("audit_events").await);
    let ended = environment::archive(&owner, production).await.expect("it is archived");
    assert_eq!(ended, Archived { impersonations: 1 });
    assert_eq!(environment::archive(&owner, production).await.expect("already"), Archived::default());

    let mut browser = app.operator_browser(OLIVIA).await;
    assert_eq!(browser.get("/").await.location(), "/staging/users");
    let page = browser.get("/staging/users").await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("href=\"/production/users\""), "the switcher does not lead there");
    browser.get("/production/users").await.expect_status(StatusCode::NOT_FOUND);
    for path in ["/.well-known/openid-configuration", "/login", "/jwks"] {
        let (there, never) = (format!("/id/production{path}"), format!("/id/nowhere{path}"));
        let (there, never) = (browser.get(&there).await, browser.get(&never).await);
        assert_eq!(there.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(never.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let late = impersonation::start(&olivia, &wanted).await;
    assert!(late.is_err(), "a request that was under way starts nothing");
    let sessions = app.user_sessions("amara@northwind.example").await;
    assert_eq!(sessions[0].end_reason, Some(EndReason::EnvironmentArchived));
    let told = app.events("impersonation.ended").await;
    assert!(told[0].description.ends_with("because the environment was archived"), "{}", told[0].description);
    assert_eq!(told[0].actor_name, "Olivia Owner");
    assert_eq!(app.count("users").await, users);
    assert!(app.count("audit_events").await > events);

    let staging = environment_id(&app, "staging").await;
    assert_eq!(refused(environment::archive(&owner, staging).await), [""], "one is left");
    environment::restore(&owner, production).await.expect("it comes back");
    environment::restore(&owner, production).await.expect("it is back already");
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    browser.get("/id/production/.well-known/openid-configuration").await.expect_status(StatusCode::OK);
    impersonation::start(&olivia, &wanted).await.expect("as it was: impersonation is on");
    assert_eq!(app.events("environment.restored").await.len(), 1);
    assert_eq!(app.events("environment.archived").await.len(), 1);
}

#[tokio::test]
async fn what_runs_where_another_server_archived_the_environment_goes_on_nowhere() {
    let app = TestApp::new().await;
    let olivia = app.caller(OLIVIA, "production").await;
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "because".to_owned(),
        ..StartImpersonation::default()
    };
    let started = impersonation::start(&olivia, &wanted).await.expect("it starts");
    // As between the two transactions of archiving, or where one started in between.
    app.execute("UPDATE impersonation_settings SET archived = TRUE").await;
    let live = understudy::server::service::session::live(&app.state, olivia.environment.id, started.session_id).await;
    assert!(live.expect("a look").is_none());
    let sessions = app.user_sessions("amara@northwind.example").await;
    assert_eq!(sessions[0].end_reason, Some(EndReason::EnvironmentArchived));
}

#[tokio::test]
async fn a_checklist_ticks_itself_off_by_what_is_there() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    environment::create(&owner, "qa", "QA").await.expect("an environment");
    let qa = app.caller(OLIVIA, "qa").await;
    let fresh = checklist(&qa).await.expect("a checklist");
    assert!(fresh.0.iter().all(|(_, done)| !done), "{fresh:?}");
    assert_eq!(fresh.next(), Some(Step::Application));
    let olivia = app.caller(OLIVIA, "production").await;
    let known = checklist(&olivia).await.expect("a checklist");
    assert_eq!((known.next(), known.is_done()), (Some(Step::Impersonated), false));
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id("amara@northwind.example").await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "because".to_owned(),
        ..StartImpersonation::default()
    };
    let started = impersonation::start(&olivia, &wanted).await.expect("it starts");
    assert!(checklist(&olivia).await.expect("a checklist").is_done());
    app.end_session(started.session_id, EndReason::EndedByOperator).await.expect("it ends");
    assert!(checklist(&olivia).await.expect("a checklist").is_done(), "also when it is over");
    forbidden(checklist(&app.caller(IVY, "production").await).await);
    assert_eq!(operator::home(&owner).await.expect("a home"), "/production/users");
}
