//! What the SDKs ask at start about things that Understudy does not have: the smallest answer that says so. An error
//! would work too, but they try each failed call again, and the page waits.

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::call::Call;
use super::error::SdkError;

/// Path and body of each.
pub const BODIES: [(&str, &str); 18] = [
    ("/flags", "{}"),
    ("/entitlements/api/v2/user-entitlements", r#"{"features":{},"permissions":{}}"#),
    (
        "/identity/resources/configurations/sessions/v1",
        r#"{"sessionIdleTimeoutConfiguration":{"isActive":false,"timeout":0}}"#,
    ),
    (
        "/identity/resources/configurations/v1/public",
        concat!(
            r#"{"allowSignups":false,"allowNotVerifiedUsersLogin":false,"apiTokensEnabled":false,"forcePermissions":false,"#,
            r#""authStrategy":"EmailAndPassword","machineToMachineAuthStrategy":"ClientCredentials"}"#
        ),
    ),
    (
        "/identity/resources/configurations/v1/auth/strategies/public",
        r#"{"mainAuthStrategies":[{"strategy":"EmailAndPassword"}],"secondaryAuthStrategies":[]}"#,
    ),
    (
        "/identity/resources/configurations/v1/auth/strategies",
        r#"{"mainAuthStrategies":[{"strategy":"EmailAndPassword"}],"secondaryAuthStrategies":[]}"#,
    ),
    ("/identity/resources/configurations/v1/sign-up/strategies", "[]"),
    ("/identity/resources/configurations/v1/captcha-policy/public", r#"{"enabled":false}"#),
    ("/identity/resources/sso/v2", "[]"),
    ("/identity/resources/sso/v2/authenticated", "[]"),
    ("/identity/resources/sso/custom/v1", r#"{"providers":[]}"#),
    ("/team/resources/sso/v1/configurations/public", r#"{"isActive":false}"#),
    ("/team/resources/sso/v2/configurations/public", r#"{"isActive":false}"#),
    ("/tenants/resources/account-settings/v1/public", "{}"),
    ("/vendors/public", r#"{"whiteLabelMode":false}"#),
    ("/vendors/v1/public", r#"{"whiteLabelMode":false}"#),
    ("/notification", "[]"),
    ("/identity/resources/users/webauthn/v1/devices", r#"{"devices":[]}"#),
];

pub async fn body(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Settings by name. Without a row the newer SDKs take the answer for a failure.
pub async fn metadata() -> Response {
    Json(json!({ "rows": [{ "configuration": {} }] })).into_response()
}

/// The rest of the vendor's API.
pub async fn missing(_: Call) -> SdkError {
    SdkError::missing("Understudy does not have this part of the API.")
}
