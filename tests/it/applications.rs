//! The pages of applications and keys, as a browser without script gets them and uses them.

use axum::http::StatusCode;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::support::{Browser, ResponseExt, TestApp};
use understudy::server::db::{application, environment};
use understudy::server::job::Worker;
use understudy::server::platform::outbound::Script;
use understudy::server::service::directory::application as applications;

const OLIVIA: &str = "olivia@understudy.example";

async fn id_of(app: &TestApp, slug: &str, client_id: &str) -> Uuid {
    let mut conn = app.state.db.read().await.expect("a connection");
    let environment = environment::by_slug(&mut conn, slug).await.expect("a query").expect("an environment");
    let found = application::by_client_id(&mut conn, environment.id, client_id).await;
    found.expect("a query").expect("an application").id
}

async fn page(browser: &mut Browser, path: &str) -> String {
    browser.get(path).await.expect_status(StatusCode::OK).into_body()
}

/// A message about Amara's ended session that console did not take.
async fn failed_message(app: &TestApp, status: u16) -> Uuid {
    app.execute(
        "UPDATE applications SET backchannel_logout_uri = 'https://console.example/out' WHERE client_id = 'console'",
    )
    .await;
    app.outbound.script("https://console.example/out", Script::Answer(status));
    let mut amara = app.browser();
    let form = [("email", "amara@northwind.example"), ("password", crate::support::USER_PASSWORD)];
    amara.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER);
    let sid = app.user_sessions("amara@northwind.example").await[0].id;
    let console = id_of(app, "production", "console").await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let mut batch = tx.batch();
    understudy::server::db::session::put_application(batch.add(), sid, console, app.now());
    let writes = batch.done();
    tx.commit_with(writes).await.expect("tokens");
    amara.post("/id/production/account/sign-out", &[]).await;
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    sid
}

#[tokio::test]
async fn the_applications_are_listed_with_how_they_are_set_up() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let body = page(&mut browser, "/production/applications").await;
    assert!(body.contains("2 applications sign users in here"), "{body}");
    for text in ["Console", "Dispatch", "Hosted", "Secret", "Public", "60 min", "5 min", "Not set up"] {
        assert!(body.contains(text), "{text} is missing: {body}");
    }
    let console = id_of(&app, "production", "console").await;
    assert!(body.contains(&format!("href=\"/production/applications/{console}\"")), "{body}");
    let listed = applications::list(&app.caller(OLIVIA, "production").await, "").await.expect("a list");
    let accounts: Vec<i64> = listed.rows.iter().map(|row| row.accounts).collect();
    assert_eq!(accounts, [1, 2], "Console is Northwind's only, Dispatch has two accounts");
}

async fn add_applications(app: &TestApp, numbers: std::ops::Range<usize>) {
    let rows = numbers.map(|number| format!("made-{number:03},Made {number:03},https://made.example/{number}\n"));
    let csv = "client_id,name,app_url\n".to_owned() + &rows.collect::<String>();
    crate::text::import(app, understudy::server::service::import::Kind::Applications, &csv).await.expect("an import");
}

#[tokio::test]
async fn applications_beyond_the_list_are_found_and_the_page_says_that_there_are_more() {
    const APPLICATIONS: &str = "/production/applications";
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    add_applications(&app, 0..498).await;
    let body = page(&mut browser, APPLICATIONS).await;
    assert!(body.contains("500 applications sign users in here"), "these are all: {body}");
    assert!(body.contains("Made 497") && !body.contains("The first 500") && !body.contains("first 500 by name"));
    add_applications(&app, 498..499).await;
    let body = page(&mut browser, APPLICATIONS).await;
    assert!(body.contains("The first 500 applications sign users in here"), "{body}");
    assert!(body.contains("These are the first 500 by name") && !body.contains("Made 498"), "{body}");
    for q in ["made+498", "MADE-498", "498+made"] {
        let body = page(&mut browser, &format!("{APPLICATIONS}?q={q}")).await;
        assert!(body.contains("Made 498") && body.contains("1 application found"), "{q}: {body}");
        assert!(!body.contains("Made 497") && !body.contains("The first 500"), "{q}: {body}");
    }
    let many = page(&mut browser, &format!("{APPLICATIONS}?q=made")).await;
    assert!(many.contains("499 applications found"), "{many}");
    let none = page(&mut browser, &format!("{APPLICATIONS}?q=zzyzx")).await;
    assert!(none.contains("No application found") && none.contains("“zzyzx”"), "{none}");
    let form = [("environment", "production"), ("q", "made 498")];
    let answer = browser.call("applications/list", &form).await.expect_status(StatusCode::OK).json();
    assert_eq!(answer["rows"][0]["client_id"], "made-498");
}

#[tokio::test]
async fn an_application_is_found_by_a_client_id_that_is_an_id_and_by_its_letters() {
    let app = TestApp::new().await;
    let id = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
    let csv = format!("client_id,name,app_url\n{id},Łódź Ledger,https://ledger.example/\nz,Émile,https://e.example/\n");
    crate::text::import(&app, understudy::server::service::import::Kind::Applications, &csv).await.expect("an import");
    let caller = app.caller(OLIVIA, "production").await;
    for q in [id.to_owned(), id.to_uppercase(), id.replace('-', ""), format!("client_id={id}"), "lodz".into()] {
        let found = applications::list(&caller, &q).await.expect("a list").rows;
        assert_eq!(found.iter().map(|row| row.client_id.as_str()).collect::<Vec<_>>(), [id], "{q}");
    }
    let all = applications::list(&caller, "").await.expect("a list").rows;
    let names: Vec<&str> = all.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["Console", "Dispatch", "Émile", "Łódź Ledger"]);
}

#[tokio::test]
async fn an_environment_without_applications_says_how_to_get_some() {
    let app = TestApp::new().await;
    app.execute("DELETE FROM applications").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let body = page(&mut browser, "/production/applications").await;
    assert!(body.contains("No applications yet") && body.contains("understudy import"), "{body}");
}

#[tokio::test]
async fn an_applications_page_shows_what_a_client_needs_and_keeps_its_secret() {
    let app = TestApp::new().await;
    let console = id_of(&app, "production", "console").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let body = page(&mut browser, &format!("/production/applications/{console}")).await;
    for text in [
        "http://localhost:3000/id/production",
        "http://localhost:3000/id/production/.well-known/openid-configuration",
        "https://console.example/callback",
        "https://console.example/bye",
        "Client secret",
        "Northwind Traders",
        "No messages yet",
    ] {
        assert!(body.contains(text), "{text} is missing: {body}");
    }
    assert!(!body.contains("client_secret_hash") && !body.contains("ucs_"), "{body}");
}

#[tokio::test]
async fn another_environments_application_answers_like_one_that_does_not_exist() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let foreign = id_of(&app, "staging", "console").await.to_string();
    let missing = "019a0000-0000-7000-8000-000000000000";
    let mut answers = Vec::new();
    for id in [foreign.as_str(), missing] {
        let form = [("environment", "production"), ("application_id", id)];
        let answer = browser.call("applications/get", &form).await.expect_status(StatusCode::NOT_FOUND);
        answers.push(answer.into_body());
        browser.get(&format!("/production/applications/{id}")).await.expect_status(StatusCode::NOT_FOUND);
        let form = [("environment", "production"), ("application_id", id), ("session_id", missing)];
        browser.call("applications/retry-logout", &form).await.expect_status(StatusCode::NOT_FOUND);
    }
    assert_eq!(answers[0], answers[1]);
    // Nor does a row of the list come from there, whoever asks the database for it.
    let production = app.caller(OLIVIA, "production").await.environment.id;
    let (foreign, own) = (foreign.parse().expect("an id"), id_of(&app, "production", "console").await);
    let mut conn = app.state.db.read().await.expect("a connection");
    for (id, is_there) in [(foreign, false), (own, true)] {
        let row = application::list_row(&mut conn, production, id, 10).await.expect("a query");
        assert_eq!(row.is_some_and(|row| row.id == id), is_there);
    }
    drop(conn);
    for page in ["/production/applications/no-id", "/production/users/no-id"] {
        browser.get(page).await.expect_status(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_message_that_failed_is_shown_and_sent_again_by_a_plain_form() {
    let app = TestApp::new().await;
    let sid = failed_message(&app, 500).await;
    let console = id_of(&app, "production", "console").await;
    let path = format!("/production/applications/{console}");
    let mut browser = app.operator_browser(OLIVIA).await;
    let body = page(&mut browser, &path).await;
    for text in ["Retrying", "the application answered 500", "1 attempt", "Amara Okafor", "1 waiting", "Retry now"] {
        assert!(body.contains(text), "{text} is missing: {body}");
    }
    assert!(page(&mut browser, "/production/applications").await.contains("Retrying"));
    app.outbound.script("https://console.example/out", Script::Answer(200));
    let (application, session) = (console.to_string(), sid.to_string());
    let form = [("environment", "production"), ("application_id", &application), ("session_id", &session)];
    let answer = browser.post("/rpc/applications/retry-logout", &form).await;
    assert!(answer.status().is_redirection(), "{}", answer.body());
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    let body = page(&mut browser, &path).await;
    assert!(body.contains("Delivered") && body.contains("1 delivered") && !body.contains("Retry now"), "{body}");
}

#[tokio::test]
async fn a_viewer_sees_messages_without_a_button_and_is_refused_behind_it() {
    let app = TestApp::new().await;
    let sid = failed_message(&app, 500).await;
    app.advance(TimeDelta::hours(24));
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
    let console = id_of(&app, "production", "console").await.to_string();
    let mut browser = app.operator_browser("vera@understudy.example").await;
    let body = page(&mut browser, &format!("/production/applications/{console}")).await;
    assert!(body.contains("Failed") && body.contains("1 failed") && !body.contains("Retry now"), "{body}");
    let session = sid.to_string();
    let form = [("environment", "production"), ("application_id", console.as_str()), ("session_id", &session)];
    browser.call("applications/retry-logout", &form).await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn keys_are_shown_and_rotated_by_a_plain_form() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let body = page(&mut browser, "/production/keys").await;
    for text in ["RS256", "ES256", "Active", "Next", "Rotate", "/id/production/.well-known/jwks.json"] {
        assert!(body.contains(text), "{text} is missing: {body}");
    }
    assert!(!body.contains("Retiring"), "{body}");
    let answer = browser.post("/rpc/keys/rotate", &[("environment", "production"), ("algorithm", "RS256")]).await;
    assert!(answer.status().is_redirection(), "{}", answer.body());
    let body = page(&mut browser, "/production/keys").await;
    assert!(body.contains("Retiring") && body.contains("in 1 day"), "{body}");
    assert_eq!(app.events("key.rotated").await.len(), 1);
    let mut viewer = app.operator_browser("vera@understudy.example").await;
    let body = page(&mut viewer, "/production/keys").await;
    assert!(body.contains("Only an Owner or Admin") && !body.contains("Rotate the signing keys?"), "{body}");
    viewer.call("keys/rotate", &[("environment", "production")]).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.events("key.rotated").await.len(), 1);
}
