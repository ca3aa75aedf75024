//! Signing keys: published before they sign, rotated without anybody's session noticing, gone a day later.

use std::sync::Arc;

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;

use super::flow::{
    AMARA, OLIVIA, RITA, answered, authorize_path, impersonating, introspect, jose_header, refresh, signed_in, text,
    tokens, userinfo,
};
use crate::support::{MASTER_KEY, ORIGIN, ResponseExt, TestApp, encode};
use understudy::model::key::{KeyState, SigningAlgorithm};
use understudy::server::crypto::keyring::{Keyring, MasterKey};
use understudy::server::error::ServiceError;
use understudy::server::platform::clock::Clock;
use understudy::server::platform::random::SystemRandom;
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::signing_key;
use understudy::server::service::registry::relying_party;
use understudy::server::service::upkeep;
use understudy::server::state::AppState;

async fn rotate(app: &TestApp, algorithm: &str) {
    let owner = app.caller(OLIVIA, "production").await;
    signing_key::rotate(&owner, algorithm).await.expect("an Owner may");
}

/// The keys of production as the Keys page shows them: algorithm, state, id.
async fn keys(app: &TestApp) -> Vec<(String, KeyState, String)> {
    let page = signing_key::list(&app.caller(OLIVIA, "production").await).await.expect("the page");
    page.keys.into_iter().map(|key| (key.algorithm, key.state, key.kid)).collect()
}

async fn kid_of(app: &TestApp, algorithm: &str, state: KeyState) -> String {
    let all = keys(app).await;
    let mut found = all.iter().filter(|key| key.0 == algorithm && key.1 == state);
    let kid = found.next().unwrap_or_else(|| panic!("no {state:?} {algorithm} key: {all:?}")).2.clone();
    assert!(found.next().is_none(), "two: {all:?}");
    kid
}

async fn published(app: &TestApp) -> Vec<Value> {
    let answer = app.browser().get("/id/production/.well-known/jwks.json").await.expect_status(StatusCode::OK);
    answer.json()["keys"].as_array().expect("keys").clone()
}

#[tokio::test]
async fn the_next_keys_are_published_before_they_sign_and_the_active_rs256_key_comes_first() {
    let app = TestApp::new().await;
    let set = published(&app).await;
    let algorithms: Vec<&str> = set.iter().map(|key| text(key, "alg")).collect();
    assert_eq!(algorithms, ["RS256", "ES256", "RS256", "ES256"]);
    assert_eq!(set[0]["kid"], kid_of(&app, "RS256", KeyState::Active).await);
    assert_eq!(set[2]["kid"], kid_of(&app, "RS256", KeyState::Next).await);
    for key in &set {
        assert!(key.get("d").is_none() && key.get("p").is_none(), "a private part: {key}");
    }
}

#[tokio::test]
async fn after_a_rotation_the_next_key_signs_and_all_three_are_published() {
    let app = TestApp::new().await;
    let active = kid_of(&app, "RS256", KeyState::Active).await;
    let next = kid_of(&app, "RS256", KeyState::Next).await;
    let other = kid_of(&app, "ES256", KeyState::Active).await;
    rotate(&app, "RS256").await;
    assert_eq!(kid_of(&app, "RS256", KeyState::Active).await, next);
    assert_eq!(kid_of(&app, "RS256", KeyState::Retiring).await, active);
    assert_eq!(kid_of(&app, "ES256", KeyState::Active).await, other, "the other algorithm's stays");
    let set = published(&app).await;
    assert_eq!(set.len(), 5);
    assert_eq!(set[0]["kid"], next);
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(jose_header(&answer["access_token"])["kid"], next);
    let events = app.events("key.rotated").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].actor_name, "Olivia Owner");
    assert!(events[0].description.contains(&active) && events[0].description.contains(&next), "{events:?}");
    assert_eq!(app.count("audit_events WHERE action = 'key.rotated' AND severity = 'high'").await, 1);
}

#[tokio::test]
async fn what_was_signed_before_a_rotation_stays_good_in_every_place() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let before = tokens(&app, &mut browser, "console", &[]).await;
    rotate(&app, "").await;
    rotate(&app, "").await;
    assert_eq!(published(&app).await.len(), 8);
    let access_token = text(&before, "access_token");
    assert_eq!(introspect(&app, access_token).await["active"], true);
    userinfo(&app, access_token).await.expect_status(StatusCode::OK);
    let after =
        refresh(&app, "console", text(&before, "refresh_token"), &[]).await.expect_status(StatusCode::OK).json();
    assert_ne!(jose_header(&after["access_token"])["kid"], jose_header(&before["access_token"])["kid"]);
    app.advance(TimeDelta::minutes(40));
    let query = encode(&[("id_token_hint", text(&before, "id_token"))]);
    browser.get(&format!("/id/production/logout?{query}")).await.expect_status(StatusCode::OK);
    assert_eq!(app.events("impersonation.ended").await.len(), 1, "the old id token still says which session is meant");
}

#[tokio::test]
async fn a_retired_key_stays_for_a_day_and_is_then_deleted() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let before = tokens(&app, &mut browser, "console", &[]).await;
    let kid = kid_of(&app, "RS256", KeyState::Active).await;
    rotate(&app, "").await;
    app.advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(kid_of(&app, "RS256", KeyState::Retiring).await, kid);
    app.advance(TimeDelta::microseconds(1));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(published(&app).await.len(), 4);
    assert_eq!(app.count("signing_keys WHERE state = 'retiring'").await, 0);
    assert_eq!(app.events("key.removed").await.len(), 2);
    // Nothing happens by what it signed unless somebody says yes.
    let query = encode(&[("id_token_hint", text(&before, "id_token"))]);
    let page = browser.get(&format!("/id/production/logout?{query}")).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign out Amara Okafor?"), "{}", page.body());
}

#[tokio::test]
async fn a_database_without_next_keys_gets_them_at_its_first_rotation() {
    let app = TestApp::new().await;
    app.execute("DELETE FROM signing_keys WHERE state = 'next'").await;
    let active = kid_of(&app, "ES256", KeyState::Active).await;
    rotate(&app, "").await;
    assert_eq!(kid_of(&app, "ES256", KeyState::Retiring).await, active);
    assert_ne!(kid_of(&app, "ES256", KeyState::Active).await, kid_of(&app, "ES256", KeyState::Next).await);
    assert_eq!(keys(&app).await.len(), 6);
}

#[tokio::test]
async fn only_owner_and_admin_rotate_and_only_known_algorithms() {
    let app = TestApp::new().await;
    let before = keys(&app).await;
    for email in ["vera@understudy.example", "ed@understudy.example"] {
        let caller = app.caller(email, "production").await;
        assert!(!signing_key::list(&caller).await.expect("seeing them is allowed").can_rotate);
        let refused = signing_key::rotate(&caller, "").await.map(|_| ());
        assert!(matches!(refused, Err(ServiceError::Forbidden)), "{email}: {refused:?}");
    }
    let ivy = app.caller("ivy@understudy.example", "production").await;
    assert!(matches!(signing_key::list(&ivy).await, Err(ServiceError::Forbidden)));
    let admin = app.caller("adam@understudy.example", "production").await;
    let refused = signing_key::rotate(&admin, "HS256").await.map(|_| ());
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    assert_eq!(keys(&app).await, before);
    assert_eq!(app.events("key.rotated").await.len(), 0);
    signing_key::rotate(&admin, "ES256").await.expect("an Admin may");
}

#[tokio::test]
async fn an_id_token_of_a_removed_key_still_says_who_is_meant_and_opens_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    rotate(&app, "").await;
    app.advance(TimeDelta::days(25));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("signing_keys WHERE state = 'retiring'").await, 0);
    let id_token = text(&issued, "id_token");
    let silent = [("prompt", "none"), ("id_token_hint", id_token)];
    tokens(&app, &mut browser, "console", &silent).await;
    let mut rita = signed_in(&app, RITA).await;
    let answer = rita.get(&authorize_path("console", &silent)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    // Another environment's past key is none here.
    let staging = authorize_path("console", &silent).replace("/id/production/", "/id/staging/");
    assert_eq!(answered(&browser.get(&staging).await, "error").as_deref(), Some("login_required"));
    // Nothing is opened by what such a key signed.
    userinfo(&app, text(&issued, "access_token")).await.expect_status(StatusCode::UNAUTHORIZED);
    let bye = [("id_token_hint", id_token), ("post_logout_redirect_uri", "https://console.example/bye")];
    let page = browser.get(&format!("/id/production/logout?{}", encode(&bye))).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign out Amara Okafor?"), "{}", page.body());
    let session = app.user_sessions(AMARA).await[0].id.to_string();
    let form = [("session", session.as_str()), bye[0], bye[1]];
    let left = browser.post("/id/production/logout/confirm", &form).await;
    assert_eq!(left.location(), "https://console.example/bye");
    // As long as a session may live, and no longer.
    app.advance(TimeDelta::days(8));
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("past_signing_keys").await, 0);
}

#[tokio::test]
async fn a_key_that_another_server_is_removing_is_no_mishap() {
    let app = TestApp::new().await;
    rotate(&app, "").await;
    app.advance(TimeDelta::days(25));
    app.execute(
        "INSERT INTO past_signing_keys (kid, environment_id, algorithm, public_jwk, retired_at)
         SELECT kid, environment_id, algorithm, public_jwk, retired_at FROM signing_keys WHERE state = 'retiring'",
    )
    .await;
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("signing_keys WHERE state = 'retiring'").await, 0);
}

#[tokio::test]
async fn another_environments_keys_stay_as_they_are() {
    let app = TestApp::new().await;
    let staging = async || app.browser().get("/id/staging/.well-known/jwks.json").await.json();
    let before = staging().await;
    rotate(&app, "").await;
    assert_eq!(staging().await, before);
}

#[tokio::test]
async fn a_rotation_by_another_server_is_followed_at_the_next_request() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let before = tokens(&app, &mut browser, "console", &[]).await;
    let other = AppState::new(
        app.state.db.clone(),
        app.clock.clone() as Arc<dyn Clock>,
        Arc::new(SystemRandom),
        app.outbound.clone(),
        Keyring::new(MasterKey::parse(MASTER_KEY).expect("a master key")),
        ORIGIN.parse().expect("a url"),
        false,
    );
    let environment = app.caller(OLIVIA, "production").await.environment;
    let rotated = signing_key::rotate(&Caller::system(&other, environment.clone()), "RS256").await.expect("a rotation");
    let after = tokens(&app, &mut browser, "console", &[]).await;
    assert_eq!(jose_header(&after["access_token"])["kid"], rotated[0].active);
    assert_eq!(introspect(&app, text(&before, "access_token")).await["active"], true);
    assert_eq!(app.events("key.rotated").await[0].actor_kind, "system");
}

#[tokio::test]
async fn of_two_rotations_at_the_same_instant_none_leaves_an_environment_without_a_key() {
    let app = TestApp::new().await;
    let owner = app.caller(OLIVIA, "production").await;
    let (left, right) = tokio::join!(signing_key::rotate(&owner, "ES256"), signing_key::rotate(&owner, "ES256"));
    assert!(left.is_ok() || right.is_ok());
    kid_of(&app, "ES256", KeyState::Active).await;
    kid_of(&app, "ES256", KeyState::Next).await;
}

#[tokio::test]
async fn signing_waits_on_another_thread_and_lets_requests_go_on() {
    let app = TestApp::new().await;
    let production = app.caller(OLIVIA, "production").await.environment.id;
    let key = relying_party::active_key(&app.state, production, SigningAlgorithm::Rs256).await.expect("a key");
    let here = std::thread::current().id();
    let (tell, told) = std::sync::mpsc::channel();
    let signing = key.signing(move |signer| {
        // On the runtime's only thread this would wait for ever, for nobody else could run.
        told.recv_timeout(std::time::Duration::from_secs(10))?;
        Ok((std::thread::current().id(), signer.sign("JWT", &serde_json::json!({ "sub": "somebody" }))?))
    });
    let others = async {
        tokio::task::yield_now().await;
        tell.send(()).expect("the signature is still being made");
    };
    let (signed, ()) = tokio::join!(signing, others);
    let (there, token) = signed.expect("others went on meanwhile");
    assert_ne!(there, here);
    assert_eq!(jose_header(&Value::from(token))["kid"], kid_of(&app, "RS256", KeyState::Active).await);
}
