//! Rows with words that this server does not know, as a newer one beside it may write them: nobody's rights grow by them, and
//! whatever stands beside them goes on.

use understudy::model::audit::AuditQuery;
use understudy::model::operator::Role;
use understudy::model::session::SessionKind;
use understudy::server::db::{DbError, application as applications, audit as events, session as table};
use understudy::server::service::audit;
use understudy::server::service::directory::{application, signing_key};
use understudy::server::service::session;

use crate::identity::flow::{AMARA, OLIVIA, impersonating, introspect, signed_in, text, tokens};
use crate::support::TestApp;

/// The database lets every word in from now on.
async fn accept_any_word(app: &TestApp) {
    app.execute(match app.state.db.kind() {
        "SQLite" => "PRAGMA ignore_check_constraints = ON",
        _ => {
            "DO $$ DECLARE c record; BEGIN
               FOR c IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
                        WHERE contype = 'c' AND connamespace = 'public'::regnamespace
               LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.of, c.conname); END LOOP;
             END $$"
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_of_a_kind_that_nobody_knows_may_do_nothing_and_hides_no_other() {
    let app = TestApp::new().await;
    let (_, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    accept_any_word(&app).await;
    app.execute("UPDATE sessions SET kind = 'magic' WHERE kind = 'impersonation'").await;

    let listed = app.user_sessions(AMARA).await;
    assert_eq!(listed.iter().map(|item| item.kind).collect::<Vec<_>>(), [SessionKind::Password]);
    assert_eq!(introspect(&app, text(&own, "access_token")).await["active"], true);
    let environment_id = app.caller(OLIVIA, "production").await.environment.id;
    let mut conn = app.state.db.read().await.expect("a connection");
    match table::standing(&mut conn, environment_id, sid).await {
        Err(error @ DbError::Inconsistent { .. }) => {
            let said = format!("kind of sessions {sid} holds \"magic\", which is no SessionKind");
            assert_eq!(error.to_string(), said);
        }
        other => panic!("{other:?}"),
    }
    // The timers go on with the rest.
    app.execute("UPDATE sessions SET expires_at = created_at, deadline = NULL").await;
    assert_eq!(session::end_due(&app.state).await.expect("it goes on"), 1);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_role_that_nobody_knows_gives_no_right_and_ends_no_session() {
    let app = TestApp::new().await;
    let (_, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    accept_any_word(&app).await;
    app.execute(
        "INSERT INTO operator_roles (id, operator_id, environment_id, role)
         SELECT id, id, NULL, 'auditor' FROM operators WHERE email = 'olivia@understudy.example'",
    )
    .await;
    let caller = app.caller(OLIVIA, "production").await;
    assert_eq!(caller.roles.iter().collect::<Vec<_>>(), [Role::Owner]);
    let live = session::live(&app.state, caller.environment.id, sid).await.expect("a session");
    assert_eq!(live.map(|session| session.operator_roles.iter().collect::<Vec<_>>()), Some(vec![Role::Owner]));
    session::end_refused(&app.state).await.expect("it goes on");
    assert_eq!(app.count("sessions WHERE ended_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn a_signing_key_of_another_kind_leaves_the_others_as_they_are() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    let before = signing_key::list(&caller).await.expect("keys").keys.len();
    accept_any_word(&app).await;
    app.execute("UPDATE signing_keys SET algorithm = 'EdDSA' WHERE algorithm = 'ES256' AND state = 'next'").await;
    assert_eq!(signing_key::list(&caller).await.expect("keys").keys.len(), before - 1);
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(introspect(&app, text(&issued, "access_token")).await["active"], true);
}

#[tokio::test]
async fn an_application_that_signs_in_in_a_way_that_nobody_knows_is_named_by_the_error_and_hides_no_other() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    let before = application::list(&caller, "").await.expect("applications").rows.len();
    let mut conn = app.state.db.read().await.expect("a connection");
    let known = applications::by_client_id(&mut conn, caller.environment.id, "console").await.expect("an answer");
    let id = known.expect("an application").id;
    accept_any_word(&app).await;
    app.execute("UPDATE applications SET login_method = 'magic' WHERE client_id = 'console'").await;

    let error = applications::by_id(&mut conn, caller.environment.id, id).await.expect_err("a word that nobody knows");
    let said = format!("login_method of applications {id} holds \"magic\", which is no LoginMethod");
    assert_eq!(error.to_string(), said);
    assert_eq!(application::list(&caller, "").await.expect("the others").rows.len(), before - 1);
}

#[tokio::test]
async fn an_event_of_a_severity_that_nobody_knows_is_named_by_the_error_and_hides_no_other() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    let caller = app.caller(OLIVIA, "production").await;
    let before = audit::list(&caller, &AuditQuery::default()).await.expect("events").rows.len();
    accept_any_word(&app).await;
    app.execute(
        "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name, description,
           visible_to_account, search_text)
         SELECT id, id, created_at, 'user.signed_in', 'dire', 'system', 'Understudy', 'Something', FALSE, ''
         FROM environments WHERE slug = 'production'",
    )
    .await;

    let id = caller.environment.id;
    let mut conn = app.state.db.read().await.expect("a connection");
    let error = events::by_id(&mut conn, id, id).await.expect_err("a word that nobody knows");
    assert_eq!(error.to_string(), format!("severity of audit_events {id} holds \"dire\", which is no Severity"));
    assert_eq!(audit::list(&caller, &AuditQuery::default()).await.expect("the others").rows.len(), before);
}
