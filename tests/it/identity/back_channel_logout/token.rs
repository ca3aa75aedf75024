//! The logout token: what it says, what it passes for, and what counts as having heard it.

use axum::http::StatusCode;
use chrono::TimeDelta;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Value, json};

use super::{CONSOLE, app, deliver, end, logout_token, session_in};
use crate::identity::flow::{AMARA, answered, authorize_path, introspect, jose_header, signed_in, userinfo};
use crate::support::{ResponseExt, encode};
use understudy::server::platform::outbound::Script;

#[tokio::test]
async fn a_logout_token_says_what_the_standard_asks_for_and_verifies_with_the_published_keys() {
    for algorithm in ["RS256", "ES256"] {
        let app = app().await;
        if algorithm == "ES256" {
            app.execute("UPDATE applications SET signing_algorithm = 'ES256'").await;
        }
        let sid = session_in(&app, AMARA, "console").await;
        app.advance(TimeDelta::seconds(90));
        end(&app, sid).await;
        deliver(&app).await;
        let token = logout_token(&app.outbound.calls()[0]);
        assert_eq!(jose_header(&token)["typ"], "logout+jwt");
        assert_eq!(jose_header(&token)["alg"], algorithm);
        let set = app.browser().get("/id/production/.well-known/jwks.json").await.json();
        let set: JwkSet = serde_json::from_value(set).expect("a key set");
        let jwk = set.find(jose_header(&token)["kid"].as_str().expect("a kid")).expect("a published key");
        let mut validation = Validation::new(algorithm.parse().expect("an algorithm"));
        validation.set_audience(&["console"]);
        validation.set_issuer(&["http://localhost:3000/id/production"]);
        validation.validate_exp = false;
        let key = DecodingKey::from_jwk(jwk).expect("a key");
        let verified = jsonwebtoken::decode::<Value>(token.as_str().expect("a token"), &key, &validation);
        let mut said = verified.expect("a valid token").claims;
        let jti = said.as_object_mut().and_then(|claims| claims.remove("jti")).expect("a jti");
        assert_eq!(jti.as_str().map(str::len), Some(32));
        let expected = json!({
            "iss": "http://localhost:3000/id/production",
            "aud": "console",
            "iat": app.now().timestamp(),
            "exp": app.now().timestamp() + 120,
            "sub": app.user_id(AMARA).await,
            "sid": sid,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
        });
        assert_eq!(said, expected, "nothing else, and above all no nonce");
    }
}

#[tokio::test]
async fn a_logout_token_is_no_id_token_and_no_access_token() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    deliver(&app).await;
    let token = logout_token(&app.outbound.calls()[0]);
    let token = token.as_str().expect("a token");
    let other = session_in(&app, AMARA, "console").await;
    assert_eq!(introspect(&app, token).await, json!({ "active": false }));
    userinfo(&app, token).await.expect_status(StatusCode::UNAUTHORIZED);
    app.browser().get(&format!("/id/production/logout?{}", encode(&[("id_token_hint", token)]))).await;
    let standing = app.user_sessions(AMARA).await.into_iter().find(|session| session.id == other).expect("a session");
    assert!(standing.is_live(app.now()));
}

#[tokio::test]
async fn a_logout_token_hints_at_nobody_in_an_authorization_request() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    end(&app, sid).await;
    deliver(&app).await;
    let token = logout_token(&app.outbound.calls()[0]);
    let hint = ("id_token_hint", token.as_str().expect("a token"));
    // Even in a browser that is signed in as the very user whom the token names.
    let mut browser = signed_in(&app, AMARA).await;
    let answer = browser.get(&authorize_path("console", &[hint, ("prompt", "none")])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"), "{}", answer.location());
    assert_eq!(answered(&answer, "code"), None);
    let without = browser.get(&authorize_path("console", &[("prompt", "none")])).await;
    assert!(answered(&without, "code").is_some(), "{}", without.location());
}

#[tokio::test]
async fn an_answer_of_200_or_204_is_success_and_no_other_is() {
    for (status, heard) in [
        (200, true),
        (204, true),
        (201, false),
        (202, false),
        (301, false),
        (302, false),
        (400, false),
        (404, false),
        (500, false),
        (503, false),
    ] {
        let app = app().await;
        app.outbound.script(CONSOLE, Script::Answer(status));
        let sid = session_in(&app, AMARA, "console").await;
        end(&app, sid).await;
        deliver(&app).await;
        let delivered = app.count("deliveries WHERE delivered_at IS NOT NULL").await;
        assert_eq!(delivered, i64::from(heard), "{status}");
        app.advance(TimeDelta::seconds(2));
        deliver(&app).await;
        assert_eq!(app.outbound.calls().len(), if heard { 1 } else { 2 }, "{status}");
    }
}

#[tokio::test]
async fn discovery_says_that_applications_are_told() {
    let app = app().await;
    let metadata = app.browser().get("/id/production/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["backchannel_logout_supported"], true);
    assert_eq!(metadata["backchannel_logout_session_supported"], true);
}
