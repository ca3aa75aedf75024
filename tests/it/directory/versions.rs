//! Edits of what somebody else has edited meanwhile, and what a company's own directory calls its users.

use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::http::caller::status;
use understudy::server::service::caller::Origin;
use understudy::server::service::directory::account::{self, Account};
use understudy::server::service::directory::application;
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::role::{self, RoleEntry};
use understudy::server::service::directory::user::{self, Membership, User};
use understudy::server::service::session::password_link;

use super::{ADAM, ED, caller, refused, told};
use crate::support::TestApp;

const AMARA: &str = "amara@northwind.example";

fn ann(email: &str) -> User {
    User { email: email.to_owned(), name: Some("Ann Arbor".to_owned()), ..User::default() }
}

fn named(name: &str, version: Option<i64>) -> User {
    User { version, name: Some(name.to_owned()), ..User::default() }
}

fn known_as(id: &str) -> User {
    User { external_id: Given::Set(id.to_owned()), ..User::default() }
}

/// The version that was seen and the one that there is, of an edit that came too late.
fn conflict<T: std::fmt::Debug>(result: ServiceResult<T>) -> (i64, i64) {
    match result {
        Err(ServiceError::Conflict { seen, now }) => (seen, now),
        other => panic!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn an_edit_of_a_user_whom_somebody_else_edited_meanwhile_is_refused_and_writes_nothing() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let made = user::create(&ed, ann("ann@northwind.example")).await.expect("a user");
    assert_eq!(made.version, 1);
    let first = user::update(&adam, made.id, named("Ann B.", Some(1))).await.expect("nobody was faster");
    assert_eq!(first.version, 2);
    let late = user::update(&ed, made.id, named("Ann C.", Some(1))).await;
    assert_eq!(conflict(late), (1, 2));
    let shown = user::get(&ed, made.id).await.expect("the user");
    assert_eq!((shown.name.as_str(), shown.version), ("Ann B.", 2), "the page says which version it shows");
    assert_eq!(told(&ed, "user.changed").await.len(), 1, "nothing is told of what was not done");
    let harbor = Membership { account: "harbor".to_owned(), roles: Vec::new(), disabled: false, line: 0 };
    assert_eq!(conflict(user::set_membership(&ed, made.id, harbor.clone(), Some(1)).await), (1, 2));
    assert_eq!(user::set_membership(&ed, made.id, harbor, Some(2)).await.expect("looked again").version, 3);
    assert_eq!(conflict(user::remove_membership(&ed, made.id, "harbor", Some(2)).await), (2, 3));
    let whatever = user::update(&ed, made.id, named("Ann D.", None)).await.expect("who does not ask is not refused");
    assert_eq!(whatever.version, 4);
    let same = user::update(&ed, made.id, named("Ann D.", Some(4))).await.expect("no change");
    assert_eq!(same.version, 4, "an edit that changes nothing makes no other version");
}

#[tokio::test]
async fn who_saw_a_user_before_they_chose_a_password_takes_nothing_of_that_back() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let made = user::create(&ed, ann("ann@northwind.example")).await.expect("a user");
    let system = app.system().await;
    let link = password_link::make(&system, "ann@northwind.example").await.expect("a link");
    let environment_id = system.environment.id;
    password_link::choose(&app.state, environment_id, &link.code, "correct-horse-battery", &Origin::default())
        .await
        .expect("a password");
    let unverified = User { email_verified: Some(false), ..named("Ann Arbor", Some(made.version)) };
    assert_eq!(conflict(user::update(&ed, made.id, unverified).await), (1, 2));
}

#[tokio::test]
async fn a_conflict_says_both_versions_and_is_a_409() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    let late = user::update(&ed, amara, named("Amara O.", Some(7))).await.expect_err("another version");
    let error = late.into_api("an id");
    assert_eq!(status(&error).as_u16(), 409);
    let sentence = error.to_string();
    assert!(sentence.contains("version 7") && sentence.contains("version 1 "), "{sentence}");
}

/// On PostgreSQL both look before either has written.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_edit_the_same_version_at_once_one_is_refused() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let amara = app.user_id(AMARA).await;
    let before = user::update(&ed, amara, User::default()).await.expect("no change").version;
    let (one, other) = tokio::join!(
        user::update(&ed, amara, named("Amara of Ed", Some(before))),
        user::update(&adam, amara, named("Amara of Adam", Some(before)))
    );
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(won.expect("one of the two").version, before + 1);
    assert_eq!(conflict(lost), (before, before + 1));
}

#[tokio::test]
async fn accounts_roles_and_applications_have_versions_too() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let polaris = Account { external_id: "polaris".to_owned(), name: "Polaris".to_owned(), ..Account::default() };
    assert_eq!(account::create(&ed, polaris).await.expect("an account").version, 1);
    assert_eq!(account::rename(&ed, "polaris", "Polaris Freight", Some(1)).await.expect("a name").version, 2);
    assert_eq!(conflict(account::rename(&ed, "polaris", "Other", Some(1)).await), (1, 2));
    assert_eq!(conflict(account::assign(&ed, "polaris", "console", true, Some(1)).await), (1, 2));
    assert_eq!(account::assign(&ed, "polaris", "console", true, Some(2)).await.expect("an application").version, 3);
    assert_eq!(conflict(account::withdraw(&ed, "polaris", "console", Some(2)).await), (2, 3));

    let auditor = RoleEntry { key: "auditor".to_owned(), name: "Auditor".to_owned(), ..RoleEntry::default() };
    assert_eq!(role::create(&adam, auditor.clone()).await.expect("a role").version, 1);
    let may_read = RoleEntry { permissions: Given::Set(vec!["books.read".to_owned()]), version: Some(1), ..auditor };
    assert_eq!(role::update(&adam, may_read.clone()).await.expect("a permission").version, 2);
    let late = RoleEntry { permissions: Given::Cleared, ..may_read };
    assert_eq!(conflict(role::update(&adam, late).await), (1, 2));

    let seen = application::to_change(&adam, "console").await.expect("the application");
    let version = seen.version.expect("what was seen has a version");
    let mut change = seen.clone();
    change.name = "Console 2".to_owned();
    let saved = application::update(&adam, change).await.expect("a name").written;
    assert_eq!(saved.version, version + 1);
    let shown = application::get(&adam, saved.id).await.expect("its page");
    assert_eq!((shown.version, shown.application.name.as_str()), (saved.version, "Console 2"), "the page says which");
    assert_eq!(conflict(application::update(&adam, seen).await), (version, version + 1));
}

#[tokio::test]
async fn an_external_id_is_one_users_only_and_can_be_given_changed_and_taken_away() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let id = "cn=Ann Arbor,ou=Staff";
    let ann = User { external_id: Given::Set(id.to_owned()), ..ann("ann@northwind.example") };
    let made = user::create(&ed, ann).await.expect("a user");
    let twice = User { external_id: Given::Set(id.to_owned()), ..self::ann("second@northwind.example") };
    assert_eq!(refused(user::create(&ed, twice.clone()).await), ["external_id"]);
    let amara = app.user_id(AMARA).await;
    assert_eq!(refused(user::update(&ed, amara, known_as(id)).await), ["external_id"]);
    let taken = user::update(&ed, amara, known_as(id)).await.expect_err("taken");
    assert_eq!(taken.to_string(), format!("There is one with {id} already: choose another."));
    assert_eq!(user::update(&ed, made.id, named("Ann B.", None)).await.expect("a name").version, 2);
    assert_eq!(refused(user::update(&ed, amara, known_as(id)).await), ["external_id"], "another edit keeps it");
    user::update(&ed, made.id, known_as("00u1")).await.expect("another id");
    user::create(&ed, twice).await.expect("the first one is free again");
    let without = User { external_id: Given::Cleared, ..User::default() };
    user::update(&ed, made.id, without).await.expect("none");
    user::update(&adam, amara, known_as("00u1")).await.expect("free, too");
    let trail = told(&ed, "user.changed").await;
    assert_eq!(trail[0], "Amara Okafor is known to its directory as 00u1 by Adam Admin");
    assert!(trail.contains(&"Ann B. is known to its directory as none by Ed Editor".to_owned()), "{trail:?}");
}

#[tokio::test]
async fn the_same_external_id_is_free_in_another_environment() {
    let app = TestApp::new().await;
    let (here, there) = (caller(&app, super::OLIVIA).await, app.caller(super::OLIVIA, "staging").await);
    for caller in [&here, &there] {
        let ann = User { external_id: Given::Set("00u1".to_owned()), ..ann("ann@northwind.example") };
        user::create(caller, ann).await.expect("a user");
    }
}

#[tokio::test]
async fn what_is_no_external_id_is_refused_at_its_field() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    for faulty in ["", " 00u1", "two\nlines", "nul\0", &"x".repeat(201)] {
        assert_eq!(refused(user::update(&ed, amara, known_as(faulty)).await), ["external_id"], "{faulty:?}");
    }
}
