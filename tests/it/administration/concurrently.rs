//! Two who change operators at the same instant: on PostgreSQL both look before either has written.

use understudy::model::operator::Role;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::operator;

use super::{ADAM, ED, OLIVIA, VERA, environment_id, operator_id, own, roles, server_caller};
use crate::support::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_demote_each_other_at_once_one_stays() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (operator_id(&app, OLIVIA).await, operator_id(&app, ADAM).await);
    for _ in 0..5 {
        let (by_olivia, by_adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
        let none = [(None, roles(&[Role::Admin]))];
        let (one, other) = tokio::join!(
            operator::set_roles(&by_olivia, adam, &none, None),
            operator::set_roles(&by_adam, olivia, &none, None)
        );
        assert!(one.is_ok() != other.is_ok(), "one of the two: {one:?}, {other:?}");
        assert_eq!(app.count("operator_roles WHERE role = 'owner'").await, 1);
        own(&app, ADAM, None).await;
        own(&app, OLIVIA, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_owners_who_step_down_at_once_leave_one() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (operator_id(&app, OLIVIA).await, operator_id(&app, ADAM).await);
    for _ in 0..5 {
        let (by_olivia, by_adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
        let none = [(None, roles(&[]))];
        let (one, other) = tokio::join!(
            operator::set_roles(&by_olivia, olivia, &none, None),
            operator::set_roles(&by_adam, adam, &none, None)
        );
        let lost = if one.is_ok() { &other } else { &one };
        assert!(matches!(lost, Err(ServiceError::Invalid(_))), "{one:?}, {other:?}");
        assert_eq!(app.count("operator_roles WHERE role = 'owner'").await, 1);
        own(&app, ADAM, None).await;
        own(&app, OLIVIA, None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_suspend_and_remove_the_last_two_owners_of_an_environment_one_is_refused() {
    let app = TestApp::new().await;
    let staging = environment_id(&app, "staging").await;
    own(&app, ED, Some(staging)).await;
    own(&app, VERA, Some(staging)).await;
    let system = ServerCaller::system(&app.state);
    let (ed, vera) = (operator_id(&app, ED).await, operator_id(&app, VERA).await);
    let (by_ed, by_vera) = (server_caller(&app, ED).await, server_caller(&app, VERA).await);
    operator::change_roles(&system, OLIVIA, None, &[], &[Role::Owner]).await.expect("nobody owns all");
    let none = [(Some(staging), roles(&[]))];
    let (one, other) =
        tokio::join!(operator::set_roles(&by_ed, vera, &none, None), operator::set_roles(&by_vera, ed, &none, None));
    assert!(one.is_ok() != other.is_ok(), "one of the two: {one:?}, {other:?}");
    assert_eq!(app.count("operator_roles WHERE role = 'owner'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_the_same_version_at_once_one_is_refused() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
    let vera = operator_id(&app, VERA).await;
    let seen = operator::detail(&app.caller(OLIVIA, "production").await, vera, "").await.expect("Vera").version;
    let (admin, editor) = ([(None, roles(&[Role::Admin]))], [(None, roles(&[Role::BackofficeEditor]))]);
    let (one, other) = tokio::join!(
        operator::set_roles(&olivia, vera, &admin, Some(seen)),
        operator::set_roles(&adam, vera, &editor, Some(seen))
    );
    let lost = if one.is_ok() { &other } else { &one };
    assert!(matches!(lost, Err(ServiceError::Conflict { .. })), "{one:?}, {other:?}");
    assert_eq!(
        app.events("operator.roles_changed").await.iter().filter(|event| event.actor_kind == "operator").count(),
        2
    );
}
