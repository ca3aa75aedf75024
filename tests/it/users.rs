//! The users list and the audit trail: search, filters, sorting, pages by key.

mod ends;
mod odd;
pub mod ranked;

use std::collections::HashSet;
use std::fmt::Write;

use axum::http::StatusCode;

use crate::support::{ResponseExt, TestApp};
use understudy::model::audit::AuditQuery;
use understudy::model::denial::Denial;
use understudy::model::user::{UserQuery, UserStatus};
use understudy::server::service;
use understudy::server::service::import::Kind;

async fn names(app: &TestApp, query: UserQuery) -> Vec<String> {
    let caller = app.caller("olivia@understudy.example", "production").await;
    service::directory::user::list(&caller, &query)
        .await
        .expect("a page")
        .rows
        .iter()
        .map(|row| row.name.clone())
        .collect()
}

fn search(q: &str) -> UserQuery {
    UserQuery { q: q.into(), sort: "name".into(), ..UserQuery::default() }
}

#[tokio::test]
async fn search_finds_a_part_of_the_name_or_the_email_whatever_its_case() {
    let app = TestApp::new().await;
    assert_eq!(names(&app, search("OKAF")).await, ["Amara Okafor"]);
    assert_eq!(names(&app, search("LEFÈVRE")).await, ["Ben Lefèvre"]);
    assert_eq!(names(&app, search("@harbor.ex")).await, ["Ben Lefèvre"]);
    assert_eq!(names(&app, search("è")).await, ["Ben Lefèvre"]);
    assert_eq!(names(&app, search("lefevre")).await, ["Ben Lefèvre"]);
    assert_eq!(names(&app, search("nobody at all")).await, [""; 0]);
}

/// Phones have no heads to sort by: the form has the order, which a plain form sends and which a link that sorts keeps.
#[tokio::test]
async fn the_form_of_the_list_has_every_order_and_keeps_the_one_that_is() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    for (asked, chosen) in [("", ""), ("-last_visit", ""), ("nonsense", ""), ("name", "name"), ("-account", "-account")]
    {
        let page = browser.get(&format!("/production/users?sort={asked}")).await.expect_status(StatusCode::OK);
        let form = page.body().split("<select name=\"sort\"").nth(1).and_then(|rest| rest.split("</select>").next());
        let options: Vec<&str> = form.expect("a choice").split("<option").skip(1).collect();
        assert_eq!(options.len(), 14, "{options:?}");
        let selected: Vec<&&str> = options.iter().filter(|option| option.contains("selected")).collect();
        assert!(selected.len() == 1 && selected[0].contains(&format!("value=\"{chosen}\"")), "{asked}: {selected:?}");
    }
    let sorted = names(&app, UserQuery { sort: "-name".into(), ..UserQuery::default() }).await;
    let shown = sorted[0].replace('<', "&lt;").replace('>', "&gt;");
    let page = browser.get("/production/users?q=&status=&exclude=&sort=-name").await.expect_status(StatusCode::OK);
    let first = page.body().find("class=\"person-name").map(|at| &page.body()[at..]).unwrap_or_default();
    assert!(first.split("</a>").next().is_some_and(|link| link.contains(&shown)), "{shown}: {first:.300}");
}

#[tokio::test]
async fn a_page_that_was_read_before_shows_what_another_process_wrote_since() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let status = async || {
        let page = service::directory::user::list(&caller, &search("Amara Okafor")).await.expect("a page");
        (page.rows[0].status, page.impersonation)
    };
    let before = status().await;
    assert_eq!(before, (UserStatus::Active, None));
    assert_eq!(status().await, before, "as it was kept");
    app.execute("UPDATE users SET email_verified = FALSE WHERE email = 'amara@northwind.example'").await;
    assert_eq!(status().await.0, UserStatus::Invited);
    app.execute("UPDATE impersonation_settings SET enabled = FALSE").await;
    assert_eq!(status().await.1, Some(Denial::Off));
    // Roles are read as anew: who has lost them enters no more.
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    app.execute("DELETE FROM operator_roles").await;
    browser.get("/production/users").await.expect_status(StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_means_something_to_a_database_is_searched_as_plain_text() {
    let app = TestApp::new().await;
    for odd in ["%", "_", "\\", "\"", "'", "a\" OR b", "okaf* OR ben", "100%_\\", "NEAR(a b)", "<script>alert"] {
        let found = names(&app, search(odd)).await;
        let expected: &[&str] = if odd == "<script>alert" { &["Zoe </title><script>alert(1)</script>"] } else { &[] };
        assert_eq!(found, expected, "{odd}");
    }
}

#[tokio::test]
async fn filters_narrow_the_list_and_combine() {
    let app = TestApp::new().await;
    let locked = UserQuery { status: UserStatus::Locked.as_str().into(), ..UserQuery::default() };
    assert_eq!(names(&app, locked).await, ["Dana Whitfield"]);
    let invited = UserQuery { status: UserStatus::Invited.as_str().into(), ..UserQuery::default() };
    assert_eq!(names(&app, invited).await, ["Giorgos Papadopoulos"]);
    let harbor = UserQuery { account: "harbor".into(), sort: "name".into(), ..UserQuery::default() };
    assert_eq!(names(&app, harbor.clone()).await, ["Amara Okafor", "Ben Lefèvre"]);
    let excluded = UserQuery { exclude: "harbor.example, @Nowhere.example".into(), ..harbor };
    assert_eq!(names(&app, excluded).await, ["Amara Okafor"]);
    let unknown = UserQuery { account: "no-such-account".into(), ..UserQuery::default() };
    assert_eq!(names(&app, unknown).await, [""; 0]);
}

#[tokio::test]
async fn as_many_domains_are_left_out_as_can_be_written_and_each_once() {
    let app = TestApp::new().await;
    let without = |exclude: String| UserQuery { exclude, sort: "name".into(), ..UserQuery::default() };
    let everybody = names(&app, without(String::new())).await;
    assert_eq!(names(&app, without("a,".repeat(2_000))).await, everybody);
    // As many different ones as there is room for.
    let letters = || (b'a'..=b'z').map(char::from);
    let mut words: Vec<String> = letters().map(String::from).collect();
    words.extend(letters().flat_map(|one| letters().map(move |other| format!("{one}{other}"))));
    words.extend((0..470).map(|number| format!("{number:03}")));
    let list = words.join(",");
    assert!(list.len() < 4_000 && words.len() > 1_100, "{} {}", list.len(), words.len());
    assert_eq!(names(&app, without(list)).await, everybody);
    let query = without("@Harbor.example harbor.example,harbor.example".into());
    assert_eq!(query.excluded_domains().into_iter().collect::<Vec<_>>(), ["harbor.example"]);
    assert_eq!(names(&app, query).await.len(), everybody.len() - 1);
}

#[tokio::test]
async fn pages_by_key_show_every_user_once_in_every_order_and_lead_back() {
    let app = TestApp::new().await;
    crate::support::fixture::add_users(&app.state, 130).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    for sort in [
        "name",
        "-name",
        "email",
        "last_visit",
        "-last_visit",
        "visits",
        "-visits",
        "created",
        "-created",
        "status",
        "-status",
        "account",
        "-account",
    ] {
        let mut query = UserQuery { sort: sort.into(), ..UserQuery::default() };
        let mut seen = HashSet::new();
        let mut firsts = Vec::new();
        let last = loop {
            let page = service::directory::user::list(&caller, &query).await.expect("a page");
            assert_eq!(page.total, 138);
            firsts.push(page.rows[0].id);
            for row in page.rows.iter() {
                assert!(seen.insert(row.id), "{sort}: {} twice", row.name);
            }
            match page.next.clone() {
                Some(cursor) => query.cursor = cursor,
                None => break page,
            }
        };
        assert_eq!(seen.len(), 138, "{sort}");
        assert_eq!(firsts.len(), 3, "{sort}");
        query.cursor = last.previous.expect("a page before the last");
        let page = service::directory::user::list(&caller, &query).await.expect("a page");
        assert_eq!(page.rows[0].id, firsts[1], "{sort}: the way back");
        query.cursor = page.previous.expect("a page before");
        let page = service::directory::user::list(&caller, &query).await.expect("a page");
        assert_eq!(page.rows[0].id, firsts[0], "{sort}: the first page again");
        assert!(page.previous.is_none(), "{sort}: nothing before the first");
    }
}

#[tokio::test]
async fn users_are_sorted_by_their_status() {
    let app = TestApp::new().await;
    let by = async |sort: &str| names(&app, UserQuery { sort: sort.into(), ..UserQuery::default() }).await;
    let mut sorted = by("status").await;
    assert_eq!(sorted[sorted.len() - 2..], ["Giorgos Papadopoulos", "Dana Whitfield"], "active, invited, locked");
    sorted.reverse();
    assert_eq!(by("-status").await, sorted);
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let page = browser.get("/production/users?sort=status").await;
    assert!(page.body().contains("aria-sort=\"ascending\"") && page.body().contains("sort=-status"), "{}", page.body());
}

#[tokio::test]
async fn users_are_sorted_by_their_main_account_and_those_without_are_last() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let accounts = async |sort: &str| -> Vec<Option<String>> {
        let query = UserQuery { sort: sort.into(), ..UserQuery::default() };
        let page = service::directory::user::list(&caller, &query).await.expect("a page");
        page.rows.iter().map(|row| row.main_account.clone()).collect()
    };
    let mut sorted = accounts("account").await;
    assert_eq!(sorted[0].as_deref(), Some("Harbor Logistics"));
    assert_eq!(sorted[sorted.len() - 2].as_deref(), Some("Northwind Traders"));
    assert_eq!(sorted[sorted.len() - 1], None);
    sorted.reverse();
    assert_eq!(accounts("-account").await, sorted);
    // Together with a search and filters.
    let query =
        UserQuery { q: "northwind".into(), sort: "account".into(), status: "active".into(), ..UserQuery::default() };
    let found = names(&app, query).await;
    assert!(found.len() > 1 && found.contains(&"Amara Okafor".to_owned()), "{found:?}");
}

#[tokio::test]
async fn pages_by_main_account_lead_through_equal_names_and_back() {
    let app = TestApp::new().await;
    let mut csv = "external_id,name\n".to_owned();
    for number in 0..30 {
        writeln!(csv, "a{number},Alike").expect("a line");
    }
    crate::text::import(&app, Kind::Accounts, &csv).await.expect("an import");
    let mut csv = "email,name,accounts,active_account\n".to_owned();
    for number in 0..120 {
        let account = number % 30;
        writeln!(csv, "p{number}@many.example,Person,a{account}:member,a{account}").expect("a line");
    }
    for number in 0..70 {
        writeln!(csv, "none{number}@many.example,Person,,").expect("a line");
    }
    crate::text::import(&app, Kind::Users, &csv).await.expect("an import");
    let caller = app.caller("olivia@understudy.example", "production").await;
    for sort in ["account", "-account"] {
        let mut query = UserQuery { sort: sort.into(), ..UserQuery::default() };
        let mut pages: Vec<Vec<uuid::Uuid>> = Vec::new();
        let mut page = service::directory::user::list(&caller, &query).await.expect("a page");
        loop {
            pages.push(page.rows.iter().map(|row| row.id).collect());
            let Some(next) = page.next.clone() else { break };
            query.cursor = next;
            page = service::directory::user::list(&caller, &query).await.expect("a page");
        }
        let all: HashSet<_> = pages.iter().flatten().collect();
        assert_eq!((pages.len(), all.len(), pages.iter().flatten().count()), (4, 198, 198), "{sort}");
        for before in pages.iter().rev().skip(1) {
            query.cursor = page.previous.clone().expect("a page before");
            page = service::directory::user::list(&caller, &query).await.expect("a page");
            assert_eq!(page.rows.iter().map(|row| row.id).collect::<Vec<_>>(), *before, "{sort}");
        }
    }
}

#[tokio::test]
async fn a_mangled_cursor_is_the_first_page() {
    let app = TestApp::new().await;
    let all = names(&app, UserQuery::default()).await.len();
    for cursor in ["x", "////", "ZmFrZQ", "'; DROP TABLE users"] {
        assert_eq!(names(&app, UserQuery { cursor: cursor.into(), ..UserQuery::default() }).await.len(), all);
    }
}

#[tokio::test]
async fn the_audit_trail_is_searched_filtered_and_paged() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    for _ in 0..60 {
        app.advance(chrono::TimeDelta::minutes(10));
        app.caller("adam@understudy.example", "production").await;
    }
    let list = async |query: AuditQuery| service::audit::list(&caller, &query).await.expect("a page");
    let first = list(AuditQuery { action: "operator.signed_in".into(), ..AuditQuery::default() }).await;
    assert_eq!(first.rows.len(), 50);
    let second = list(AuditQuery {
        action: "operator".into(),
        q: "ADAM".into(),
        cursor: list(AuditQuery { action: "operator".into(), q: "ADAM".into(), ..AuditQuery::default() })
            .await
            .next
            .expect("more"),
        ..AuditQuery::default()
    })
    .await;
    assert!(!second.rows.is_empty() && second.rows.iter().all(|row| row.description.contains("Adam")));
    let day = list(AuditQuery { from: "2026-11-24".into(), to: "2026-11-24".into(), ..AuditQuery::default() }).await;
    assert!(day.rows.is_empty());
    let day = list(AuditQuery { from: "2026-11-23".into(), to: "2026-11-23".into(), ..AuditQuery::default() }).await;
    assert_eq!(day.rows.len(), 50);
    let high = list(AuditQuery { severity: "critical".into(), ..AuditQuery::default() }).await;
    assert!(high.rows.is_empty());
    let shown = service::audit::get(&caller, first.rows[0].id).await.expect("the event");
    assert_eq!(shown, first.rows[0]);
}

#[tokio::test]
async fn nobody_can_change_or_delete_what_the_audit_trail_holds() {
    let app = TestApp::new().await;
    app.caller("olivia@understudy.example", "production").await;
    let before = app.count("audit_events").await;
    assert!(before > 0);
    for sql in ["UPDATE audit_events SET description = 'nothing'", "DELETE FROM audit_events"] {
        assert!(crate::support::try_execute(&app.state.db, sql).await.is_err(), "{sql}");
    }
    assert_eq!(app.count("audit_events").await, before);
}
