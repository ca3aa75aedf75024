//! What is past its time goes, once a day and told, and nothing else does.

use chrono::{DateTime, TimeDelta, Utc};
use understudy::model::audit::AuditQuery;
use understudy::model::session::EndReason;
use understudy::server::service;
use understudy::server::service::audit::index;
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::retention::{self, Change};
use understudy::server::service::upkeep;

use crate::identity::flow::{AMARA, BEN, impersonating, signed_in};
use crate::support::{TestApp, start_of_test, try_execute};

async fn tidy(app: &TestApp) {
    upkeep::run(&app.state).await.expect("upkeep");
}

/// For whoever administers the server.
async fn system(app: &TestApp) -> Caller {
    app.system().await
}

async fn keep(app: &TestApp, change: Change) {
    retention::set(&system(app).await, change).await.expect("days");
}

/// As many events of this time, in each environment or with an operator.
async fn put(app: &TestApp, number: usize, time: DateTime<Utc>, operator: bool) {
    let is_sqlite = app.state.db.kind() == "SQLite";
    let id = if is_sqlite { "randomblob(16)" } else { "gen_random_uuid()" };
    let operator = match (operator, is_sqlite) {
        (false, _) => "NULL",
        (true, true) => "x'00000000000070008000000000000001'",
        (true, false) => "'00000000-0000-7000-8000-000000000001'::uuid",
    };
    let time = time.format("%Y-%m-%dT%H:%M:%S+00:00");
    for _ in 0..number {
        let sql = format!(
            "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_name, operator_id,
               description, visible_to_account, search_text)
             SELECT {id}, id, '{time}', 'put.there', 'info', 'system', 'Understudy', {operator}, 'Put', {visible}, ' put there'
             FROM environments WHERE slug = 'production'",
            visible = if is_sqlite { "0" } else { "FALSE" },
        );
        try_execute(&app.state.db, &sql).await.expect("an event");
    }
}

#[tokio::test]
async fn events_past_their_days_are_gone_and_the_trail_says_how_many() {
    let app = TestApp::new().await;
    put(&app, 3, start_of_test() - TimeDelta::days(500), false).await;
    put(&app, 2, start_of_test() - TimeDelta::days(399), false).await;
    app.caller("olivia@understudy.example", "production").await;
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 2);
    let told = app.events("data.removed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].description, "Removed after their time: audit events: 3 (kept for 400 days)");
    // Again on the next day, and then all that has come of age.
    app.advance(TimeDelta::hours(2));
    tidy(&app).await;
    assert_eq!(app.events("data.removed").await.len(), 1);
    app.advance(TimeDelta::days(2));
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 0);
    assert_eq!(app.events("data.removed").await.len(), 2);
    // A day on which nothing goes is no event.
    app.advance(TimeDelta::days(1));
    tidy(&app).await;
    assert_eq!(app.events("data.removed").await.len(), 2);
}

#[tokio::test]
async fn an_update_leaves_a_week_and_a_clock_that_was_ahead_leaves_no_more() {
    let app = TestApp::new().await;
    put(&app, 1, start_of_test() - TimeDelta::days(500), false).await;
    app.caller("olivia@understudy.example", "production").await;
    let time = |days: i64| (start_of_test() + TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    // As the migration writes it for what is there already.
    let sql = format!("INSERT INTO retention (environment_id, swept_at) SELECT id, '{}' FROM environments", time(7));
    try_execute(&app.state.db, &sql).await.expect("rows");
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 1);
    try_execute(&app.state.db, &format!("UPDATE retention SET swept_at = '{}'", time(20))).await.expect("a later time");
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 0);
    assert_eq!(app.events("data.removed").await.len(), 1);
}

#[tokio::test]
async fn counts_of_failed_sign_ins_are_told_without_their_addresses() {
    let app = TestApp::new().await;
    let (is_sqlite, hour) = (app.state.db.kind() == "SQLite", start_of_test() - TimeDelta::days(500));
    let hour = hour.format("%Y-%m-%dT%H:%M:%S+00:00");
    let address = |byte: &str| if is_sqlite { format!("x'{byte}'") } else { format!("'\\x{byte}'::bytea") };
    let of_production = "FROM environments WHERE slug = 'production'";
    let mut rows = vec![format!(
        "INSERT INTO failed_sign_ins (environment_id, door, hour, attempts, addresses)
         SELECT id, 'portal', '{hour}', 5, 2 {of_production}"
    )];
    rows.extend(["01", "02"].map(|byte| {
        format!(
            "INSERT INTO failed_sign_in_addresses (environment_id, hour, door, address, attempts)
             SELECT id, '{hour}', 'portal', {}, 2 {of_production}",
            address(byte)
        )
    }));
    for sql in rows {
        try_execute(&app.state.db, &sql).await.expect("a count");
    }
    tidy(&app).await;
    assert_eq!(app.count("failed_sign_ins").await + app.count("failed_sign_in_addresses").await, 0);
    let told = app.events("data.removed").await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].description, "Removed after their time: counts of failed sign-ins: 1 (kept for 400 days)");
}

#[tokio::test]
async fn what_is_due_goes_though_nothing_else_happened_for_years() {
    let app = TestApp::new().await;
    put(&app, 450, start_of_test(), false).await;
    let before = app.count("audit_events").await;
    app.advance(TimeDelta::days(1_000));
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 0);
    let told = app.events("data.removed").await;
    // One that says so first, and one for the rest; the other environment has its own.
    assert!(told.iter().any(|event| event.description.contains("audit events: 200 ")), "{told:?}");
    assert_eq!(app.count("audit_events").await, told.len() as i64, "of {before} events");
}

#[tokio::test]
async fn impersonations_stay_for_thirty_days_whatever_is_said() {
    let app = TestApp::new().await;
    keep(&app, Change { audit: Some(2), sessions: Some(1), ..Change::default() }).await;
    put(&app, 4, start_of_test() - TimeDelta::days(31), true).await;
    put(&app, 5, start_of_test() - TimeDelta::days(29), true).await;
    put(&app, 6, start_of_test() - TimeDelta::days(3), false).await;
    let (_, id) = impersonating(&app, AMARA, "northwind", "console").await;
    signed_in(&app, BEN).await;
    app.end_session(id, EndReason::EndedByOperator).await.expect("it ends");
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there' AND operator_id IS NOT NULL").await, 5);
    assert_eq!(app.count("audit_events WHERE action = 'put.there' AND operator_id IS NULL").await, 0);
    for (days, sessions) in [(3, 1), (28, 0)] {
        app.advance(TimeDelta::days(days));
        // First what a session leaves behind goes, a day later itself.
        tidy(&app).await;
        app.advance(TimeDelta::days(1));
        tidy(&app).await;
        assert_eq!(app.count("sessions WHERE kind = 'impersonation'").await, sessions, "{days}");
    }
    assert_eq!(app.count("audit_events WHERE action = 'impersonation.started'").await, 0);
}

#[tokio::test]
async fn a_session_that_runs_keeps_all_it_needs() {
    let app = TestApp::new().await;
    keep(&app, Change { audit: Some(1), sessions: Some(1), portal_sessions: Some(1), failed_sign_ins: Some(1) }).await;
    signed_in(&app, BEN).await;
    app.advance(TimeDelta::days(3));
    let tables = ["sessions", "session_cookies", "browser_sessions", "refresh_tokens"];
    let mut before = Vec::new();
    for table in tables {
        before.push(app.count(table).await);
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    tidy(&app).await;
    for (table, before) in tables.into_iter().zip(before) {
        assert_eq!(app.count(table).await, before, "{table}");
    }
}

#[tokio::test]
async fn the_database_lets_nothing_go_before_its_time_whoever_asks() {
    let app = TestApp::new().await;
    keep(&app, Change { audit: Some(10), ..Change::default() }).await;
    let now = start_of_test();
    put(&app, 1, now - TimeDelta::days(40), true).await;
    put(&app, 1, now - TimeDelta::days(20), true).await;
    put(&app, 1, now - TimeDelta::days(5), false).await;
    put(&app, 1, now, false).await;
    let time = |days: i64| (now - TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%S+00:00").to_string();
    let put_there = app.count("audit_events WHERE action = 'put.there'").await;
    let open = |before: &str, impersonated: &str| {
        format!("UPDATE retention SET removing_before = '{before}', removing_impersonated_before = '{impersonated}'")
    };
    let mut refused = vec![
        "DELETE FROM audit_events".to_owned(),
        open(&time(9), &time(40)),
        open(&time(10), &time(29)),
        open(&time(-400), &time(-400)),
        "UPDATE retention SET removing_impersonated_before = removing_before, removing_before = '2020-01-01T00:00:00+00:00'"
            .to_owned(),
        format!(
            "INSERT INTO retention (environment_id, removing_before) SELECT id, '{}' FROM environments WHERE slug = 'staging'",
            time(1000)
        ),
        "UPDATE retention SET audit_days = 0".to_owned(),
    ];
    if app.state.db.kind() == "SQLite" {
        // What only looks like an early time.
        refused.extend(["2460000.5", "now", "", "zzzz"].map(|odd| open(odd, odd)));
        // An early time that looks later than it is, in another zone.
        let elsewhere = |days: i64| time(days).replace("+00:00", "+14:00");
        refused.extend([open(&elsewhere(10), &time(40)), open(&time(40), &elsewhere(30))]);
    } else {
        // Tables of one's own that would be found before those of the trail, each in the transaction that made it.
        refused.push(
            "DO $$ BEGIN
               CREATE TEMP TABLE retention AS
                 SELECT id AS environment_id, 'infinity'::timestamptz AS removing_before,
                   'infinity'::timestamptz AS removing_impersonated_before FROM environments;
               DELETE FROM audit_events;
             END $$"
                .to_owned(),
        );
        refused.push(format!(
            "DO $$ BEGIN
               CREATE TEMP TABLE audit_events AS
                 SELECT id AS environment_id, '2999-01-01T00:00:00Z'::timestamptz AS occurred_at FROM environments;
               {};
             END $$",
            open(&time(0), &time(0))
        ));
    }
    for sql in refused {
        let error = try_execute(&app.state.db, &sql).await.expect_err(&sql).to_string();
        assert!(error.contains("before their time") || error.to_lowercase().contains("check"), "{sql}: {error}");
    }
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, put_there);
    // The door that is opened rightly lets only what is due through it, and shuts with the transaction's own words.
    try_execute(&app.state.db, &open(&time(11), &time(31))).await.expect("what is due");
    for younger in ["operator_id IS NULL", "operator_id IS NOT NULL"] {
        let sql = format!("DELETE FROM audit_events WHERE {younger}");
        try_execute(&app.state.db, &sql).await.expect_err("younger ones");
    }
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, put_there);
    tidy(&app).await;
    assert_eq!(app.count("retention WHERE removing_before IS NOT NULL").await, 0);
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, put_there - 1);
}

#[tokio::test]
async fn other_days_are_in_the_trail_with_those_before_and_bad_ones_are_refused() {
    let app = TestApp::new().await;
    keep(&app, Change { audit: Some(90), failed_sign_ins: Some(14), ..Change::default() }).await;
    let events = app.events("environment.retention_changed").await;
    assert_eq!(events.len(), 1);
    assert!(
        events[0].description.ends_with(
            "keeps from now on: audit events for 90 days instead of 400, counts of failed sign-ins for 14 days instead of 400"
        ),
        "{events:?}"
    );
    keep(&app, Change { audit: Some(90), ..Change::default() }).await;
    assert_eq!(app.events("environment.retention_changed").await.len(), 1);
    let caller = system(&app).await;
    for days in [0, -1, 36_501] {
        let error =
            retention::set(&caller, Change { sessions: Some(days), ..Change::default() }).await.expect_err("days");
        assert!(
            format!("{error:?}").contains(&format!("cannot be kept for {days} days: give 1 to 36500")),
            "{error:?}"
        );
    }
    let operator = app.caller("olivia@understudy.example", "production").await;
    retention::set(&operator, Change::default()).await.expect_err("an operator");
}

#[tokio::test]
async fn a_search_finds_what_was_kept_and_forgets_what_was_removed() {
    let app = TestApp::new().await;
    keep(&app, Change { audit: Some(20), ..Change::default() }).await;
    put(&app, 300, start_of_test() - TimeDelta::days(19), false).await;
    put(&app, 300, start_of_test() - TimeDelta::days(5), false).await;
    app.advance(TimeDelta::minutes(1));
    while index::run(&app.state).await.expect("the index") > 0 {}
    let indexed = app.count("audit_slots").await;
    assert!(indexed > 0);
    app.advance(TimeDelta::days(3));
    app.caller("olivia@understudy.example", "production").await;
    tidy(&app).await;
    assert_eq!(app.count("audit_events WHERE action = 'put.there'").await, 300);
    for _ in 0..3 {
        index::run(&app.state).await.expect("the index");
        app.advance(TimeDelta::minutes(2));
    }
    assert!(app.count("audit_slots").await < indexed, "the index still has what is gone");
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = AuditQuery { q: "put there".into(), ..AuditQuery::default() };
    let page = service::audit::list(&caller, &query).await.expect("a page");
    assert_eq!((page.rows.len(), page.searched_until), (50, None));
}
