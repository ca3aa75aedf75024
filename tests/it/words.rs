//! Rows with words that this server does not know, as a newer one beside it may write them: nobody's rights grow by them, and
//! whatever stands beside them goes on.

use understudy::model::operator::Role;
use understudy::model::session::SessionKind;
use understudy::server::db::{DbError, session as table};
use understudy::server::service::directory::signing_key;
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
        Err(DbError::Inconsistent { column, value, .. }) => assert_eq!((&*column, &*value), ("kind", "magic")),
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
