//! What an import would take away: it is told row by row, and done only where it is allowed by name.

use super::{Bench, allowing};
use understudy::server::service::directory::change::{Protection, What};
use understudy::server::service::import::{ImportError, Kind, Options};

const DANA: &str =
    "email,name,email_verified,locked,accounts\ndana@acme.example,Dana,true,true,acme:admin+member;zeta\n";

impl Bench {
    async fn with_dana() -> Self {
        let bench = Self::new().await;
        bench.basics().await;
        bench.import(Kind::Users, DANA).await;
        bench
    }

    /// Refused without permission and with every other one; done with it, and then written down.
    async fn needs(&self, kind: Kind, text: &str, protection: Protection, listed: &str) {
        let word = protection.word();
        let files = [(kind, text)];
        let dry = Options { dry_run: true, ..Options::default() };
        let foreseen = self.run_with(&files, &dry).await.expect("a dry run only tells").remove(0);
        assert!(foreseen.to_string().contains(listed), "{listed} is missing:\n{foreseen}");
        assert!(foreseen.to_string().contains(&format!("--allow {word}")), "{foreseen}");
        let others =
            <Protection as clap::ValueEnum>::value_variants().iter().copied().filter(|other| *other != protection);
        for allow in [Vec::new(), others.collect()] {
            let events = self.app.count("audit_events").await;
            let Err(ImportError::NotAllowed(..)) = self.run_with(&files, &allowing(&allow)).await else {
                panic!("{text} was done without {word}")
            };
            assert_eq!(self.app.count("audit_events").await, events, "a refused import leaves nothing behind");
        }
        let refused = self.run(&files, false).await.expect_err("nothing was allowed").to_string();
        assert!(refused.contains(listed) && refused.ends_with(&format!("add --allow {word}")), "{refused}");
        self.run_with(&files, &allowing(&[protection])).await.expect("it is allowed");
        let again = self.run(&files, false).await.expect("nothing changes any more").remove(0);
        assert_eq!((again.unchanged, again.updated), (1, 0));
    }
}

#[tokio::test]
async fn empty_cells_change_nothing() {
    let bench = Bench::with_dana().await;
    let before = bench.user("dana@acme.example").await.expect("a user");
    let blank = "email,name,email_verified,password_hash,picture_url,mfa_enrolled,locked,accounts,active_account,\
                 last_visit_at,visits,created_at\ndana@acme.example,Dana,,,,,,,,,,\n";
    let summary = bench.import(Kind::Users, blank).await;
    assert_eq!((summary.updated, summary.unchanged), (0, 1));
    let after = bench.user("dana@acme.example").await.expect("a user");
    assert_eq!((after.locked_at, after.email_verified), (before.locked_at, true));
    assert_eq!(after.active_account_id, before.active_account_id);
    assert_eq!(bench.memberships("dana@acme.example").await.len(), 2);
    let blank =
        "client_id,name,app_url,redirect_uris,keep_session_alive\ndispatch,Dispatch,https://dispatch.example/,,\n";
    assert_eq!(bench.import(Kind::Applications, blank).await.unchanged, 1);
    assert_eq!(bench.import(Kind::Accounts, "external_id,name,applications\nacme,Acme,\n").await.unchanged, 1);
    assert_eq!(bench.import(Kind::Roles, "key,name,permissions\nadmin,Administrator,\n").await.unchanged, 1);
}

#[tokio::test]
async fn letting_a_locked_user_in_has_to_be_allowed_and_is_written_down() {
    let bench = Bench::with_dana().await;
    let text = "email,name,locked\ndana@acme.example,Dana,false\n";
    bench.needs(Kind::Users, text, Protection::Unlock, "users.csv:2 locked: dana@acme.example is unlocked").await;
    assert!(bench.user("dana@acme.example").await.is_some_and(|user| user.locked_at.is_none()));
    let events = bench.app.events("user.unlocked").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].description, "Dana is unlocked by an import");
    assert_eq!(events[0].user_name.as_deref(), Some("Dana"));
}

#[tokio::test]
async fn a_user_who_was_verified_stays_so_unless_it_is_allowed() {
    let bench = Bench::with_dana().await;
    let text = "email,name,email_verified\ndana@acme.example,Dana,no\n";
    bench.needs(Kind::Users, text, Protection::Unverify, "dana@acme.example is no longer verified").await;
    assert_eq!(bench.app.events("user.email_unverified").await.len(), 1);
}

#[tokio::test]
async fn memberships_and_roles_are_taken_away_only_where_it_is_allowed() {
    let bench = Bench::with_dana().await;
    let text = "email,name,accounts\ndana@acme.example,Dana,acme:admin;zeta\n";
    bench.needs(Kind::Users, text, Protection::RemoveRole, "dana@acme.example loses the role acme:member").await;
    let text = "email,name,accounts\ndana@acme.example,Dana,acme:admin\n";
    bench
        .needs(Kind::Users, text, Protection::RemoveMembership, "dana@acme.example loses the membership in zeta")
        .await;
    assert_eq!(bench.memberships("dana@acme.example").await, [("acme".to_owned(), false)]);
    let text = "email,name,accounts\ndana@acme.example,Dana,-\n";
    bench.needs(Kind::Users, text, Protection::RemoveMembership, "loses the membership in acme").await;
    assert!(bench.memberships("dana@acme.example").await.is_empty());
    assert!(bench.user("dana@acme.example").await.is_some_and(|user| user.active_account_id.is_none()));
    assert_eq!(bench.app.events("membership.changed").await.len(), 2);
    assert_eq!(bench.app.events("membership.roles_changed").await.len(), 1);
}

#[tokio::test]
async fn a_disabled_membership_is_not_enabled_unasked() {
    let bench = Bench::with_dana().await;
    let disabled = "email,name,accounts\ndana@acme.example,Dana,acme:admin+member!disabled;zeta\n";
    let summary = bench.import(Kind::Users, disabled).await;
    assert_eq!(summary.listed[0].what, What::MembershipDisabled);
    let text = "email,name,accounts\ndana@acme.example,Dana,acme:admin+member;zeta\n";
    bench.needs(Kind::Users, text, Protection::EnableMembership, "dana@acme.example is enabled again in acme").await;
}

#[tokio::test]
async fn passwords_are_replaced_or_removed_only_where_it_is_allowed() {
    let bench = Bench::with_dana().await;
    let hash =
        |salt: &str| format!("\"$argon2id$v=19$m=19456,t=2,p=1${salt}$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI\"");
    let file = |hash: &str| format!("email,name,password_hash\ndana@acme.example,Dana,{hash}\n");
    let summary = bench.import(Kind::Users, &file(&hash("c29tZXNhbHRzb21lc2FsdA"))).await;
    assert_eq!(summary.listed[0].what, What::PasswordSet);
    let other = file(&hash("b3RoZXJzYWx0b3RoZXJzYWx0"));
    bench.needs(Kind::Users, &other, Protection::ChangePassword, "dana@acme.example gets another password").await;
    bench.needs(Kind::Users, &file("-"), Protection::RemovePassword, "dana@acme.example loses the password").await;
}

#[tokio::test]
async fn locking_and_verifying_are_listed_and_done() {
    let bench = Bench::with_dana().await;
    bench.import(Kind::Users, "email,name\nnew@acme.example,New\n").await;
    let text = "email,name,email_verified,locked\nnew@acme.example,New,true,true\n";
    let summary = bench.import(Kind::Users, text).await;
    let whats: Vec<What> = summary.listed.iter().map(|listed| listed.what).collect();
    assert_eq!(whats, [What::Verified, What::Locked]);
    assert_eq!(summary.changes, ["email_verified: 1 verified", "locked: 1 locked"]);
    assert_eq!(bench.app.events("user.locked").await.len(), 1);
    assert_eq!(bench.app.events("user.email_verified").await.len(), 1);
}

#[tokio::test]
async fn an_application_loses_nothing_unasked() {
    let bench = Bench::with_dana().await;
    let head = "client_id,name,app_url";
    let row = "console,Console,https://console.example/";
    let text = format!("{head},redirect_uris\n{row},https://console.example/callback\n");
    bench
        .needs(Kind::Applications, &text, Protection::RemoveRedirect, "loses the redirect address com.console:/cb")
        .await;
    let text = format!("{head},client_secret_hash\n{row},{}\n", "ab".repeat(32));
    assert_eq!(bench.import(Kind::Applications, &text).await.listed[0].what, What::SecretSet);
    let text = format!("{head},client_secret_hash\n{row},{}\n", "cd".repeat(32));
    bench.needs(Kind::Applications, &text, Protection::ChangeSecret, "console gets another secret").await;
    let text = format!("{head},client_secret\n{row},-\n");
    bench.needs(Kind::Applications, &text, Protection::RemoveSecret, "console loses its secret").await;
    let text = "client_id,name,app_url,keep_session_alive\ndispatch,Dispatch,https://dispatch.example/,true\n";
    bench
        .needs(Kind::Applications, text, Protection::LengthenSessions, "dispatch keeps sessions alive from now on")
        .await;
    let text = format!("{head},backchannel_logout_uri\n{row},https://console.example/out\n");
    bench.import(Kind::Applications, &text).await;
    let text = format!("{head},backchannel_logout_uri\n{row},-\n");
    bench
        .needs(Kind::Applications, &text, Protection::RemoveLogout, "console is no longer told of ended sessions")
        .await;
    assert!(!bench.app.events("client.changed").await.is_empty());
}

/// A client that takes one algorithm only refuses everybody from then on: it is to be found in the trail.
#[tokio::test]
async fn another_signing_algorithm_is_listed_and_written_down() {
    let bench = Bench::with_dana().await;
    let text = |algorithm: &str| {
        format!("client_id,name,app_url,signing_algorithm\nconsole,Console,https://console.example/,{algorithm}\n")
    };
    let before = bench.app.events("client.changed").await.len();
    assert_eq!(bench.import(Kind::Applications, &text("RS256")).await.unchanged, 1);
    let summary = bench.import(Kind::Applications, &text("ES256")).await;
    assert_eq!(summary.listed[0].what, What::SigningAlgorithm);
    let told = "applications.csv:2 signing_algorithm: console gets tokens signed with ES256 instead of RS256";
    assert!(summary.to_string().contains(told), "{summary}");
    let events = bench.app.events("client.changed").await;
    assert_eq!(events.len(), before + 1);
    let event = events.last().expect("an event");
    assert_eq!(event.description, "Console gets tokens signed with ES256 instead of RS256 by an import");
}

#[tokio::test]
async fn accounts_and_roles_lose_nothing_unasked() {
    let bench = Bench::with_dana().await;
    let text = "external_id,name,applications\nacme,Acme,console*\n";
    bench.needs(Kind::Accounts, text, Protection::RemoveApplication, "acme loses the application dispatch").await;
    let text = "key,name,permissions\nadmin,Administrator,users.write\n";
    bench.needs(Kind::Roles, text, Protection::RemovePermission, "admin loses the permission account.audit.read").await;
    assert_eq!(bench.app.events("role.changed").await.len(), 1);
    assert_eq!(bench.app.events("account.changed").await.len(), 1);
}

#[tokio::test]
async fn a_long_list_of_changes_is_cut_and_counted() {
    let bench = Bench::with_dana().await;
    let rows = |locked: &str| (0..80).map(|n| format!("u{n}@b.example,U {n},{locked}\n")).collect::<String>();
    bench.import(Kind::Users, &format!("email,name,locked\n{}", rows("false"))).await;
    let summary = bench.import(Kind::Users, &format!("email,name,locked\n{}", rows("true"))).await;
    assert_eq!((summary.listed.len(), summary.listed_total), (50, 80));
    assert!(summary.to_string().contains("… and 30 more; --report FILE has them all"), "{summary}");
}
