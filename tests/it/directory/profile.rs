//! What a form changes about one user: address, language, metadata, locks and links.

use axum::http::StatusCode;
use chrono::TimeDelta;
use understudy::model::user::UserStatus;
use understudy::model::user_edit::METADATA_MAX;
use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::user::{self, Profile};
use understudy::server::service::directory::version::Written;
use understudy::server::service::impersonation::settings::{self, SettingsChange};
use understudy::server::service::session::password_link::{self, Purpose};

use super::{ADAM, ED, OLIVIA, VERA, caller, refused, told};
use crate::identity::flow::{sign_in, signed_in};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};

const AMARA: &str = "amara@northwind.example";
const BEN: &str = "ben@harbor.example";
const RITA: &str = "rita@northwind.example";
const MY_SESSIONS: &str = "/id/production/account/sessions";

fn set(text: &str) -> Given<String> {
    Given::Set(text.to_owned())
}

fn moved(email: &str) -> Profile {
    Profile { email: Some(email.to_owned()), ..Profile::default() }
}

fn forbidden<T: std::fmt::Debug>(result: ServiceResult<T>) {
    assert!(matches!(result, Err(ServiceError::Forbidden)), "{result:?}");
}

fn conflict(result: ServiceResult<Written>) -> (i64, i64) {
    match result {
        Err(ServiceError::Conflict { seen, now }) => (seen, now),
        other => panic!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn all_of_a_form_is_saved_at_once_as_one_version_or_two_and_shown_again() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    let name = "Ámårà 👩‍🚀 עמרה";
    let profile = Profile {
        version: Some(1),
        name: Some(name.to_owned()),
        picture_url: set("https://northwind.example/amara.png"),
        external_id: set("N-77"),
        locale: set("de-ch"),
        metadata: set(" {\"plan\": \"gold\", \"seats\": [1, 2]} "),
        active_account: Some("harbor".to_owned()),
        ..Profile::default()
    };
    let written = user::change_profile(&ed, amara, profile).await.expect("a change");
    let shown = user::editing(&ed, amara).await.expect("the user");
    assert_eq!((shown.user.name.as_str(), shown.user.version), (name, written.version));
    assert_eq!(shown.external_id.as_deref(), Some("N-77"));
    assert_eq!(shown.locale.as_deref(), Some("de-CH"), "in its canonical spelling");
    assert_eq!(shown.metadata.as_deref(), Some("{\"plan\": \"gold\", \"seats\": [1, 2]}"));
    let active = shown.user.accounts.iter().find(|account| account.active).map(|account| account.external_id.as_str());
    assert_eq!(active, Some("harbor"));
    let at = shown.user.accounts.iter().position(|account| account.external_id == "northwind").expect("an account");
    assert_eq!(shown.role_keys[at], ["admin", "member"]);
    assert_eq!(told(&ed, "user.changed").await.len(), 6);
    // What changes nothing is no event and no other version.
    let same = Profile { locale: set("DE-CH"), ..Profile::default() };
    assert_eq!(user::change_profile(&ed, amara, same).await.expect("no change"), written);
    assert_eq!(told(&ed, "user.changed").await.len(), 6);
    // What lies beside the row makes another version, too.
    let cleared = Profile { locale: Given::Cleared, metadata: Given::Cleared, ..Profile::default() };
    assert_eq!(user::change_profile(&ed, amara, cleared).await.expect("a change").version, written.version + 1);
    assert_eq!(user::editing(&ed, amara).await.expect("the user").metadata, None);
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_and_nothing_is_written() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    let faulty = Profile {
        name: Some("n".repeat(201)),
        email: Some("nobody".to_owned()),
        picture_url: set("javascript:alert(1)"),
        external_id: set(" "),
        locale: set("not a language"),
        metadata: set("[1]"),
        ..Profile::default()
    };
    let fields = refused(user::change_profile(&ed, amara, faulty).await);
    assert_eq!(fields, ["email", "name", "external_id", "picture_url", "locale", "metadata"]);
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(METADATA_MAX));
    for metadata in ["", "null", "\"text\"", "{", "{\"a\":1} {}", "{a:1}", &deep, &large] {
        let profile = Profile { metadata: set(metadata), ..Profile::default() };
        assert_eq!(refused(user::change_profile(&ed, amara, profile).await), ["metadata"], "{metadata:.20}");
    }
    let stranger = Profile { active_account: Some("nowhere".to_owned()), ..Profile::default() };
    assert_eq!(refused(user::change_profile(&ed, amara, stranger).await), ["active_account"]);
    assert_eq!(refused(user::change_profile(&ed, amara, moved(BEN)).await), ["email"], "Ben has it");
    let shown = user::editing(&ed, amara).await.expect("the user");
    assert_eq!((shown.user.email.as_str(), shown.user.version, shown.metadata), (AMARA, 1, None));
    assert!(told(&ed, "user").await.is_empty());
}

#[tokio::test]
async fn odd_names_are_text_and_nothing_else() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    let longest = "n".repeat(200);
    for name in ["<script>alert(1)</script>", "علي بن أبي طالب", "e\u{301}".repeat(40).as_str(), "🏳️‍🌈👨‍👩‍👧", &longest]
    {
        let profile = Profile { name: Some(name.to_owned()), ..Profile::default() };
        user::change_profile(&ed, amara, profile).await.expect("a name");
        let page = app.operator_browser(ED).await.get(&format!("/production/users/{amara}")).await;
        assert!(!page.expect_status(StatusCode::OK).body().contains("<script>alert"), "{name}");
    }
}

#[tokio::test]
async fn another_address_is_not_verified_unless_somebody_says_so_and_takes_old_links_along() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    let amara = app.user_id(AMARA).await;
    let mut browser = signed_in(&app, AMARA).await;
    let link = password_link::make_for(&adam, amara, Purpose::Invitation).await.expect("a link");
    user::change_profile(&adam, amara, moved("Amara@Harbor.example")).await.expect("an address");
    let shown = user::get(&adam, amara).await.expect("the user");
    assert_eq!((shown.email.as_str(), shown.status), ("amara@harbor.example", UserStatus::Invited));
    assert!(browser.get(MY_SESSIONS).await.status().is_redirection(), "her sessions are over");
    let environment = adam.environment.id;
    assert!(password_link::holder(&app.state, environment, &link.code).await.expect("a look").is_none());
    assert_eq!(
        told(&adam, "user.email_changed").await,
        ["Amara Okafor has the address amara@harbor.example from now on, by Adam Admin"]
    );
    user::verify(&adam, amara, None).await.expect("verified");
    sign_in(&mut app.browser(), "amara@harbor.example", USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    // She is found by the new address alone.
    let found = |q: &str| understudy::model::user::UserQuery { q: q.to_owned(), ..Default::default() };
    assert_eq!(user::list(&adam, &found("amara@harbor")).await.expect("a list").shown(), 1);
    assert_eq!(user::list(&adam, &found(AMARA)).await.expect("a list").shown(), 0);
    let verified = Profile { email_verified: Some(true), ..moved(AMARA) };
    user::change_profile(&adam, amara, verified).await.expect("an address");
    assert_eq!(user::get(&adam, amara).await.expect("the user").status, UserStatus::Active);
}

#[tokio::test]
async fn a_lock_keeps_its_reason_until_it_is_taken_off() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let amara = app.user_id(AMARA).await;
    for reason in ["", " \u{200b} ", "a\u{7}b", &"r".repeat(501)] {
        assert_eq!(refused(user::lock(&ed, amara, reason, None).await), ["reason"], "{reason:?}");
    }
    user::lock(&ed, amara, " Left the company ", None).await.expect("a lock");
    user::lock(&ed, amara, "Another reason", None).await.expect("locked already");
    let shown = user::editing(&ed, amara).await.expect("the user");
    assert_eq!(shown.lock_reason.as_deref(), Some("Left the company"));
    assert!(shown.locked_at.is_some());
    assert_eq!(app.events("user.locked").await[0].reason.as_deref(), Some("Left the company"));
    user::unlock(&ed, amara, None).await.expect("an unlock");
    assert_eq!(user::editing(&ed, amara).await.expect("the user").lock_reason, None);
}

#[tokio::test]
async fn links_are_an_administrators_and_last_as_long_as_they_are_for() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let (amara, dana) = (app.user_id(AMARA).await, app.user_id("dana@northwind.example").await);
    forbidden(password_link::make_for(&ed, amara, Purpose::Reset).await.map(drop));
    assert_eq!(refused(password_link::make_for(&adam, dana, Purpose::Reset).await.map(drop)), ["email"]);
    for (purpose, hours) in [(Purpose::Invitation, 72), (Purpose::Reset, 1)] {
        let link = password_link::make_for(&adam, amara, purpose).await.expect("a link");
        assert_eq!(link.expires_at - app.now(), TimeDelta::hours(hours));
        let address = link.address(&adam);
        let path = address.strip_prefix("http://localhost:3000").expect("an address of this server");
        app.browser().get(path).await.expect_status(StatusCode::OK);
        app.advance(TimeDelta::hours(hours));
        assert_ne!(app.browser().get(path).await.status(), StatusCode::OK, "{purpose:?}");
    }
    let staging = app.caller(OLIVIA, "staging").await;
    let elsewhere = password_link::make_for(&staging, amara, Purpose::Reset).await.map(drop);
    assert!(matches!(elsewhere, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn viewers_change_nothing_and_whom_protection_keeps_out_does_not_get_in_by_another_way() {
    let app = TestApp::new().await;
    let (olivia, adam) = (caller(&app, OLIVIA).await, caller(&app, ADAM).await);
    let (ed, vera) = (caller(&app, ED).await, caller(&app, VERA).await);
    let rita = app.user_id(RITA).await;
    forbidden(user::change_profile(&vera, rita, moved("rita@elsewhere.example")).await);
    forbidden(user::editing(&vera, rita).await.map(drop));
    forbidden(user::verify(&vera, rita, None).await);
    forbidden(user::removal(&ed, rita).await);
    let protect = SettingsChange { protected_permissions: Some("users.write".to_owned()), ..SettingsChange::default() };
    settings::change(&olivia, protect).await.expect("a protected permission");
    assert!(user::editing(&ed, rita).await.expect("the user").is_protected);
    forbidden(user::change_profile(&adam, rita, moved("rita@elsewhere.example")).await);
    forbidden(password_link::make_for(&adam, rita, Purpose::Reset).await.map(drop));
    assert_eq!(user::get(&adam, rita).await.expect("the user").email, RITA);
    let renamed = Profile { name: Some("Rita R.".to_owned()), ..Profile::default() };
    user::change_profile(&adam, rita, renamed).await.expect("a name lets nobody in");
    user::change_profile(&olivia, rita, moved("rita@elsewhere.example")).await.expect("an Owner may");
    password_link::make_for(&olivia, rita, Purpose::Reset).await.expect("an Owner may");
}

/// On PostgreSQL both look before either has written.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_the_same_form_at_once_one_is_told() {
    let app = TestApp::new().await;
    let (ed, adam) = (caller(&app, ED).await, caller(&app, ADAM).await);
    let amara = app.user_id(AMARA).await;
    let with = |metadata: &str| Profile { version: Some(1), metadata: set(metadata), ..Profile::default() };
    let (one, other) = tokio::join!(
        user::change_profile(&ed, amara, with("{\"by\":\"ed\"}")),
        user::change_profile(&adam, amara, with("{\"by\":\"adam\"}"))
    );
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(won.expect("one of the two").version, 2);
    assert_eq!(conflict(lost), (1, 2));
    assert_eq!(conflict(user::lock(&ed, amara, "Left", Some(1)).await), (1, 2));
    // The same address for two users: one gets it.
    let ben = app.user_id(BEN).await;
    let free = "free@northwind.example";
    let (one, other) =
        tokio::join!(user::change_profile(&ed, amara, moved(free)), user::change_profile(&adam, ben, moved(free)));
    assert_eq!(usize::from(one.is_ok()) + usize::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert_eq!(refused(if one.is_err() { one } else { other }), ["email"]);
}
