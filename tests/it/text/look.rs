//! How far a search looks through the audit trail, in both directions, and the days that bound it.

use axum::http::StatusCode;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{ResponseExt, TestApp, start_of_test, try_execute};
use understudy::model::audit::{AuditPage, AuditQuery};
use understudy::server::db::audit::{AuditFilter, Sought};
use understudy::server::domain::event::TrailEntry;
use understudy::server::platform::text::Search;
use understudy::server::service;
use understudy::server::service::audit::look::look;

/// Adam signs in, then Olivia twenty times, a minute apart, then Adam again.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    for index in 0..22 {
        let email = if index == 0 || index == 21 { "adam@understudy.example" } else { "olivia@understudy.example" };
        app.advance(TimeDelta::minutes(1));
        app.caller(email, "production").await;
    }
    app
}

fn place(row: &TrailEntry) -> Option<(chrono::DateTime<chrono::Utc>, Uuid)> {
    Some((row.occurred_at, row.id))
}

#[tokio::test]
async fn a_look_for_words_goes_in_steps_either_way_and_says_where_it_stopped() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let mut conn = app.state.db.read().await.expect("a connection");
    let filter = |ascending: bool, after| AuditFilter {
        environment_id: caller.environment.id,
        words: Search::of("adam").words.into_iter().map(|word| Sought { word, applications: Vec::new() }).collect(),
        action: Some("operator.signed_in".into()),
        from: Some(start_of_test() + TimeDelta::seconds(30)),
        ascending,
        after,
        limit: 3,
        ..AuditFilter::default()
    };
    for ascending in [false, true] {
        let all = look(&mut conn, &filter(ascending, None), &[1_000]).await.expect("events");
        assert_eq!((all.rows.len(), all.stopped), (2, None), "{ascending}");
        // In steps it is the same, without one twice.
        let steps = look(&mut conn, &filter(ascending, None), &[1, 2, 3, 100]).await.expect("events");
        let ids = |rows: &[TrailEntry]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&steps.rows), ids(&all.rows), "{ascending}");
        // Not far enough for the other one, and on from there.
        let near = look(&mut conn, &filter(ascending, None), &[3, 3]).await.expect("events");
        assert_eq!(ids(&near.rows), ids(&all.rows[..1]), "{ascending}");
        let stopped = near.stopped.expect("a place");
        let between = place(&all.rows[0]).expect("a place");
        assert_eq!(stopped > between, ascending, "{ascending}");
        let far = look(&mut conn, &filter(ascending, Some(stopped)), &[1_000]).await.expect("events");
        assert_eq!(ids(&far.rows), ids(&all.rows[1..]), "{ascending}");
    }
}

#[tokio::test]
async fn the_pages_of_a_search_lead_there_and_back() {
    let app = TestApp::new().await;
    for _ in 0..70 {
        app.advance(TimeDelta::minutes(10));
        app.caller("adam@understudy.example", "production").await;
    }
    let caller = app.caller("olivia@understudy.example", "production").await;
    let list = async |cursor: Option<String>| -> AuditPage {
        let query = AuditQuery { q: "adam".into(), cursor: cursor.unwrap_or_default(), ..AuditQuery::default() };
        service::audit::list(&caller, &query).await.expect("a page")
    };
    let first = list(None).await;
    let second = list(first.next.clone()).await;
    assert_eq!((first.rows.len(), second.next.is_none(), second.searched_until), (50, true, None));
    let back = list(second.previous).await;
    assert_eq!(back.rows, first.rows);
    assert!(back.previous.is_none() && back.searched_until.is_none());
}

#[tokio::test]
async fn what_is_rare_is_not_looked_for_in_all_of_a_long_trail() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let (id, numbers) = match app.state.db.kind() {
        "SQLite" => {
            ("randomblob(16)", "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 6000)")
        }
        _ => ("gen_random_uuid()", "WITH n AS (SELECT generate_series(1, 6000) AS x)"),
    };
    // All at the time of the one that they are copies of, and none of it about a user.
    let columns = "environment_id, occurred_at, action, severity, actor_kind, actor_name, description, visible_to_account, \
                   search_text";
    let sql = format!(
        "INSERT INTO audit_events (id, {columns}) {numbers} SELECT {id}, {columns} FROM n CROSS JOIN
           (SELECT * FROM audit_events WHERE action = 'operator.signed_in' LIMIT 1) AS e"
    );
    try_execute(&app.state.db, &sql).await.expect("many events");
    for query in [
        AuditQuery { severity: "critical".into(), ..AuditQuery::default() },
        AuditQuery { action: "impersonation".into(), ..AuditQuery::default() },
        AuditQuery { only: "impersonated".into(), ..AuditQuery::default() },
    ] {
        let page = service::audit::list(&caller, &query).await.expect("a page");
        assert!(page.rows.is_empty() && page.searched_until.is_some() && page.next.is_some(), "{query:?}");
        let query = AuditQuery { cursor: page.next.unwrap_or_default(), ..query };
        let rest = service::audit::list(&caller, &query).await.expect("a page");
        assert!(rest.rows.is_empty() && rest.searched_until.is_none() && rest.next.is_none(), "{query:?}");
    }
}

#[tokio::test]
async fn a_day_beyond_all_events_never_shows_everything() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let rows = async |from: &str, to: &str| {
        let query = AuditQuery { from: from.into(), to: to.into(), ..AuditQuery::default() };
        service::audit::list(&caller, &query).await.expect("a page").rows.len()
    };
    let all = rows("", "").await;
    assert!(all > 20);
    for (from, to) in [
        ("9999-12-31", ""),
        ("10000-01-01", ""),
        ("275760-09-13", ""),
        ("", "0001-01-01"),
        ("", "1969-12-31"),
        ("0001-01-01", "0002-01-01"),
        ("yesterday", ""),
        ("", "2026-02-30"),
    ] {
        assert_eq!(rows(from, to).await, 0, "{from:?} {to:?}");
    }
    for (from, to) in [("0001-01-01", ""), ("", "9999-12-31"), ("1969-12-31", "275760-09-13")] {
        assert_eq!(rows(from, to).await, all, "{from:?} {to:?}");
    }
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/audit?to=23.11.2026").await.expect_status(StatusCode::OK);
    assert!(page.body().contains("“23.11.2026” is no day. Write days like this: 2026-11-23."), "{}", page.body());
}
