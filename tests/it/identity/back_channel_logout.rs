//! Back-channel logout: applications hear of every end of a session in which they hold tokens, in time, once, and for long
//! enough.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use understudy::model::session::EndReason;
use understudy::server::db::{application, environment};
use understudy::server::error::ServiceError;
use understudy::server::job::{self, Worker};
use understudy::server::outbound::{OutboundError, Recorded, Script};
use understudy::server::service::caller::Client;
use understudy::server::service::logout_delivery;
use understudy::server::service::session::{self, EndedBy};
use uuid::Uuid;

use super::flow::{
    AMARA, OLIVIA, RITA, call, claims, code, hand_off, impersonating, jose_header, redeem, refresh, signed_in, start,
    text, tokens,
};
use crate::support::{Browser, ResponseExt, TestApp, encode};

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
    let client = Client::default();
    session::end(&app.state, production(app).await, sid, EndReason::SignedOut, EndedBy::System, &client)
        .await
        .expect("an end");
}

/// A user signs in to an application, slowly enough for every limit; gives the session's id.
async fn session_in(app: &TestApp, user: &str, client_id: &str) -> Uuid {
    app.advance(TimeDelta::minutes(1));
    let mut browser = signed_in(app, user).await;
    let answer = tokens(app, &mut browser, client_id, &[]).await;
    text(&claims(&answer["access_token"]), "sid").parse().expect("an id")
}

const WAYS: [&str; 14] = [
    "its operator ends it",
    "an administrator ends all",
    "impersonation is turned off",
    "its time is over",
    "the user is locked",
    "the operator loses the right",
    "the account loses the application",
    "the user revokes it",
    "the user revokes all others",
    "the application signs it out",
    "the browser is asked and signs it out",
    "the application revokes its access token",
    "an old refresh token is used again",
    "a code is used again",
];

async fn end_by(app: &TestApp, way: &str, browser: &mut Browser, sid: Uuid, answer: &Value) {
    let id = sid.to_string();
    let environment = ("environment", "production");
    match way {
        "its operator ends it" => {
            browser.call("impersonation/end", &[environment, ("session_id", &id)]).await.expect_status(StatusCode::OK);
        }
        "an administrator ends all" => {
            let mut adam = app.operator_browser("adam@understudy.example").await;
            adam.call("impersonation/end-all", &[environment]).await.expect_status(StatusCode::OK);
        }
        "impersonation is turned off" => {
            browser.call("impersonation/settings", &[environment]).await.expect_status(StatusCode::OK);
        }
        "its time is over" => app.advance(TimeDelta::minutes(60)),
        "the user is locked" => {
            app.execute("UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'").await;
        }
        "the operator loses the right" => app.set_roles(OLIVIA, &[]).await,
        "the account loses the application" => app.execute("DELETE FROM account_applications").await,
        "the user revokes it" => {
            let mut own = signed_in(app, AMARA).await;
            own.post(&format!("/id/production/account/sessions/{id}/revoke"), &[]).await;
        }
        "the user revokes all others" => {
            let mut own = signed_in(app, AMARA).await;
            own.post("/id/production/account/revoke-others", &[]).await;
        }
        "the application signs it out" => {
            let query = encode(&[("id_token_hint", text(answer, "id_token"))]);
            browser.get(&format!("/id/production/logout?{query}")).await;
        }
        "the browser is asked and signs it out" => {
            browser.post("/id/production/logout/confirm", &[("session", &id)]).await;
        }
        "the application revokes its access token" => {
            call(app, "/revoke", "console", &[("token", text(answer, "access_token"))]).await;
        }
        "an old refresh token is used again" => {
            refresh(app, "console", text(answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
            app.advance(TimeDelta::seconds(31));
            refresh(app, "console", text(answer, "refresh_token"), &[]).await.expect_status(StatusCode::BAD_REQUEST);
        }
        "a code is used again" => {
            let code = code(browser, "console", &[]).await;
            redeem(app, "console", &code).await.expect_status(StatusCode::OK);
            app.advance(TimeDelta::seconds(31));
            redeem(app, "console", &code).await.expect_status(StatusCode::BAD_REQUEST);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn however_an_impersonation_ends_its_application_is_told_once() {
    for way in WAYS {
        let app = app().await;
        let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
        let answer = tokens(&app, &mut browser, "console", &[]).await;
        round(&app).await;
        assert!(app.outbound.calls().is_empty(), "before: {way}");
        end_by(&app, way, &mut browser, sid, &answer).await;
        round(&app).await;
        let calls = app.outbound.calls();
        assert_eq!(calls.len(), 1, "{way}");
        assert_eq!(calls[0].url, CONSOLE, "{way}");
        assert_eq!(claims(&logout_token(&calls[0]))["sid"], sid.to_string(), "{way}");
        assert_eq!(app.count("logout_deliveries WHERE delivered_at IS NOT NULL").await, 1, "{way}");
        app.advance(TimeDelta::hours(1));
        round(&app).await;
        assert_eq!(app.outbound.calls().len(), 1, "{way}, an hour later");
    }
}

#[tokio::test]
async fn the_end_of_a_users_own_session_is_told_to_each_application_with_tokens_of_it() {
    let app = app().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&app, &mut browser, "console", &[]).await;
    tokens(&app, &mut browser, "dispatch", &[]).await;
    tokens(&app, &mut browser, "dispatch", &[]).await;
    browser.post("/id/production/account/sign-out", &[]).await;
    deliver(&app).await;
    let mut urls: Vec<String> = app.outbound.calls().into_iter().map(|call| call.url).collect();
    urls.sort();
    assert_eq!(urls, [CONSOLE, DISPATCH]);
}

#[tokio::test]
async fn applications_without_tokens_or_without_an_address_are_not_told() {
    let app = app().await;
    app.execute("UPDATE applications SET backchannel_logout_uri = NULL WHERE client_id = 'console'").await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    end(&app, sid).await;
    let path = start(&app, &mut browser, RITA, "northwind", "dispatch").await;
    let unused = hand_off(&mut browser, &path).await;
    end(&app, unused).await;
    deliver(&app).await;
    assert!(app.outbound.calls().is_empty());
    assert_eq!(app.count("logout_deliveries").await, 0);
}

#[tokio::test]
async fn what_was_not_committed_is_not_told() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    crate::support::break_audit(&app.state.db).await;
    let environment = production(&app).await;
    let client = Client::default();
    let ended = session::end(&app.state, environment, sid, EndReason::SignedOut, EndedBy::System, &client).await;
    assert!(ended.is_err());
    crate::support::mend_audit(&app.state.db).await;
    deliver(&app).await;
    assert!(app.outbound.calls().is_empty());
}

#[tokio::test]
async fn a_logout_token_says_what_the_standard_asks_for_and_verifies_with_the_published_keys() {
    for algorithm in ["RS256", "ES256"] {
        let app = app().await;
        if algorithm == "ES256" {
            app.execute("UPDATE applications SET signing_algorithm = 'ES256'").await;
        }
        let sid = session_in(&app, AMARA, "console").await;
        app.advance(TimeDelta::seconds(90));
        end(&app, sid).await;
        deliver(&app).await;
        let token = logout_token(&app.outbound.calls()[0]);
        assert_eq!(jose_header(&token)["typ"], "logout+jwt");
        assert_eq!(jose_header(&token)["alg"], algorithm);
        let set = app.browser().get("/id/production/.well-known/jwks.json").await.json();
        let set: JwkSet = serde_json::from_value(set).expect("a key set");
        let jwk = set.find(jose_header(&token)["kid"].as_str().expect("a kid")).expect("a published key");
        let mut validation = Validation::new(algorithm.parse().expect("an algorithm"));
        validation.set_audience(&["console"]);
        validation.set_issuer(&["http://localhost:3000/id/production"]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(jwk).expect("a key");
        let verified = jsonwebtoken::decode::<Value>(token.as_str().expect("a token"), &key, &validation);
        let mut said = verified.expect("a valid token").claims;
        let jti = said.as_object_mut().and_then(|claims| claims.remove("jti")).expect("a jti");
        assert_eq!(jti.as_str().map(str::len), Some(32));
        let expected = json!({
            "iss": "http://localhost:3000/id/production",
            "aud": "console",
            "iat": app.now().timestamp(),
            "exp": app.now().timestamp() + 120,
            "sub": app.user_id(AMARA).await,
            "sid": sid,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(said, expected, "nothing else, and above all no nonce");
    }
}

#[tokio::test]
async fn a_logout_token_is_no_id_token_and_no_access_token() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    deliver(&app).await;
    let token = logout_token(&app.outbound.calls()[0]);
    let token = token.as_str().expect("a token");
    let other = session_in(&app, AMARA, "console").await;
    assert_eq!(super::flow::introspect(&app, token).await, json!({ "active": false }));
    super::flow::userinfo(&app, token).await.expect_status(StatusCode::UNAUTHORIZED);
    app.browser().get(&format!("/id/production/logout?{}", encode(&[("id_token_hint", token)]))).await;
    let standing = app.user_sessions(AMARA).await.into_iter().find(|session| session.id == other).expect("a session");
    assert!(standing.is_live(app.now()));
}

#[tokio::test]
async fn an_application_that_fails_is_told_again_after_growing_pauses_until_it_hears() {
    let app = app().await;
    app.outbound.script(CONSOLE, Script::Answer(500));
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    deliver(&app).await;
    let mut attempts = 1;
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600] {
        assert_eq!(app.outbound.calls().len(), attempts, "before the pause of {seconds} s");
        let pause = TimeDelta::seconds(seconds);
        app.advance(pause * 8 / 10 - TimeDelta::milliseconds(1));
        deliver(&app).await;
        assert_eq!(app.outbound.calls().len(), attempts, "in the pause of {seconds} s");
        app.advance(pause * 4 / 10 + TimeDelta::milliseconds(1));
        deliver(&app).await;
        attempts += 1;
    }
    assert_eq!(app.outbound.calls().len(), attempts);
    let tokens: std::collections::HashSet<_> =
        app.outbound.calls().iter().map(|call| claims(&logout_token(call))["jti"].clone()).collect();
    assert_eq!(tokens.len(), attempts, "each attempt has a token of its own");
    app.outbound.script(CONSOLE, Script::Answer(204));
    app.advance(TimeDelta::minutes(73));
    deliver(&app).await;
    assert_eq!(app.count("logout_deliveries WHERE delivered_at IS NOT NULL AND last_status = 204").await, 1);
    app.advance(TimeDelta::hours(2));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts + 1);
}

#[tokio::test]
async fn an_application_that_never_hears_is_given_up_after_24_hours_and_that_is_in_the_audit_trail() {
    let app = app().await;
    app.outbound.script(CONSOLE, Script::Fail(OutboundError::Timeout));
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    let ended_at = app.now();
    while app.now() < ended_at + TimeDelta::hours(24) {
        deliver(&app).await;
        assert!(app.events("backchannel_logout.failed").await.is_empty(), "{}", app.now() - ended_at);
        app.advance(TimeDelta::minutes(30));
    }
    deliver(&app).await;
    let events = app.events("backchannel_logout.failed").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].session_id, Some(sid));
    assert_eq!(events[0].user_name.as_deref(), Some("Amara Okafor"));
    assert!(events[0].description.starts_with("Console was not told within 24 hours"), "{events:?}");
    assert!(events[0].description.ends_with("no answer within 5 seconds"), "{events:?}");
    assert!(!events[0].visible_to_account);
    assert_eq!(app.count("audit_events WHERE action = 'backchannel_logout.failed' AND severity = 'high'").await, 1);
    let attempts = app.outbound.calls().len();
    app.advance(TimeDelta::hours(3));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts, "it stays given up");
}

#[tokio::test]
async fn an_owner_or_admin_has_a_given_up_message_sent_again_and_others_have_not() {
    let app = app().await;
    app.outbound.script(CONSOLE, Script::Answer(503));
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    deliver(&app).await;
    app.advance(TimeDelta::hours(24));
    deliver(&app).await;
    assert_eq!(app.count("logout_deliveries WHERE dead_at IS NOT NULL AND last_status = 503").await, 1);
    let owner = app.caller(OLIVIA, "production").await;
    let console = {
        let mut conn = app.state.db.read().await.expect("a connection");
        let found = application::by_client_id(&mut conn, owner.environment.id, "console").await;
        found.expect("a query").expect("console").id
    };
    let attempts = app.outbound.calls().len();
    let viewer = app.caller("vera@understudy.example", "production").await;
    let refused = logout_delivery::retry(&viewer, console, sid).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    let elsewhere = app.caller(OLIVIA, "staging").await;
    let refused = logout_delivery::retry(&elsewhere, console, sid).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)), "{refused:?}");
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts);
    app.outbound.script(CONSOLE, Script::Answer(200));
    let admin = app.caller("adam@understudy.example", "production").await;
    logout_delivery::retry(&admin, console, sid).await.expect("an Admin may");
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts + 1);
    assert_eq!(app.count("logout_deliveries WHERE delivered_at IS NOT NULL AND dead_at IS NULL").await, 1);
    assert_eq!(app.events("backchannel_logout.retried").await[0].actor_name, "Adam Admin");
    let again = logout_delivery::retry(&admin, console, sid).await;
    assert!(matches!(again, Err(ServiceError::NotFound)), "what was delivered is not sent again: {again:?}");
}

#[tokio::test]
async fn two_servers_over_one_database_send_each_message_once() {
    let app = app().await;
    let mut ids = Vec::new();
    for _ in 0..12 {
        ids.push(session_in(&app, AMARA, "console").await);
    }
    for sid in &ids {
        end(&app, *sid).await;
    }
    let (mut left, mut right) = (Worker::new(app.state.clone()), Worker::new(app.state.clone()));
    let (first, second) = tokio::join!(left.run_once(), right.run_once());
    first.and(second).expect("both read the outbox");
    // Whoever lost a race for some of them comes back for the rest.
    deliver(&app).await;
    let mut told: Vec<String> =
        app.outbound.calls().iter().map(|call| text(&claims(&logout_token(call)), "sid").to_owned()).collect();
    let mut expected: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_message_survives_the_server_that_was_sending_it() {
    let app = app().await;
    app.outbound.script(CONSOLE, Script::Wait(Arc::new(Semaphore::new(0))));
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    let server = tokio::spawn(Worker::new(app.state.clone()).run());
    app.outbound.wait_for(1).await;
    server.abort();
    _ = server.await;
    app.outbound.script(CONSOLE, Script::Answer(200));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), 1, "it may still be under way");
    app.advance(TimeDelta::seconds(30));
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), 2);
    assert_eq!(app.count("logout_deliveries WHERE delivered_at IS NOT NULL AND attempts = 2").await, 1);
}

#[tokio::test]
async fn an_application_is_told_within_two_seconds_while_another_one_hangs() {
    let app = app().await;
    let gate = Arc::new(Semaphore::new(0));
    app.outbound.script(CONSOLE, Script::Wait(gate.clone()));
    let mut slow = Vec::new();
    for _ in 0..10 {
        slow.push(session_in(&app, AMARA, "console").await);
    }
    let quick = session_in(&app, RITA, "dispatch").await;
    let jobs = tokio::spawn(job::run(app.state.clone()));
    for sid in slow {
        end(&app, sid).await;
    }
    let told = async |url: &str| app.outbound.calls().iter().filter(|call| call.url == url).count();
    tokio::time::timeout(Duration::from_secs(2), app.outbound.wait_for(4)).await.expect("four at a time hang");
    end(&app, quick).await;
    tokio::time::timeout(Duration::from_secs(2), app.outbound.wait_for(5)).await.expect("the other one is told");
    assert_eq!(told(DISPATCH).await, 1);
    assert_eq!(told(CONSOLE).await, 4, "no more than four hang");
    gate.add_permits(10);
    tokio::time::timeout(Duration::from_secs(5), app.outbound.wait_for(11)).await.expect("then the rest is told");
    assert_eq!(told(CONSOLE).await, 10);
    jobs.abort();
}

#[tokio::test]
async fn discovery_says_that_applications_are_told() {
    let app = app().await;
    let metadata = app.browser().get("/id/production/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
}
