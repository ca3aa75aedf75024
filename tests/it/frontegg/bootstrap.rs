//! What the SDKs ask at start about things that are not here: 200 at once, for they try each failed call again.

use axum::http::StatusCode;
use serde_json::json;

use super::sdk::{Call, refused};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn calls_that_sdks_make_and_do_not_need_get_the_smallest_valid_answer() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    for (path, body) in [
        ("/metadata?entityName=adminBox", json!({ "rows": [{ "configuration": {} }] })),
        ("/metadata?entityName=saml", json!({ "rows": [{ "configuration": {} }] })),
        ("/flags", json!({})),
        ("/identity/resources/sso/v2", json!([])),
        ("/identity/resources/sso/v2/authenticated", json!([])),
        ("/identity/resources/sso/custom/v1", json!({ "providers": [] })),
        ("/identity/resources/configurations/v1/sign-up/strategies", json!([])),
        ("/team/resources/sso/v2/configurations/public", json!({ "isActive": false })),
        ("/vendors/public", json!({ "whiteLabelMode": false })),
        ("/identity/resources/configurations/v1/captcha-policy/public", json!({ "enabled": false })),
        (
            "/identity/resources/configurations/sessions/v1",
            json!({ "sessionIdleTimeoutConfiguration": { "isActive": false, "timeout": 0 } }),
        ),
        (
            "/identity/resources/configurations/v1/auth/strategies",
            json!({ "mainAuthStrategies": [{ "strategy": "EmailAndPassword" }], "secondaryAuthStrategies": [] }),
        ),
        (
            "/identity/resources/configurations/v1/auth/strategies/public",
            json!({ "mainAuthStrategies": [{ "strategy": "EmailAndPassword" }], "secondaryAuthStrategies": [] }),
        ),
    ] {
        let answer = Call::get("dispatch", path).send(&mut browser).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://dispatch.example", "{path}");
        assert_eq!(answer.json(), body, "{path}");
    }
    let public = Call::get("dispatch", "/identity/resources/configurations/v1/public").send(&mut browser).await.json();
    assert_eq!(public["authStrategy"], "EmailAndPassword");
    assert_eq!(public["allowSignups"], false);
}

#[tokio::test]
async fn the_rest_of_the_vendors_api_is_missing_in_words_that_the_page_can_read() {
    let app = TestApp::new().await;
    let answer = Call::get("dispatch", "/audits/resources/v2").send(&mut app.browser()).await;
    refused(&answer, StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://dispatch.example");
}

#[tokio::test]
async fn answers_come_uncompressed_for_old_servers_hand_them_on_without_looking() {
    let app = TestApp::new().await;
    let call =
        Call::get("dispatch", "/identity/resources/configurations/v1/public").header("accept-encoding", "gzip, br");
    let answer = call.send(&mut app.browser()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(!answer.headers().contains_key("content-encoding"));
    assert_eq!(answer.json()["authStrategy"], "EmailAndPassword");
}
