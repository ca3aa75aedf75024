//! Token exchange (RFC 8693): a hand-off code for the tokens of an application that signs its users in itself.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use chrono::TimeDelta;
use serde_json::json;
use understudy::model::operator::Role;

use super::embedded::{embed, embedded_code};
use super::flow::{
    AMARA, OLIVIA, REASON, VERIFIER, bare, call, claims, hand_off, introspect, jose_header, refresh, refused, start,
    text, userinfo,
};
use crate::support::{ResponseExt, TestApp, encode};

const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");
const TYPE: (&str, &str) = ("subject_token_type", "urn:understudy:params:oauth:token-type:hand-off");
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

async fn exchange(app: &TestApp, client_id: &str, code: &str, extra: &[(&str, &str)]) -> Response<String> {
    let mut form = vec![GRANT, TYPE, ("subject_token", code)];
    form.extend(extra);
    call(app, "/token", client_id, &form).await
}

/// What the script of a page at `origin` sends for the public client `dispatch`.
async fn exchange_from(app: &TestApp, origin: Option<&str>, code: &str) -> Response<String> {
    let form = [GRANT, TYPE, ("subject_token", code), ("client_id", "dispatch"), ("code_verifier", VERIFIER)];
    let mut request =
        Request::post("/id/production/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(origin) = origin {
        request = request.header(header::ORIGIN, origin);
    }
    app.browser().send(request.body(Body::from(encode(&form))).expect("a request")).await
}

#[tokio::test]
async fn an_application_trades_the_code_for_tokens_that_name_the_operator() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    let answer = exchange(&app, "console", &code, &[]).await.expect_status(StatusCode::OK);
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let answer = answer.json();
    assert_eq!(answer["issued_token_type"], ACCESS_TOKEN);
    assert_eq!(answer["token_type"], "Bearer");
    assert_eq!(answer["expires_in"], 300);
    assert_eq!(answer["scope"], "openid profile email");
    assert_eq!(jose_header(&answer["access_token"])["typ"], "at+jwt");
    let access = claims(&answer["access_token"]);
    let operator = app.caller(OLIVIA, "production").await.actor.id().expect("an operator");
    let act = json!({ "sub": operator, "iss": "http://localhost:3000" });
    assert_eq!(access["sub"], app.user_id(AMARA).await.to_string());
    assert_eq!(access["aud"], "console");
    assert_eq!(access["tenantId"], "northwind");
    assert_eq!(access["act"], act);
    let id = claims(&answer["id_token"]);
    assert_eq!(id["act"], act);
    assert!(id.get("nonce").is_none() && id.get("auth_time").is_none(), "{id}");
    assert!(!access.to_string().contains(REASON));
    userinfo(&app, text(&answer, "access_token")).await.expect_status(StatusCode::OK);
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["act"], act);
    let refreshed = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    let refreshed = refreshed.json();
    assert_eq!(claims(&refreshed["access_token"])["act"], act);
    assert!(refreshed.get("issued_token_type").is_none());
    let opened = app.events("impersonation.opened").await;
    assert_eq!(opened.len(), 1);
    assert_eq!(opened[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(app.count("session_applications").await, 1);
    assert_eq!(app.count("session_cookies").await, 0, "no browser of the provider is concerned");
}

#[tokio::test]
async fn nothing_outlives_the_impersonation() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    let answer = exchange(&app, "console", &code, &[]).await.json();
    let deadline = app.user_sessions(AMARA).await[0].expires_at;
    app.advance(TimeDelta::minutes(58));
    let refreshed = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
    let refreshed = refreshed.json();
    assert_eq!(claims(&refreshed["access_token"])["exp"], deadline.timestamp());
    app.advance(TimeDelta::minutes(2));
    let late = refresh(&app, "console", text(&refreshed, "refresh_token"), &[]).await;
    refused(late, StatusCode::BAD_REQUEST, "invalid_grant");
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn an_application_that_keeps_no_session_alive_gets_no_refresh_token() {
    let app = TestApp::new().await;
    embed(&app).await;
    app.execute("UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'console'").await;
    let code = embedded_code(&app, "console").await;
    let extra = [("scope", "openid offline_access")];
    let answer = exchange(&app, "console", &code, &extra).await.expect_status(StatusCode::OK).json();
    assert!(answer.get("refresh_token").is_none(), "{answer}");
    assert_eq!(answer["scope"], "openid offline_access");
    assert_eq!(app.count("refresh_tokens").await, 0);
}

#[tokio::test]
async fn a_code_is_traded_once_in_time_and_by_its_own_application() {
    let app = TestApp::new().await;
    embed(&app).await;
    app.execute("UPDATE applications SET client_secret_hash = NULL WHERE client_id = 'dispatch'").await;
    let code = embedded_code(&app, "console").await;
    let foreign = exchange_from(&app, Some("https://dispatch.example"), &code).await;
    refused(foreign, StatusCode::BAD_REQUEST, "invalid_request");
    exchange(&app, "console", &code, &[]).await.expect_status(StatusCode::OK);
    refused(exchange(&app, "console", &code, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let late = embedded_code(&app, "console").await;
    app.advance(TimeDelta::seconds(60));
    refused(exchange(&app, "console", &late, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let lost = embedded_code(&app, "console").await;
    app.set_roles(OLIVIA, &[Role::BackofficeViewer]).await;
    refused(exchange(&app, "console", &lost, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let why: Vec<String> =
        app.events("impersonation.hand_off_refused").await.into_iter().map(|event| event.description).collect();
    assert_eq!(why.len(), 4, "{why:?}");
    for (at, part) in ["another application", "used already", "older than 60 seconds", "is over"].iter().enumerate() {
        assert!(why[at].contains(part), "{why:?}");
    }
    for unknown in ["uho_forged", "x", "urt_x"] {
        refused(exchange(&app, "console", unknown, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    }
    assert_eq!(app.count("refresh_tokens").await, 1);
}

#[tokio::test]
async fn of_two_trades_at_the_same_instant_one_succeeds() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    let (left, right) = tokio::join!(exchange(&app, "console", &code, &[]), exchange(&app, "console", &code, &[]));
    let mut statuses = [left.status().as_u16(), right.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(app.events("impersonation.opened").await.len(), 1);
}

#[tokio::test]
async fn the_code_of_a_hosted_application_is_not_for_trading() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let code = path.split("code=").nth(1).expect("a code");
    refused(exchange(&app, "console", code, &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 1);
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn a_public_client_proves_itself_by_the_origin_of_its_page() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "dispatch").await;
    for origin in [None, Some("https://evil.example"), Some("https://console.example"), Some("null"), Some("")] {
        let answer = exchange_from(&app, origin, &code).await;
        refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1);
    let answer = exchange_from(&app, Some("https://dispatch.example"), &code).await.expect_status(StatusCode::OK);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://dispatch.example");
    assert!(claims(&answer.json()["access_token"])["act"]["sub"].is_string());
    // Each of its registered addresses will do: here the login address at a host of its own.
    app.execute("UPDATE applications SET login_url = 'https://login.dispatch.example/' WHERE client_id = 'dispatch'")
        .await;
    let code = embedded_code(&app, "dispatch").await;
    let answer = exchange_from(&app, Some("https://login.dispatch.example"), &code).await;
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://login.dispatch.example");
    answer.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_confidential_client_needs_its_secret_whatever_its_origin() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    let form = [GRANT, TYPE, ("subject_token", code.as_str()), ("client_id", "console")];
    refused(bare(&app, "/token", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    exchange(&app, "console", &code, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn each_mistake_has_its_standard_name_and_uses_no_code_up() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    let invalid = |answer| refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    invalid(call(&app, "/token", "console", &[GRANT, TYPE]).await);
    invalid(call(&app, "/token", "console", &[GRANT, ("subject_token", &code)]).await);
    let other = [GRANT, ("subject_token", code.as_str()), ("subject_token_type", ACCESS_TOKEN)];
    invalid(call(&app, "/token", "console", &other).await);
    invalid(exchange(&app, "console", &code, &[("actor_token", "x"), ("actor_token_type", ACCESS_TOKEN)]).await);
    invalid(exchange(&app, "console", &code, &[("actor_token_type", ACCESS_TOKEN)]).await);
    let id_token = "urn:ietf:params:oauth:token-type:id_token";
    invalid(exchange(&app, "console", &code, &[("requested_token_type", id_token)]).await);
    for name in ["audience", "resource"] {
        let answer = exchange(&app, "console", &code, &[(name, "dispatch")]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_target");
    }
    let answer = exchange(&app, "console", &code, &[("scope", "unheard_of")]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_scope");
    assert!(app.events("impersonation.hand_off_refused").await.is_empty());
    let extra = [("audience", "console"), ("requested_token_type", ACCESS_TOKEN), ("scope", "email")];
    let answer = exchange(&app, "console", &code, &extra).await.expect_status(StatusCode::OK).json();
    assert!(answer.get("id_token").is_none());
    assert_eq!(answer["scope"], "email");
}

#[tokio::test]
async fn without_an_audit_row_nothing_is_issued_and_the_code_still_works_afterwards() {
    let app = TestApp::new().await;
    embed(&app).await;
    let code = embedded_code(&app, "console").await;
    crate::support::break_audit(&app.state.db).await;
    let answer = exchange(&app, "console", &code, &[]).await;
    refused(answer, StatusCode::INTERNAL_SERVER_ERROR, "server_error");
    crate::support::mend_audit(&app.state.db).await;
    exchange(&app, "console", &code, &[]).await.expect_status(StatusCode::OK);
}
