//! Rows with words that this server does not know, as a newer one beside it may write them: nobody's rights grow by them, and
//! whatever stands beside them goes on.

use understudy::model::audit::{AuditQuery, Severity};
use understudy::model::denial::Denial;
use understudy::model::operator::Role;
use understudy::model::session::SessionKind;
use understudy::model::user::PAGE_SIZE;
use understudy::server::db::{DbError, application as applications, audit as events, session as table};
use understudy::server::error::ServiceError;
use understudy::server::service::audit;
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::{application, signing_key};
use understudy::server::service::impersonation;
use understudy::server::service::session;
use uuid::Uuid;

use crate::identity::flow::{AMARA, OLIVIA, impersonating, introspect, signed_in, text, tokens};
use crate::impersonation::{owner, request};
use crate::support::{TestApp, try_execute};

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

/// Every event's description that the pages show, one after the other.
async fn through(caller: &Caller, query: AuditQuery) -> Vec<String> {
    let mut shown = Vec::new();
    let mut cursor = Some(String::new());
    while let Some(at) = cursor {
        let page = audit::list(caller, &AuditQuery { cursor: at, ..query.clone() }).await.expect("a page");
        shown.extend(page.rows.into_iter().map(|row| row.description));
        cursor = page.next;
    }
    shown
}

#[tokio::test]
async fn events_with_words_that_nobody_knows_keep_nobody_from_the_pages_behind_them() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    accept_any_word(&app).await;
    // Two pages and more, with three that cannot be read among the first, at their edge and in the middle.
    let count = 2 * PAGE_SIZE + 10;
    let unknown = [1, PAGE_SIZE - 1, PAGE_SIZE];
    for number in 0..count {
        let severity = if unknown.contains(&number) { "dire" } else { Severity::Info.as_str() };
        // The first is the newest.
        let (day, id) = (28 - number / 24, Uuid::from_u128(count as u128 - number as u128));
        let (hour, hex) = (23 - number % 24, id.simple());
        let id = if app.state.db.kind() == "SQLite" { format!("x'{hex}'") } else { format!("'{hex}'") };
        try_execute(
            &app.state.db,
            &format!(
                "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name, description,
                   visible_to_account, search_text)
                 SELECT {id}, id, '2020-01-{day:02}T{hour:02}:00:00+00:00', 'user.signed_in', '{severity}', 'system', 'Understudy',
                   'No. {number}', FALSE, '' FROM environments WHERE slug = 'production'"
            ),
        )
        .await
        .expect("an event");
    }
    let expected: Vec<String> = (0..count).filter(|n| !unknown.contains(n)).map(|n| format!("No. {n}")).collect();
    let ours = |shown: Vec<String>| shown.into_iter().filter(|text| text.starts_with("No. ")).collect::<Vec<_>>();
    assert_eq!(ours(through(&caller, AuditQuery::default()).await), expected, "the whole trail");
    let filtered = AuditQuery { action: "user.signed_in".to_owned(), ..AuditQuery::default() };
    assert_eq!(ours(through(&caller, filtered).await), expected, "what is looked through");
}

#[tokio::test]
async fn a_session_in_a_mode_that_nobody_knows_keeps_nobody_from_the_pages_behind_it() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    for _ in 0..=PAGE_SIZE {
        impersonation::start(&caller, &wanted).await.expect("it starts");
    }
    accept_any_word(&app).await;
    app.execute("UPDATE sessions SET mode = 'magic' WHERE id = (SELECT id FROM sessions ORDER BY id DESC LIMIT 1)")
        .await;
    let first = impersonation::overview(&caller, "").await.expect("the page");
    assert_eq!(first.live.len(), PAGE_SIZE - 1, "all but the one that cannot be read");
    let behind = impersonation::overview(&caller, &first.next.expect("a page behind it")).await.expect("the page");
    assert_eq!((behind.live.len(), behind.next), (1, None));
}

#[tokio::test]
async fn a_start_in_an_application_that_signs_in_in_a_way_that_nobody_knows_is_refused_and_written_down() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    accept_any_word(&app).await;
    app.execute("UPDATE applications SET login_method = 'magic' WHERE client_id = 'console'").await;
    let refused = impersonation::start(&caller, &wanted).await;
    assert!(matches!(refused, Err(ServiceError::Denied(Denial::NotAssigned))), "{refused:?}");
    assert_eq!(app.events("impersonation.denied").await.len(), 1);
}
