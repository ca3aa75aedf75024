//! Lists that are read up to a limit say so, exactly where there is more.

use understudy::server::db::session as table;

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
        let live = table::live_impersonations(&mut conn, environment_id, app.now(), limit).await;
        let live = live.expect("sessions").apart();
        assert_eq!((live.0.len(), live.1), expected);
        let own = table::impersonations_of(&mut conn, environment_id, user_id, operator_id, limit).await;
        let own = own.expect("sessions").apart();
        assert_eq!((own.0.len(), own.1), expected);
    }
}
