//! Users and their memberships.

use understudy::model::user::UserStatus;
use understudy::server::error::ServiceError;
use understudy::server::service::directory::account::{self, Account};
use understudy::server::service::directory::application::{self, ApplicationEntry};
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::role::{self, RoleEntry};
use understudy::server::service::directory::user::{self, Membership, User};
use understudy::server::service::directory::writer::DirectoryWriter;
use understudy::server::service::impersonation::settings::{self, SettingsChange};

use super::{ADAM, ED, OLIVIA, VERA, caller, refused, told};
use crate::identity::flow::signed_in;
use crate::support::TestApp;

const AMARA: &str = "amara@northwind.example";
const MY_SESSIONS: &str = "/id/production/account/sessions";
const RITA: &str = "rita@northwind.example";

fn member(account: &str, roles: &[&str]) -> Membership {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Membership { account: account.to_owned(), roles, disabled: false, line: 0 }
}

fn ann() -> User {
    User {
        email: "Ann@Northwind.example".to_owned(),
        name: Some(" Ann Arbor ".to_owned()),
        email_verified: Some(true),
        memberships: Given::Set(vec![member("northwind", &["member"])]),
        ..User::default()
    }
}

#[tokio::test]
async fn an_editor_makes_a_user_and_the_trail_says_who_did() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let id = user::create(&ed, ann()).await.expect("a user").id;
    let detail = user::get(&ed, id).await.expect("the user");
    assert_eq!((detail.email.as_str(), detail.status), ("ann@northwind.example", UserStatus::Active));
    assert_eq!(detail.accounts.iter().map(|account| account.name.as_str()).collect::<Vec<_>>(), ["Northwind Traders"]);
    assert_eq!(told(&ed, "user.created").await, ["Ann Arbor was made by Ed Editor"]);
    let again = user::create(&ed, ann()).await;
    assert_eq!(refused(again), ["email"]);
}

#[tokio::test]
async fn everything_that_is_wrong_with_a_new_user_is_said_at_once_and_nothing_is_written() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let faulty = User { email: "nobody".to_owned(), name: Some(String::new()), ..ann() };
    assert_eq!(refused(user::create(&ed, faulty).await), ["email", "name"]);
    let stranger = User { memberships: Given::Set(vec![member("nowhere", &[])]), ..ann() };
    assert_eq!(refused(user::create(&ed, stranger).await), ["accounts"]);
    let unknown_role = User { memberships: Given::Set(vec![member("northwind", &["king"])]), ..ann() };
    assert_eq!(refused(user::create(&ed, unknown_role).await), ["accounts"]);
    assert_eq!(told(&ed, "user.created").await, Vec::<String>::new());
}

/// On PostgreSQL both look before either has written.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_make_the_same_user_at_once_one_is_told_that_the_address_is_taken() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let (one, other) = tokio::join!(user::create(&ed, ann()), user::create(&adam, ann()));
    let (made, failed) = if one.is_ok() { (one, other) } else { (other, one) };
    made.expect("one of the two");
    assert_eq!(refused(failed), ["email"]);
    assert_eq!(told(&ed, "user.created").await.len(), 1);
}

/// Whoever makes something looks first, and writes later: what somebody else made in between is not changed.
#[tokio::test]
async fn what_somebody_else_made_meanwhile_is_not_taken_for_what_is_made() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let mut tx = app.state.db.write().await.expect("a transaction");
    let writer = &mut DirectoryWriter::of_maker(&ed, &mut tx);
    let amara = User { email: AMARA.to_owned(), name: Some("Another".to_owned()), ..User::default() };
    assert_eq!(refused(user::write(writer, &[amara]).await), ["email"]);
    let northwind = Account { external_id: "northwind".to_owned(), name: "Another".to_owned(), ..Account::default() };
    assert_eq!(refused(account::write(writer, &[northwind]).await), ["external_id"]);
    let console = ApplicationEntry { client_id: "console".to_owned(), ..ApplicationEntry::default() };
    assert_eq!(refused(application::write(writer, &[console]).await), ["client_id"]);
    let member = RoleEntry { key: "member".to_owned(), name: "Another".to_owned(), ..RoleEntry::default() };
    assert_eq!(refused(role::write(writer, &[member]).await), ["key"]);
}

#[tokio::test]
async fn viewers_change_nobody_and_only_administrators_delete() {
    let app = TestApp::new().await;
    let (vera, ed) = (caller(&app, VERA).await, caller(&app, ED).await);
    let amara = app.user_id(AMARA).await;
    for refused in [
        user::create(&vera, ann()).await.map(drop),
        user::lock(&vera, amara, "Left the company", None).await.map(drop),
        user::set_membership(&vera, amara, member("harbor", &[]), None).await.map(drop),
        user::delete(&vera, amara).await,
        user::delete(&ed, amara).await,
    ] {
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_user_of_another_environment_is_none() {
    let app = TestApp::new().await;
    let staging = app.caller(OLIVIA, "staging").await;
    let amara = app.user_id(AMARA).await;
    for refused in
        [user::lock(&staging, amara, "Left the company", None).await.map(drop), user::delete(&staging, amara).await]
    {
        assert!(matches!(refused, Err(ServiceError::NotFound)), "{refused:?}");
    }
}

#[tokio::test]
async fn who_is_locked_has_no_session_any_more_until_unlocked_and_signed_in_again() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    let mut browser = signed_in(&app, AMARA).await;
    user::lock(&ed, amara, "Left the company", None).await.expect("a lock");
    let detail = user::get(&ed, amara).await.expect("the user");
    assert_eq!(detail.status, UserStatus::Locked);
    assert!(!detail.sessions.is_empty() && detail.sessions.iter().all(|session| session.ended_at.is_some()));
    assert_eq!(told(&ed, "user.locked").await, ["Amara Okafor is locked by Ed Editor"]);
    assert!(browser.get(MY_SESSIONS).await.status().is_redirection(), "she has to sign in");
    user::lock(&ed, amara, "Left the company", None).await.expect("locked already");
    assert_eq!(told(&ed, "user.locked").await.len(), 1, "what changes nothing is no event");
    user::unlock(&ed, amara, None).await.expect("an unlock");
    assert_eq!(user::get(&ed, amara).await.expect("the user").status, UserStatus::Active);
}

#[tokio::test]
async fn a_membership_is_set_as_it_is_to_be_and_the_others_stay() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    user::set_membership(&ed, amara, member("harbor", &["admin"]), None).await.expect("a change");
    user::remove_membership(&ed, amara, "empty", None).await.expect("a change");
    let detail = user::get(&ed, amara).await.expect("the user");
    let held: Vec<_> =
        detail.accounts.iter().map(|account| (account.external_id.as_str(), account.roles.clone())).collect();
    assert_eq!(held.len(), 2, "{held:?}");
    assert!(held.contains(&("harbor", vec!["Admin".to_owned()])), "{held:?}");
    assert_eq!(told(&ed, "membership.roles_changed").await.len(), 2, "one role given, one taken");
}

#[tokio::test]
async fn whom_protected_permissions_keep_from_a_user_cannot_take_them_from_the_user() {
    let app = TestApp::new().await;
    let (olivia, adam) = (caller(&app, OLIVIA).await, caller(&app, ADAM).await);
    let protect = SettingsChange { protected_permissions: Some("users.write".to_owned()), ..SettingsChange::default() };
    settings::change(&olivia, protect).await.expect("a protected permission");
    let rita = app.user_id(RITA).await;
    for refused in [
        user::set_membership(&adam, rita, member("northwind", &["member"]), None).await.map(drop),
        user::remove_membership(&adam, rita, "northwind", None).await.map(drop),
        user::delete(&adam, rita).await,
    ] {
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    }
    let detail = user::get(&adam, rita).await.expect("the user");
    assert_eq!(detail.accounts[0].roles, ["Admin"], "nothing was changed");
    // What takes no protection away is allowed, and an Owner may do all of it.
    user::set_membership(&adam, rita, member("harbor", &["member"]), None).await.expect("a membership more");
    user::remove_membership(&olivia, rita, "northwind", None).await.expect("an Owner may");
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere_but_in_the_trail() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    let mut browser = signed_in(&app, AMARA).await;
    user::delete(&olivia, amara).await.expect("a deletion");
    assert!(browser.get(MY_SESSIONS).await.status().is_redirection(), "she has to sign in");
    assert!(matches!(user::get(&olivia, amara).await, Err(ServiceError::NotFound)));
    assert_eq!(told(&olivia, "user.deleted").await, ["A user was deleted by Olivia Owner"]);
    assert!(matches!(user::delete(&olivia, amara).await, Err(ServiceError::NotFound)));
    user::create(&olivia, User { email: AMARA.to_owned(), ..ann() }).await.expect("the address is free again");
}

#[tokio::test]
async fn the_system_itself_may_and_the_trail_says_that_it_was_at_the_command_line() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let system = understudy::server::service::caller::Caller::system(&app.state, ed.environment.clone());
    user::update(&system, app.user_id(AMARA).await, User { name: Some("Amara O.".to_owned()), ..User::default() })
        .await
        .expect("another name");
    assert_eq!(told(&ed, "user.changed").await, ["Amara O. is the new name of Amara Okafor at the command line"]);
}

#[tokio::test]
async fn nobody_but_the_system_itself_brings_a_password_along() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    let hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA";
    let with = |hash: &str| User { password_hash: Given::Set(hash.to_owned()), ..User::default() };
    for refused in [
        user::update(&olivia, amara, with(hash)).await,
        user::update(&olivia, amara, User { password_hash: Given::Cleared, ..User::default() }).await,
        user::create(&olivia, User { password_hash: Given::Set(hash.to_owned()), ..ann() }).await,
    ] {
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    }
    let system = understudy::server::service::caller::Caller::system(&app.state, olivia.environment.clone());
    assert_eq!(refused(user::update(&system, amara, with("in the clear")).await), ["password_hash"]);
}

#[tokio::test]
async fn what_is_named_twice_counts_once() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    user::set_membership(&ed, amara, member("harbor", &["admin", "admin"]), None).await.expect("a change");
    let detail = user::get(&ed, amara).await.expect("the user");
    let harbor = detail.accounts.iter().find(|account| account.external_id == "harbor").expect("an account");
    assert_eq!(harbor.roles, ["Admin"]);
}
