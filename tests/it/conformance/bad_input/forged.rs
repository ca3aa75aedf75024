//! Tokens that the provider did not issue, or not for this: at userinfo, introspection, events, revocation, as hints.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::forge::{forgeries, signed};
use super::super::raw::{bearer, elsewhere, header_of};
use crate::identity::flow::{
    AMARA, answered, authorize_path, call, claims, introspect, refused, report, signed_in, text, tokens, userinfo,
};
use crate::support::{Browser, Ledger, ResponseExt, TestApp, encode};

/// Every endpoint says no to this as an access token, in the standard's words, and nothing has happened.
async fn opens_nothing(app: &TestApp, name: &str, token: &str) {
    let before = Ledger::of(app).await;
    let answer = userinfo(app, token).await;
    let challenge = header_of(&answer, "www-authenticate");
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{name}: {challenge}");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}");
    refused(answer, StatusCode::UNAUTHORIZED, "invalid_token");
    let answer = report(app, token, r#"{"action":"forged"}"#).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{name}");
    refused(answer, StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(introspect(app, token).await, json!({ "active": false }), "{name}");
    for hint in ["access_token", "refresh_token"] {
        let form = [("token", token), ("token_type_hint", hint)];
        call(app, "/revoke", "console", &form).await.expect_status(StatusCode::OK);
    }
    before.expect_unchanged(&Ledger::of(app).await, name);
}

#[tokio::test]
async fn a_forged_access_token_opens_nothing_anywhere() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let genuine = text(&answer, "access_token");
    for (name, token) in forgeries(&app, "at+jwt", genuine).await {
        opens_nothing(&app, name, &token).await;
    }
    let long = "a".repeat(50_000);
    let long = format!("{long}.{long}.{long}");
    for junk in ["x", "a.b.c", "...", "e30.e30.", "null", "{}", "Bearer", &long[..60_000]] {
        opens_nothing(&app, junk, junk).await;
    }
    userinfo(&app, genuine).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_genuine_signature_under_wrong_claims_opens_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let genuine = claims(&answer["access_token"]);
    // The helper makes what the endpoints accept: only what is changed below is refused.
    let same = signed(&app, "production", "at+jwt", &genuine).await;
    userinfo(&app, &same).await.expect_status(StatusCode::OK);
    let now = app.now().timestamp();
    let wrong: [(&str, &str, Value); 17] = [
        ("another environment's issuer", "iss", json!("http://localhost:3000/id/staging")),
        ("a stranger's issuer", "iss", json!("https://evil.example")),
        ("an issuer with a slash", "iss", json!("http://localhost:3000/id/production/")),
        ("no issuer", "iss", Value::Null),
        ("another client's audience", "aud", json!("dispatch")),
        ("a stranger's audience", "aud", json!("https://evil.example")),
        ("an audience among others", "aud", json!(["console", "https://evil.example"])),
        ("no audience", "aud", Value::Null),
        ("a time that is over", "exp", json!(now - 1)),
        ("a time that is over now", "exp", json!(now)),
        ("a time in words", "exp", json!("tomorrow")),
        ("no time", "exp", Value::Null),
        ("a session that never was", "sid", json!("019aaf00-0000-7000-8000-000000000000")),
        ("no session", "sid", Value::Null),
        ("a client that nobody knows", "client_id", json!("nobody")),
        ("no client", "client_id", Value::Null),
        ("no subject", "sub", Value::Null),
    ];
    for (name, claim, value) in wrong {
        let mut claims = genuine.clone();
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(claim)),
            value => claims[claim] = value,
        }
        if claim == "sid" {
            // Else its id still names the family of the genuine token, which may be revoked by it.
            claims["jti"] = json!("another");
        }
        opens_nothing(&app, name, &signed(&app, "production", "at+jwt", &claims).await).await;
    }
    for typ in ["JWT", "logout+jwt", "", "at+jwtx"] {
        opens_nothing(&app, typ, &signed(&app, "production", typ, &genuine).await).await;
    }
}

#[tokio::test]
async fn an_id_token_and_a_token_of_the_past_open_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    opens_nothing(&app, "an id token", text(&answer, "id_token")).await;
    app.advance(TimeDelta::minutes(5) - TimeDelta::microseconds(1));
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::microseconds(1));
    opens_nothing(&app, "an expired token", text(&answer, "access_token")).await;
}

#[tokio::test]
async fn a_token_of_one_environment_is_nothing_in_another() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let (access, refresh) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
    let before = Ledger::of(&app).await;
    refused(bearer(&app, "staging/userinfo", access).await, StatusCode::UNAUTHORIZED, "invalid_token");
    for token in [access, refresh, text(&answer, "id_token")] {
        let said = elsewhere(&app, "introspect", &[("token", token)]).await.expect_status(StatusCode::OK);
        assert_eq!(said.json(), json!({ "active": false }));
        elsewhere(&app, "revoke", &[("token", token)]).await.expect_status(StatusCode::OK);
    }
    let form = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    refused(elsewhere(&app, "token", &form).await, StatusCode::BAD_REQUEST, "invalid_grant");
    before.expect_unchanged(&Ledger::of(&app).await, "a token of another environment");
    userinfo(&app, access).await.expect_status(StatusCode::OK);
}

/// Neither the authorization endpoint nor sign-out believes this hint, and nothing has happened.
async fn hints_at_nobody(app: &TestApp, browser: &Browser, name: &str, token: &str) {
    let before = Ledger::of(app).await;
    let path = authorize_path("console", &[("id_token_hint", token), ("prompt", "none")]);
    let answer = browser.clone().get(&path).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"), "{name}: {}", answer.location());
    let path = format!("/id/production/logout?{}", encode(&[("id_token_hint", token)]));
    let page = browser.clone().get(&path).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign out Amara Okafor?"), "{name}: {}", page.body());
    before.expect_unchanged(&Ledger::of(app).await, name);
}

#[tokio::test]
async fn a_forged_id_token_hints_at_nobody() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let genuine = text(&answer, "id_token");
    for (name, token) in forgeries(&app, "JWT", genuine).await {
        hints_at_nobody(&app, &browser, name, &token).await;
    }
    let mut stranger = claims(&answer["id_token"]);
    stranger["iss"] = json!("https://evil.example");
    let stranger = signed(&app, "production", "JWT", &stranger).await;
    hints_at_nobody(&app, &browser, "a stranger's issuer", &stranger).await;
    hints_at_nobody(&app, &browser, "an access token", text(&answer, "access_token")).await;
    hints_at_nobody(&app, &browser, "a refresh token", text(&answer, "refresh_token")).await;
    hints_at_nobody(&app, &browser, "junk", "a.b.c").await;
    // The genuine one, and the same claims signed again, are believed.
    for token in [genuine, &signed(&app, "production", "JWT", &claims(&answer["id_token"])).await] {
        let path = authorize_path("console", &[("id_token_hint", token), ("prompt", "none")]);
        assert!(answered(&browser.get(&path).await, "code").is_some());
    }
}
