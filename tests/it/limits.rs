//! Statements that take too long: ended, also where nobody waits for them any more, and said.

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;
use understudy::server::db::account::by_external_id;
use understudy::server::db::{Conn, Db, DbError, LIMIT, Raw, in_request};

use crate::support::{Browser, ResponseExt, TestApp, log, try_execute};

const OLIVIA: &str = "olivia@understudy.example";
const LIST: &str = "/production/users?q=amara&account=northwind&status=active";
/// Long enough to be felt, were it waited for.
const FOR_EVER: Duration = Duration::from_secs(600);

/// From now on each look into the accounts takes about this long.
async fn slow(app: &TestApp, length: Duration) {
    let db = &app.state.db;
    let condition = match db.kind() {
        "SQLite" => {
            const SAMPLE: u32 = 1_000_000;
            let began = Instant::now();
            try_execute(db, &counted(SAMPLE.into())).await.expect("a count");
            let rows = length.div_duration_f64(began.elapsed()) * f64::from(SAMPLE);
            format!("({}) > 0", counted(rows as u64))
        }
        _ => format!("pg_sleep({})::text IS NOT NULL", length.as_secs_f64()),
    };
    try_execute(db, "ALTER TABLE accounts RENAME TO real_accounts").await.expect("another name");
    let view = format!("CREATE VIEW accounts AS SELECT * FROM real_accounts WHERE {condition}");
    try_execute(db, &view).await.expect("a view");
}

/// A statement that takes SQLite as long as it takes to count so far.
fn counted(rows: u64) -> String {
    format!("WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {rows}) SELECT count(*) FROM c")
}

/// As it was.
async fn quick(app: &TestApp) {
    app.execute("DROP VIEW accounts").await;
    app.execute("ALTER TABLE real_accounts RENAME TO accounts").await;
}

/// Statements that PostgreSQL runs for this server now.
async fn running(app: &TestApp) -> i64 {
    let mut conn = PgConnection::connect(app.database_url()).await.expect("another connection");
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'active'
               AND backend_type = 'client backend'";
    sqlx::query_scalar(sql).fetch_one(&mut conn).await.expect("a count")
}

/// Returns once the database does nothing any more that somebody asked of it.
async fn nothing_runs(app: &TestApp) {
    let is_sqlite = app.state.db.kind() == "SQLite";
    // On SQLite a reader is free again when its thread is.
    while app.state.db.pool().used > 0 || !is_sqlite && running(app).await > 0 {
        tokio::task::yield_now().await;
    }
}

fn said(page: &str, what: &str) {
    assert!(page.contains(what), "{what} is not in {page}");
}

#[tokio::test]
async fn a_list_that_takes_too_long_is_stopped_keeps_its_filters_and_says_what_to_narrow() {
    let app = TestApp::new().await;
    let browser = app.operator_browser(OLIVIA).await;
    slow(&app, FOR_EVER).await;
    let log = log::usual();
    let began = Instant::now();
    let (mut users, mut audit, mut call, mut choice) =
        (browser.clone(), browser.clone(), browser.clone(), browser.clone());
    let list = [("environment", "production"), ("query[q]", "amara"), ("query[account]", "northwind")];
    let typed = [("environment", "production"), ("typed", "north")];
    let (users, audit, called, chosen) = tokio::join!(
        users.get(LIST),
        audit.get("/production/audit?account=northwind&from=2026-11-01"),
        call.call("users/list", &list),
        choice.call("accounts/search", &typed),
    );
    assert!(began.elapsed() < FOR_EVER / 10, "{:?}", began.elapsed());
    let users = users.expect_status(StatusCode::GATEWAY_TIMEOUT).into_body();
    said(&users, "This takes too long to find");
    said(&users, "type more of a name, a whole e-mail address or an id; leave a filter out.");
    said(&users, "value=\"amara\"");
    said(&users, "<input type=\"hidden\" name=\"account\" value=\"northwind\">");
    let chosen_status = users.split("<option").find(|option| option.contains("selected")).unwrap_or_default();
    said(chosen_status, "value=\"active\"");
    let audit = audit.expect_status(StatusCode::GATEWAY_TIMEOUT).into_body();
    said(&audit, "leave a filter out; choose fewer days.");
    said(&audit, "<input type=\"hidden\" name=\"account\" value=\"northwind\">");
    said(&audit, "value=\"2026-11-01\"");
    for answer in [called, chosen] {
        let answer = answer.expect_status(StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(answer.json(), "TooLong");
    }
    let lines = log::saying(&log, "the database needed too long for what a request asked, and was told to stop");
    assert_eq!(lines.len(), 4, "a line for each request: {}", log.text());
    assert!(!log.text().contains("\"ERROR\""), "nobody's fault: {}", log.text());
    drop(log);
    nothing_runs(&app).await;
    quick(&app).await;
    let mut browser = browser;
    let page = browser.get(LIST).await.expect_status(StatusCode::OK);
    said(page.body(), "Amara Okafor");
}

/// Asks for the list, and goes away before it is there.
async fn click(browser: &Browser) {
    let answer = timeout(Duration::from_millis(150), browser.clone().get(LIST)).await;
    assert!(answer.is_err(), "the list is slow");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_statement_behind_however_often_it_clicks() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    browser.get("/production/applications").await.expect_status(StatusCode::OK);
    slow(&app, FOR_EVER).await;
    let mut other = browser.clone();
    tokio::select! {
        _ = other.get(LIST) => panic!("the list is slow"),
        // The statement runs, and its connection is nobody else's.
        () = async { while app.state.db.pool().used != 1 { tokio::task::yield_now().await } } => {}
    }
    timeout(LIMIT * 9 / 10, nothing_runs(&app)).await.expect("it is ended long before its time is over");
    // More often than there are connections.
    for _ in 0..10 {
        click(&browser).await;
    }
    timeout(LIMIT * 9 / 10, nothing_runs(&app)).await.expect("all of them are ended");
    quick(&app).await;
    browser.get(LIST).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn only_what_a_request_reads_has_a_limit() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    // However loaded the machine was when its speed was measured.
    slow(&app, LIMIT * 3).await;
    let (db, environment) = (&app.state.db, caller.environment.id);
    let by_request = in_request(async {
        let mut conn = db.read().await?;
        by_external_id(&mut conn, environment, "northwind").await
    });
    let by_request_that_writes = in_request(async {
        let mut tx = db.write().await?;
        by_external_id(&mut tx, environment, "northwind").await
    });
    let by_command = async {
        let mut conn = db.read().await?;
        by_external_id(&mut conn, environment, "northwind").await
    };
    let (read, written, commanded) = tokio::join!(by_request, by_request_that_writes, by_command);
    assert!(matches!(read, Err(DbError::TooLong)), "{read:?}");
    assert!(matches!(written, Ok(Some(_))), "{written:?}");
    assert!(matches!(commanded, Ok(Some(_))), "{commanded:?}");
}

#[tokio::test]
async fn a_connection_that_was_lent_without_a_limit_has_its_limit_again() {
    let app = TestApp::new().await;
    let db = &app.state.db;
    if db.kind() == "SQLite" {
        // There each statement says its own.
        return;
    }
    // As many as there are connections.
    let lent = tokio::join!(db.read(), db.read(), db.read(), db.read());
    let lent: [Conn; 4] = [lent.0, lent.1, lent.2, lent.3].map(|conn| conn.expect("a connection"));
    for mut conn in lent {
        assert_eq!(statement_timeout(&mut conn).await, "0");
    }
    for _ in 0..8 {
        assert_eq!(in_request(async { statement_timeout(&mut reading(db).await).await }).await, "2s");
        assert_eq!(statement_timeout(&mut db.write().await.expect("a transaction")).await, "0");
    }
}

async fn reading(db: &Db) -> Conn {
    db.read().await.expect("a connection")
}

async fn statement_timeout(conn: &mut Conn) -> String {
    let Raw::Postgres(conn) = conn.raw() else { panic!("SQLite has no such setting") };
    sqlx::query_scalar("SHOW statement_timeout").fetch_one(conn).await.expect("a setting")
}
