//! Lists that are read up to a limit say so, exactly where there is more.

use chrono::TimeDelta;
use understudy::model::impersonation::{Drawer, SessionStart, StartImpersonation};
use understudy::server::db::page::Cursor;
use understudy::server::db::session as table;
use understudy::server::error::ServiceError;
use understudy::server::service::impersonation;

use super::{owner, request};
use crate::identity::flow::{AMARA, OLIVIA, impersonating};
use crate::support::TestApp;

#[tokio::test]
async fn lists_of_sessions_say_that_there_are_more_exactly_where_there_are() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    impersonating(&app, AMARA, "northwind", "console").await;
    let caller = app.caller(OLIVIA, "production").await;
    let (environment_id, user_id) = (caller.environment.id, app.user_id(AMARA).await);
    let operator_id = caller.actor.id().expect("an operator");
    let mut conn = app.state.db.read().await.expect("a connection");

    for (limit, expected) in [(1, (1, true)), (2, (2, false)), (3, (2, false))] {
        let of_user = table::of_user(&mut conn, user_id, limit).await.expect("sessions").apart();
        assert_eq!((of_user.0.len(), of_user.1), expected);
        let own = table::impersonations_of(&mut conn, environment_id, user_id, operator_id, app.now(), limit).await;
        let own = own.expect("sessions").apart();
        assert_eq!((own.0.len(), own.1), expected);
    }
}

/// All of them begin at the same moment, where only their ids tell them apart.
#[tokio::test]
async fn the_drawer_takes_no_running_session_for_an_ended_one_however_many_run() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    let mut started = Vec::new();
    for _ in 0..103 {
        let hand_off = impersonation::start(&caller, &wanted).await.expect("it starts");
        started.push(SessionStart { started_at: app.now(), session_id: hand_off.session_id });
    }
    let drawer = impersonation::drawer(&caller, wanted.user_id).await.expect("the drawer");
    assert_eq!((drawer.running.len(), drawer.oldest.is_some()), (100, true));
    let over = |drawer: &Drawer| started.iter().filter(|one| drawer.is_over(**one)).count();
    assert_eq!(over(&drawer), 0, "three of them are not in the drawer, and run");

    let newest = drawer.running[0].session_id;
    impersonation::end(&caller, newest).await.expect("it ends");
    let drawer = impersonation::drawer(&caller, wanted.user_id).await.expect("the drawer");
    assert_eq!((drawer.running.len(), drawer.oldest.is_some()), (100, true));
    let ended = started.iter().find(|one| one.session_id == newest).expect("it was started here");
    assert!(drawer.is_over(*ended));
    assert_eq!(over(&drawer), 1, "and no other");

    let oldest = started.iter().min().expect("some").session_id;
    impersonation::end(&caller, oldest).await.expect("it ends");
    let another = started.iter().filter(|one| one.session_id != oldest).min().expect("some").session_id;
    impersonation::end(&caller, another).await.expect("it ends");
    let drawer = impersonation::drawer(&caller, wanted.user_id).await.expect("the drawer");
    assert_eq!((drawer.running.len(), drawer.oldest), (100, None), "all that run are in it");
    assert_eq!(over(&drawer), 3);
}

/// All of them begin at the same moment here, too.
#[tokio::test]
async fn what_runs_is_read_page_by_page_there_and_back() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    let mut started = Vec::new();
    for _ in 0..103 {
        started.push(impersonation::start(&caller, &wanted).await.expect("it starts").session_id);
    }
    started.sort_unstable();
    started.reverse();
    let page = async |cursor: &Option<String>| {
        let cursor = cursor.clone().unwrap_or_default();
        let page = impersonation::overview(&caller, &cursor).await.expect("the page");
        assert_eq!(page.running, 103);
        (page.live.iter().map(|one| one.session_id).collect::<Vec<_>>(), page.previous, page.next)
    };
    let (first, before_first, next) = page(&None).await;
    let (second, previous, next) = page(&next).await;
    let (third, before_third, after_third) = page(&next).await;
    assert_eq!([first.as_slice(), &second, &third].concat(), started);
    assert_eq!((before_first, after_third), (None, None));
    assert_eq!(page(&before_third).await.0, second);
    assert_eq!(page(&previous).await, (first.clone(), None, Some(next_of(&app, first[49]))));
    for made_up in ["~", "Zg", &next_of(&app, uuid::Uuid::nil())] {
        assert_eq!(page(&Some(made_up.to_owned())).await.0, first, "{made_up} is no place with anything behind it");
    }
}

/// The cursor of the page behind a session that began just now.
fn next_of(app: &TestApp, id: uuid::Uuid) -> String {
    Cursor::at_time(false, app.now(), id).encode()
}

#[tokio::test]
async fn sessions_whose_time_is_over_keep_no_running_one_out_of_the_drawer() {
    let app = TestApp::new().await;
    app.state.limits.lift();
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    let lasting = impersonation::start(&caller, &wanted).await.expect("it starts");
    let lasting = SessionStart { started_at: app.now(), session_id: lasting.session_id };
    app.advance(TimeDelta::seconds(1));
    app.execute("UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'console'").await;
    for _ in 0..101 {
        impersonation::start(&caller, &wanted).await.expect("it starts");
    }
    app.execute("UPDATE applications SET keep_session_alive = TRUE WHERE client_id = 'console'").await;
    // No timer has ended them yet.
    app.advance(TimeDelta::minutes(6));
    let drawer = impersonation::drawer(&caller, wanted.user_id).await.expect("the drawer");
    let running: Vec<_> = drawer.running.iter().map(|live| live.session_id).collect();
    assert_eq!(running, [lasting.session_id]);
    assert!(!drawer.is_over(lasting));
}

#[tokio::test]
async fn an_account_or_application_that_no_database_can_hold_is_one_that_the_user_has_not() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let wanted = request(&app, AMARA).await;
    for (account, application) in [("north\0wind", "console"), ("northwind", "con\0sole")] {
        let wanted = StartImpersonation { account: account.into(), application: application.into(), ..wanted.clone() };
        let refused = impersonation::start(&caller, &wanted).await;
        assert!(matches!(refused, Err(ServiceError::Denied(_))), "{account:?}, {application:?}: {refused:?}");
    }
    assert_eq!(app.events("impersonation.denied").await.len(), 2);
}
