//! Whether a server can serve, and which part of it cannot.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::json;
use understudy::server::platform::telemetry::LogFormat;

use crate::support::log::Log;
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn a_server_that_has_all_it_needs_is_ready() {
    let app = TestApp::new().await;
    let answer = app.browser().get("/readyz").await.expect_status(StatusCode::OK);
    assert_eq!(answer.json(), json!({ "ready": true, "failing": null }));
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(app.browser().get("/healthz").await.expect_status(StatusCode::OK).body(), "ok");
}

#[tokio::test]
async fn a_server_says_which_part_fails_and_not_why() {
    for part in ["migrations", "keys", "database"] {
        let app = TestApp::new().await;
        let log = Log::of_everything(LogFormat::Json);
        match part {
            "database" => app.state.db.close().await,
            "migrations" => app.execute("DELETE FROM _sqlx_migrations WHERE version = 20261126000041").await,
            _ if app.state.db.kind() == "SQLite" => {
                app.execute("UPDATE signing_keys SET sealed_private_key = x'00'").await
            }
            _ => app.execute(r"UPDATE signing_keys SET sealed_private_key = '\x00'").await,
        }
        let answer = app.browser().get("/readyz").await.expect_status(StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.json(), json!({ "ready": false, "failing": part }));
        assert!(log.text().contains("this server cannot serve"), "{}", log.text());
        app.browser().get("/healthz").await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn who_asks_again_within_a_second_costs_nothing_and_later_hears_what_is_new() {
    let app = TestApp::new().await;
    app.browser().get("/readyz").await.expect_status(StatusCode::OK);
    app.state.db.close().await;
    app.browser().get("/readyz").await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(2));
    app.browser().get("/readyz").await.expect_status(StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_server_that_was_told_to_stop_is_not_ready_and_serves_who_still_comes() {
    let app = TestApp::new().await;
    app.state.readiness.stop();
    let answer = app.browser().get("/readyz").await.expect_status(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.json(), json!({ "ready": false, "failing": "stopping" }));
    app.browser().get("/sign-in").await.expect_status(StatusCode::OK);
}
