//! Users who were deleted are nobody in the trail any more, and the trail is what it was otherwise.

use chrono::TimeDelta;
use understudy::model::audit::{AuditItem, AuditQuery};
use understudy::model::impersonation::StartImpersonation;
use understudy::server::db::Db;
use understudy::server::service::audit::{self, index};
use understudy::server::service::directory::account;
use understudy::server::service::directory::user::{self, Profile, erase};
use understudy::server::service::impersonation;
use understudy::server::service::upkeep;
use uuid::Uuid;

use super::{ADAM, OLIVIA, caller};
use crate::identity::flow::{sign_in, signed_in};
use crate::support::{TestApp, USER_PASSWORD, try_execute};

const AMARA: &str = "amara@northwind.example";
const BEN: &str = "ben@harbor.example";

fn query(q: &str) -> AuditQuery {
    AuditQuery { q: q.to_owned(), ..AuditQuery::default() }
}

async fn found(caller: &understudy::server::service::caller::Caller, q: &str) -> Vec<AuditItem> {
    audit::list(caller, &query(q)).await.expect("a trail").rows
}

/// Everything that is stored about events, as one text.
async fn stored(db: &Db) -> String {
    let sql =
        "SELECT coalesce(actor_name, '') || '|' || coalesce(user_name, '') || '|' || coalesce(user_email, '') || '|' ||
                 coalesce(reason, '') || '|' || coalesce(ticket, '') || '|' || description || '|' || search_text
               FROM audit_events ORDER BY occurred_at, id";
    let mut conn = db.read().await.expect("a connection");
    let rows: Vec<(String,)> = match conn.raw() {
        understudy::server::db::Raw::Sqlite(c) => sqlx::query_as(sql).fetch_all(c).await,
        understudy::server::db::Raw::Postgres(c) => sqlx::query_as(sql).fetch_all(c).await,
    }
    .expect("events");
    rows.into_iter().map(|(row,)| row).collect::<Vec<_>>().join("\n")
}

async fn impersonated(app: &TestApp) -> Uuid {
    let olivia = caller(app, OLIVIA).await;
    let start = StartImpersonation {
        environment: "production".to_owned(),
        user_id: app.user_id(AMARA).await,
        account: "northwind".to_owned(),
        application: "console".to_owned(),
        reason: "AMARA okafor (amara@Northwind.example) cannot print".to_owned(),
        ticket: "SUP-1 Amara Okafor".to_owned(),
    };
    impersonation::start(&olivia, &start).await.expect("an impersonation").session_id
}

#[tokio::test]
async fn nothing_names_a_deleted_user_and_everything_else_stays() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    drop(signed_in(&app, AMARA).await);
    sign_in(&mut app.browser(), AMARA, "wrong").await;
    let session = impersonated(&app).await;
    let renamed = Profile { name: Some("Amara Adeyemi".to_owned()), ..Profile::default() };
    user::change_profile(&olivia, amara, renamed).await.expect("a name");
    let moved = Profile { email: Some("amara@elsewhere.example".to_owned()), ..Profile::default() };
    user::change_profile(&olivia, amara, moved).await.expect("an address");
    drop(signed_in(&app, BEN).await);
    app.advance(TimeDelta::seconds(30));
    while index::run(&app.state).await.expect("the index") > 0 {}
    let before = found(&olivia, "").await;
    assert!(stored(&app.state.db).await.contains("Amara Okafor"));

    user::delete(&olivia, amara).await.expect("a deletion");
    let names = ["Amara Okafor", "Amara Adeyemi", AMARA, "amara@elsewhere.example"];
    let text = stored(&app.state.db).await.to_lowercase();
    for name in names {
        assert!(!text.contains(&name.to_lowercase()), "{name} is in {text}");
        assert!(found(&olivia, name).await.is_empty(), "{name} is found");
    }
    let after = found(&olivia, "").await;
    let log = account::log(&olivia, "northwind", "").await.expect("the account's log");
    assert!(!log.rows.is_empty(), "the account still sees that something happened");
    for event in after.iter().chain(&log.rows) {
        let shown = format!("{event:?}").to_lowercase();
        assert!(!shown.contains("amara") && !shown.contains("okafor"), "{shown}");
    }
    // The same events, with their ids, times and whatever names nobody.
    for old in &before {
        let new = audit::get(&olivia, old.id).await.expect("the event");
        let whole = |event: &AuditItem| {
            (event.occurred_at, event.action.clone(), event.severity, event.actor_id, event.user_id, event.session_id)
        };
        assert_eq!(whole(&new), whole(old));
        assert_eq!((&new.operator_name, &new.account_name), (&old.operator_name, &old.account_name));
        if old.user_id == Some(amara) {
            assert_eq!((new.user_name.as_deref(), new.user_email), (Some("deleted user"), None));
        } else {
            assert_eq!(new, *old, "of others nothing is changed");
        }
    }
    let started = app.events("impersonation.started").await;
    assert_eq!(started[0].reason.as_deref(), Some("deleted user (deleted user) cannot print"));
    assert_eq!(found(&olivia, &session.to_string()).await.len(), 2, "its start and its end are found by its id");
    assert!(!found(&olivia, &amara.to_string()).await.is_empty(), "events are found by the id of whoever it was");
    let deleted = audit::list(&olivia, &AuditQuery { action: "user.deleted".to_owned(), ..query("") }).await;
    let deleted = deleted.expect("a trail").rows;
    assert_eq!(deleted[0].description, "A user was deleted by Olivia Owner");
    assert_eq!(deleted[0].ip_address.as_deref(), Some("192.0.2.7"), "the operator's address is the operator's");
    let own = audit::list(&olivia, &AuditQuery { action: "user.signed_in".to_owned(), ..query("") }).await;
    for event in own.expect("a trail").rows.iter().filter(|event| event.user_id == Some(amara)) {
        assert_eq!((event.ip_address.as_deref(), event.user_agent.as_deref()), (None, None), "{event:?}");
    }
}

#[tokio::test]
async fn an_operator_of_the_same_first_name_keeps_the_name() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    let made = user::create(
        &adam,
        user::User { email: "adam@northwind.example".to_owned(), name: Some("Adam".to_owned()), ..Default::default() },
    );
    let id = made.await.expect("a user").id;
    user::lock(&adam, id, "Asked for by Adam, says Adamson", None).await.expect("a lock");
    user::delete(&adam, id).await.expect("a deletion");
    let locked = &app.events("user.locked").await[0];
    assert_eq!(locked.description, "deleted user is locked by Adam Admin");
    assert_eq!(locked.reason.as_deref(), Some("Asked for by deleted user, says Adamson"));
}

/// What is written while somebody is deleted, and more events than one transaction changes.
#[tokio::test]
async fn the_timer_does_what_is_left_and_forgets_the_names_at_the_end() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let ben = app.user_id(BEN).await;
    for number in 0..450 {
        let profile = Profile { name: Some(format!("Ben {number}")), ..Profile::default() };
        user::change_profile(&olivia, ben, profile).await.expect("a name");
    }
    user::delete(&olivia, ben).await.expect("a deletion");
    assert!(!stored(&app.state.db).await.contains("Ben "), "all of them at once");
    assert_eq!(app.count("deleted_users WHERE names IS NOT NULL").await, 1);
    // Somebody who knew Ben before writes late, and earlier than what was passed.
    let late = match app.state.db.kind() {
        "SQLite" => "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, user_id,
               user_name, user_email, description, visible_to_account, search_text)
             SELECT randomblob(16), environment_id, occurred_at, 'user.signed_out', 'info', 'user', user_id, 'Ben Lefèvre', user_id,
               'Ben Lefèvre', 'ben@harbor.example', 'Ben Lefèvre signed out', 0, 'ben' FROM audit_events
             WHERE user_id IS NOT NULL ORDER BY occurred_at LIMIT 1",
        _ => "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, user_id,
               user_name, user_email, description, visible_to_account, search_text)
             SELECT gen_random_uuid(), environment_id, occurred_at, 'user.signed_out', 'info', 'user', user_id, 'Ben Lefèvre', user_id,
               'Ben Lefèvre', 'ben@harbor.example', 'Ben Lefèvre signed out', FALSE, 'ben' FROM audit_events
             WHERE user_id IS NOT NULL ORDER BY occurred_at LIMIT 1",
    };
    app.execute(late).await;
    app.advance(TimeDelta::seconds(119));
    erase::run(&app.state).await.expect("the timer");
    assert_eq!(app.count("deleted_users WHERE names IS NOT NULL").await, 1, "not over yet");
    app.advance(TimeDelta::seconds(1));
    upkeep::run(&app.state).await.expect("the timer");
    assert_eq!(app.count("deleted_users WHERE names IS NOT NULL").await, 0);
    assert_eq!(app.count("deleted_users").await, 1, "whose id it was stays known");
    assert!(!stored(&app.state.db).await.to_lowercase().contains("lef"), "what came late is done, too");
}

#[tokio::test]
async fn the_triggers_let_nobody_else_be_taken_out_and_nothing_else_be_changed() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let (amara, ben) = (app.user_id(AMARA).await, app.user_id(BEN).await);
    for id in [amara, ben] {
        user::lock(&olivia, id, "Left", None).await.expect("a lock");
    }
    user::delete(&olivia, amara).await.expect("a deletion");
    let refused = [
        // Ben is somebody.
        "UPDATE audit_events SET user_name = 'deleted user', user_email = NULL WHERE user_email = 'ben@harbor.example'",
        // Of who is nobody only what names somebody goes.
        "UPDATE audit_events SET action = 'x' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET severity = 'info' WHERE user_name = 'deleted user' AND severity <> 'info'",
        "UPDATE audit_events SET actor_name = 'deleted user' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET operator_name = 'deleted user' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET user_id = NULL WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET user_name = 'Somebody else' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET description = 'Nothing happened' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET reason = 'For no reason' WHERE user_name = 'deleted user'",
        "UPDATE audit_events SET reason = NULL WHERE user_name = 'deleted user' AND reason IS NOT NULL",
        "UPDATE audit_events SET ip_address = NULL WHERE user_name = 'deleted user' AND ip_address IS NOT NULL",
        "UPDATE audit_events SET occurred_at = '2020-01-01T00:00:00+00:00' WHERE user_name = 'deleted user'",
        "DELETE FROM audit_events WHERE user_name = 'deleted user'",
    ];
    for sql in refused {
        assert!(try_execute(&app.state.db, sql).await.is_err(), "{sql}");
    }
    // Not even what names somebody, once that is done.
    app.advance(TimeDelta::minutes(3));
    erase::run(&app.state).await.expect("the timer");
    let again = "UPDATE audit_events SET description = 'deleted user did it' WHERE user_name = 'deleted user'";
    assert!(try_execute(&app.state.db, again).await.is_err());
    // The name is free again, and whoever has it now is somebody else.
    drop(sign_in(&mut app.browser(), BEN, USER_PASSWORD).await);
}
