//! What introspection says of a user is as it is now, not as it was when the token was signed.

use axum::http::StatusCode;
use serde_json::json;

use crate::identity::flow::{AMARA, claims, introspect, refresh, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn a_right_that_was_taken_away_is_gone_at_the_next_introspection() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&given, "access_token");
    let before = introspect(&app, token).await;
    assert_eq!(before["roles"], json!(["admin", "member"]));
    assert_eq!(before["roles"], claims(&given["access_token"])["roles"]);
    assert_eq!(before["permissions"], claims(&given["access_token"])["permissions"]);
    app.execute("DELETE FROM membership_roles").await;
    app.execute("UPDATE users SET name = 'Amara Obi' WHERE email = 'amara@northwind.example'").await;
    let now = introspect(&app, token).await;
    assert_eq!(now["active"], true);
    assert_eq!(now["roles"], json!([]));
    assert_eq!(now["permissions"], json!([]));
    assert_eq!(now["name"], "Amara Obi");
    assert_eq!(now["jti"], claims(&given["access_token"])["jti"]);
}

/// Roles of one account must never stand beside the id of another.
#[tokio::test]
async fn the_rights_are_those_of_the_tokens_own_account_though_the_session_has_moved_on() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "dispatch", &[]).await;
    let moved = refresh(&app, "dispatch", text(&first, "refresh_token"), &[("tenantId", "harbor")]).await;
    let moved = moved.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&moved["access_token"])["tenantId"], "harbor");
    // Only an application with a proof may ask.
    app.execute(
        "UPDATE applications SET client_secret_hash = (SELECT client_secret_hash FROM applications \
                 WHERE client_secret_hash IS NOT NULL LIMIT 1) WHERE client_id = 'dispatch'",
    )
    .await;
    for (answer, tenant, roles) in
        [(&first, "northwind", json!(["admin", "member"])), (&moved, "harbor", json!(["member"]))]
    {
        let form = [
            ("token", text(answer, "access_token")),
            ("client_id", "dispatch"),
            ("client_secret", crate::support::fixture::CONSOLE_SECRET),
        ];
        let said = crate::identity::flow::bare(&app, "/introspect", &form).await.expect_status(StatusCode::OK).json();
        assert_eq!(said["tenantId"], tenant, "{said}");
        assert_eq!(said["roles"], roles, "{said}");
    }
}
