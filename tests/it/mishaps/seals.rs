//! The one change that an event of the audit trail may see: that it is sealed, once.

use understudy::model::audit::ActorKind;
use understudy::server::db::Raw;

use crate::identity::flow::{AMARA, impersonating};
use crate::support::{TestApp, try_execute};

const CHANGED: &str = "never changed";

/// Every column of an event but those of the seal, with a statement's words for another value than it has.
async fn others(app: &TestApp) -> Vec<(String, String)> {
    let mut conn = app.state.db.read().await.expect("a connection");
    let columns: Vec<(String, String)> = match conn.raw() {
        Raw::Sqlite(c) => sqlx::query_as("SELECT name, type FROM pragma_table_info('audit_events')").fetch_all(c).await,
        Raw::Postgres(c) => {
            sqlx::query_as(
                "SELECT column_name::text, data_type::text FROM information_schema.columns WHERE table_name = 'audit_events'",
            )
            .fetch_all(c)
            .await
        }
    }
    .expect("the schema");
    let other = |(name, kind): (String, String)| {
        let value = match kind.as_str() {
            "TEXT" | "text" => format!("COALESCE({name}, '') || 'x'"),
            "BLOB" => "randomblob(16)".to_owned(),
            "INTEGER" => format!("1 - {name}"),
            "uuid" => "gen_random_uuid()".to_owned(),
            "timestamp with time zone" => format!("{name} + interval '1 microsecond'"),
            "boolean" => format!("NOT {name}"),
            other => panic!("no other value for {name}, which is {other}"),
        };
        (name, value)
    };
    let seal = ["seq", "leaf", "sealed_in"];
    columns.into_iter().filter(|(name, _)| !seal.contains(&name.as_str())).map(other).collect()
}

/// A statement that seals the START of the impersonation, in the database's own words, and changes what `more` says.
fn sealing(app: &TestApp, more: &str) -> String {
    let (leaf, seal) = match app.state.db.kind() {
        "SQLite" => ("x'4c'", "x'00000000000070008000000000000001'"),
        _ => ("'\\x4c'::bytea", "'00000000-0000-7000-8000-000000000001'::uuid"),
    };
    format!(
        "UPDATE audit_events SET seq = 1, leaf = {leaf}, sealed_in = {seal}{more} WHERE action = 'impersonation.started'"
    )
}

async fn refused(app: &TestApp, sql: &str) -> String {
    let error = try_execute(&app.state.db, sql).await.expect_err(sql);
    error.to_string()
}

#[tokio::test]
async fn an_event_is_sealed_once_and_by_nothing_else_changed() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    let columns = others(&app).await;
    assert!(columns.len() >= 27, "{columns:?}");
    for (name, value) in columns {
        let sql = sealing(&app, &format!(", {name} = {value}"));
        let error = refused(&app, &sql).await;
        assert!(error.contains(CHANGED), "{sql}: {error}");
    }
    let id = if app.state.db.kind() == "SQLite" { "id" } else { "gen_random_uuid()" };
    for half in ["seq = 1", "leaf = NULL", &format!("sealed_in = {id}"), &format!("seq = 1, sealed_in = {id}")] {
        let error = refused(&app, &format!("UPDATE audit_events SET {half}")).await;
        assert!(error.contains(CHANGED), "{half}: {error}");
    }
    assert_eq!(app.count("audit_events WHERE seq IS NOT NULL OR leaf IS NOT NULL OR sealed_in IS NOT NULL").await, 0);
    try_execute(&app.state.db, &sealing(&app, "")).await.expect("an event is sealed");
    assert_eq!(app.count("audit_events WHERE seq = 1 AND action = 'impersonation.started'").await, 1);
    for again in [
        sealing(&app, ""),
        "UPDATE audit_events SET seq = 2 WHERE seq = 1".to_owned(),
        "UPDATE audit_events SET seq = NULL, leaf = NULL, sealed_in = NULL WHERE seq = 1".to_owned(),
        "UPDATE audit_events SET description = 'nothing' WHERE seq = 1".to_owned(),
        "DELETE FROM audit_events WHERE seq = 1".to_owned(),
    ] {
        let error = refused(&app, &again).await;
        assert!(error.contains("never changed") || error.contains("never deleted"), "{again}: {error}");
    }
    assert_eq!(app.count("audit_events WHERE seq = 1 AND action = 'impersonation.started'").await, 1);
}

#[tokio::test]
async fn no_two_events_of_an_environment_have_one_number_and_none_comes_with_one() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    try_execute(&app.state.db, &sealing(&app, "")).await.expect("an event is sealed");
    let before = app.count("audit_events").await;
    let second = |verb: &str, action: &str| {
        let sql = sealing(&app, "").replace("impersonation.started", action);
        sql.replacen("UPDATE", verb, 1)
    };
    let verbs = if app.state.db.kind() == "SQLite" { &["UPDATE", "UPDATE OR REPLACE"][..] } else { &["UPDATE"] };
    let copy = |seq: &str, environment: &str| {
        let id = if app.state.db.kind() == "SQLite" { "randomblob(16)" } else { "gen_random_uuid()" };
        format!(
            "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name, description,
               visible_to_account, search_text, seq)
             SELECT {id}, e.id, a.occurred_at, 'seal.tried', 'info', 'agent', 'Nobody', 'Tried', a.visible_to_account, '', {seq}
             FROM audit_events a CROSS JOIN environments e
             WHERE a.action = 'impersonation.started' AND e.slug = '{environment}'"
        )
    };
    try_execute(&app.state.db, &copy("NULL", "production")).await.expect("an agent is a kind of actor");
    for verb in verbs {
        let sql = second(verb, "seal.tried");
        refused(&app, &sql).await;
        assert_eq!(app.count("audit_events").await, before + 1, "{sql}");
        assert_eq!(app.count("audit_events WHERE seq = 1 AND action = 'impersonation.started'").await, 1, "{sql}");
    }
    let error = refused(&app, &copy("7", "production")).await;
    assert!(error.contains("sealed after they are written"), "{error}");
    // Each environment counts for itself.
    try_execute(&app.state.db, &copy("NULL", "staging").replace("seal.tried", "seal.other")).await.expect("an event");
    try_execute(&app.state.db, &second("UPDATE", "seal.other")).await.expect("the first event there");
    assert_eq!(app.count("audit_events WHERE seq = 1").await, 2);
}

#[tokio::test]
async fn an_actor_of_no_known_kind_is_refused_and_a_client_is_known_by_both_of_its_words() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    let id = if app.state.db.kind() == "SQLite" { "randomblob(16)" } else { "gen_random_uuid()" };
    let known = ActorKind::ALL.map(|kind| (kind.as_str(), true));
    for (word, known) in known.into_iter().chain([("application", true), ("wizard", false), ("", false)]) {
        let sql = format!(
            "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name, description,
               visible_to_account, search_text)
             SELECT {id}, environment_id, occurred_at, 'word.tried', 'info', '{word}', 'Nobody', 'Tried', visible_to_account, ''
             FROM audit_events WHERE action = 'impersonation.started'"
        );
        assert_eq!(try_execute(&app.state.db, &sql).await.is_ok(), known, "{word}");
    }
}
