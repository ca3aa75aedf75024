//! Accounts as operators see them: the list, and what belongs to one.

use chrono::TimeDelta;
use understudy::model::account_page::AccountQuery;
use understudy::model::session::SessionKind;
use understudy::model::user::PAGE_SIZE;
use understudy::server::error::ServiceError;
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::account::{self, Account, sizes};
use understudy::server::service::directory::user::{self, Membership};

use super::{ADAM, ED, OLIVIA, VERA, caller};
use crate::identity::flow::{impersonating, signed_in};
use crate::support::TestApp;

const AMARA: &str = "amara@northwind.example";
const BEN: &str = "ben@harbor.example";

fn query(q: &str, sort: &str) -> AccountQuery {
    AccountQuery { q: q.to_owned(), sort: sort.to_owned(), ..AccountQuery::default() }
}

async fn listed(caller: &Caller, q: &str, sort: &str) -> Vec<(String, i64, i64)> {
    let page = account::list(caller, &query(q, sort)).await.expect("a list");
    page.rows.into_iter().map(|row| (row.external_id, row.users, row.applications)).collect()
}

fn row(external_id: &str, users: i64, applications: i64) -> (String, i64, i64) {
    (external_id.to_owned(), users, applications)
}

#[tokio::test]
async fn the_list_says_how_many_users_and_applications_each_has_as_they_come_and_go() {
    let app = TestApp::new().await;
    let (vera, adam) = (caller(&app, VERA).await, caller(&app, ADAM).await);
    let all = [row("empty", 1, 0), row("harbor", 2, 1), row("northwind", 6, 2)];
    assert_eq!(listed(&vera, "", "").await, all);
    let ben = app.user_id(BEN).await;
    let member = Membership { account: "empty".to_owned(), roles: Vec::new(), disabled: false, line: 0 };
    user::set_membership(&adam, ben, member, None).await.expect("a membership");
    account::assign(&adam, "empty", "console", true, None).await.expect("an application");
    assert_eq!(listed(&vera, "empty", "").await, [row("empty", 2, 1)]);
    user::remove_membership(&adam, ben, "harbor", None).await.expect("a membership less");
    user::delete(&adam, app.user_id(AMARA).await).await.expect("a deletion");
    sizes::run(&app.state).await.expect("the timer");
    let now = [row("harbor", 0, 1), row("empty", 1, 1), row("northwind", 5, 2)];
    assert_eq!(listed(&vera, "", "users").await, now);
    let reversed: Vec<_> = now.iter().rev().cloned().collect();
    assert_eq!(listed(&vera, "", "-users").await, reversed);
    account::delete(&adam, "northwind").await.expect("a deletion");
    assert_eq!(listed(&vera, "NORTHWIND", "users").await, []);
    assert_eq!(app.count("account_sizes").await, app.count("accounts").await);
    sizes::run(&app.state).await.expect("nothing is left of it");
}

#[tokio::test]
async fn accounts_are_found_by_name_and_id_and_odd_names_stay_text() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    for (id, name) in
        [("odd-1", "<script>alert(1)</script>"), ("odd-2", "شركة البحر"), ("odd-3", "Zoë 🏳️‍🌈 e\u{301}tude")]
    {
        let made = Account { external_id: id.to_owned(), name: name.to_owned(), ..Account::default() };
        account::create(&adam, made).await.expect("an account");
    }
    let found = async |q: &str| listed(&adam, q, "").await.into_iter().map(|(id, ..)| id).collect::<Vec<_>>();
    assert_eq!(found("script").await, ["odd-1"]);
    assert_eq!(found("البحر").await, ["odd-2"]);
    assert_eq!(found("zoe étude").await, ["odd-3"]);
    assert_eq!(found("odd-2").await, ["odd-2"]);
    assert!(found("%_\\'\"").await.is_empty());
    let page = account::get(&adam, "odd-1").await.expect("the account");
    assert_eq!((page.name.as_str(), page.users), ("<script>alert(1)</script>", 0));
    let by_id = account::get(&adam, &page.id.to_string()).await.expect("the account");
    assert_eq!(by_id.external_id, "odd-1");
    for key in ["nowhere", "\0", "019aaf00-0000-7000-8000-000000000000"] {
        assert!(matches!(account::get(&adam, key).await, Err(ServiceError::NotFound)), "{key:?}");
    }
}

#[tokio::test]
async fn pages_of_each_order_go_there_and_back_over_every_account_once() {
    let app = TestApp::new().await;
    let adam = caller(&app, ADAM).await;
    for number in 0..PAGE_SIZE * 2 {
        let made = Account { external_id: format!("many-{number}"), name: "Many".to_owned(), ..Account::default() };
        account::create(&adam, made).await.expect("an account");
    }
    app.advance(TimeDelta::minutes(1));
    sizes::run(&app.state).await.expect("the timer");
    for sort in ["name", "-name", "users", "-users", "activity", "-activity"] {
        let (mut there, mut next, mut last) = (Vec::new(), Some(String::new()), None);
        while let Some(cursor) = next {
            let page = account::list(&adam, &AccountQuery { cursor, ..query("", sort) }).await.expect("a page");
            there.push(page.rows.iter().map(|row| row.id).collect::<Vec<_>>());
            next = page.next;
            last = page.previous;
        }
        let mut seen: Vec<_> = there.concat();
        assert_eq!(seen.len(), PAGE_SIZE * 2 + 3, "{sort}");
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PAGE_SIZE * 2 + 3, "{sort}");
        let cursor = last.expect("a page before");
        let back = account::list(&adam, &AccountQuery { cursor, ..query("", sort) }).await.expect("a page");
        assert_eq!(back.rows.iter().map(|row| row.id).collect::<Vec<_>>(), there[1], "{sort}");
    }
    // A place of another order, or one that somebody made up, is none.
    let place = account::list(&adam, &query("", "users")).await.expect("a page").next.expect("more");
    let page = account::list(&adam, &AccountQuery { cursor: place, ..query("", "name") }).await.expect("a page");
    assert_eq!(page.previous, None);
}

#[tokio::test]
async fn the_last_activity_follows_the_trail() {
    let app = TestApp::new().await;
    let vera = caller(&app, VERA).await;
    app.advance(TimeDelta::minutes(5));
    let at = app.now();
    drop(signed_in(&app, BEN).await);
    let active = async || account::get(&vera, "harbor").await.expect("the account").active_at;
    sizes::run(&app.state).await.expect("the timer");
    assert_ne!(active().await, Some(at), "others may still be writing");
    app.advance(TimeDelta::seconds(11));
    for _ in 0..2 {
        sizes::run(&app.state).await.expect("the timer");
    }
    assert_eq!(active().await.map(|time| time.timestamp()), Some(at.timestamp()));
    app.advance(TimeDelta::minutes(1));
    drop(impersonating(&app, AMARA, "harbor", "dispatch").await);
    let at = app.now();
    app.advance(TimeDelta::seconds(11));
    sizes::run(&app.state).await.expect("the timer");
    assert_eq!(active().await.map(|time| time.timestamp()), Some(at.timestamp()));
    let first = account::list(&vera, &query("", "-activity")).await.expect("a list").rows.remove(0);
    assert_eq!(first.external_id, "harbor");
}

#[tokio::test]
async fn an_account_shows_its_applications_sessions_and_its_own_log() {
    let app = TestApp::new().await;
    let vera = caller(&app, VERA).await;
    let page = account::get(&vera, "northwind").await.expect("the account");
    let held: Vec<_> = page.applications.iter().map(|one| (one.client_id.as_str(), one.is_default)).collect();
    assert_eq!(held, [("console", true), ("dispatch", false)]);
    assert!(page.others.is_empty());
    let harbor = account::get(&vera, "harbor").await.expect("the account");
    assert_eq!(harbor.others.iter().map(|one| one.client_id.as_str()).collect::<Vec<_>>(), ["console"]);
    let (_, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let sessions = async |kind| account::sessions(&vera, "northwind", kind, "").await.expect("sessions").rows;
    let impersonations = sessions(SessionKind::Impersonation).await;
    assert_eq!(impersonations.len(), 1);
    assert_eq!((impersonations[0].session.id, impersonations[0].user_email.as_str()), (sid, AMARA));
    assert_eq!(impersonations[0].session.operator_name.as_deref(), Some("Olivia Owner"));
    let own = signed_in(&app, AMARA).await;
    app.execute("UPDATE sessions SET account_id = (SELECT active_account_id FROM users WHERE id = user_id) WHERE account_id IS NULL")
        .await;
    assert_eq!(sessions(SessionKind::Password).await.len(), 1);
    drop(own);
    let log = account::log(&vera, "northwind", "").await.expect("the log");
    assert!(log.rows.iter().any(|event| event.action == "impersonation.started"));
    assert!(log.rows.iter().all(|event| event.visible_to_account));
    let removal = account::removal(&caller(&app, OLIVIA).await, "northwind").await.expect("a preview");
    assert_eq!((removal.memberships, removal.applications, removal.impersonations), (6, 2, 1));
}

#[tokio::test]
async fn who_may_see_sees_and_only_administrators_are_told_what_a_deletion_would_end() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    assert!(matches!(account::removal(&ed, "northwind").await, Err(ServiceError::Forbidden)));
    let nobody = Caller { roles: Default::default(), ..ed.clone() };
    for refused in [
        account::list(&nobody, &query("", "")).await.map(drop),
        account::get(&nobody, "northwind").await.map(drop),
        account::sessions(&nobody, "northwind", SessionKind::Password, "").await.map(drop),
        account::log(&nobody, "northwind", "").await.map(drop),
    ] {
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    }
    let staging = app.caller(OLIVIA, "staging").await;
    assert!(matches!(account::get(&staging, "harbor").await, Err(ServiceError::NotFound)));
}
