//! An application that does not hear, and several servers over one outbox.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{CONSOLE, app, deliver, end, logout_token, session_in};
use crate::identity::flow::{AMARA, OLIVIA, claims, text};
use understudy::server::db::application;
use understudy::server::error::ServiceError;
use understudy::server::job::Worker;
use understudy::server::platform::outbound::{OutboundError, Script};
use understudy::server::service::delivery::back_channel_logout;

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
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND last_status = 204").await, 1);
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
    assert_eq!(app.count("deliveries WHERE dead_at IS NOT NULL AND last_status = 503").await, 1);
    let owner = app.caller(OLIVIA, "production").await;
    let console = {
        let mut conn = app.state.db.read().await.expect("a connection");
        let found = application::by_client_id(&mut conn, owner.environment.id, "console").await;
        found.expect("a query").expect("console").id
    };
    let attempts = app.outbound.calls().len();
    let viewer = app.caller("vera@understudy.example", "production").await;
    let refused = back_channel_logout::retry(&viewer, console, sid).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    let elsewhere = app.caller(OLIVIA, "staging").await;
    let refused = back_channel_logout::retry(&elsewhere, console, sid).await;
    assert!(matches!(refused, Err(ServiceError::NotFound)), "{refused:?}");
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts);
    app.outbound.script(CONSOLE, Script::Answer(200));
    let admin = app.caller("adam@understudy.example", "production").await;
    back_channel_logout::retry(&admin, console, sid).await.expect("an Admin may");
    deliver(&app).await;
    assert_eq!(app.outbound.calls().len(), attempts + 1);
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND dead_at IS NULL").await, 1);
    assert_eq!(app.events("backchannel_logout.retried").await[0].actor_name, "Adam Admin");
    let again = back_channel_logout::retry(&admin, console, sid).await;
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
