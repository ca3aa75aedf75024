//! Accounts beyond what one list can show, and accounts of one name.

use std::fmt::Write;

use understudy::model::user::UserQuery;
use understudy::server::import::Kind;
use understudy::server::service;

use super::import;
use crate::support::TestApp;

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
        assert!(plain.body().contains("20 of 1,205 shown, type to narrow."), "{page}");
        assert!(!plain.body().contains("Zeta Customer 1150"));
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
async fn a_search_for_accounts_goes_on_to_the_last_of_them() {
    let app = app().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let step = service::accounts::search(&caller, "zeta customer", &cursor).await.expect("accounts");
        assert_eq!(step.matching, 1_000, "nobody counts further");
        seen.extend(step.found.into_iter().map(|account| account.external_id));
        match step.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let expected: Vec<String> = (0..1200).map(|number| format!("acc-{number:04}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn accounts_are_counted_as_far_as_it_matters() {
    let app = app().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let many = browser.get("/production/users?find=zeta").await;
    assert!(many.body().contains("20 of 1,000+ shown, type to narrow."), "{}", many.body());
    let some = browser.get("/production/audit?find=zeta+customer+11").await;
    assert!(some.body().contains("20 of 100 shown, type to narrow."), "{}", some.body());
    let few = browser.get("/production/users?find=zeta+115").await;
    assert!(few.body().contains("12 accounts."), "{}", few.body());
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
    let row = service::users::list(&caller, &query).await.expect("a page").rows[0].clone();
    assert_eq!(row.main_account.as_deref(), Some("Acme (acme-us)"));
    let detail = service::users::get(&caller, row.id).await.expect("a user");
    let mut names: Vec<&str> = detail.accounts.iter().map(|account| account.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["Acme (acme-eu)", "Acme (acme-us)"]);
    let drawer = service::impersonation::drawer(&caller, detail.id).await.expect("a drawer");
    assert_eq!(drawer.accounts[0].name, "Acme (acme-us)");
    let single = UserQuery { q: "ben@harbor.example".into(), ..UserQuery::default() };
    let row = service::users::list(&caller, &single).await.expect("a page").rows[0].clone();
    assert_eq!(row.main_account.as_deref(), Some("Harbor Logistics"));
}
