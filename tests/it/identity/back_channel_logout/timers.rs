//! The timers as the server runs them, against a real clock: how soon an application is told, and what a stopped server
//! leaves to the next.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Semaphore;

use super::{CONSOLE, DISPATCH, app, deliver, end, logout_token, session_in};
use crate::identity::flow::{AMARA, RITA, claims, hand_off, impersonating, start, tokens};
use understudy::model::session::EndReason;
use understudy::server::job::{self, Worker};
use understudy::server::platform::outbound::Script;

const IN_TIME: Duration = Duration::from_secs(2);

#[tokio::test]
async fn an_application_is_told_within_two_seconds_that_a_user_was_locked_or_the_time_is_over() {
    let app = app().await;
    let (mut browser, locked) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, RITA, "northwind", "dispatch").await;
    let over = hand_off(&mut browser, &path).await;
    tokens(&app, &mut browser, "dispatch", &[("login_hint", &over.to_string())]).await;
    let jobs = tokio::spawn(job::run(app.state.clone()));
    app.execute("UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'").await;
    tokio::time::timeout(IN_TIME, app.outbound.wait_for(1)).await.expect("told that the user was locked");
    // The timers have just looked: this one is for their next round.
    app.advance(TimeDelta::minutes(60));
    tokio::time::timeout(IN_TIME, app.outbound.wait_for(2)).await.expect("told that the time is over");
    let calls = app.outbound.calls();
    for (call, url, sid) in [(&calls[0], CONSOLE, locked), (&calls[1], DISPATCH, over)] {
        assert_eq!(call.url, url);
        assert_eq!(claims(&logout_token(call))["sid"], sid.to_string());
    }
    for (user, sid, reason) in [(AMARA, locked, EndReason::TargetLockedOrRemoved), (RITA, over, EndReason::Expired)] {
        let sessions = app.user_sessions(user).await;
        let ended = sessions.iter().find(|session| session.id == sid).expect("the session");
        assert_eq!(ended.end_reason, Some(reason));
    }
    jobs.abort();
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
    assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL AND attempts = 2").await, 1);
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
    tokio::time::timeout(IN_TIME, app.outbound.wait_for(4)).await.expect("four at a time hang");
    end(&app, quick).await;
    tokio::time::timeout(IN_TIME, app.outbound.wait_for(5)).await.expect("the other one is told");
    assert_eq!(told(DISPATCH).await, 1);
    assert_eq!(told(CONSOLE).await, 4, "no more than four hang");
    gate.add_permits(10);
    tokio::time::timeout(Duration::from_secs(5), app.outbound.wait_for(11)).await.expect("then the rest is told");
    assert_eq!(told(CONSOLE).await, 10);
    jobs.abort();
}
