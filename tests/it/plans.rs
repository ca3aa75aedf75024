//! A page of users costs what it shows, not what the database holds: the work of each is counted over 100,000 users of 2,000 accounts, in
//! steps of SQLite's machine and in rows that PostgreSQL reads, not in time.

mod made;
mod work;

use understudy::model::search::Amount;
use understudy::model::user::{UserQuery, UsersPage};
use understudy::server::service::directory::user;

use crate::support::TestApp;
use crate::users::ranked::there_and_back;
use made::{ACCOUNTS, USERS};
use work::Work;

/// The work of reading fifty rows where one in fifty matches but the first are at the far end of the order: a walk as long as it may be,
/// and then the index. Looking at each user takes several times as much.
const STEPS: u64 = 450_000;
const ROWS: u64 = 25_000;

const ORDERS: [&str; 7] = ["last_visit", "name", "email", "visits", "created", "account", "status"];

/// What is asked for, without an order.
fn filters() -> Vec<(&'static str, UserQuery)> {
    let query = UserQuery::default;
    let words = |q: &str| UserQuery { q: q.to_owned(), ..query() };
    vec![
        ("all", query()),
        ("a common word", words("okafor")),
        ("a rare word", words("okafor-12")),
        ("no word of anybody", words("zzzzqq")),
        ("two letters", words("am")),
        ("a word that all have", words("example")),
        ("a domain", words("@d77.example")),
        ("two words", words("amara okafor")),
        ("members of an account by its name", words("kestrel")),
        ("the members of one account in another", UserQuery { account: "acc-5".into(), ..words("kestrel") }),
        ("locked", UserQuery { status: "locked".into(), ..query() }),
        ("invited", UserQuery { status: "invited".into(), ..query() }),
        ("active", UserQuery { status: "active".into(), ..query() }),
        ("a large account", UserQuery { account: "acc-0".into(), ..query() }),
        ("a small account", UserQuery { account: "acc-1999".into(), ..query() }),
        ("an account that is gone", UserQuery { account: "nowhere".into(), ..query() }),
        ("without a domain", UserQuery { exclude: "d7.example".into(), ..query() }),
        ("a word at the end of the order", words("zoltan")),
        ("a common word, invited", UserQuery { status: "invited".into(), ..words("okafor") }),
        ("a rare word, locked", UserQuery { status: "locked".into(), ..words("okafor-12") }),
        ("a common word in a large account", UserQuery { account: "acc-0".into(), ..words("okafor") }),
        ("a rare word in a large account", UserQuery { account: "acc-0".into(), ..words("okafor-12") }),
        ("locked in a large account", UserQuery { account: "acc-0".into(), status: "locked".into(), ..query() }),
        (
            "a large account without a domain",
            UserQuery { account: "acc-0".into(), exclude: "d7.example".into(), ..query() },
        ),
        ("a common word without a domain", UserQuery { exclude: "d7.example".into(), ..words("okafor") }),
        ("locked without a domain", UserQuery { status: "locked".into(), exclude: "d7.example".into(), ..query() }),
    ]
}

#[tokio::test]
async fn a_page_of_users_costs_the_same_however_many_there_are() {
    let app = TestApp::new().await;
    made::users(&app).await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let mut work = Work::of(&app).await;
    let mut over = Vec::new();
    for (what, filter) in filters() {
        let orders = ORDERS.iter().flat_map(|order| [(*order).to_owned(), format!("-{order}")]).chain([String::new()]);
        for sort in orders {
            let mut query = UserQuery { sort: sort.clone(), ..filter.clone() };
            for step in ["the first page", "the second", "the third", "back to the second", "back to the first"] {
                work.begin().await;
                let page = user::list(&caller, &query).await.expect("a page");
                let done = work.done().await;
                if done > if work.is_sqlite() { STEPS } else { ROWS } {
                    over.push(format!("{what}, sorted by {sort:?}, {step}: {done}"));
                }
                let beside = if step == "the first page" || step == "the second" { page.next } else { page.previous };
                let Some(beside) = beside else { break };
                query.cursor = beside;
            }
        }
    }
    assert!(over.is_empty(), "{} pages read too much:\n{}", over.len(), over.join("\n"));
}

#[tokio::test]
async fn how_many_there_are_is_known_without_counting_and_stays_true() {
    let app = TestApp::new().await;
    let caller = app.caller("olivia@understudy.example", "production").await;
    let page = async |query: UserQuery| -> UsersPage { user::list(&caller, &query).await.expect("a page") };
    let before = page(UserQuery::default()).await;
    made::users(&app).await;
    let after = page(UserQuery::default()).await;
    assert_eq!(after.total, before.total + USERS);
    assert_eq!(after.accounts.total, before.accounts.total + ACCOUNTS);
    assert_eq!(after.matching, Amount::Exactly(after.total));

    let locked = page(UserQuery { status: "locked".into(), ..UserQuery::default() }).await;
    assert_eq!(locked.matching, Amount::MoreThan(1_000));
    for (word, expected) in [("okafor-12", 29), ("okafor", 2_501), ("@d77.example", 50), ("kestrel", 6_000)] {
        let found = page(UserQuery { q: word.into(), ..UserQuery::default() }).await.matching;
        let said = if expected > 1_000 { Amount::MoreThan(1_000) } else { Amount::Exactly(expected) };
        assert_eq!(found, said, "{word}");
    }
    let elsewhere = UserQuery { q: "kestrel".into(), account: "acc-5".into(), ..UserQuery::default() };
    assert_eq!(page(elsewhere).await.matching, Amount::Exactly(0), "nobody of one account is in another");
    for query in
        ["amara", "okafor-1", "kestrel", "am", "okafor"].map(|q| UserQuery { q: q.into(), ..UserQuery::default() })
    {
        there_and_back(&caller, query.clone(), 4).await;
        for sort in ["name", "-created", "account", "-status"] {
            there_and_back(&caller, UserQuery { sort: sort.into(), ..query.clone() }, 3).await;
        }
    }
    app.execute("DELETE FROM users WHERE email LIKE '%@d7.example'").await;
    let fewer = page(UserQuery::default()).await;
    assert_eq!(fewer.total, after.total - USERS / 2_000);
    app.execute("DELETE FROM accounts WHERE external_id = 'acc-1999'").await;
    assert_eq!(page(UserQuery::default()).await.accounts.total, after.accounts.total - 1);
}
