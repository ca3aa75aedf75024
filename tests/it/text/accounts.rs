//! Accounts beyond what one list can show, and accounts of one name.

use std::fmt::Write;

use axum::http::StatusCode;

use super::import;
use crate::identity::flow::{hand_off, start};
use crate::support::{Browser, ResponseExt, TestApp};
use understudy::model::audit::AuditQuery;
use understudy::model::user::UserQuery;
use understudy::server::service;
use understudy::server::service::directory::account;
use understudy::server::service::import::Kind;

const TWIN: &str = "twin@acme.example";

async fn app() -> TestApp {
    let app = TestApp::new().await;
    let mut csv = "external_id,name,applications\nacme-eu,Acme,console*\nacme-us,Acme,console*\n".to_owned();
    for number in 0..1200 {
        writeln!(csv, "acc-{number:04},Zeta Customer {number:04},").expect("a line");
    }
    import(&app, Kind::Accounts, &csv).await.expect("an import");
    let twin = "email,name,email_verified,accounts,active_account\n\
                twin@acme.example,Tina Win,true,acme-eu:member;acme-us:member,acme-us\n";
    import(&app, Kind::Users, twin).await.expect("an import");
    app
}

#[tokio::test]
async fn every_account_of_thousands_can_be_found_and_none_is_left_out_in_silence() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for page in ["users", "audit"] {
        let plain = browser.get(&format!("/production/{page}")).await;
        assert!(!plain.body().contains("acc-1150"), "{page}: what nobody asked for is no part of the page");
        let any = browser.get(&format!("/production/{page}?find=zeta")).await;
        assert!(any.body().contains("More than 50 accounts: keep typing."), "{page}");
        let found = browser.get(&format!("/production/{page}?find=zeta+1150")).await;
        assert!(found.body().contains(&format!("href=\"/production/{page}?account=acc-1150\"")), "{page}");
        let by_id = browser.get(&format!("/production/{page}?find=ACC-0042")).await;
        assert!(by_id.body().contains("Zeta Customer 0042"), "{page}");
        let chosen = browser.get(&format!("/production/{page}?account=acc-1150")).await;
        assert!(chosen.body().contains("Zeta Customer 1150 (acc-1150)"), "{page}");
    }
    assert!(browser.get("/production/users").await.body().contains("9 people in 1,205 accounts"));
}

#[tokio::test]
async fn a_search_for_accounts_shows_the_first_fifty_by_name_and_says_that_there_are_more() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let many = service::registry::accounts::search(&caller, "zeta customer").await.expect("accounts");
    let shown: Vec<String> = many.accounts.into_iter().map(|account| account.external_id).collect();
    let expected: Vec<String> = (0..50).map(|number| format!("acc-{number:04}")).collect();
    assert_eq!((shown, many.more), (expected, true));
    // As many as are shown, and one more.
    for (count, more) in [(50, false), (51, true)] {
        let csv = (0..count).fold("external_id,name,applications\n".to_owned(), |csv, number| {
            csv + &format!("quill-{number},Quill {number},\n")
        });
        import(&app, Kind::Accounts, &csv).await.expect("an import");
        let quills = service::registry::accounts::search(&caller, "quill").await.expect("accounts");
        assert_eq!((quills.accounts.len(), quills.more), (50, more));
    }
    let few = service::registry::accounts::search(&caller, "acc-115").await.expect("accounts");
    assert_eq!((few.accounts.len(), few.more), (10, false));
    let untyped = service::registry::accounts::search(&caller, "").await.expect("accounts");
    assert_eq!((untyped.accounts[0].name.as_str(), untyped.more), ("Acme", true));
}

#[tokio::test]
async fn the_page_says_how_many_accounts_a_search_without_script_found() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let few = browser.get("/production/users?find=zeta+115").await;
    assert!(few.body().contains("12 accounts."), "{}", few.body());
    let one = browser.get("/production/audit?find=acc-1150").await;
    assert!(one.body().contains("1 account."), "{}", one.body());
    let none = browser.get("/production/users?find=zzyzx").await;
    assert!(none.body().contains("Nothing found: no account has this in its name or id."), "{}", none.body());
    // The list stays as it is, with its filters, whichever account is taken.
    let kept = browser.get("/production/users?status=locked&find=acme-eu").await;
    assert!(kept.body().contains("href=\"/production/users?status=locked&amp;account=acme-eu\""), "{}", kept.body());
}

#[tokio::test]
async fn where_too_many_accounts_have_the_words_the_page_says_that_members_are_missing() {
    let app = app().await;
    import(&app, Kind::Users, "email,name\nz@other.example,Zeta Customer Care\n").await.expect("an import");
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for (q, found) in [("zeta+customer", true), ("zeta+customer+1", false)] {
        let page = browser.get(&format!("/production/users?q={q}")).await;
        assert!(page.body().contains("More than 100 accounts have this in their names"), "{q}: {}", page.body());
        assert_eq!(page.body().contains("Zeta Customer Care"), found, "{q}");
    }
    for q in ["acme", "zeta+customer+1150"] {
        let page = browser.get(&format!("/production/users?q={q}")).await;
        assert!(!page.body().contains("More than 100 accounts"), "{q}");
    }
}

#[tokio::test]
async fn two_accounts_of_one_name_are_told_apart_wherever_they_are_named() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let found = browser.get("/production/users?find=acme").await;
    assert!(found.body().contains("acme-eu") && found.body().contains("acme-us"));
    let caller = app.caller("olivia@understudy.example", "production").await;
    let query = UserQuery { q: "twin@acme.example".into(), ..UserQuery::default() };
    let row = service::directory::user::list(&caller, &query).await.expect("a page").rows[0].clone();
    assert_eq!(row.main_account.as_deref(), Some("Acme (acme-us)"));
    let detail = service::directory::user::get(&caller, row.id).await.expect("a user");
    let mut names: Vec<&str> = detail.accounts.iter().map(|account| account.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Acme (acme-eu)", "Acme (acme-us)"]);
    let drawer = service::impersonation::drawer(&caller, detail.id).await.expect("a drawer");
    assert_eq!(drawer.accounts[0].name, "Acme (acme-us)");
    let single = UserQuery { q: "ben@harbor.example".into(), ..UserQuery::default() };
    let row = service::directory::user::list(&caller, &single).await.expect("a page").rows[0].clone();
    assert_eq!(row.main_account.as_deref(), Some("Harbor Logistics"));
}

/// An operator's browser in which Tina is impersonated in both of her accounts, and the sessions' ids, first acme-eu's.
async fn in_both(app: &TestApp) -> (Browser, [String; 2]) {
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let mut ids = Vec::new();
    for account in ["acme-eu", "acme-us"] {
        let path = start(app, &mut browser, TWIN, account, "console").await;
        ids.push(hand_off(&mut browser, &path).await.to_string());
    }
    let ids: [String; 2] = ids.try_into().expect("two sessions");
    (browser, ids)
}

#[tokio::test]
async fn sessions_in_accounts_of_one_name_are_told_apart_wherever_they_are_named() {
    const BOTH: [&str; 2] = ["Acme (acme-eu)", "Acme (acme-us)"];
    let app = app().await;
    let (mut browser, [eu, us]) = in_both(&app).await;
    let user = app.user_id(TWIN).await;
    // Both are named by the page that asks who it is, at a sign-out, where they are listed, and by what is running.
    for path in [
        "/id/production/account/sessions".to_owned(),
        "/id/production/logout?client_id=console".to_owned(),
        format!("/id/production/account/sessions?session={us}"),
        "/production/impersonation".to_owned(),
        format!("/production/users/{user}"),
        format!("/production/users/{user}?impersonate=1"),
        "/production/audit".to_owned(),
    ] {
        let page = browser.get(&path).await.expect_status(StatusCode::OK);
        for name in BOTH {
            assert!(page.body().contains(name), "{path} does not name {name}: {}", page.body());
        }
    }
    let own = browser.get(&format!("/id/production/account/sessions?session={eu}")).await;
    assert!(own.body().contains("twin@acme.example · <bdi>Acme (acme-eu)</bdi>"), "{}", own.body());
    let log = browser.get(&format!("/id/production/account/audit?session={us}")).await;
    assert!(log.body().contains("<bdi>Acme (acme-us)</bdi>"), "{}", log.body());
}

#[tokio::test]
async fn events_in_accounts_of_one_name_say_in_which() {
    let app = app().await;
    let (mut browser, [eu, _]) = in_both(&app).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let form = [("account", "acme-us"), ("session", eu.as_str())];
    browser.post("/id/production/account/switch", &form).await.expect_status(StatusCode::SEE_OTHER);
    let query = AuditQuery { q: eu.clone(), ..AuditQuery::default() };
    let events = service::audit::list(&caller, &query).await.expect("a page").rows;
    let said = |action: &str| {
        let event = events.iter().find(|event| event.action == action);
        event.unwrap_or_else(|| panic!("no {action}: {events:?}"))
    };
    let started = said("impersonation.started");
    let sentence = "started impersonating Tina Win in Acme (acme-eu), Console, for at most 60 minutes";
    assert!(started.description.ends_with(sentence), "{}", started.description);
    let switched = &said("session.account_switched").description;
    assert_eq!(switched, "Tina Win switched from Acme (acme-eu) to Acme (acme-us)");
    // The list, the event by itself and the user's page say the same.
    let alone = service::audit::get(&caller, started.id).await.expect("an event");
    assert_eq!((&alone, alone.account_name.as_deref()), (started, Some("Acme (acme-eu)")));
    let user = service::directory::user::get(&caller, app.user_id(TWIN).await).await.expect("a user");
    assert!(user.events.contains(started), "{:?}", user.events);
}

#[tokio::test]
async fn a_running_session_says_by_what_its_account_and_its_application_are_chosen_again() {
    let app = app().await;
    let (_, [eu, us]) = in_both(&app).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let user = app.user_id(TWIN).await;
    let drawer = service::impersonation::drawer(&caller, user).await.expect("a drawer");
    let overview = service::impersonation::overview(&caller, "").await.expect("an overview");
    for running in [&drawer.running, &overview.live] {
        for (id, account) in [(&eu, "acme-eu"), (&us, "acme-us")] {
            let item = running.iter().find(|item| item.session_id.to_string() == *id).expect("a session");
            assert_eq!((item.account_external_id.as_str(), item.client_id.as_str()), (account, "console"));
            let choice = drawer.accounts.iter().find(|choice| choice.external_id == item.account_external_id);
            assert_eq!(choice.map(|choice| &choice.name), Some(&item.account_name));
        }
    }
}

#[tokio::test]
async fn two_applications_of_one_name_are_told_apart_wherever_they_are_named() {
    let app = app().await;
    let twins = "client_id,name,app_url\nconsole-eu,Console,https://eu.example/\n";
    import(&app, Kind::Applications, twins).await.expect("an import");
    let account = "external_id,name,applications\nacme-eu,Acme,console*;console-eu\n";
    import(&app, Kind::Accounts, account).await.expect("an import");
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    start(&app, &mut browser, TWIN, "acme-eu", "console-eu").await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let user = app.user_id(TWIN).await;
    let drawer = service::impersonation::drawer(&caller, user).await.expect("a drawer");
    let choice = drawer.accounts.iter().find(|account| account.external_id == "acme-eu").expect("an account");
    let names: Vec<&str> = choice.applications.iter().map(|application| application.name.as_str()).collect();
    assert_eq!(names, ["Console (console)", "Console (console-eu)"]);
    assert_eq!(drawer.running[0].application_name, "Console (console-eu)");
    let list = service::directory::application::list(&caller, "").await.expect("applications");
    let mut names: Vec<&str> = list.rows.iter().map(|application| application.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Console (console)", "Console (console-eu)", "Dispatch"]);
    let eu = list.rows.iter().find(|application| application.client_id == "console-eu").expect("an application");
    let detail = service::directory::application::get(&caller, eu.id).await.expect("an application");
    assert_eq!(detail.accounts[0].name, "Acme (acme-eu)");
    for path in [
        "/production/impersonation".to_owned(),
        format!("/production/users/{user}"),
        "/production/audit?q=console-eu".into(),
    ] {
        let page = browser.get(&path).await.expect_status(StatusCode::OK);
        assert!(page.body().contains("Console (console-eu)"), "{path}: {}", page.body());
    }
}

#[tokio::test]
async fn users_are_found_by_what_their_account_is_called_now() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let found = async |typed: &str| {
        let query = UserQuery { q: typed.into(), ..UserQuery::default() };
        let page = service::directory::user::list(&caller, &query).await.expect("a page");
        page.rows.iter().map(|row| row.email.clone()).collect::<Vec<_>>()
    };
    let new = "external_id,name,applications\nzephyr-1,Zephyr Works,console*\n";
    import(&app, Kind::Accounts, new).await.expect("an import");
    let user = "email,name,accounts\nnora@elsewhere.example,Nora Quill,zephyr-1:member\n";
    import(&app, Kind::Users, user).await.expect("an import");
    assert_eq!(found("zephyr works").await, ["nora@elsewhere.example"]);
    assert_eq!(found("PHYR-1 ze").await, ["nora@elsewhere.example"], "parts of a name and an id, in any order");
    account::rename(&caller, "zephyr-1", "Borealis", None).await.expect("renamed");
    assert_eq!(found("zephyr works").await, [""; 0]);
    assert_eq!(found("borealis").await, ["nora@elsewhere.example"]);
    app.execute("DELETE FROM accounts WHERE external_id = 'zephyr-1'").await;
    assert_eq!(found("borealis").await, [""; 0]);
}
