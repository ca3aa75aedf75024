//! The outbox itself: who is told once, who is told though much is gone by then, and what it does not know.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{CONSOLE, app, deliver, end, logout_token, production, session_in};
use crate::identity::flow::{AMARA, claims};
use crate::support::{TestApp, try_execute};
use understudy::server::db::session as table;
use understudy::server::platform::outbound::Script;
use understudy::server::service::delivery::back_channel_logout;

/// Ends a session whose application does not hear.
async fn unheard(app: &TestApp) -> Uuid {
    app.outbound.script(CONSOLE, Script::Answer(500));
    let sid = session_in(app, AMARA, "console").await;
    end(app, sid).await;
    deliver(app).await;
    assert_eq!(app.outbound.calls().len(), 1);
    sid
}

#[tokio::test]
async fn an_application_is_told_the_same_thing_once_however_often_it_is_put_in() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let session = table::standing(&mut tx, production(&app).await, sid).await.expect("a query").expect("a session");
    for _ in 0..2 {
        back_channel_logout::enqueue(&app.state, &mut tx, &session).await.expect("a message");
    }
    tx.commit().await.expect("commit");
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), 1);
    assert_eq!(app.count("deliveries").await, 1);
}

#[tokio::test]
async fn an_application_is_told_that_a_session_ended_though_its_user_is_removed_meanwhile() {
    let app = app().await;
    let user_id = app.user_id(AMARA).await;
    let sid = unheard(&app).await;
    app.execute("DELETE FROM users WHERE email = 'amara@northwind.example'").await;
    app.advance(TimeDelta::seconds(2));
    deliver(&app).await;
    let said = claims(&logout_token(&app.outbound.calls()[1]));
    assert_eq!((said["sid"].clone(), said["sub"].clone()), (sid.to_string().into(), user_id.to_string().into()));
    app.advance(TimeDelta::hours(24));
    deliver(&app).await;
    let given_up = app.events("backchannel_logout.failed").await;
    assert_eq!(given_up.len(), 1);
    assert_eq!((given_up[0].session_id, given_up[0].user_name.as_deref()), (Some(sid), None));
}

#[tokio::test]
async fn with_an_application_goes_what_it_was_to_be_told() {
    let app = app().await;
    unheard(&app).await;
    app.execute("DELETE FROM applications WHERE client_id = 'dispatch'").await;
    assert_eq!(app.count("deliveries").await, 1);
    app.execute("DELETE FROM applications WHERE client_id = 'console'").await;
    assert_eq!(app.count("deliveries").await, 0);
    app.advance(TimeDelta::seconds(2));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), 1);
}

#[tokio::test]
async fn messages_of_a_kind_that_nobody_knows_wait_and_keep_no_other_from_its_turn() {
    let app = app().await;
    unheard(&app).await;
    let id = if app.state.db.kind() == "SQLite" { "randomblob(16)" } else { "gen_random_uuid()" };
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO deliveries (id, environment_id, kind, destination, about, payload, created_at, next_attempt_at)
         SELECT {id}, d.environment_id, 'pigeon_post', d.destination, {id}, '?', d.created_at, d.created_at FROM deliveries d CROSS JOIN n"
    );
    try_execute(&app.state.db, &sql).await.expect("messages of another version");
    app.outbound.script(CONSOLE, Script::Answer(200));
    app.advance(TimeDelta::seconds(2));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), 2);
    assert_eq!(app.count("deliveries WHERE kind = 'pigeon_post' AND attempts = 0 AND last_error IS NULL").await, 300);
}
