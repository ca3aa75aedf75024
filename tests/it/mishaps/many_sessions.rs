//! A user with more sessions than anybody needs: whoever has the password begins them in a loop. They end all the same, and
//! nobody else waits for that.

use axum::http::StatusCode;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::identity::flow::{AMARA, RITA, introspect, sign_in, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};
use understudy::model::mode::Mode;
use understudy::model::session::{EndReason, SessionKind};
use understudy::server::db::environment;
use understudy::server::db::session::{self as table, NewSession};
use understudy::server::service::caller::{Caller, Origin};
use understudy::server::service::session::{self, password_link, self_service};

/// Sessions of the user's own, a second apart, the last one a second ago. Gives them in that order.
pub async fn begin(app: &TestApp, email: &str, count: i32) -> Vec<Uuid> {
    let user_id = app.user_id(email).await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let row = environment::by_slug(&mut tx, "production").await.expect("a look").expect("an environment");
    let mut begun = Vec::new();
    for number in 0..count {
        let now = app.now() - TimeDelta::seconds((count - number).into());
        let session = NewSession {
            id: app.state.new_id(),
            environment_id: row.id,
            user_id,
            kind: SessionKind::Password,
            account_id: None,
            application_id: None,
            operator_id: None,
            reason: None,
            ticket: None,
            deadline: None,
            mode: Mode::Act,
            now,
            expires_at: now + TimeDelta::days(30),
            ip_address: None,
            user_agent: None,
        };
        table::insert(&mut tx, &session).await.expect("a session");
        begun.push(session.id);
    }
    tx.commit().await.expect("sessions are kept");
    begun
}

async fn new_password(app: &TestApp) -> StatusCode {
    let link = password_link::make(&app.system().await, AMARA).await.expect("a link");
    let form = [("link", link.code.as_str()), ("password", NEW), ("again", NEW)];
    app.browser().post("/id/production/password", &form).await.status()
}

const NEW: &str = "four quiet words here";
const RUNNING: &str = "sessions WHERE ended_at IS NULL";
const ENDED: &str = "sessions WHERE ended_at IS NOT NULL";

async fn lives(app: &TestApp, id: Uuid) -> bool {
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a look").expect("an environment");
    drop(conn);
    session::live(&app.state, row.id, id).await.expect("a look").is_some()
}

#[tokio::test]
async fn signing_out_everywhere_lets_others_write_and_what_is_ended_stays_ended() {
    let app = TestApp::new().await;
    signed_in(&app, AMARA).await;
    let own = app.user_sessions(AMARA).await[0].id;
    begin(&app, AMARA, 1_000).await;
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, "production").await.expect("a look").expect("an environment");
    let viewer = table::standing(&mut conn, row.id, own).await.expect("a look").expect("her session");
    drop(conn);
    let caller = Caller::user_of(&app.state, &row, &viewer, &Origin::default());
    let others = async {
        loop {
            app.execute("UPDATE environments SET position = position + 1 WHERE slug = 'staging'").await;
            if app.count_by_reading(ENDED).await > 0 {
                break;
            }
        }
    };
    // The request is given up in the middle, as after its time.
    tokio::select! {
        biased;
        () = others => {}
        ended = self_service::revoke_others(&caller, &viewer) => panic!("nobody was let through: {ended:?}"),
    }
    let ended = app.count(ENDED).await;
    assert!((100..1_000).contains(&ended), "{ended}");
    self_service::revoke_others(&caller, &viewer).await.expect("the rest ends");
    assert_eq!(app.count(RUNNING).await, 1);
    assert!(lives(&app, own).await);
    assert_eq!(app.events("session.revoked").await.len(), 1_000);
}

#[tokio::test]
async fn with_another_password_no_session_lives_on_however_many_there_are() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let others = begin(&app, RITA, 3).await;
    app.advance(TimeDelta::seconds(301));
    begin(&app, AMARA, 300).await;
    assert_eq!(new_password(&app).await, StatusCode::OK);
    assert_eq!(app.count(ENDED).await, 100, "one batch of them");
    // The rest is over before anything ends it: the first of all is.
    assert_eq!(introspect(&app, text(&given, "refresh_token")).await["active"], false);
    browser.get("/id/production/account/sessions").await.expect_status(StatusCode::SEE_OTHER);
    app.advance(TimeDelta::seconds(1));
    sign_in(&mut browser, AMARA, NEW).await.expect_status(StatusCode::SEE_OTHER);
    session::end_due(&app.state).await.expect("the timer");
    assert_eq!(app.count("sessions WHERE end_reason = 'password_changed'").await, 301);
    assert_eq!(app.count(RUNNING).await, 1 + 3);
    assert!(lives(&app, others[0]).await);
    assert_eq!(app.events("session.revoked").await.len(), 301);
}

#[tokio::test]
async fn beyond_two_hundred_sessions_a_sign_in_ends_the_oldest() {
    let app = TestApp::new().await;
    let begun = begin(&app, AMARA, 201).await;
    signed_in(&app, AMARA).await;
    assert_eq!(app.count(RUNNING).await, 200);
    for (number, id) in begun.iter().enumerate() {
        assert_eq!(lives(&app, *id).await, number >= 2, "{number}");
    }
    assert_eq!(app.count("sessions WHERE end_reason = 'too_many_sessions'").await, 2);
    let events = app.events("session.revoked").await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[0].description, "The session of Amara Okafor ended because Amara Okafor began too many others");
    let reasons = app.user_sessions(AMARA).await;
    assert!(reasons.iter().all(|one| one.end_reason.is_none_or(|reason| reason == EndReason::TooManySessions)));
    // A sign-in that fails ends nothing.
    sign_in(&mut app.browser(), AMARA, "a guess").await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(app.count(RUNNING).await, 200);
    sign_in(&mut app.browser(), AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.count(RUNNING).await, 200);
}
