//! A search whose order nobody chose: whom it most likely means comes first.

use std::collections::HashSet;
use std::fmt::Write;

use understudy::model::user::{UserItem, UserQuery, UsersPage};
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::user;
use understudy::server::service::import::Kind;

use crate::support::TestApp;
use crate::text::import;

async fn page(caller: &Caller, query: &UserQuery) -> UsersPage {
    user::list(caller, query).await.expect("a page")
}

/// All rows of a search, page by page, after the way back from the last page showed the same ones.
pub async fn there_and_back(caller: &Caller, mut query: UserQuery, most: usize) -> Vec<UserItem> {
    let mut pages = vec![page(caller, &query).await];
    while let Some(next) = pages.last().and_then(|page| page.next.clone()).filter(|_| pages.len() < most) {
        query.cursor = next;
        pages.push(page(caller, &query).await);
    }
    for index in (1..pages.len()).rev() {
        query.cursor = pages[index].previous.clone().expect("a page before");
        let before = page(caller, &query).await;
        let ids = |page: &UsersPage| page.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let (back, there) = (ids(&before), ids(&pages[index - 1]));
        assert_eq!(back, there, "{}: {} rows back from page {index}", query.q, back.len());
        assert_eq!(before.previous.is_some(), index > 1);
    }
    let rows: Vec<UserItem> = pages.iter().flat_map(|page| page.rows.iter().cloned()).collect();
    assert_eq!(rows.iter().map(|row| row.id).collect::<HashSet<_>>().len(), rows.len(), "{}: each once", query.q);
    rows
}

#[tokio::test]
async fn addresses_and_names_that_begin_as_it_was_typed_come_before_those_that_have_it_somewhere() {
    let app = TestApp::new().await;
    let mut csv = "email,name\nkim@many.example,Zoe\n".to_owned();
    for number in 0..60 {
        writeln!(csv, "kim{number}@many.example,Zoe").expect("a line");
        writeln!(csv, "b{number}@many.example,Kim {number}").expect("a line");
        writeln!(csv, "c{number}@many.example,Rae Kim {number}").expect("a line");
    }
    writeln!(csv, "akim@many.example,Ada").expect("a line");
    import(&app, Kind::Users, &csv).await.expect("an import");
    let caller = app.caller("olivia@understudy.example", "production").await;

    let rows = there_and_back(&caller, UserQuery { q: "kim".into(), ..UserQuery::default() }, 9).await;
    let kinds: Vec<char> = rows.iter().map(|row| row.email.chars().next().unwrap_or_default()).collect();
    let runs = [('k', 61), ('b', 60)].map(|(kind, count)| vec![kind; count]).concat();
    assert_eq!(kinds[..121], runs, "addresses, then names");
    assert_eq!(kinds[121..].iter().filter(|kind| **kind == 'c').count(), 60, "then the rest");

    let address = UserQuery { q: "kim@many.example".into(), ..UserQuery::default() };
    let emails: Vec<String> = page(&caller, &address).await.rows.iter().map(|row| row.email.clone()).collect();
    assert_eq!(emails, ["kim@many.example", "akim@many.example"], "the very address first");

    let sorted = UserQuery { q: "kim".into(), sort: "name".into(), ..UserQuery::default() };
    let rows = there_and_back(&caller, sorted, 9).await;
    assert_eq!(rows[0].name, "Ada", "an order that was chosen is the order");
}
