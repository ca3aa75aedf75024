//! What an import does to sessions: whoever may no longer be in, is out with the same commit.

use chrono::TimeDelta;

use super::super::support::TestApp;
use super::{allowing, source};
use crate::identity::flow::{AMARA, OLIVIA, impersonating, signed_in};
use crate::mishaps::many_sessions;
use understudy::model::impersonation::StartImpersonation;
use understudy::model::session::EndReason;
use understudy::server::db::environment;
use understudy::server::service::directory::change::Protection;
use understudy::server::service::import::{self, Kind};
use understudy::server::service::{impersonation, session};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI";

/// Imports one cell about Amara, and gives why her own session and the impersonation of her ended.
async fn after(column: &str, cell: &str, allow: &[Protection]) -> (Option<EndReason>, Option<EndReason>, TestApp) {
    let app = TestApp::new().await;
    let _own = signed_in(&app, AMARA).await;
    let (_operator, impersonation) = impersonating(&app, AMARA, "northwind", "console").await;
    into_production(&app, column, cell, allow).await;
    let mut own = None;
    let mut acted = None;
    for session in app.user_sessions(AMARA).await {
        *if session.id == impersonation { &mut acted } else { &mut own } = session.end_reason;
    }
    (own, acted, app)
}

async fn into_production(app: &TestApp, column: &str, cell: &str, allow: &[Protection]) {
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a look").expect("an environment");
    drop(conn);
    let text = format!("email,name,{column}\n{AMARA},Amara,{cell}\n");
    let sources = vec![source(Kind::Users, text.as_bytes())];
    import::run(&app.state, &row, sources, &allowing(allow), &|_| {}).await.expect("it is allowed");
}

#[tokio::test]
async fn another_password_or_none_ends_the_users_own_sessions_and_no_impersonation() {
    for (cell, allow) in
        [(format!("\"{HASH}\""), Protection::ChangePassword), ("-".to_owned(), Protection::RemovePassword)]
    {
        let (own, acted, app) = after("password_hash", &cell, &[allow]).await;
        assert_eq!((own, acted), (Some(EndReason::PasswordChanged), None));
        assert_eq!(app.events("session.revoked").await.len(), 1);
    }
}

#[tokio::test]
async fn another_password_ends_the_users_own_sessions_behind_any_number_of_others() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let _own = signed_in(&app, AMARA).await;
    let caller = app.caller(OLIVIA, "production").await;
    let wanted = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "Looking into a report".to_owned(),
        ..StartImpersonation::default()
    };
    for _ in 0..201 {
        app.advance(TimeDelta::seconds(1));
        impersonation::start(&caller, &wanted).await.expect("it starts");
    }
    let cell = format!("\"{HASH}\"");
    into_production(&app, "password_hash", &cell, &[Protection::ChangePassword]).await;
    assert_eq!(app.count("sessions WHERE kind = 'password' AND ended_at IS NULL").await, 0);
    assert_eq!(app.count("sessions WHERE kind = 'impersonation' AND ended_at IS NULL").await, 201);
}

#[tokio::test]
async fn with_another_password_no_session_lives_on_also_where_an_import_does_not_end_them_all() {
    let app = TestApp::new().await;
    let begun = many_sessions::begin(&app, AMARA, 250).await;
    let cell = format!("\"{HASH}\"");
    into_production(&app, "password_hash", &cell, &[Protection::ChangePassword]).await;
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 50);
    let environment_id = app.caller(OLIVIA, "production").await.environment.id;
    let oldest = session::live(&app.state, environment_id, begun[0]).await.expect("a look");
    assert!(oldest.is_none(), "it goes on");
    session::end_due(&app.state).await.expect("the timer");
    assert_eq!(app.count("sessions WHERE end_reason = 'password_changed'").await, 250);
}

#[tokio::test]
async fn whoever_is_locked_or_no_longer_verified_has_no_session_and_nobody_acts_for_them() {
    for (column, cell, allow) in [("locked", "true", vec![]), ("email_verified", "false", vec![Protection::Unverify])] {
        let (own, acted, app) = after(column, cell, &allow).await;
        let expected = Some(EndReason::TargetLockedOrRemoved);
        assert_eq!((own, acted), (expected, expected), "{column}");
        assert_eq!(app.events("impersonation.ended").await.len(), 1);
    }
}

#[tokio::test]
async fn a_lock_that_is_taken_back_at_once_has_ended_everything_all_the_same() {
    let (_, acted, app) = after("locked", "true", &[]).await;
    into_production(&app, "locked", "false", &[Protection::Unlock]).await;
    assert_eq!(acted, Some(EndReason::TargetLockedOrRemoved));
    assert!(app.user_sessions(AMARA).await.iter().all(|session| session.ended_at.is_some()));
}
