//! A start while somebody else changes what it depends on.

use std::time::Duration;

use chrono::TimeDelta;

use super::{denial, owner, request};
use crate::support::TestApp;
use understudy::model::denial::Denial;
use understudy::model::impersonation::ImpersonationSettings;
use understudy::server::db::{Raw, settings};
use understudy::server::service::{impersonation, session};

/// The start has read the settings, and then waits for the transaction that turns impersonation off.
#[tokio::test]
async fn what_was_turned_off_in_between_does_not_start() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let wanted = request(&app, "amara@northwind.example").await;
    let environment_id = caller.environment.id;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let off = ImpersonationSettings::default();
    let (_, version) = settings::versioned(&mut tx, environment_id).await.expect("settings");
    assert!(settings::update_version(&mut tx, environment_id, version, off).await.expect("settings change"));
    let starting = tokio::spawn(async move { impersonation::start(&caller, &wanted).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    tx.commit().await.expect("settings are kept");
    let outcome = starting.await.expect("no panic");
    // On PostgreSQL writers do not wait for each other: it came first, and ends as soon as anybody looks.
    if let Ok(hand_off) = &outcome
        && app.state.db.kind() == "PostgreSQL"
    {
        let live = session::live(&app.state, environment_id, hand_off.session_id).await.expect("a look");
        assert!(live.is_none());
        return;
    }
    assert_eq!(denial(outcome), Denial::Off);
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(app.events("impersonation.started").await.len(), 0);
    assert_eq!(app.events("impersonation.denied").await.len(), 1);
}

/// Half of the choice still stands, but the session would live longer than it may by now.
#[tokio::test]
async fn a_time_limit_that_changed_in_between_is_the_new_one() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let wanted = request(&app, "amara@northwind.example").await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let sql = "UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'console'";
    match tx.raw() {
        Raw::Sqlite(connection) => sqlx::query(sql).execute(connection).await.map(drop),
        Raw::Postgres(connection) => sqlx::query(sql).execute(connection).await.map(drop),
    }
    .expect("the application changes");
    let starting = tokio::spawn(async move { impersonation::start(&caller, &wanted).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    tx.commit().await.expect("the change is kept");
    let hand_off = starting.await.expect("no panic").expect("it starts");
    if app.state.db.kind() == "SQLite" {
        assert_eq!(hand_off.deadline, app.now() + TimeDelta::minutes(5));
    }
}
