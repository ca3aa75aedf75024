//! What nobody means to ask of a list, and somebody does: signs that databases read as their own, places of other lists, accounts
//! that are gone, rows that go while they are read.

use std::collections::HashSet;

use axum::http::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{Browser, ResponseExt, TestApp};
use crate::text::import;
use understudy::model::impersonation::StartImpersonation;
use understudy::model::user::UserQuery;
use understudy::server::service;
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::{account, user};
use understudy::server::service::import::Kind;

const OLIVIA: &str = "olivia@understudy.example";

/// One user, one account, one application and one event that have all the odd signs, and words beside them.
async fn odd_app() -> TestApp {
    const NAME: &str = "NEAR 100%_Miss* 👋";
    let app = TestApp::new().await;
    let applications = format!("client_id,name,app_url\nodd-app,{NAME},https://odd.example/\n");
    import(&app, Kind::Applications, &applications).await.expect("an import");
    let accounts = format!("external_id,name,applications\nodd-account,{NAME},odd-app*\n");
    import(&app, Kind::Accounts, &accounts).await.expect("an import");
    let users = format!("email,name,email_verified,accounts\nodd@odd.example,{NAME},true,odd-account:member\n");
    import(&app, Kind::Users, &users).await.expect("an import");
    let caller = app.caller(OLIVIA, "production").await;
    let request = StartImpersonation {
        environment: "production".into(),
        user_id: app.user_id("odd@odd.example").await,
        account: "odd-account".into(),
        application: "odd-app".into(),
        reason: "It says NEAR and nothing else".into(),
        ticket: String::new(),
    };
    service::impersonation::start(&caller, &request).await.expect("a session");
    app
}

/// How many users, accounts, applications and events of the impersonation a search finds, through the calls of the pages.
async fn found(browser: &mut Browser, q: &str) -> [usize; 4] {
    let mut counts = [0; 4];
    let calls: [(&str, &str, &str, &str); 4] = [
        ("users/list", "query[q]", "rows", "email"),
        ("accounts/search", "typed", "accounts", "external_id"),
        ("applications/list", "q", "rows", "client_id"),
        ("audit/list", "query[q]", "rows", "session_id"),
    ];
    for (count, (endpoint, field, rows, id)) in counts.iter_mut().zip(calls) {
        let form = [("environment", "production"), (field, q)];
        let answer = browser.call(endpoint, &form).await.expect_status(StatusCode::OK).json();
        let rows = answer[rows].as_array().unwrap_or_else(|| panic!("{endpoint} {q:?}: {answer}"));
        *count = rows.iter().filter(|row| row[id].is_string()).count();
    }
    counts
}

#[tokio::test]
async fn signs_that_mean_something_to_a_database_find_nothing_by_themselves_and_spoil_nothing_beside_a_word() {
    let app = odd_app().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let long = "near ".repeat(2_000);
    for q in [
        "%",
        "_",
        "\"",
        "*",
        "\\",
        "'",
        "👋",
        "👩‍👩‍👧‍👦",
        "\u{301}",
        "\u{301}\u{323}\u{fe0f}",
        "\0",
        "near OR zzyzx",
        long.as_str(),
    ] {
        assert_eq!(found(&mut browser, q).await, [0; 4], "{q:.20}");
    }
    for q in [
        "NEAR",
        "near*",
        "\"near\"",
        "NEAR(near)",
        "near\0",
        "\0near",
        "near 👋",
        "\u{feff}near",
        "ne\u{301}a\u{308}r",
        "100%_miss*",
        "near near near near near near near near near near near near near near",
    ] {
        assert_eq!(found(&mut browser, q).await, [1; 4], "{q}");
    }
}

#[tokio::test]
async fn a_nul_in_the_address_of_a_list_is_no_fault() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for (page, words) in [
        ("users", &["q", "find", "account", "status", "exclude", "sort", "cursor"][..]),
        ("audit", &["q", "find", "account", "action", "severity", "from", "to", "cursor"]),
        ("applications", &["q"]),
    ] {
        for word in words {
            for value in ["%00", "near%00", "%00near"] {
                let path = format!("/production/{page}?{word}={value}");
                let answer = browser.get(&path).await;
                assert_eq!(answer.status(), StatusCode::OK, "{path}");
            }
        }
    }
}

/// The place behind the first page.
async fn next(caller: &Caller) -> String {
    let page = user::list(caller, &UserQuery { sort: "name".into(), ..UserQuery::default() }).await.expect("a page");
    page.next.clone().expect("more than a page")
}

#[tokio::test]
async fn a_place_in_a_list_of_another_environment_shows_what_is_here_and_nothing_of_there() {
    let app = TestApp::new().await;
    crate::support::fixture::add_users(&app.state, 60).await;
    let cursor = next(&app.caller(OLIVIA, "production").await).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    for sort in ["name", "email", "-visits", "account", "status"] {
        let form = [("environment", "staging"), ("query[sort]", sort), ("query[cursor]", cursor.as_str())];
        let page = browser.call("users/list", &form).await.expect_status(StatusCode::OK).json();
        let emails: Vec<&Value> = page["rows"].as_array().expect("rows").iter().map(|row| &row["email"]).collect();
        assert!(emails.iter().all(|email| **email == "sam@northwind.example"), "{sort}: {emails:?}");
    }
    let form = [("environment", "staging"), ("query[cursor]", cursor.as_str())];
    let page = browser.call("audit/list", &form).await.expect_status(StatusCode::OK).json();
    assert!(!page.to_string().contains("harbor") && page["rows"].is_array(), "{page}");
}

#[tokio::test]
async fn the_filter_of_an_account_that_is_gone_stays_finds_nothing_and_can_be_taken_away() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let with = browser.get("/production/users?account=harbor").await.expect_status(StatusCode::OK);
    assert!(with.body().contains("Ben Lefèvre") && with.body().contains("Harbor Logistics (harbor)"));
    account::delete(&caller, "harbor").await.expect("an account that may go");
    for list in ["users", "audit"] {
        let page = browser.get(&format!("/production/{list}?account=harbor")).await.expect_status(StatusCode::OK);
        let page = page.body();
        assert!(!page.contains("Ben Lefèvre"), "{list}");
        assert!(page.contains("name=\"account\" value=\"harbor\""), "{list}: {page}");
        assert!(page.contains("aria-label=\"Remove filter: Account\""), "{list}");
        let other = browser.get(&format!("/production/{list}?account=northwind")).await;
        assert!(other.body().contains("Northwind Traders"), "{list}");
    }
}

/// Walks the list from its beginning to its end. Gives whom it showed.
async fn walked(caller: &Caller, sort: &str) -> Vec<Uuid> {
    let mut query = UserQuery { sort: sort.into(), ..UserQuery::default() };
    let mut seen = Vec::new();
    loop {
        let page = user::list(caller, &query).await.expect("a page, whatever goes meanwhile");
        seen.extend(page.rows.iter().map(|row| row.id));
        match page.next.clone() {
            Some(cursor) => query.cursor = cursor,
            None => return seen,
        }
    }
}

#[tokio::test]
async fn a_list_whose_rows_are_deleted_while_it_is_read_shows_all_others_once() {
    let app = TestApp::new().await;
    crate::support::fixture::add_users(&app.state, 220).await;
    let caller = app.caller(OLIVIA, "production").await;
    let everybody: HashSet<Uuid> = walked(&caller, "name").await.into_iter().collect();
    assert_eq!(everybody.len(), 228);
    let mut going = Vec::new();
    for number in (0..220).step_by(2) {
        going.push(app.user_id(&format!("person{number}@many.example")).await);
    }
    let gone: HashSet<Uuid> = going.iter().copied().collect();
    let stay: HashSet<Uuid> = everybody.difference(&gone).copied().collect();
    let deleting = async {
        for id in going {
            user::delete(&caller, id).await.expect("a user who may go");
        }
    };
    let reading = async {
        for sort in ["name", "-visits", "account", "-created", "email", "last_visit", "status", "-name"] {
            let seen = walked(&caller, sort).await;
            let once: HashSet<Uuid> = seen.iter().copied().collect();
            assert_eq!(once.len(), seen.len(), "{sort}: somebody was shown twice");
            assert!(stay.is_subset(&once) && once.is_subset(&everybody), "{sort}: {} of {}", once.len(), stay.len());
        }
    };
    tokio::join!(deleting, reading);
    assert_eq!(walked(&caller, "name").await.into_iter().collect::<HashSet<_>>(), stay);
}
