//! An installation without operators is set up in the browser, by a link that only the server prints.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use axum::http::StatusCode;
use chrono::TimeDelta;
use understudy::server::platform::clock::{Clock, SystemClock};
use understudy::server::service::caller::{Origin, ServerCaller};
use understudy::server::service::directory::environment;
use understudy::server::service::setup::{self, SetUp};

use super::forbidden;
use crate::support::{Browser, MASTER_KEY, ResponseExt, TestApp, TestDatabase};

const PASSWORD: &str = "a-few-good-words";

/// A server over a database with nothing in it.
async fn empty() -> TestApp {
    TestApp::over(TestDatabase::create().await).await
}

async fn link(app: &TestApp) -> String {
    setup::make_link(&ServerCaller::system(&app.state)).await.expect("a link").expect("nobody is there").code
}

fn form<'a>(code: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("link", code),
        ("name", "Ada Owner"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
        ("password_again", PASSWORD),
        ("environment", "Côte Ouest"),
        ("slug", ""),
    ];
    for (name, value) in changes {
        for field in form.iter_mut().filter(|(field, _)| field == name) {
            field.1 = value;
        }
    }
    form
}

async fn post(browser: &mut Browser, form: &[(&str, &str)]) -> axum::http::Response<String> {
    browser.post("/setup", form).await
}

#[tokio::test]
async fn an_empty_installation_is_set_up_from_the_browser_alone() {
    let app = empty().await;
    let code = link(&app).await;
    let mut browser = app.browser();
    assert_eq!(browser.get("/").await.location(), "/sign-in");
    let hint = browser.get("/sign-in").await.expect_status(StatusCode::OK);
    assert!(hint.body().contains("Nobody has set this up yet"), "{}", hint.body());
    assert!(!hint.body().contains(&code), "the link is the server's alone to tell");
    let page = browser.get(&format!("/setup?link={code}")).await.expect_status(StatusCode::OK);
    for part in ["action=\"/setup\"", "name=\"email\"", "name=\"password_again\"", "name=\"slug\"", &code] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    assert_eq!(post(&mut browser, &form(&code, &[])).await.location(), "/cote-ouest/overview");
    browser.get("/cote-ouest/users").await.expect_status(StatusCode::OK);
    assert_eq!(browser.get("/").await.location(), "/cote-ouest/users");
    browser.get("/id/cote-ouest/.well-known/openid-configuration").await.expect_status(StatusCode::OK);
    for action in ["environment.created", "operator.created", "operator.signed_in"] {
        assert_eq!(app.events(action).await.len(), 1, "{action}");
    }
    let sign_in = [("email", "ada@example.com"), ("password", PASSWORD), ("return_to", "/")];
    app.browser().call("sign-in", &sign_in).await.expect_status(StatusCode::OK);
    let sign_in_page = app.browser().get("/sign-in").await.expect_status(StatusCode::OK);
    assert!(sign_in_page.body().contains("name=\"password\""), "{}", sign_in_page.body());
    // Not again, by no link.
    app.browser().get(&format!("/setup?link={code}")).await.expect_status(StatusCode::GONE);
    post(&mut app.browser(), &form(&code, &[("email", "eve@example.com")])).await.expect_status(StatusCode::GONE);
    let another = setup::make_link(&ServerCaller::system(&app.state)).await.expect("an answer");
    assert!(another.is_none());
    assert_eq!(app.count("operators").await + app.count("environments").await, 2);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_its_field_and_nothing_is_lost() {
    let app = empty().await;
    let code = link(&app).await;
    let mut browser = app.browser();
    let faulty = form(
        &code,
        &[
            ("email", "no address"),
            ("password", "short"),
            ("password_again", "short"),
            ("slug", "Not A Slug"),
            ("environment", ""),
        ],
    );
    let answer = post(&mut browser, &faulty).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    for part in [
        "Ada Owner",
        "value=\"no address\"",
        "is not an e-mail address",
        "at least 12 characters",
        "This is empty.",
        "Not A Slug cannot be its word",
    ] {
        assert!(answer.body().contains(part), "no {part:?} in {}", answer.body());
    }
    assert!(!answer.body().contains("value=\"short\""), "a password is in no page");
    let unequal = post(&mut browser, &form(&code, &[("password_again", "another-of-them")])).await;
    assert!(unequal.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("not the same"));
    let unnamed = post(&mut browser, &form(&code, &[("environment", "日本")])).await;
    assert!(unnamed.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("Give the environment a word"));
    assert_eq!(app.count("operators").await + app.count("environments").await, 0);
    assert_eq!(post(&mut browser, &form(&code, &[])).await.location(), "/cote-ouest/overview", "the link still works");
}

#[tokio::test]
async fn a_link_that_is_late_or_made_up_sets_nothing_up() {
    let app = empty().await;
    let code = link(&app).await;
    let (unknown, _) = understudy::server::crypto::secret::SecretKind::SetupLink.of_bytes([7; 32]);
    for forged in ["", "usl_", unknown.as_str(), &code[..code.len() - 1]] {
        app.browser().get(&format!("/setup?link={forged}")).await.expect_status(StatusCode::GONE);
        post(&mut app.browser(), &form(forged, &[])).await.expect_status(StatusCode::GONE);
    }
    app.advance(TimeDelta::minutes(60) - TimeDelta::seconds(1));
    app.browser().get(&format!("/setup?link={code}")).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(1));
    app.browser().get(&format!("/setup?link={code}")).await.expect_status(StatusCode::GONE);
    post(&mut app.browser(), &form(&code, &[])).await.expect_status(StatusCode::GONE);
    assert_eq!(app.count("operators").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_set_up_at_once_one_becomes_the_owner() {
    let app = empty().await;
    // Two servers have started, each with a link of its own.
    let (one, other) = (link(&app).await, link(&app).await);
    let wanted = |email| SetUp { name: "Ada", email, password: PASSWORD, environment: "Production", slug: "" };
    let origin = Origin::default();
    let outcomes = tokio::join!(
        setup::set_up(&app.state, &one, wanted("ada@example.com"), &origin),
        setup::set_up(&app.state, &other, wanted("eve@example.com"), &origin),
        setup::set_up(&app.state, &one, wanted("bob@example.com"), &origin)
    );
    let won = [outcomes.0.is_ok(), outcomes.1.is_ok(), outcomes.2.is_ok()];
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "{won:?}");
    assert_eq!((app.count("operators").await, app.count("environments").await), (1, 1));
    assert_eq!(app.count("setup_links").await, 0);
}

#[tokio::test]
async fn where_an_environment_was_made_before_the_owner_alone_is_asked_for() {
    let app = empty().await;
    environment::create(&ServerCaller::system(&app.state), "live", "Live").await.expect("an environment");
    let code = link(&app).await;
    let mut browser = app.browser();
    let page = browser.get(&format!("/setup?link={code}")).await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("name=\"slug\""), "{}", page.body());
    assert_eq!(post(&mut browser, &form(&code, &[("environment", "")])).await.location(), "/live/overview");
    assert_eq!(app.count("environments").await, 1);
}

#[tokio::test]
async fn nobody_but_the_servers_administrator_makes_a_link_and_none_is_made_where_somebody_is() {
    let app = TestApp::new().await;
    forbidden(setup::make_link(&super::server_caller(&app, super::OLIVIA).await).await.map(drop));
    assert!(setup::make_link(&ServerCaller::system(&app.state)).await.expect("an answer").is_none());
    // Nor once all of them were removed.
    app.execute("UPDATE operators SET removed_at = created_at, disabled_at = created_at").await;
    assert!(setup::make_link(&ServerCaller::system(&app.state)).await.expect("an answer").is_none());
}

#[tokio::test]
async fn the_command_line_prints_a_link_that_works() {
    let app = empty().await;
    app.clock.set_forward(SystemClock.now() - app.now());
    let printed = |arguments: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
        let database = ["--database-url", app.database_url(), "--master-key", MASTER_KEY];
        command.arg("setup-link").args(arguments).args(database).env_clear().output().expect("the binary runs")
    };
    let output = printed(&["--public-url", "https://portal.example.com"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let code = text.split_once("https://portal.example.com/setup?link=").expect("a link").1;
    let code: String = code.chars().take_while(|c| !c.is_whitespace()).collect();
    let json: serde_json::Value = serde_json::from_slice(&printed(&["--json"]).stdout).expect("JSON");
    assert!(json["url"].as_str().is_some_and(|url| url.starts_with("http://localhost:3000/setup?link=usl_")), "{json}");
    let mut browser = app.browser();
    assert_eq!(post(&mut browser, &form(&code, &[])).await.location(), "/cote-ouest/overview");
    let refused = printed(&[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("there is an operator already"));
}

/// A server that is ended with the test.
struct Served(std::process::Child, std::path::PathBuf);

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
        _ = std::fs::remove_dir_all(&self.1);
    }
}

#[test]
fn serve_alone_on_a_fresh_machine_prints_the_way_in() {
    let folder = std::env::temp_dir().join(format!("understudy-first-run-{}", std::process::id()));
    _ = std::fs::remove_dir_all(&folder);
    let address = TcpListener::bind("127.0.0.1:0").and_then(|taken| taken.local_addr()).expect("a port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_understudy"));
    command.arg("serve").env_clear().env("DATA_DIR", &folder).env("LISTEN_ADDR", address.to_string());
    let child = command.env("PUBLIC_URL", "http://localhost:3000").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let mut server = Served(child.expect("the binary runs"), folder);
    let out = BufReader::new(server.0.stdout.take().expect("its answers"));
    let link = out.lines().map_while(Result::ok).find(|line| line.contains("http://localhost:3000/setup?link=usl_"));
    assert!(link.is_some(), "no link was printed");
}
