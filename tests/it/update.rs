//! Bringing a database of an earlier version up to date: nothing of it is lost, and people go on where they were.
//!
//! The rows were written by a server of that version: its demonstration data, of which 200 users are kept, and then an operator
//! who ended one impersonation and has another running, and a user who signed in twice and out once.

mod old;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use understudy::server::db::{environment, user};
use understudy::server::job::Worker;
use understudy::server::service::session as sessions;
use uuid::Uuid;

use crate::identity::flow::{basic, claims, text};
use crate::support::{Browser, ResponseExt, TestApp, TestDatabase, encode, try_execute};
use old::Old;

const AMARA: &str = "amara.okafor@northwind.example";
const AMARAS_PASSWORD: &str = "correct-horse-demo";
const OLIVIA: &str = "olivia.owner@understudy.example";
const OLIVIAS_PASSWORD: &str = "understudy-demo-1";
const CONSOLE: &str = "northwind-console";
const CONSOLE_SECRET: &str = "ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB";
/// What the console was given before the update: for the running impersonation, and for the user's own session.
const IMPERSONATED: &str = "urt_6rS2t2198SJVS_WNLTQhWv5EJ1DxmI39MZhS6qZmHWE8cmZ";
const OWN: &str = "urt_qk1AqUn6VaTRtFipQ_tuB5CoRGEEpRtlCTm2Chk-_M0MC8z";
const RUNNING: &str = "01a21938-a984-7000-8571-b4dfe213beb3";
const ENDED: &str = "01a21938-a946-7000-ad04-f9036ed16588";

/// A server of this version over the old database, some minutes after the old one stopped.
async fn updated() -> (TestApp, Old) {
    let database = TestDatabase::create().await;
    let old = Old::read();
    old.write(&database.url).await;
    let app = TestApp::over(database).await;
    let now: DateTime<Utc> = "2026-11-26T19:05:00Z".parse().expect("a time");
    app.advance(now - app.now());
    (app, old)
}

async fn signed_in_operator(app: &TestApp) -> Browser {
    let mut browser = app.browser();
    let form = [("email", OLIVIA), ("password", OLIVIAS_PASSWORD), ("return_to", "/")];
    browser.post("/rpc/sign-in", &form).await.expect_status(StatusCode::FOUND);
    browser
}

/// What the console's own server is answered.
async fn console(app: &TestApp, path: &str, form: &[(&str, &str)]) -> Value {
    let request = Request::post(format!("/id/production{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::AUTHORIZATION, basic(CONSOLE, CONSOLE_SECRET));
    let answer = app.browser().send(request.body(Body::from(encode(form))).expect("a request")).await;
    answer.expect_status(StatusCode::OK).json()
}

async fn refreshed(app: &TestApp, token: &str) -> Value {
    console(app, "/token", &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

#[tokio::test]
async fn every_row_is_there_after_an_update_and_says_what_it_said() {
    let (app, old) = updated().await;
    for (table, rows) in [("users", 200), ("sessions", 4), ("audit_events", 47), ("logout_deliveries", 2)] {
        assert_eq!(old.count(table), rows, "{table}");
    }
    old.expect_kept(&app.state.db).await;
    assert_eq!(app.count("sessions WHERE mode = 'act'").await, 4);
    assert_eq!(app.count("audit_events WHERE mode IS NULL AND seq IS NULL").await, 47);
    assert_eq!(app.count("users WHERE version = 1 AND external_id IS NULL").await, 200);
    // Nothing is removed at once: there is a week to say how long it is kept.
    assert_eq!(app.count("retention WHERE swept_at IS NOT NULL").await, app.count("environments").await);
    old::expect_sound(&app.state.db).await;
}

#[tokio::test]
async fn operators_and_users_go_on_after_an_update() {
    let (app, _) = updated().await;
    let mut browser = signed_in_operator(&app).await;
    let users = browser.get("/production/users?q=okaf").await.expect_status(StatusCode::OK);
    assert!(users.body().contains(AMARA), "{}", users.body());
    let trail = browser.get("/production/audit").await.expect_status(StatusCode::OK);
    assert!(trail.body().contains("Export of the June invoices fails"), "{}", trail.body());
    let own = refreshed(&app, OWN).await;
    assert_eq!(claims(&own["access_token"]).get("act"), None);
    let impersonated = refreshed(&app, IMPERSONATED).await;
    let said = claims(&impersonated["access_token"]);
    assert_eq!(text(&said, "sid"), RUNNING);
    assert!(said["act"]["sub"].is_string(), "{said}");
    let token = text(&impersonated, "access_token");
    assert_eq!(console(&app, "/introspect", &[("token", token)]).await["active"], true);
    let form = [("environment", "production"), ("session_id", RUNNING)];
    browser.call("impersonation/end", &form).await.expect_status(StatusCode::OK);
    assert_eq!(console(&app, "/introspect", &[("token", token)]).await["active"], false);
    assert_eq!(app.count("audit_events WHERE action = 'impersonation.ended' AND mode = 'act'").await, 1);
    let mut own = app.browser();
    let form = [("email", AMARA), ("password", AMARAS_PASSWORD)];
    own.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn what_waited_to_be_told_is_told_after_an_update_once() {
    let (app, _) = updated().await;
    let mut conn = app.state.db.read().await.expect("a connection");
    let production = environment::by_slug(&mut conn, "production").await.expect("a query").expect("production").id;
    let amara = user::by_email(&mut conn, production, AMARA).await.expect("a query").expect("Amara").id;
    drop(conn);
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    let calls = app.outbound.calls();
    assert_eq!(calls.len(), 2, "{calls:?}");
    let mut told = Vec::new();
    for call in &calls {
        assert_eq!(call.url, "http://localhost:3001/backchannel-logout");
        let said = claims(&Value::from(call.form["logout_token"].as_str()));
        assert_eq!((text(&said, "aud"), text(&said, "sub")), (CONSOLE, amara.to_string().as_str()));
        told.push(text(&said, "sid").parse::<Uuid>().expect("an id"));
    }
    let ended: Uuid = ENDED.parse().expect("an id");
    let mut conn = app.state.db.read().await.expect("a connection");
    let (sessions, _) = sessions::of_user(&mut conn, amara, 100).await.expect("sessions");
    drop(conn);
    let mut over: Vec<Uuid> = sessions.iter().filter(|row| row.ended_at.is_some()).map(|row| row.id).collect();
    told.sort();
    over.sort();
    assert!(over.contains(&ended));
    assert_eq!(told, over);
    // The sixth attempt of each: five were made before the update.
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND attempts = 6 AND last_status = 200").await, 2);
    app.advance(TimeDelta::hours(1));
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    assert_eq!(app.outbound.calls().len(), 2);
}

#[tokio::test]
async fn an_event_from_before_an_update_can_be_sealed_and_not_be_changed() {
    let (app, _) = updated().await;
    let (leaf, seal) = match app.state.db.kind() {
        "SQLite" => ("x'4c'", "x'00000000000070008000000000000001'"),
        _ => ("'\\x4c'::bytea", "'00000000-0000-7000-8000-000000000001'::uuid"),
    };
    let sealed = format!(
        "UPDATE audit_events SET seq = 1, leaf = {leaf}, sealed_in = {seal} WHERE action = 'impersonation.started'
           AND id = (SELECT id FROM audit_events WHERE action = 'impersonation.started' ORDER BY occurred_at LIMIT 1)"
    );
    try_execute(&app.state.db, &sealed).await.expect("an old event is sealed");
    try_execute(&app.state.db, &sealed).await.expect_err("twice");
    try_execute(&app.state.db, "UPDATE audit_events SET description = 'nothing'").await.expect_err("changed");
    assert_eq!(app.count("audit_events WHERE seq = 1").await, 1);
}
