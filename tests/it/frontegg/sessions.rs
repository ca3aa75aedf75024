//! The user's own sessions, as the SDKs list and end them.

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::sdk::{Call, MY_SESSIONS, refused, tokens};
use crate::identity::flow::{AMARA, RITA, signed_in, text};
use crate::mishaps::many_sessions;
use crate::support::{ResponseExt, TestApp};

const REVOKE: &str = "/identity/resources/users/sessions/v1/revoke";

#[tokio::test]
async fn a_user_sees_where_it_is_signed_in_and_ends_one() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&mut browser, "dispatch").await;
    let token = text(&answer, "id_token");
    signed_in(&app, AMARA).await;
    let list = Call::get("dispatch", MY_SESSIONS).bearer(token).send(&mut browser).await.json();
    let list = list.as_array().expect("sessions").clone();
    assert_eq!(list.len(), 2);
    let other = list.iter().find(|one| one["current"] == false).expect("the other");
    assert_eq!(other["impersonated"], false);
    let path = format!("{MY_SESSIONS}/current");
    let current = Call::get("dispatch", &path).bearer(token).send(&mut browser).await.json();
    assert_eq!(current["current"], true);
    assert_eq!(current["expires"], "2026-12-23T09:00:00Z");
    let id = other["id"].as_str().expect("an id");
    let end = Call::new(Method::DELETE, "dispatch", &format!("{MY_SESSIONS}/{id}")).bearer(token);
    end.send(&mut browser).await.expect_status(StatusCode::OK);
    let list = Call::get("dispatch", MY_SESSIONS).bearer(token).send(&mut browser).await.json();
    assert_eq!(list.as_array().expect("sessions").len(), 1);
    // Somebody else's is not there.
    signed_in(&app, RITA).await;
    let foreign = app.user_sessions(RITA).await[0].id;
    let end = Call::new(Method::DELETE, "dispatch", &format!("{MY_SESSIONS}/{foreign}")).bearer(token);
    refused(&end.send(&mut browser).await, StatusCode::NOT_FOUND);
    assert!(app.user_sessions(RITA).await[0].ended_at.is_none());
}

#[tokio::test]
async fn signing_out_everywhere_ends_this_session_too() {
    for (method, path) in [(Method::DELETE, format!("{MY_SESSIONS}/all")), (Method::POST, REVOKE.to_owned())] {
        let app = TestApp::new().await;
        let mut browser = signed_in(&app, AMARA).await;
        let answer = tokens(&mut browser, "dispatch").await;
        let token = text(&answer, "id_token");
        signed_in(&app, AMARA).await;
        let body = json!({ "userId": app.user_id(AMARA).await });
        let call = Call { method, ..Call::post("dispatch", &path, body) };
        call.bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
        assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
        refused(&Call::get("dispatch", MY_SESSIONS).bearer(token).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
}

/// Of many sessions the list shows the newest; the oldest is the one that was forgotten somewhere.
#[tokio::test]
async fn signing_out_everywhere_ends_more_sessions_than_a_list_shows() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&mut browser, "dispatch").await;
    many_sessions::begin(&app, AMARA, 450).await;
    let call = Call::new(Method::DELETE, "dispatch", &format!("{MY_SESSIONS}/all")).bearer(text(&answer, "id_token"));
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 0);
}

#[tokio::test]
async fn sessions_of_others_cannot_be_revoked() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, RITA).await;
    let answer = tokens(&mut browser, "dispatch").await;
    signed_in(&app, AMARA).await;
    for body in [json!({ "userId": app.user_id(AMARA).await }), json!({}), json!({ "userId": "x" })] {
        let call = Call::post("dispatch", REVOKE, body).bearer(text(&answer, "id_token"));
        refused(&call.send(&mut browser).await, StatusCode::FORBIDDEN);
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
}

#[tokio::test]
async fn without_a_token_or_with_a_wrong_one_nobody_sees_anything() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&mut browser, "dispatch").await;
    let id_token = crate::identity::flow::tokens(&app, &mut browser, "console", &[]).await;
    for path in [
        MY_SESSIONS,
        "/identity/resources/users/sessions/v1/me/current",
        "/identity/resources/users/v2/me",
        "/identity/resources/users/v3/me",
        "/identity/resources/users/v1/me/tenants",
        "/identity/resources/users/v2/me/tenants",
        "/identity/resources/users/v3/me/tenants",
        "/identity/resources/users/v1/me/authorization",
    ] {
        refused(&Call::get("dispatch", path).send(&mut browser).await, StatusCode::UNAUTHORIZED);
        for token in ["nonsense", text(&answer, "refresh_token"), text(&id_token, "id_token")] {
            let call = Call::get("dispatch", path).bearer(token);
            refused(&call.send(&mut browser).await, StatusCode::UNAUTHORIZED);
        }
        // One of another environment, which has the same applications.
        let mut staging = Call::get("dispatch", path).bearer(text(&answer, "id_token"));
        staging.path = staging.path.replace("production", "staging");
        refused(&staging.send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
}
