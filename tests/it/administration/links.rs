//! Links with which operators choose a password: used once, for so long, and by nobody who makes one up.

use axum::http::StatusCode;
use chrono::TimeDelta;
use understudy::model::operator::Role;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::{Origin, ServerCaller};
use understudy::server::service::operator::{self, Invitation, OperatorLink};

use super::{ADAM, OLIVIA, VERA, operator_id, own, refused, roles, server_caller};
use crate::support::{Browser, ResponseExt, TestApp};

const NINA: &str = "nina@desk.example";
const CHOSEN: &str = "a-few-good-words";

async fn invited(app: &TestApp, caller: &ServerCaller) -> OperatorLink {
    let invitation =
        Invitation { email: NINA, name: "Nina New", roles: vec![(None, roles(&[Role::BackofficeViewer]))] };
    operator::invite(caller, invitation).await.unwrap_or_else(|error| panic!("{error:?} at {}", app.now()))
}

async fn choose(browser: &mut Browser, code: &str, password: &str, again: &str) -> axum::http::Response<String> {
    browser.post("/invitation", &[("link", code), ("password", password), ("password_again", again)]).await
}

#[tokio::test]
async fn whoever_was_invited_chooses_a_password_and_is_signed_in() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let link = invited(&app, &owner).await;
    assert_eq!(link.expires_at, app.now() + TimeDelta::hours(72));
    assert!(link.is_invitation && link.code.starts_with("uol_"));
    let form = [("email", NINA), ("password", CHOSEN), ("return_to", "/")];
    app.browser().call("sign-in", &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);

    let mut browser = app.browser();
    let page = browser.get(&format!("/invitation?link={}", link.code)).await.expect_status(StatusCode::OK);
    for part in ["Nina New", NINA, "name=\"password_again\"", "action=\"/invitation\""] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    let other = choose(&mut browser, &link.code, CHOSEN, "another-one-of-them").await;
    assert!(other.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("not the same"));
    let short = choose(&mut browser, &link.code, "short", "short").await;
    assert!(short.expect_status(StatusCode::UNPROCESSABLE_ENTITY).body().contains("at least 12 characters"));
    assert_eq!(choose(&mut browser, &link.code, CHOSEN, CHOSEN).await.location(), "/");
    assert_eq!(browser.get("/").await.location(), "/production/users");
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    assert_eq!(app.events("operator.invited").await.len(), 2);
    let joined = app.events("operator.joined").await;
    assert_eq!((joined.len(), joined[0].actor_name.as_str()), (2, "Nina New"));
    app.browser().call("sign-in", &form).await.expect_status(StatusCode::OK);

    let mut late = app.browser();
    late.get(&format!("/invitation?link={}", link.code)).await.expect_status(StatusCode::GONE);
    choose(&mut late, &link.code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
    assert!(late.cookie("understudy").is_none(), "a link works once");
}

#[tokio::test]
async fn a_link_that_is_late_replaced_or_made_up_lets_nobody_in() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let first = invited(&app, &owner).await;
    let second = operator::make_link(&owner, first.operator_id).await.expect("another link");
    assert!(second.is_invitation);
    let mut forged = second.code.clone();
    let last = forged.pop().expect("a letter");
    forged.push(if last == 'A' { 'B' } else { 'A' });
    let (unknown, _) = understudy::server::crypto::secret::SecretKind::OperatorLink.of_bytes([7; 32]);
    let (of_user, _) = understudy::server::crypto::secret::SecretKind::PasswordLink.of_bytes([7; 32]);
    for code in [first.code.as_str(), forged.as_str(), unknown.as_str(), of_user.as_str(), "", "uol_"] {
        app.browser().get(&format!("/invitation?link={code}")).await.expect_status(StatusCode::GONE);
        choose(&mut app.browser(), code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
    }
    app.advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
    let page = format!("/invitation?link={}", second.code);
    app.browser().get(&page).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(1));
    app.browser().get(&page).await.expect_status(StatusCode::GONE);
    choose(&mut app.browser(), &second.code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
    assert!(app.events("operator.joined").await.is_empty());
    assert_eq!(
        app.count("operator_sessions WHERE operator_id IN (SELECT id FROM operators WHERE name = 'Nina New')").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_use_a_link_at_once_one_gets_in() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let link = invited(&app, &owner).await;
    let origin = Origin::default();
    let (one, other) = tokio::join!(
        operator::choose_password(&app.state, &link.code, CHOSEN, None, &origin),
        operator::choose_password(&app.state, &link.code, "other-good-words", None, &origin)
    );
    assert!(one.is_ok() != other.is_ok(), "one of the two");
    let lost = if one.is_ok() { other.err() } else { one.err() };
    assert!(matches!(lost, Some(ServiceError::NotFound)), "{lost:?}");
    assert_eq!(app.events("operator.joined").await.len(), 2, "one in each environment");
}

#[tokio::test]
async fn another_password_ends_what_ran_under_the_one_before() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let vera = operator_id(&app, VERA).await;
    let mut before = app.operator_browser(VERA).await;
    let link = operator::make_link(&owner, vera).await.expect("a link");
    assert_eq!((link.is_invitation, link.expires_at), (false, app.now() + TimeDelta::hours(1)));
    before.get("/production/users").await.expect_status(StatusCode::OK);
    let mut browser = app.browser();
    assert_eq!(choose(&mut browser, &link.code, CHOSEN, CHOSEN).await.location(), "/");
    before.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    let told = app.events("operator.password_set").await;
    assert_eq!(
        told[0].description,
        "Vera Viewer chose another password by a link: 1 portal session and 0 impersonations ended"
    );
}

#[tokio::test]
async fn a_link_of_who_was_suspended_or_removed_meanwhile_works_no_more() {
    let app = TestApp::new().await;
    own(&app, ADAM, None).await;
    let owner = server_caller(&app, OLIVIA).await;
    let vera = operator_id(&app, VERA).await;
    let link = operator::make_link(&owner, vera).await.expect("a link");
    operator::disable(&owner, vera).await.expect("suspended");
    choose(&mut app.browser(), &link.code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
    assert_eq!(refused(operator::make_link(&owner, vera).await), [""], "a link would not let her in");
    operator::enable(&owner, vera).await.expect("enabled");
    choose(&mut app.browser(), &link.code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
    let invitation = invited(&app, &owner).await;
    assert_eq!(refused(operator::enable(&owner, invitation.operator_id).await), [""], "she has no password");
    operator::remove(&owner, invitation.operator_id).await.expect("taken back");
    choose(&mut app.browser(), &invitation.code, CHOSEN, CHOSEN).await.expect_status(StatusCode::GONE);
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_invitation_is_said_at_once() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let none = Invitation { email: "no address", name: "\u{202e}", roles: vec![(None, roles(&[]))] };
    assert_eq!(refused(operator::invite(&owner, none).await), ["email", "name", "roles"]);
    let known =
        Invitation { email: "VERA@understudy.example", name: "Vera", roles: vec![(None, roles(&[Role::Admin]))] };
    assert_eq!(refused(operator::invite(&owner, known).await), ["email"]);
    assert_eq!(app.count("operators").await, 5);
}

#[tokio::test]
async fn no_link_is_stored_or_told() {
    let app = TestApp::new().await;
    let owner = server_caller(&app, OLIVIA).await;
    let link = invited(&app, &owner).await;
    for event in app.events("operator.invited").await {
        assert!(!event.description.contains(&link.code[4..]), "{}", event.description);
    }
    let hash = understudy::server::crypto::secret::hash(&link.code);
    assert_eq!(hash.len(), 32);
    assert_eq!(app.count("operator_links WHERE length(code_hash) = 32").await, 1);
}
