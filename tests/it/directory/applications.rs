//! Accounts, roles and applications.

use understudy::model::impersonation::StartImpersonation;
use understudy::model::session::EndReason;
use understudy::server::error::ServiceError;
use understudy::server::service::directory::account::{self, Account};
use understudy::server::service::directory::application::{self, ApplicationEntry, ClientSecret};
use understudy::server::service::directory::given::Given;
use understudy::server::service::directory::role::{self, RoleEntry};
use understudy::server::service::directory::user;
use understudy::server::service::impersonation::settings::{self, SettingsChange};
use understudy::server::service::{impersonation, session};

use super::{ADAM, ED, OLIVIA, caller, refused, told};
use crate::support::TestApp;

const AMARA: &str = "amara@northwind.example";

fn reports() -> ApplicationEntry {
    ApplicationEntry {
        client_id: "reports".to_owned(),
        name: "Reports".to_owned(),
        app_url: "https://reports.example/".to_owned(),
        redirect_uris: Given::Set(vec!["https://reports.example/callback".to_owned()]),
        client_secret: ClientSecret::New,
        ..ApplicationEntry::default()
    }
}

#[tokio::test]
async fn an_administrator_makes_an_application_and_sees_its_secret_once() {
    let app = TestApp::new().await;
    let (adam, ed) = (caller(&app, ADAM).await, caller(&app, ED).await);
    assert!(matches!(application::create(&ed, reports()).await, Err(ServiceError::Forbidden)));
    let secret = application::create(&adam, reports()).await.expect("an application").secret.expect("its secret");
    assert!(secret.starts_with("ucs_"), "{secret}");
    assert_eq!(refused(application::create(&adam, reports()).await), ["client_id"]);
    let change = application::to_change(&adam, "reports").await.expect("the application");
    let change = ApplicationEntry { app_url: "https://reports.example/new".to_owned(), ..change };
    assert_eq!(application::update(&adam, change).await.expect("a change").secret, None, "the secret stays");
    let trail = told(&adam, "client").await;
    assert!(trail.iter().any(|sentence| sentence == "Reports was made by Adam Admin"), "{trail:?}");
    assert!(!trail.iter().any(|sentence| sentence.contains(&secret)), "{trail:?}");
    application::delete(&adam, "reports").await.expect("a deletion");
    assert!(matches!(application::delete(&adam, "reports").await, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn everything_that_is_wrong_with_an_application_is_said_at_once() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    let faulty = ApplicationEntry {
        client_id: "two words".to_owned(),
        name: String::new(),
        app_url: "ftp://reports.example".to_owned(),
        redirect_uris: Given::Set(vec!["javascript:alert(1)".to_owned()]),
        jwks: Given::Set("{}".to_owned()),
        login_method: Some("telepathy".to_owned()),
        ..ApplicationEntry::default()
    };
    let fields = refused(application::create(&adam, faulty).await);
    assert_eq!(fields, ["client_id", "name", "app_url", "redirect_uris", "jwks", "login_method"]);
}

#[tokio::test]
async fn an_account_is_made_named_and_given_applications() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let new = Account { external_id: "polaris".to_owned(), name: "Polaris".to_owned(), ..Account::default() };
    account::create(&ed, new.clone()).await.expect("an account");
    assert_eq!(refused(account::create(&ed, new).await), ["external_id"]);
    account::rename(&ed, "polaris", "Polaris Freight", None).await.expect("another name");
    account::assign(&ed, "polaris", "console", true, None).await.expect("an application");
    account::assign(&ed, "polaris", "dispatch", true, None).await.expect("another default");
    assert_eq!(refused(account::assign(&ed, "polaris", "nothing", false, None).await), ["applications"]);
    account::withdraw(&ed, "polaris", "console", None).await.expect("one less");
    let trail = told(&ed, "account").await;
    assert!(trail.contains(&"Polaris Freight gets the application dispatch by Ed Editor".to_owned()), "{trail:?}");
    assert!(matches!(account::delete(&ed, "polaris").await, Err(ServiceError::Forbidden)));
    account::delete(&caller(&app, ADAM).await, "polaris").await.expect("a deletion");
    assert!(matches!(account::rename(&ed, "polaris", "x", None).await, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn an_impersonation_ends_with_its_account_and_with_its_application() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    let amara = app.user_id(AMARA).await;
    let start = |account: &str, application: &str| StartImpersonation {
        user_id: amara,
        account: account.to_owned(),
        application: application.to_owned(),
        reason: "Looking into an invoice".to_owned(),
        ..StartImpersonation::default()
    };
    let in_harbor = impersonation::start(&olivia, &start("harbor", "dispatch")).await.expect("a session");
    let in_console = impersonation::start(&olivia, &start("northwind", "console")).await.expect("a session");
    account::delete(&olivia, "harbor").await.expect("a deletion");
    application::delete(&olivia, "console").await.expect("a deletion");
    for id in [in_harbor.session_id, in_console.session_id] {
        assert!(session::live(&app.state, olivia.environment.id, id).await.expect("a look").is_none());
    }
    let ended = user::get(&olivia, amara).await.expect("the user").sessions;
    assert!(ended.iter().all(|one| one.end_reason == Some(EndReason::AccountOrApplicationRemoved)), "{ended:?}");
}

#[tokio::test]
async fn a_role_is_changed_by_administrators_but_its_protected_permissions_by_owners_only() {
    let app = TestApp::new().await;
    let (olivia, adam, ed) = (caller(&app, OLIVIA).await, caller(&app, ADAM).await, caller(&app, ED).await);
    let new = RoleEntry {
        key: "auditor".to_owned(),
        name: "Auditor".to_owned(),
        permissions: Given::Set(vec!["books.read".to_owned()]),
        ..RoleEntry::default()
    };
    assert!(matches!(role::create(&ed, new.clone()).await, Err(ServiceError::Forbidden)));
    role::create(&adam, new.clone()).await.expect("a role");
    assert_eq!(refused(role::create(&adam, new.clone()).await), ["key"]);
    let protect = SettingsChange { protected_permissions: Some("books.read".to_owned()), ..SettingsChange::default() };
    settings::change(&olivia, protect).await.expect("a protected permission");
    let bare = RoleEntry { permissions: Given::Cleared, ..new };
    assert!(matches!(role::update(&adam, bare.clone()).await, Err(ServiceError::Forbidden)));
    assert!(matches!(role::delete(&adam, "auditor").await, Err(ServiceError::Forbidden)));
    role::update(&olivia, bare).await.expect("an Owner may");
    role::delete(&adam, "auditor").await.expect("nothing protected is left in it");
    let trail = told(&adam, "role").await;
    assert_eq!(trail[0], "The role Auditor was deleted by Adam Admin");
}
