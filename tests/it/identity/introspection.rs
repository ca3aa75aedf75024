//! Introspection, userinfo and revocation: what a token is worth now, and to whom.

use axum::http::{Method, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::flow::{
    AMARA, bare, call, impersonating, introspect, redeem, refresh, refused, signed_in, text, tokens, userinfo,
    with_bearer,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp};

fn unsigned(token: &str, algorithm: &str) -> String {
    let header = format!(r#"{{"alg":"{algorithm}","typ":"at+jwt"}}"#);
    let claims = token.split('.').nth(1).expect("claims");
    format!("{}.{claims}.", URL_SAFE_NO_PAD.encode(header))
}

#[tokio::test]
async fn a_token_that_was_tampered_with_opens_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let good = text(&answer, "access_token");
    userinfo(&app, good).await.expect_status(StatusCode::OK);
    let mut claims = super::flow::claims(&answer["access_token"]);
    claims["roles"] = serde_json::json!(["owner"]);
    let parts: Vec<&str> = good.split('.').collect();
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims.to_string()), parts[2]);
    for bad in
        [unsigned(good, "none"), unsigned(good, "HS256"), forged, text(&answer, "id_token").to_owned(), "x".into()]
    {
        let answer = userinfo(&app, &bad).await;
        let challenge = answer.headers()[header::WWW_AUTHENTICATE].to_str().expect("text").to_owned();
        assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"invalid_token\""), "{challenge}");
        refused(answer, StatusCode::UNAUTHORIZED, "invalid_token");
        assert_eq!(introspect(&app, &bad).await["active"], false);
    }
    let staging = with_bearer(&app, Method::GET, "/../staging/userinfo", good, None).await;
    assert_ne!(staging.status(), StatusCode::OK);
    let request =
        axum::http::Request::get("/id/staging/userinfo").header(header::AUTHORIZATION, format!("Bearer {good}"));
    let answer = app.browser().send(request.body(axum::body::Body::empty()).expect("a request")).await;
    refused(answer, StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn userinfo_takes_the_token_from_header_or_form_and_not_from_both_or_the_address() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&answer, "access_token");
    let missing = app.browser().get("/id/production/userinfo").await;
    assert_eq!(missing.headers()[header::WWW_AUTHENTICATE], "Bearer realm=\"understudy\"");
    assert_eq!(missing.status(), StatusCode::UNAUTHORIZED);
    let query = app.browser().get(&format!("/id/production/userinfo?access_token={token}")).await;
    assert_eq!(query.status(), StatusCode::UNAUTHORIZED);
    let form = bare(&app, "/userinfo", &[("access_token", token)]).await.expect_status(StatusCode::OK);
    assert_eq!(form.json()["email"], AMARA);
    with_bearer(&app, Method::POST, "/userinfo", token, None).await.expect_status(StatusCode::OK);
    let request = axum::http::Request::post("/id/production/userinfo")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(format!("access_token={token}")))
        .expect("a request");
    refused(app.browser().send(request).await, StatusCode::BAD_REQUEST, "invalid_request");
}

#[tokio::test]
async fn only_a_client_with_a_secret_may_ask_and_only_about_its_own_tokens() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let foreign = tokens(&app, &mut browser, "dispatch", &[]).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    let inactive = serde_json::json!({ "active": false });
    for token in [text(&foreign, "access_token"), text(&foreign, "refresh_token"), "unknown", "urt_unknown"] {
        assert_eq!(introspect(&app, token).await, inactive);
    }
    let access = introspect(&app, text(&own, "access_token")).await;
    assert_eq!(access["token_type"], "Bearer");
    assert_eq!(access["client_id"], "console");
    let token = introspect(&app, text(&own, "refresh_token")).await;
    assert_eq!(token["active"], true);
    assert_eq!(token["scope"], "openid profile email");
    let form = [("token", text(&own, "access_token"))];
    refused(call(&app, "/introspect", "dispatch", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    refused(bare(&app, "/introspect", &form).await, StatusCode::UNAUTHORIZED, "invalid_client");
    refused(call(&app, "/introspect", "console", &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let posted = [form[0], ("client_id", "console"), ("client_secret", CONSOLE_SECRET)];
    assert_eq!(bare(&app, "/introspect", &posted).await.json()["active"], true);
}

#[tokio::test]
async fn a_revoked_token_takes_everything_of_its_authorization_with_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for kind in ["access_token", "refresh_token"] {
        let revoked = tokens(&app, &mut browser, "console", &[]).await;
        let kept = tokens(&app, &mut browser, "console", &[]).await;
        let answer = call(&app, "/revoke", "console", &[("token", text(&revoked, kind))]).await;
        answer.expect_status(StatusCode::OK);
        assert_eq!(introspect(&app, text(&revoked, "access_token")).await["active"], false, "{kind}");
        assert_eq!(introspect(&app, text(&revoked, "refresh_token")).await["active"], false, "{kind}");
        userinfo(&app, text(&revoked, "access_token")).await.expect_status(StatusCode::UNAUTHORIZED);
        let answer = refresh(&app, "console", text(&revoked, "refresh_token"), &[]).await;
        refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
        assert_eq!(introspect(&app, text(&kept, "access_token")).await["active"], true, "{kind}");
    }
    assert!(app.events("session.revoked").await.is_empty(), "the user was signed out");
}

#[tokio::test]
async fn revoking_any_token_of_an_impersonation_ends_it() {
    let app = TestApp::new().await;
    for (kind, count) in [("access_token", 1), ("refresh_token", 2)] {
        let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
        let answer = tokens(&app, &mut browser, "console", &[]).await;
        let again = super::flow::code(&mut browser, "console", &[]).await;
        call(&app, "/revoke", "console", &[("token", text(&answer, kind))]).await.expect_status(StatusCode::OK);
        refused(redeem(&app, "console", &again).await, StatusCode::BAD_REQUEST, "invalid_grant");
        let ended = app.events("impersonation.ended").await;
        assert_eq!(ended.len(), count);
        assert!(ended.iter().all(|event| event.description.ends_with("signed out")), "{ended:?}");
    }
}

#[tokio::test]
async fn revocation_says_the_same_about_tokens_that_are_not_the_clients() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let own = tokens(&app, &mut browser, "console", &[]).await;
    for token in [text(&own, "access_token"), text(&own, "refresh_token"), "unknown"] {
        call(&app, "/revoke", "dispatch", &[("token", token)]).await.expect_status(StatusCode::OK);
    }
    assert_eq!(introspect(&app, text(&own, "access_token")).await["active"], true);
    refused(call(&app, "/revoke", "console", &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let anonymous = bare(&app, "/revoke", &[("token", text(&own, "access_token"))]).await;
    refused(anonymous, StatusCode::UNAUTHORIZED, "invalid_client");
}

#[tokio::test]
async fn a_user_who_may_no_longer_use_the_application_has_no_active_token_of_it() {
    let disable = "UPDATE memberships SET disabled_at = '2026-11-23T09:00:00+00:00' WHERE account_id IN \
                   (SELECT id FROM accounts WHERE external_id = 'northwind')";
    let remove =
        "DELETE FROM memberships WHERE account_id IN (SELECT id FROM accounts WHERE external_id = 'northwind')";
    let unassign = "DELETE FROM account_applications WHERE application_id IN \
                    (SELECT id FROM applications WHERE client_id = 'console')";
    for change in [disable, remove, unassign] {
        let app = TestApp::new().await;
        let mut browser = signed_in(&app, AMARA).await;
        let answer = tokens(&app, &mut browser, "console", &[]).await;
        let (access, token) = (text(&answer, "access_token"), text(&answer, "refresh_token"));
        assert_eq!(introspect(&app, access).await["active"], true);
        app.execute(change).await;
        assert_eq!(introspect(&app, access).await, serde_json::json!({ "active": false }), "{change}");
        assert_eq!(introspect(&app, token).await["active"], false, "{change}");
        refused(userinfo(&app, access).await, StatusCode::UNAUTHORIZED, "invalid_token");
        refused(refresh(&app, "console", token, &[]).await, StatusCode::BAD_REQUEST, "invalid_grant");
        // The user is still signed in: only this application is none of theirs any more.
        assert!(app.user_sessions(AMARA).await[0].ended_at.is_none());
    }
}

#[tokio::test]
async fn a_token_about_an_account_that_the_user_left_is_not_active_while_the_others_are() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "dispatch", &[]).await;
    app.execute("UPDATE applications SET client_secret_hash = (SELECT client_secret_hash FROM applications WHERE client_id = 'console' LIMIT 1)")
        .await;
    let active = async |token: &str| {
        let form = [("token", token), ("client_secret", CONSOLE_SECRET)];
        call(&app, "/introspect", "dispatch", &form).await.expect_status(StatusCode::OK).json()["active"].clone()
    };
    assert_eq!(active(text(&first, "access_token")).await, true);
    app.execute(
        "DELETE FROM memberships WHERE account_id IN (SELECT id FROM accounts WHERE external_id = 'northwind')",
    )
    .await;
    assert_eq!(active(text(&first, "access_token")).await, false);
    assert_eq!(active(text(&first, "refresh_token")).await, true, "Harbor has the application, too");
}
