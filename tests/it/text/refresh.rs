//! Rows of an older version, brought into today's form at a start.

use std::time::Duration;

use crate::support::TestApp;
use understudy::model::user::UserQuery;
use understudy::server::job;
use understudy::server::service::{self, upkeep::text_refresh};

async fn found(app: &TestApp, q: &str) -> Vec<String> {
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = UserQuery { q: q.into(), ..UserQuery::default() };
    service::directory::user::list(&caller, &query)
        .await
        .expect("a page")
        .rows
        .iter()
        .map(|row| row.email.clone())
        .collect()
}

#[tokio::test]
async fn what_an_older_version_wrote_is_found_and_signed_in_to_after_a_start() {
    let app = TestApp::new().await;
    app.execute(
        "UPDATE users SET email = 'ben@xn--bcher-kva.example', email_domain = 'xn--bcher-kva.example', name = 'Łukasz Żak',
           sort_name = 'łukasz żak', search_text = 'łukasz żak ben@xn--bcher-kva.example', text_version = 0
         WHERE email = 'ben@harbor.example'",
    )
    .await;
    app.execute("UPDATE accounts SET sort_name = '', search_text = '', text_version = 0").await;
    app.execute("UPDATE applications SET sort_name = '', search_text = '', text_version = 0").await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let consoles = async || service::directory::application::list(&caller, "console").await.expect("a list").rows.len();
    assert!(found(&app, "lukasz zak").await.is_empty() && consoles().await == 0);
    let written = text_refresh::run(&app.state, u64::MAX).await.expect("a refresh");
    assert!(written >= 8, "{written}");
    assert_eq!(consoles().await, 1);
    assert_eq!(found(&app, "lukasz zak").await, ["ben@bücher.example"]);
    assert_eq!(found(&app, "harbor logistics").await.len(), 2);
    assert_eq!(text_refresh::run(&app.state, u64::MAX).await.expect("a refresh"), 0, "there is nothing left");
}

#[tokio::test]
async fn two_rows_of_one_address_stay_and_doctor_names_them() {
    let app = TestApp::new().await;
    app.execute("UPDATE users SET email = 'i@bücher.example' WHERE email = 'ben@harbor.example'").await;
    app.execute(
        "UPDATE users SET email = 'i@xn--bcher-kva.example', text_version = 0 WHERE email = 'rita@northwind.example'",
    )
    .await;
    app.execute("UPDATE users SET email = 'am\u{200b}ara@northwind.example', text_version = 0 WHERE email = 'amara@northwind.example'")
        .await;
    text_refresh::run(&app.state, u64::MAX).await.expect("a refresh");
    let mut conn = app.state.db.read().await.expect("a connection");
    let conflicts = text_refresh::conflicts(&mut conn, 20).await.expect("conflicts");
    drop(conn);
    assert_eq!(conflicts.len(), 2, "{conflicts:?}");
    assert!(conflicts.iter().any(|text| text.contains("another spelling of i@bücher.example")), "{conflicts:?}");
    assert!(conflicts.iter().any(|text| text.contains("no e-mail address")), "{conflicts:?}");
    // Each is still signed in to by the spelling that it has.
    app.state.limits.lift();
    let mut conn = app.state.db.read().await.expect("a connection");
    let environment = understudy::server::db::environment::by_slug(&mut conn, "production").await.expect("a query");
    let environment = environment.expect("production").id;
    for (typed, name) in [
        ("i@xn--bcher-kva.example", "Rita Reader"),
        ("i@bücher.example", "Ben Lefèvre"),
        ("am\u{200b}ara@northwind.example", "Amara Okafor"),
    ] {
        let row =
            service::registry::users::by_email(&mut conn, environment, typed).await.expect("a query").expect("a user");
        assert_eq!(row.name, name);
    }
}

#[tokio::test]
async fn one_row_that_cannot_be_written_keeps_no_others_back() {
    let app = TestApp::new().await;
    // As where somebody takes the address between the look at it and the write.
    app.execute("CREATE UNIQUE INDEX once ON users (search_text) WHERE text_version > 0").await;
    app.execute(
        "UPDATE users SET name = 'Twin', email = 'twin@northwind.example' WHERE email = 'sam@northwind.example'",
    )
    .await;
    app.execute("UPDATE users SET search_text = '', text_version = 0").await;
    app.execute("UPDATE users SET name = 'Twin', email = 'twin@northwind.example' WHERE email = 'ben@harbor.example'")
        .await;
    let written = text_refresh::run(&app.state, u64::MAX).await.expect("a refresh");
    assert!(written >= 7, "{written}");
    assert_eq!(app.count("users WHERE text_version = 0").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_failed_at_a_start_is_tried_again_while_the_server_runs() {
    let app = TestApp::new().await;
    app.execute("UPDATE accounts SET sort_name = '', search_text = '', text_version = 0").await;
    app.execute("ALTER TABLE operators RENAME TO away").await;
    let jobs = tokio::spawn(job::run(app.state.clone()));
    assert!(text_refresh::run(&app.state, u64::MAX).await.is_err());
    app.execute("ALTER TABLE away RENAME TO operators").await;
    // Only a failure waits that long.
    let again = async {
        while app.count("accounts WHERE text_version = 0").await > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), again).await.expect("another attempt");
    jobs.abort();
}
