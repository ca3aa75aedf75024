//! Who may see and change operators, and what it does.

use axum::http::StatusCode;
use understudy::model::operator::Role;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::ServerCaller;
use understudy::server::service::operator::{self, Ended, Invitation};
use uuid::Uuid;

use super::{
    ADAM, ED, IVY, OLIVIA, VERA, environment_id, forbidden, of, operator_id, own, refused, roles, server_caller,
};
use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp};

#[tokio::test]
async fn owners_and_admins_see_operators_and_nobody_else_does() {
    let app = TestApp::new().await;
    let olivia_id = operator_id(&app, OLIVIA).await;
    for (email, may) in [(OLIVIA, true), (ADAM, true), (ED, false), (VERA, false), (IVY, false)] {
        let caller = app.caller(email, "production").await;
        let (list, detail) =
            (operator::list(&caller, "", "").await, operator::detail(&caller, olivia_id, "").await.map(drop));
        if may {
            assert_eq!(list.expect("the list").rows.len(), 5, "{email}");
            detail.expect("the operator");
        } else {
            forbidden(list);
            forbidden(detail);
        }
    }
}

#[tokio::test]
async fn who_administers_one_environment_sees_its_operators_with_the_roles_that_hold_there() {
    let app = TestApp::new().await;
    let (production, staging) = (environment_id(&app, "production").await, environment_id(&app, "staging").await);
    let system = ServerCaller::system(&app.state);
    app.set_roles(ED, &[]).await;
    app.set_roles(VERA, &[]).await;
    operator::change_roles(&system, ED, Some(staging), &[Role::Admin], &[]).await.expect("a role");
    operator::change_roles(&system, VERA, Some(production), &[Role::BackofficeViewer], &[]).await.expect("a role");
    let ed = app.caller(ED, "staging").await;
    let page = operator::list(&ed, "", "").await.expect("the list");
    let seen: Vec<&str> = page.rows.iter().map(|row| row.email.as_str()).collect();
    assert_eq!(seen, [ADAM, ED, IVY, OLIVIA], "Vera has no role in staging");
    assert!(page.places.is_empty(), "an Admin invites nobody");
    let found = operator::list(&ed, "ed ed", "").await.expect("the list").rows;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].roles.len(), 1);
    assert_eq!(found[0].roles[0].environment.as_ref().map(|one| one.slug.as_str()), Some("staging"));
    let vera = operator::detail(&ed, operator_id(&app, VERA).await, "").await;
    assert!(matches!(vera, Err(ServiceError::NotFound)), "as if she were not there");
    let nobody = operator::detail(&ed, Uuid::nil(), "").await;
    assert!(matches!(nobody, Err(ServiceError::NotFound)));
    let olivia = app.caller(OLIVIA, "staging").await;
    assert_eq!(operator::list(&olivia, "", "").await.expect("the list").rows.len(), 5, "an Owner of all sees all");
}

#[tokio::test]
async fn a_long_list_of_operators_is_paged_and_searched() {
    let app = TestApp::new().await;
    let olivia = app.caller(OLIVIA, "production").await;
    let owner = of(&olivia);
    for number in 0..60 {
        let (email, name) = (format!("agent{number:02}@desk.example"), format!("Ägent {number:02}"));
        let granted = vec![(None, roles(&[Role::BackofficeViewer]))];
        operator::invite(&owner, Invitation { email: &email, name: &name, roles: granted }).await.expect("a link");
    }
    let first = operator::list(&olivia, "", "").await.expect("a page");
    assert_eq!((first.rows.len(), first.previous.is_some()), (50, false));
    let second = operator::list(&olivia, "", first.next.as_deref().expect("a next page")).await.expect("a page");
    assert_eq!((second.rows.len(), second.next.is_some()), (15, false));
    let back = operator::list(&olivia, "", second.previous.as_deref().expect("a page before")).await.expect("a page");
    let ids = |page: &operator::OperatorsPage| page.rows.iter().map(|row| row.id).collect::<Vec<_>>();
    assert_eq!(ids(&back), ids(&first));
    let found = operator::list(&olivia, "agent 07", "").await.expect("a page");
    assert_eq!(found.rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["Ägent 07"]);
    let many = operator::list(&olivia, "desk.example", "").await.expect("a page");
    assert_eq!((many.rows.len(), many.next.is_some()), (50, true));
    let rest = operator::list(&olivia, "desk.example", many.next.as_deref().unwrap_or_default()).await.expect("a page");
    assert_eq!((rest.rows.len(), rest.previous.is_some()), (10, true));
}

#[tokio::test]
async fn only_owners_of_everything_suspend_remove_sign_out_and_make_links() {
    let app = TestApp::new().await;
    let production = environment_id(&app, "production").await;
    own(&app, ED, Some(production)).await;
    let vera = operator_id(&app, VERA).await;
    for email in [ADAM, ED, VERA, IVY] {
        let caller = server_caller(&app, email).await;
        forbidden(operator::disable(&caller, vera).await);
        forbidden(operator::enable(&caller, vera).await);
        forbidden(operator::remove(&caller, vera).await);
        forbidden(operator::sign_out_everywhere(&caller, vera).await);
        forbidden(operator::make_link(&caller, vera).await.map(drop));
        forbidden(operator::make_link(&caller, Uuid::nil()).await.map(drop));
    }
    for action in ["operator.disabled", "operator.removed", "operator.password_link_made"] {
        assert!(app.events(action).await.is_empty(), "{action}");
    }
}

#[tokio::test]
async fn a_suspended_operator_is_out_at_once_and_comes_back_when_enabled() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let vera = operator_id(&app, VERA).await;
    let mut browser = app.operator_browser(VERA).await;
    let ended = operator::disable(&owner, vera).await.expect("it is done");
    assert_eq!(ended, Ended { portal_sessions: 1, impersonations: 0 });
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    let told = app.events("operator.disabled").await;
    assert_eq!(told.len(), 2, "one in each environment where she has a role");
    assert_eq!(
        told[0].description,
        "Vera Viewer was disabled by Olivia Owner: 1 portal session and 0 impersonations ended"
    );
    assert_eq!(told[0].actor_name, "Olivia Owner");
    assert_eq!(operator::disable(&owner, vera).await.expect("nothing more"), Ended::default());
    assert_eq!(app.events("operator.disabled").await.len(), 2);
    operator::enable(&owner, vera).await.expect("it is done");
    app.operator_browser(VERA).await.get("/production/users").await.expect_status(StatusCode::OK);
    let missing = operator::disable(&owner, Uuid::nil()).await;
    assert!(matches!(missing, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn a_removed_operator_leaves_the_trail_and_nothing_else() {
    let app = TestApp::new().await;
    let olivia = app.caller(OLIVIA, "production").await;
    let owner = of(&olivia);
    let vera = operator_id(&app, VERA).await;
    let mut browser = app.operator_browser(VERA).await;
    operator::remove(&owner, vera).await.expect("she is removed");
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    let form = [("email", VERA), ("password", OPERATOR_PASSWORD), ("return_to", "/")];
    app.browser().call("sign-in", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(operator::list(&olivia, "", "").await.expect("the list").rows.len(), 4);
    assert!(matches!(operator::detail(&olivia, vera, "").await, Err(ServiceError::NotFound)));
    assert!(matches!(operator::remove(&owner, vera).await, Err(ServiceError::NotFound)));
    assert_eq!(
        app.count("operator_roles WHERE operator_id IN (SELECT id FROM operators WHERE removed_at IS NOT NULL)").await,
        0
    );
    assert_eq!(app.events("operator.removed").await.len(), 2);
    let before = app.events("operator.signed_in").await;
    assert!(before.iter().any(|event| event.actor_name == "Vera Viewer"), "what she did stays");
    let granted = vec![(None, roles(&[Role::Admin]))];
    operator::invite(&owner, Invitation { email: VERA, name: "Another Vera", roles: granted })
        .await
        .expect("her address is free again");
}

#[tokio::test]
async fn nobody_raises_or_shuts_out_themselves() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let owner = server_caller(&app, OLIVIA).await;
    let olivia = operator_id(&app, OLIVIA).await;
    assert_eq!(refused(operator::disable(&owner, olivia).await), [""]);
    assert_eq!(refused(operator::remove(&owner, olivia).await), [""]);
    let production = environment_id(&app, "production").await;
    let more = [(Some(production), roles(&[Role::Impersonator]))];
    assert_eq!(refused(operator::set_roles(&owner, olivia, &more, None).await), ["roles"]);
    let less = [(None, roles(&[]))];
    operator::set_roles(&owner, olivia, &less, None).await.expect("there is another Owner");
    forbidden(operator::set_roles(&owner, olivia, &[(None, roles(&[Role::Owner]))], None).await);
}

#[tokio::test]
async fn who_owns_one_environment_grants_roles_there_and_nowhere_else() {
    let app = TestApp::new().await;
    let (production, staging) = (environment_id(&app, "production").await, environment_id(&app, "staging").await);
    own(&app, ED, Some(production)).await;
    let (ed, vera) = (server_caller(&app, ED).await, operator_id(&app, VERA).await);
    let admin = roles(&[Role::Admin]);
    operator::set_roles(&ed, vera, &[(Some(production), admin)], None).await.expect("a role in production");
    for place in [Some(staging), None] {
        forbidden(operator::set_roles(&ed, vera, &[(place, admin)], None).await);
        forbidden(operator::set_roles(&ed, vera, &[(Some(production), admin), (place, admin)], None).await);
        let invitation = Invitation { email: "new@desk.example", name: "New", roles: vec![(place, admin)] };
        forbidden(operator::invite(&ed, invitation).await.map(drop));
    }
    // What is as it was may be named: a form has all of it.
    let both = [(Some(production), roles(&[])), (None, roles(&[Role::BackofficeViewer, Role::Impersonator]))];
    operator::set_roles(&ed, vera, &both, None).await.expect("only production changes");
    let told = app.events("operator.roles_changed").await;
    let taken = "Roles of Vera Viewer changed: in Production taken away Admin";
    assert!(told.iter().any(|event| event.description == taken && event.actor_name == "Ed Editor"), "{told:?}");
    for email in [ADAM, IVY, VERA] {
        let caller = server_caller(&app, email).await;
        forbidden(operator::set_roles(&caller, vera, &[(Some(production), admin)], None).await);
        let invitation = Invitation { email: "new@desk.example", name: "New", roles: vec![(Some(production), admin)] };
        forbidden(operator::invite(&caller, invitation).await.map(drop));
    }
    let invitation = Invitation { email: "new@desk.example", name: "New", roles: vec![(Some(production), admin)] };
    let link = operator::invite(&ed, invitation).await.expect("a colleague of the environment");
    operator::make_link(&ed, link.operator_id).await.expect("a new link of it");
}

#[tokio::test]
async fn an_operator_out_of_sight_gets_no_role_by_a_guessed_id() {
    let app = TestApp::new().await;
    let (production, staging) = (environment_id(&app, "production").await, environment_id(&app, "staging").await);
    own(&app, ED, Some(production)).await;
    app.set_roles(VERA, &[]).await;
    let system = ServerCaller::system(&app.state);
    operator::change_roles(&system, VERA, Some(staging), &[Role::Admin], &[]).await.expect("a role");
    let (ed, vera) = (server_caller(&app, ED).await, operator_id(&app, VERA).await);
    let outcome = operator::set_roles(&ed, vera, &[(Some(production), roles(&[Role::Admin]))], None).await;
    assert!(matches!(outcome, Err(ServiceError::NotFound)), "{outcome:?}");
}

#[tokio::test]
async fn the_last_owner_stays() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (operator_id(&app, OLIVIA).await, operator_id(&app, ADAM).await);
    let by_olivia = server_caller(&app, OLIVIA).await;
    operator::disable(&by_olivia, adam).await.expect("there is Olivia");
    // Who may not sign in is nobody's Owner.
    let demoted = operator::set_roles(&by_olivia, olivia, &[(None, roles(&[]))], None).await;
    assert_eq!(refused(demoted), [""]);
    operator::enable(&by_olivia, adam).await.expect("he is back");
    let by_adam = server_caller(&app, ADAM).await;
    operator::set_roles(&by_olivia, olivia, &[(None, roles(&[]))], None).await.expect("there is Adam");
    let outcome = operator::set_roles(&by_adam, adam, &[(None, roles(&[Role::Admin]))], None).await.map(drop);
    assert_eq!(refused(outcome), [""]);
    assert_eq!(app.count("operator_roles WHERE role = 'owner'").await, 1);
}

#[tokio::test]
async fn the_last_owner_of_an_environment_stays_where_nobody_owns_all() {
    let app = TestApp::new().await;
    let production = environment_id(&app, "production").await;
    own(&app, ED, Some(production)).await;
    let ed = server_caller(&app, ED).await;
    let ed_id = operator_id(&app, ED).await;
    let none = [(Some(production), roles(&[]))];
    app.set_roles(OLIVIA, &[]).await;
    assert_eq!(refused(operator::set_roles(&ed, ed_id, &none, None).await), [""]);
    own(&app, OLIVIA, None).await;
    operator::set_roles(&ed, ed_id, &none, None).await.expect("Olivia owns all, and so production");
}

#[tokio::test]
async fn an_edit_of_roles_that_somebody_else_changed_meanwhile_is_refused() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
    let vera = operator_id(&app, VERA).await;
    let seen = operator::detail(&app.caller(OLIVIA, "production").await, vera, "").await.expect("Vera").version;
    let first = operator::set_roles(&olivia, vera, &[(None, roles(&[Role::Admin]))], Some(seen)).await.expect("first");
    assert_eq!(first.version, seen + 1);
    let late = operator::set_roles(&adam, vera, &[(None, roles(&[]))], Some(seen)).await;
    assert!(matches!(late, Err(ServiceError::Conflict { .. })), "{late:?}");
    assert_eq!(
        app.events("operator.roles_changed").await.iter().filter(|event| event.actor_name == "Adam Admin").count(),
        0
    );
}

#[tokio::test]
async fn a_request_that_was_under_way_when_its_sender_lost_the_right_does_nothing() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let (olivia, adam) = (server_caller(&app, OLIVIA).await, server_caller(&app, ADAM).await);
    let vera = operator_id(&app, VERA).await;
    operator::set_roles(&olivia, operator_id(&app, ADAM).await, &[(None, roles(&[]))], None).await.expect("demoted");
    forbidden(operator::remove(&adam, vera).await);
    operator::sign_out_everywhere(&olivia, operator_id(&app, OLIVIA).await).await.expect("also oneself");
    let outcome = operator::remove(&olivia, vera).await;
    assert!(matches!(outcome, Err(ServiceError::Unauthenticated)), "{outcome:?}");
}
