//! How impersonations end: at their deadline, by a person, or because their ground is gone.

use chrono::TimeDelta;

use super::{denial, owner, request, start};
use crate::support::TestApp;
use understudy::model::denial::Denial;
use understudy::model::impersonation::ImpersonationSettings;
use understudy::model::session::EndReason;
use understudy::server::error::ServiceError;
use understudy::server::service::{self, impersonation};

#[tokio::test]
async fn turned_off_nobody_starts_and_live_sessions_end() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let hand_off = start(&app, "amara@northwind.example").await;
    service::impersonation::settings::update(&caller, ImpersonationSettings::default()).await.expect("settings change");
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.ends_with("impersonation was turned off"), "{}", ended[0].description);
    assert_eq!(ended[0].session_id, Some(hand_off.session_id));
    assert_eq!(
        denial(impersonation::start(&caller, &request(&app, "amara@northwind.example").await).await),
        Denial::Off
    );
    let drawer = impersonation::drawer(&caller, app.user_id("amara@northwind.example").await).await.expect("a drawer");
    assert_eq!(drawer.denial, Some(Denial::Off));
}

#[tokio::test]
async fn at_its_deadline_a_session_ends_once_and_is_called_expired() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let hand_off = start(&app, "amara@northwind.example").await;
    let live =
        async || service::session::live(&app.state, caller.environment.id, hand_off.session_id).await.expect("a look");
    app.advance(TimeDelta::minutes(60) - TimeDelta::seconds(1));
    assert!(live().await.is_some(), "59:59");
    app.advance(TimeDelta::seconds(1));
    assert!(live().await.is_none(), "60:00");
    assert!(live().await.is_none());
    service::session::end_due(&app.state).await.expect("the timer");
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].description, "The impersonation of Amara Okafor by Olivia Owner ran out");
    assert_eq!(ended[0].actor_kind, "system");
}

#[tokio::test]
async fn the_timer_ends_what_nobody_asks_for_any_more() {
    let app = TestApp::new().await;
    start(&app, "amara@northwind.example").await;
    assert_eq!(service::session::end_due(&app.state).await.expect("the timer"), 0);
    app.advance(TimeDelta::minutes(60));
    assert_eq!(service::session::end_due(&app.state).await.expect("the timer"), 1);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn a_session_ends_as_soon_as_its_ground_is_gone_and_says_which() {
    let causes: [(&'static str, EndReason); 7] = [
        ("DELETE FROM operator_roles", EndReason::OperatorLostRight),
        ("UPDATE operators SET disabled_at = created_at", EndReason::OperatorLostRight),
        ("UPDATE users SET locked_at = created_at", EndReason::TargetLockedOrRemoved),
        ("UPDATE memberships SET disabled_at = created_at", EndReason::TargetLockedOrRemoved),
        ("DELETE FROM membership_roles", EndReason::Expired), // changes nothing: see below
        ("DELETE FROM account_applications", EndReason::AccountOrApplicationRemoved),
        ("UPDATE impersonation_settings SET enabled = FALSE", EndReason::SettingsTurnedOff),
    ];
    for (sql, reason) in causes {
        let app = TestApp::new().await;
        let caller = owner(&app).await;
        let hand_off = start(&app, "amara@northwind.example").await;
        app.execute(sql).await;
        let live =
            service::session::live(&app.state, caller.environment.id, hand_off.session_id).await.expect("a look");
        if reason == EndReason::Expired {
            assert!(live.is_some(), "{sql} is no reason to end");
            continue;
        }
        assert!(live.is_none(), "{sql}");
        let ended = app.events("impersonation.ended").await;
        assert_eq!(ended.len(), 1, "{sql}");
        let told = match reason {
            EndReason::OperatorLostRight => "because Olivia Owner may not do that any more",
            EndReason::TargetLockedOrRemoved => "because Amara Okafor cannot sign in there any more",
            EndReason::AccountOrApplicationRemoved => "because its account or its application is not there any more",
            _ => "because impersonation was turned off",
        };
        assert!(ended[0].description.ends_with(told), "{sql}: {}", ended[0].description);
    }
}

#[tokio::test]
async fn two_sessions_of_one_operator_are_apart_and_ending_one_leaves_the_other() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let first = start(&app, "amara@northwind.example").await;
    let second = start(&app, "rita@northwind.example").await;
    impersonation::end(&caller, first.session_id).await.expect("ends");
    impersonation::end(&caller, first.session_id).await.expect("ending an ended one changes nothing");
    let live =
        async |id| service::session::live(&app.state, caller.environment.id, id).await.expect("a look").is_some();
    assert!(!live(first.session_id).await);
    assert!(live(second.session_id).await);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn another_operators_session_is_ended_by_admins_only() {
    let app = TestApp::new().await;
    let hand_off = start(&app, "amara@northwind.example").await;
    let vera = app.caller("vera@understudy.example", "production").await;
    assert!(matches!(impersonation::end(&vera, hand_off.session_id).await, Err(ServiceError::Forbidden)));
    assert_eq!(impersonation::end_all(&vera).await.expect("nothing of hers"), 0);
    let adam = app.caller("adam@understudy.example", "production").await;
    impersonation::end(&adam, hand_off.session_id).await.expect("an Admin may");
    let ended = app.events("impersonation.ended").await;
    assert!(ended[0].description.starts_with("Adam Admin ended the impersonation of Amara Okafor"));
    assert_eq!(ended[0].actor_name, "Adam Admin");
    assert_eq!(ended[0].operator_name.as_deref(), Some("Olivia Owner"));
}

/// Customers read these sentences in their account's log.
#[tokio::test]
async fn every_end_is_told_in_a_sentence_and_in_no_code_word() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    for reason in EndReason::ALL {
        app.advance(TimeDelta::minutes(1));
        let id = start(&app, "amara@northwind.example").await.session_id;
        let ended = app.end_session(id, reason).await;
        assert!(ended.expect("it ends"), "{reason:?}");
        let events = app.events("impersonation.ended").await;
        let told = events.last().expect("an event").description.as_str();
        assert!(told.contains("impersonation") && told.contains("Olivia Owner"), "{reason:?}: {told}");
        assert!(!told.contains(" ended: ") && !told.contains(" ended by "), "{reason:?}: {told}");
        // A clock, a person or a reason: nothing ends for nothing.
        let whole = told.contains(" because ") || told.ends_with(" ran out") || told.ends_with(" was signed out");
        assert!(whole || told.contains(" ended the impersonation"), "{reason:?}: {told}");
    }
    let own = start(&app, "amara@northwind.example").await.session_id;
    impersonation::end(&caller, own).await.expect("ends");
    let events = app.events("impersonation.ended").await;
    assert_eq!(events.last().expect("an event").description, "Olivia Owner ended the impersonation of Amara Okafor");
}

#[tokio::test]
async fn end_all_ends_all_of_this_environment_and_no_other() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    start(&app, "amara@northwind.example").await;
    start(&app, "rita@northwind.example").await;
    let staging = app.caller("olivia@understudy.example", "staging").await;
    assert_eq!(impersonation::end_all(&staging).await.expect("none there"), 0);
    assert_eq!(impersonation::end_all(&caller).await.expect("both end"), 2);
    assert!(impersonation::overview(&caller, "").await.expect("the page").live.is_empty());
}

#[tokio::test]
async fn what_had_to_end_anyway_ends_for_its_own_reason_whoever_asks() {
    let app = TestApp::new().await;
    let caller = owner(&app).await;
    let hand_off = start(&app, "amara@northwind.example").await;
    app.advance(TimeDelta::minutes(60));
    impersonation::end(&caller, hand_off.session_id).await.expect("ends");
    let ended = app.events("impersonation.ended").await;
    assert!(ended[0].description.ends_with("ran out"), "{}", ended[0].description);
    assert_eq!(ended[0].actor_kind, "system");
}
