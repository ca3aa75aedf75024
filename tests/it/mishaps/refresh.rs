//! Refresh tokens whose answers are lost, that cross, and that are stolen.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use understudy::model::session::EndReason;

use crate::frontegg::sdk::{self, Call, SILENT};
use crate::identity::flow::{AMARA, impersonating, introspect, refresh, refused, signed_in, text, tokens};
use crate::support::{Browser, ResponseExt, TestApp};

/// Both kinds of session, each with a browser that is in one.
async fn both(app: &TestApp) -> [(Browser, &'static str); 2] {
    let own = signed_in(app, AMARA).await;
    let (impersonated, _) = impersonating(app, AMARA, "northwind", "console").await;
    [(own, "the user's own session"), (impersonated, "an impersonation")]
}

async fn refreshed(app: &TestApp, token: &Value) -> Value {
    let token = text(token, "refresh_token");
    refresh(app, "console", token, &[]).await.expect_status(StatusCode::OK).json()
}

async fn turned_away(app: &TestApp, token: &Value) {
    let token = text(token, "refresh_token");
    refused(refresh(app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
}

async fn alarms(app: &TestApp) -> i64 {
    app.count("audit_events WHERE severity IN ('high', 'critical')").await
}

#[tokio::test]
async fn an_answer_that_is_lost_can_be_asked_for_again_much_later() {
    let app = TestApp::new().await;
    let before = alarms(&app).await;
    for (mut browser, what) in both(&app).await {
        let first = tokens(&app, &mut browser, "console", &[]).await;
        let lost = refreshed(&app, &first).await;
        app.advance(TimeDelta::minutes(20));
        let lost_too = refreshed(&app, &first).await;
        assert_ne!(lost["refresh_token"], lost_too["refresh_token"]);
        app.advance(TimeDelta::minutes(5));
        let arrived = refreshed(&app, &first).await;
        let next = refreshed(&app, &arrived).await;
        assert_eq!(introspect(&app, text(&next, "access_token")).await["active"], true, "{what}");
    }
    assert_eq!(alarms(&app).await, before, "nothing was stolen");
    assert!(app.user_sessions(AMARA).await.iter().all(|session| session.ended_at.is_none()));
}

#[tokio::test]
async fn of_several_successors_the_one_that_is_used_lives_on_and_the_others_are_theft() {
    for newer in [false, true] {
        let app = TestApp::new().await;
        let mut browser = signed_in(&app, AMARA).await;
        let first = tokens(&app, &mut browser, "console", &[]).await;
        let (one, other) = (refreshed(&app, &first).await, refreshed(&app, &first).await);
        let (used, copy) = if newer { (other, one) } else { (one, other) };
        // Until one was used both could be: the client may have got either answer.
        for token in [&used, &copy] {
            assert_eq!(introspect(&app, text(token, "refresh_token")).await["active"], true);
        }
        let next = refreshed(&app, &used).await;
        assert_eq!(introspect(&app, text(&copy, "refresh_token")).await["active"], false);
        assert_eq!(introspect(&app, text(&first, "refresh_token")).await["active"], false);
        app.advance(TimeDelta::seconds(11));
        turned_away(&app, &copy).await;
        assert_eq!(app.count("audit_events WHERE action = 'token.refresh_reused' AND severity = 'critical'").await, 1);
        assert_eq!(app.user_sessions(AMARA).await[0].end_reason, Some(EndReason::RefreshTokenReused));
        turned_away(&app, &next).await;
        assert_eq!(introspect(&app, text(&next, "access_token")).await["active"], false);
        assert_eq!(app.events("token.refresh_reused").await.len(), 1);
    }
}

#[tokio::test]
async fn the_token_before_one_that_was_used_is_theft_too_in_an_impersonation_as_well() {
    for impersonated in [false, true] {
        let app = TestApp::new().await;
        let [own, other] = both(&app).await;
        let (mut browser, _) = if impersonated { other } else { own };
        let first = tokens(&app, &mut browser, "console", &[]).await;
        let second = refreshed(&app, &first).await;
        let third = refreshed(&app, &second).await;
        app.advance(TimeDelta::seconds(11));
        turned_away(&app, &first).await;
        assert_eq!(app.events("token.refresh_reused").await.len(), 1);
        assert_eq!(app.user_sessions(AMARA).await.iter().filter(|one| one.ended_at.is_some()).count(), 1);
        turned_away(&app, &third).await;
    }
}

#[tokio::test]
async fn two_pages_that_cross_end_nothing() {
    let app = TestApp::new().await;
    let before = alarms(&app).await;
    for (mut browser, what) in both(&app).await {
        let first = tokens(&app, &mut browser, "console", &[]).await;
        let (left, right) = tokio::join!(refreshed(&app, &first), refreshed(&app, &first));
        let left = refreshed(&app, &left).await;
        // The other one is a moment late, and so is a third that still has the first.
        app.advance(TimeDelta::seconds(10));
        turned_away(&app, &right).await;
        turned_away(&app, &first).await;
        let next = refreshed(&app, &left).await;
        assert_eq!(introspect(&app, text(&next, "access_token")).await["active"], true, "{what}");
    }
    assert_eq!(alarms(&app).await, before);
}

#[tokio::test]
async fn of_two_siblings_used_at_the_same_instant_one_lives_on() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let (one, other) = (refreshed(&app, &first).await, refreshed(&app, &first).await);
    let (left, right) = tokio::join!(
        refresh(&app, "console", text(&one, "refresh_token"), &[]),
        refresh(&app, "console", text(&other, "refresh_token"), &[])
    );
    let given = [left.status(), right.status()].iter().filter(|status| **status == StatusCode::OK).count();
    assert_eq!(given, 1, "{} {}", left.body(), right.body());
    assert!(app.events("token.refresh_reused").await.is_empty());
}

/// A token that was used before anything was noted about what is given for one: it had one use.
#[tokio::test]
async fn a_token_from_before_this_was_noted_is_no_better_than_it_was() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    refreshed(&app, &first).await;
    app.execute("UPDATE refresh_tokens SET parent_hash = NULL").await;
    app.advance(TimeDelta::seconds(31));
    turned_away(&app, &first).await;
    assert_eq!(app.events("token.refresh_reused").await.len(), 1);
}

/// Whoever has a copy and trades it as often as they can: the owner's successor is not lost among theirs.
#[tokio::test]
async fn however_often_a_copy_is_traded_the_owners_token_is_good_and_finds_it_out() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    let mut copies = Vec::new();
    for _ in 0..15 {
        copies.push(refreshed(&app, &first).await);
    }
    let own = refreshed(&app, &first).await;
    for _ in 0..150 {
        // Limited, and not at the owner's cost.
        refresh(&app, "console", text(&first, "refresh_token"), &[]).await;
    }
    refreshed(&app, &own).await;
    app.advance(TimeDelta::seconds(11));
    turned_away(&app, &copies[0]).await;
    assert_eq!(app.events("token.refresh_reused").await.len(), 1);
}

#[tokio::test]
async fn a_token_that_is_traded_without_end_ends_its_session() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    for _ in 0..1_001 {
        refreshed(&app, &first).await;
        app.advance(TimeDelta::seconds(2));
    }
    turned_away(&app, &first).await;
    assert_eq!(app.events("token.refresh_reused").await.len(), 1);
}

#[tokio::test]
async fn tabs_that_sign_in_silently_leave_no_tokens_without_end() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = sdk::tokens(&mut browser, "dispatch").await;
    let mut last = Value::Null;
    for _ in 0..110 {
        app.advance(TimeDelta::seconds(1));
        let call = Call::post("dispatch", SILENT, json!({}));
        last = call.send(&mut browser).await.expect_status(StatusCode::OK).json();
    }
    assert_eq!(app.count("refresh_tokens").await, 101);
    for token in [&first, &last] {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token["refresh_token"] });
        Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.expect_status(StatusCode::OK);
    }
}

#[tokio::test]
async fn tokens_are_limited_per_session_and_the_answer_says_for_how_long() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    for _ in 0..121 {
        refreshed(&app, &first).await;
    }
    let answer = refresh(&app, "console", text(&first, "refresh_token"), &[]).await;
    assert_eq!(answer.headers()[header::RETRY_AFTER], "2");
    answer.expect_status(StatusCode::TOO_MANY_REQUESTS);
    let other = tokens(&app, &mut signed_in(&app, AMARA).await, "console", &[]).await;
    refreshed(&app, &other).await;
    app.advance(TimeDelta::seconds(2));
    refreshed(&app, &first).await;
}
