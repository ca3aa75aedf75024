//! Words in the database that this version does not know: they give nobody anything.

use understudy::model::operator::Role;

use crate::identity::flow::{AMARA, OLIVIA, call, impersonating, introspect, signed_in, text, tokens};
use crate::support::{TestApp, try_execute};

#[tokio::test]
async fn a_role_that_nobody_knows_gives_no_right() {
    let app = TestApp::new().await;
    app.set_roles(OLIVIA, &[Role::Impersonator, Role::BackofficeViewer]).await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let token = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&token, "access_token");
    assert_eq!(introspect(&app, token).await["active"], true);
    // An Impersonator without a second role may not impersonate.
    app.execute("UPDATE operator_roles SET role = 'wizard' WHERE role = 'backoffice_viewer'").await;
    assert_eq!(introspect(&app, token).await["active"], false);
}

#[tokio::test]
async fn a_session_of_a_kind_that_nobody_knows_is_nobodys() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let token = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(app.user_sessions(AMARA).await.len(), 1);
    app.execute("UPDATE sessions SET kind = 'magic'").await;
    assert!(app.user_sessions(AMARA).await.is_empty());
    let answer = call(&app, "/introspect", "console", &[("token", text(&token, "access_token"))]).await;
    assert!(!answer.body().contains("\"active\":true"), "{}", answer.body());
}

#[tokio::test]
async fn only_an_impersonation_may_be_for_looking_only_and_its_events_say_which_it_is() {
    let app = TestApp::new().await;
    signed_in(&app, AMARA).await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    assert_eq!(app.count("audit_events WHERE action = 'impersonation.started' AND mode = 'act'").await, 1);
    for (kind, mode, may) in
        [("password", "look", false), ("impersonation", "glance", false), ("impersonation", "look", true)]
    {
        let sql = format!("UPDATE sessions SET mode = '{mode}' WHERE kind = '{kind}'");
        assert_eq!(try_execute(&app.state.db, &sql).await.is_ok(), may, "{sql}");
    }
    let form = [("environment", "production"), ("session_id", &*sid.to_string())];
    browser.call("impersonation/end", &form).await;
    assert_eq!(app.count("audit_events WHERE action = 'impersonation.ended' AND mode = 'look'").await, 1);
    assert_eq!(app.count("audit_events WHERE action = 'operator.signed_in' AND mode IS NOT NULL").await, 0);
}

#[tokio::test]
async fn what_a_directory_calls_a_user_is_that_users_alone_within_the_environment() {
    let app = TestApp::new().await;
    let name =
        |email: &str| format!("UPDATE users SET external_id = '00u1' WHERE email = '{email}' AND environment_id =");
    let production = "(SELECT id FROM environments WHERE slug = 'production')";
    try_execute(&app.state.db, &format!("{} {production}", name(AMARA))).await.expect("the first");
    let again = format!("{} {production}", name("rita@northwind.example"));
    try_execute(&app.state.db, &again).await.expect_err("another user of that name");
    let staging = "(SELECT id FROM environments WHERE slug = 'staging')";
    app.execute("UPDATE users SET environment_id = (SELECT id FROM environments WHERE slug = 'staging') WHERE email = 'rita@northwind.example'").await;
    try_execute(&app.state.db, &format!("{} {staging}", name("rita@northwind.example"))).await.expect("elsewhere");
    assert_eq!(app.count("users WHERE external_id = '00u1'").await, 2);
}
