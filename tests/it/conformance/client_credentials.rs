//! What a client gets for itself (RFC 6749 section 4.4), beside what its users get.

use axum::http::StatusCode;
use serde_json::json;

use super::forge::verified;
use super::raw::{bearer, elsewhere, header_of};
use crate::identity::flow::{
    AMARA, answered, authorize_path, call, introspect, jose_header, refresh, refused, report, signed_in, text,
};
use crate::support::{Ledger, ResponseExt, TestApp};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn a_clients_own_token_is_typed_signed_and_never_a_users() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let issued = call(&app, "/token", "console", &[GRANT]).await.expect_status(StatusCode::OK);
    assert_eq!(header_of(&issued, "cache-control"), "no-store");
    let issued = issued.json();
    before.expect_unchanged(&Ledger::of(&app).await, "a token that is stored nowhere");
    let token = text(&issued, "access_token");
    assert_eq!(jose_header(&issued["access_token"])["typ"], "at+jwt");
    let said = verified(&app, token).await;
    // No user's id, no session, no scope: nothing by which it could pass for a user's.
    assert!(uuid::Uuid::try_parse(text(&said, "sub")).is_err(), "{said}");
    for claim in ["sid", "email", "act", "scope", "tenantId"] {
        assert!(said.get(claim).is_none(), "{claim} in {said}");
    }
    assert_eq!(introspect(&app, token).await["client_id"], "console");
}

#[tokio::test]
async fn a_clients_own_token_opens_nothing_of_a_user_and_nothing_elsewhere() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = call(&app, "/token", "console", &[GRANT]).await.json();
    let token = text(&issued, "access_token");
    let before = Ledger::of(&app).await;
    let answer = bearer(&app, "production/userinfo", token).await;
    refused(answer, StatusCode::FORBIDDEN, "insufficient_scope");
    let answer = report(&app, token, r#"{"action":"forged"}"#).await;
    refused(answer, StatusCode::FORBIDDEN, "insufficient_scope");
    refused(bearer(&app, "staging/userinfo", token).await, StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(elsewhere(&app, "introspect", &[("token", token)]).await.json(), json!({ "active": false }));
    refused(refresh(&app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
    let answer = browser.get(&authorize_path("console", &[("id_token_hint", token), ("prompt", "none")])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    for client in ["dispatch", "console"] {
        let form = [("token", token), ("token_type_hint", "refresh_token")];
        call(&app, "/revoke", client, &form).await.expect_status(StatusCode::OK);
        if client == "dispatch" {
            before.expect_unchanged(&Ledger::of(&app).await, "a client's own token in the wrong place");
        }
    }
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["revoked_tokens"]);
    assert_eq!(introspect(&app, token).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_bad_request_for_a_clients_own_token_gets_none() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let long = "x".repeat(50_000);
    for scope in ["openid", "admin", " ", &long] {
        let answer = call(&app, "/token", "console", &[GRANT, ("scope", scope)]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_scope");
    }
    refused(call(&app, "/token", "dispatch", &[GRANT]).await, StatusCode::BAD_REQUEST, "unauthorized_client");
    refused(call(&app, "/token", "console", &[GRANT, GRANT]).await, StatusCode::BAD_REQUEST, "invalid_request");
    before.expect_unchanged(&Ledger::of(&app).await, "a bad request for a client's own token");
}
