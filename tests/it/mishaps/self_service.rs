//! A token that an API was shown is no key to its user's own affairs.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::frontegg::sdk::{self, Call, ME, MY_SESSIONS, refused};
use crate::identity::flow::{AMARA, answered, claims, signed_in, text, tokens};
use crate::support::{Browser, ResponseExt, TestApp};

const TENANT: &str = "/identity/resources/users/v1/tenant";
const REVOKE: &str = "/identity/resources/users/sessions/v1/revoke";

/// The calls that list or change something of the user's own.
async fn own_calls(app: &TestApp) -> Vec<Call<'static>> {
    let user_id = app.user_id(AMARA).await;
    let session_id = app.user_sessions(AMARA).await[0].id;
    vec![
        Call::get("dispatch", MY_SESSIONS),
        Call::get("dispatch", &format!("{MY_SESSIONS}/current")),
        Call::new(Method::DELETE, "dispatch", &format!("{MY_SESSIONS}/{session_id}")),
        Call::new(Method::DELETE, "dispatch", &format!("{MY_SESSIONS}/all")),
        Call::post("dispatch", REVOKE, json!({ "userId": user_id })),
        Call { method: Method::PUT, ..Call::post("dispatch", TENANT, json!({ "tenantId": "harbor" })) },
    ]
}

async fn opens_nothing(app: &TestApp, token: &str) {
    for call in own_calls(app).await {
        let what = call.path.clone();
        let call = Call { bearer: Some(token), ..call };
        let answer = call.send(&mut app.browser()).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{what}: {}", answer.body());
    }
    assert_eq!(app.count("sessions WHERE ended_at IS NOT NULL").await, 0);
    assert!(app.events("session.account_switched").await.is_empty());
}

/// The token of an SDK's sign-in that asked for this scope.
async fn sdk_token(browser: &mut Browser, scope: &str) -> serde_json::Value {
    let path = sdk::authorize_path("dispatch", &[("scope", scope)]);
    let answer = browser.get(&path).await.expect_status(StatusCode::SEE_OTHER);
    let code = answered(&answer, "code").expect("a code");
    sdk::redeem(browser, "dispatch", &code).await.expect_status(StatusCode::OK).json()
}

#[tokio::test]
async fn the_token_of_an_ordinary_client_lists_and_ends_no_sessions_whatever_its_scope() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for scope in ["openid", "openid profile email", "openid profile email self_service"] {
        let given = tokens(&app, &mut browser, "dispatch", &[("scope", scope)]).await;
        assert!(!claims(&given["access_token"])["scope"].as_str().unwrap_or_default().contains("self_service"));
        opens_nothing(&app, text(&given, "access_token")).await;
    }
}

#[tokio::test]
async fn an_sdks_token_of_scope_openid_opens_nothing_either_and_names_nobody() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = sdk_token(&mut browser, "openid").await;
    let token = text(&given, "access_token");
    opens_nothing(&app, token).await;
    let me = Call::get("dispatch", ME).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK).json();
    for hidden in ["email", "name", "verified", "profilePictureUrl"] {
        assert!(me.get(hidden).is_none(), "{me}");
    }
    let given = sdk_token(&mut browser, "openid email").await;
    let token = text(&given, "access_token");
    let me = Call::get("dispatch", ME).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK).json();
    assert_eq!(me["email"], AMARA);
    assert!(me.get("name").is_none(), "{me}");
}

#[tokio::test]
async fn what_the_sdks_get_opens_what_they_call_from_their_own_page_and_from_no_other() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET client_secret_hash = NULL").await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = sdk_token(&mut browser, "openid email profile").await;
    let token = text(&given, "access_token");
    for path in [ME, MY_SESSIONS, "/identity/resources/users/v3/me/tenants"] {
        let elsewhere = Call::get("console", path).bearer(token).send(&mut browser).await;
        refused(&elsewhere, StatusCode::FORBIDDEN);
        Call::get("dispatch", path).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
    }
    // Nothing changes for whoever has the token and no page.
    let switch = || Call { method: Method::PUT, ..Call::post("dispatch", TENANT, json!({ "tenantId": "harbor" })) };
    refused(&switch().from(None).bearer(token).send(&mut app.browser()).await, StatusCode::FORBIDDEN);
    switch().bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
}
