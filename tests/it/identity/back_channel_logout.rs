//! Back-channel logout: applications hear of every end of a session in which they hold tokens, in time, once, and for long
//! enough.

mod delivery;
mod endings;
mod outbox;
mod timers;
mod token;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

use super::flow::{claims, signed_in, text, tokens};
use crate::support::TestApp;
use understudy::model::session::EndReason;
use understudy::server::db::environment;
use understudy::server::job::Worker;
use understudy::server::platform::outbound::Recorded;
use understudy::server::service::session;

const CONSOLE: &str = "https://console.example/backchannel";
const DISPATCH: &str = "https://dispatch.example/backchannel";

/// A server whose two applications want to be told.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.execute(
        "UPDATE applications SET backchannel_logout_uri = 'https://console.example/backchannel' WHERE client_id = 'console'",
    )
    .await;
    app.execute(
        "UPDATE applications SET backchannel_logout_uri = 'https://dispatch.example/backchannel' WHERE client_id = 'dispatch'",
    )
    .await;
    app
}

/// What the timers do: end what is due and what is refused, send what is in the outbox.
async fn round(app: &TestApp) {
    session::end_due(&app.state).await.expect("sessions that are due end");
    session::end_refused(&app.state).await.expect("sessions that are refused end");
    deliver(app).await;
}

async fn deliver(app: &TestApp) {
    Worker::new(app.state.clone()).run_once().await.expect("the outbox can be read");
}

fn logout_token(call: &Recorded) -> Value {
    assert_eq!(call.form.len(), 1, "{call:?}");
    Value::from(call.form["logout_token"].as_str())
}

async fn production(app: &TestApp) -> Uuid {
    let mut conn = app.state.db.read().await.expect("a connection");
    environment::by_slug(&mut conn, "production").await.expect("a query").expect("production").id
}

/// Ends a session as nobody in particular.
async fn end(app: &TestApp, sid: Uuid) {
    app.end_session(sid, EndReason::SignedOut).await.expect("an end");
}

/// A user signs in to an application, slowly enough for every limit; gives the session's id.
async fn session_in(app: &TestApp, user: &str, client_id: &str) -> Uuid {
    app.advance(TimeDelta::minutes(1));
    let mut browser = signed_in(app, user).await;
    let answer = tokens(app, &mut browser, client_id, &[]).await;
    text(&claims(&answer["access_token"]), "sid").parse().expect("an id")
}
