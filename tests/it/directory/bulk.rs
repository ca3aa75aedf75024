//! The same for many users: a preview, and each by itself.

use understudy::model::user_edit::{BulkAction, BulkEffect, BulkOutcome};
use understudy::server::error::ServiceError;
use understudy::server::service::directory::user;
use understudy::server::service::impersonation::settings::{self, SettingsChange};
use uuid::Uuid;

use super::{ADAM, ED, OLIVIA, VERA, caller, refused, told};
use crate::identity::flow::{impersonating, signed_in};
use crate::support::TestApp;

const AMARA: &str = "amara@northwind.example";
const BEN: &str = "ben@harbor.example";
const DANA: &str = "dana@northwind.example";
const RITA: &str = "rita@northwind.example";
const NORA: &str = "nora@nowhere.example";

fn lock() -> BulkAction {
    BulkAction::Lock { reason: "Left the company".to_owned() }
}

fn add(account: &str, roles: &[&str]) -> BulkAction {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    BulkAction::AddToAccount { account: account.to_owned(), roles }
}

fn remove(account: &str) -> BulkAction {
    BulkAction::RemoveFromAccount { account: account.to_owned() }
}

async fn ids<const N: usize>(app: &TestApp, emails: [&str; N]) -> Vec<Uuid> {
    let mut ids = Vec::new();
    for email in emails {
        ids.push(app.user_id(email).await);
    }
    ids
}

#[tokio::test]
async fn a_preview_counts_what_would_end_and_changes_nothing() {
    let app = TestApp::new().await;
    let olivia = caller(&app, OLIVIA).await;
    drop(signed_in(&app, BEN).await);
    drop(impersonating(&app, AMARA, "northwind", "console").await);
    let mut chosen = ids(&app, [AMARA, BEN, DANA, BEN]).await;
    chosen.push(Uuid::from_u128(7));
    let plan = user::plan(&olivia, &chosen, &lock()).await.expect("a plan");
    let shown: Vec<_> = plan.users.iter().map(|planned| (planned.user.email.as_str(), planned.effect)).collect();
    assert_eq!(shown, [(AMARA, BulkEffect::Changes), (BEN, BulkEffect::Changes), (DANA, BulkEffect::Stays)]);
    assert_eq!((plan.gone, plan.changing, plan.sessions, plan.impersonations, plan.memberships), (1, 2, 1, 1, 0));
    let plan = user::plan(&olivia, &chosen, &BulkAction::Delete).await.expect("a plan");
    assert_eq!((plan.changing, plan.sessions, plan.impersonations, plan.memberships), (3, 1, 1, 5));
    let plan = user::plan(&olivia, &chosen, &BulkAction::Unlock).await.expect("a plan");
    assert_eq!((plan.changing, plan.sessions), (1, 0));
    let plan = user::plan(&olivia, &chosen, &add("harbor", &["member"])).await.expect("a plan");
    assert_eq!((plan.changing, plan.memberships), (1, 1), "two are members already");
    let plan = user::plan(&olivia, &chosen, &remove("northwind")).await.expect("a plan");
    assert_eq!(plan.changing, 2);
    let removal = user::removal(&olivia, chosen[0]).await.expect("a preview");
    assert_eq!((removal.sessions, removal.impersonations, removal.memberships), (0, 1, 3));
    assert!(told(&olivia, "user.locked").await.is_empty());
}

#[tokio::test]
async fn one_that_fails_keeps_none_of_the_others_from_their_turn() {
    let app = TestApp::new().await;
    let (olivia, adam) = (caller(&app, OLIVIA).await, caller(&app, ADAM).await);
    let protect = SettingsChange { protected_permissions: Some("users.write".to_owned()), ..SettingsChange::default() };
    settings::change(&olivia, protect).await.expect("a protected permission");
    // Rita holds it in Northwind: whoever is no Owner takes her neither out of it nor away.
    let mut chosen = ids(&app, [BEN, DANA, NORA, RITA]).await;
    chosen.push(Uuid::from_u128(7));
    let results = user::apply(&adam, &chosen, &remove("northwind")).await.expect("results");
    let said: Vec<_> = results.iter().map(|result| (result.name.as_str(), result.outcome.clone())).collect();
    let failed = |outcome: &BulkOutcome| matches!(outcome, BulkOutcome::Failed(why) if !why.is_empty());
    assert_eq!(said[0], ("Ben Lefèvre", BulkOutcome::Stayed));
    assert_eq!(said[1], ("Dana Whitfield", BulkOutcome::Changed));
    assert_eq!(said[2], ("Nora Nowhere", BulkOutcome::Stayed));
    assert!(said[3].0 == "Rita Reader" && failed(&said[3].1), "{said:?}");
    assert!(said[4].0.is_empty() && failed(&said[4].1), "{said:?}");
    assert_eq!(user::get(&adam, chosen[3]).await.expect("Rita").accounts.len(), 1, "nothing of hers was changed");

    let plan = user::plan(&adam, &chosen, &BulkAction::Delete).await.expect("a plan");
    assert_eq!(plan.changing, 3);
    assert!(plan.users.iter().any(|one| one.user.email == RITA && one.effect == BulkEffect::Refused));
    let results = user::apply(&adam, &chosen, &BulkAction::Delete).await.expect("results");
    let deleted = results.iter().filter(|result| result.outcome == BulkOutcome::Changed);
    assert_eq!(deleted.map(|result| result.name.as_str()).collect::<Vec<_>>(), ["deleted user"; 3]);
    assert_eq!(results.iter().filter(|result| failed(&result.outcome)).count(), 2);
    user::get(&adam, chosen[3]).await.expect("Rita is still there");
    assert!(matches!(user::get(&adam, chosen[0]).await, Err(ServiceError::NotFound)));
}

#[tokio::test]
async fn each_action_does_what_its_name_says_once() {
    let app = TestApp::new().await;
    let ed = caller(&app, ED).await;
    let chosen = ids(&app, [AMARA, NORA]).await;
    let done = |results: Vec<understudy::model::user_edit::BulkResult>| {
        results.into_iter().map(|result| result.outcome).collect::<Vec<_>>()
    };
    let apply = async |action: &BulkAction| done(user::apply(&ed, &chosen, action).await.expect("results"));
    assert_eq!(apply(&lock()).await, [BulkOutcome::Changed, BulkOutcome::Changed]);
    assert_eq!(apply(&lock()).await, [BulkOutcome::Stayed, BulkOutcome::Stayed]);
    let reasons: Vec<_> = app.events("user.locked").await.into_iter().map(|event| event.reason).collect();
    assert_eq!(reasons, [Some("Left the company".to_owned()), Some("Left the company".to_owned())]);
    assert_eq!(apply(&BulkAction::Unlock).await, [BulkOutcome::Changed, BulkOutcome::Changed]);
    assert_eq!(apply(&add("harbor", &["admin"])).await, [BulkOutcome::Stayed, BulkOutcome::Changed]);
    let amara = user::get(&ed, chosen[0]).await.expect("Amara");
    let harbor = amara.accounts.iter().find(|account| account.external_id == "harbor").expect("an account");
    assert_eq!(harbor.roles, ["Member"], "who is a member keeps the roles");
    let nora = user::get(&ed, chosen[1]).await.expect("Nora");
    assert_eq!(nora.accounts[0].roles, ["Admin"]);
    assert_eq!(apply(&remove("harbor")).await, [BulkOutcome::Changed, BulkOutcome::Changed]);
}

#[tokio::test]
async fn what_is_wrong_with_all_of_it_is_said_before_anything_is_done() {
    let app = TestApp::new().await;
    let (ed, vera) = (caller(&app, ED).await, caller(&app, VERA).await);
    let chosen = ids(&app, [AMARA]).await;
    let many: Vec<Uuid> = (0..501).map(Uuid::from_u128).collect();
    let nothing = BulkAction::Lock { reason: String::new() };
    for (ids, action, field) in [
        (&[][..], &lock(), "users"),
        (&many, &lock(), "users"),
        (&chosen, &nothing, "reason"),
        (&chosen, &add("nowhere", &[]), "account"),
        (&chosen, &add("", &[]), "account"),
        (&chosen, &add("harbor", &["king"]), "roles"),
        (&chosen, &remove("nowhere"), "account"),
    ] {
        assert_eq!(refused(user::plan(&ed, ids, action).await), [field], "{action:?}");
        assert_eq!(refused(user::apply(&ed, ids, action).await), [field], "{action:?}");
    }
    for action in [lock(), BulkAction::Unlock, add("harbor", &[]), remove("northwind"), BulkAction::Delete] {
        let refused = user::apply(&vera, &chosen, &action).await;
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{action:?}: {refused:?}");
    }
    let refused = user::plan(&ed, &chosen, &BulkAction::Delete).await;
    assert!(matches!(refused, Err(ServiceError::Forbidden)), "{refused:?}");
    let elsewhere = user::apply(&app.caller(OLIVIA, "staging").await, &chosen, &BulkAction::Delete).await;
    assert!(matches!(elsewhere.expect("results")[0].outcome, BulkOutcome::Failed(_)));
    user::get(&ed, chosen[0]).await.expect("nobody was touched");
}
