//! The access log: one line a request, and what is in it.

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode, header};
use understudy::server::platform::telemetry::{LogFormat, Logging};

use crate::identity::flow::{self, AMARA};
use crate::support::log::Log;
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn each_request_has_one_line_with_its_route_and_the_id_that_its_answer_has() {
    let app = TestApp::trusting("192.0.2.0/24").await;
    let log = Log::of_everything(LogFormat::Json);
    let mut request = Request::get("/id/production/.well-known/openid-configuration?code=uho_secret")
        .header("x-forwarded-for", "198.51.100.7")
        .body(Body::empty())
        .expect("a request");
    request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from(([192, 0, 2, 1], 4711))));
    let answer = app.browser().send(request).await.expect_status(StatusCode::OK);
    let lines = log.access();
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (line, fields) = (&lines[0], &lines[0]["fields"]);
    assert_eq!(line["level"], "INFO");
    assert_eq!((&fields["method"], &fields["door"]), (&"GET".into(), &"discovery".into()));
    assert_eq!(fields["route"], "/id/{environment}/.well-known/openid-configuration");
    assert_eq!(fields["status"], 200);
    assert_eq!(fields["bytes"], answer.body().len());
    assert_eq!(fields["address"], "198.51.100.7");
    assert!(fields["took_ms"].as_f64().is_some_and(|took| took > 0.0), "{line}");
    assert_eq!(line["span"]["id"], answer.headers()["x-request-id"].to_str().expect("text"));
    assert!(!log.text().contains("uho_secret"), "{}", log.text());
}

#[tokio::test]
async fn every_line_of_a_request_has_its_id_and_so_has_its_event() {
    let app = TestApp::new().await;
    let log = Log::of_everything(LogFormat::Json);
    let answer = flow::bare(&app, "/token", &[("grant_type", "refresh_token"), ("client_id", "nobody")]).await;
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let of_ours: Vec<_> = log.lines().into_iter().filter(|line| line["span"]["name"] == "request").collect();
    assert!(of_ours.len() >= 2, "a refusal and the access line: {}", log.text());
    assert!(of_ours.iter().all(|line| line["span"]["id"] == id.as_str()), "{}", log.text());
}

#[tokio::test]
async fn an_end_that_was_due_has_the_id_of_the_request_that_met_it() {
    let app = TestApp::new().await;
    let (mut browser, _) = flow::impersonating(&app, AMARA, "northwind", "console").await;
    let tokens = flow::tokens(&app, &mut browser, "console", &[]).await;
    app.advance(chrono::TimeDelta::minutes(61));
    let token = flow::text(&tokens, "refresh_token");
    let answer = flow::refresh(&app, "console", token, &[]).await;
    let id = answer.headers()["x-request-id"].to_str().expect("text").to_owned();
    let ended = app.request_ids("impersonation.ended").await;
    assert_eq!(ended, [Some(id)]);
}

#[tokio::test]
async fn what_an_answer_takes_is_counted_where_its_length_is_not_known_before() {
    let app = TestApp::new().await;
    let log = Log::of_everything(LogFormat::Json);
    let request = Request::get("/sign-in").header(header::ACCEPT_ENCODING, "gzip").body(Body::empty());
    let answer = app.router_answer(request.expect("a request")).await;
    let lines = log.access();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["fields"]["bytes"], answer.len());
    assert!(answer.starts_with(&[0x1f, 0x8b]), "it was compressed on its way");
}

#[tokio::test]
async fn questions_of_health_are_quiet_and_what_is_not_there_is_not() {
    let app = TestApp::new().await;
    let log = Log::filtered(Logging { format: LogFormat::Json, filter: "info", access: true });
    for path in ["/healthz", "/readyz"] {
        app.browser().get(path).await.expect_status(StatusCode::OK);
    }
    assert_eq!(log.access(), [] as [serde_json::Value; 0]);
    let secret = "ucs_dGhlIHNlY3JldCBvZiB0aGUgY29uc29sZSBpbiB0MzIWfrS";
    let request = Request::get(format!("/nothing.php/{secret}?q={secret}")).body(Body::empty()).expect("a request");
    app.browser().send(request).await.expect_status(StatusCode::NOT_FOUND);
    let lines = log.access();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["fields"]["status"], 404);
    let path = lines[0]["fields"]["path"].as_str().expect("a path where there is no route");
    assert!(path.starts_with("/nothing.php/") && !path.contains("ucs_"), "{path}");
}

#[tokio::test]
async fn a_request_that_its_client_gives_up_has_a_line_that_says_so() {
    let app = TestApp::new().await;
    let log = Log::of_everything(LogFormat::Json);
    let endless = Body::from_stream(tokio_stream::pending::<Result<Bytes, std::convert::Infallible>>());
    let request = Request::post("/rpc/sign-in").body(endless).expect("a request");
    let answer = tokio::time::timeout(std::time::Duration::from_millis(50), app.router_answer(request)).await;
    assert!(answer.is_err(), "it waits for the rest of the body");
    let lines = log.access();
    assert_eq!(lines.len(), 1, "{}", log.text());
    assert!(lines[0]["fields"]["message"].as_str().is_some_and(|said| said.contains("given up")), "{lines:?}");
    assert!(lines[0]["fields"]["status"].is_null());
}

#[tokio::test]
async fn the_access_log_can_be_turned_off_and_nothing_else_with_it() {
    let app = TestApp::new().await;
    let log = Log::filtered(Logging { format: LogFormat::Text, filter: "info", access: false });
    flow::bare(&app, "/token", &[("grant_type", "refresh_token"), ("client_id", "nobody")]).await;
    assert!(!log.text().contains("answered") && log.text().contains("got something wrong"), "{}", log.text());
}
