//! Users of hundreds of accounts, with hundreds of rights: their tokens still fit into a header.

use axum::http::StatusCode;

use crate::identity::flow::{AMARA, claims, impersonating, introspect, signed_in, text, tokens, userinfo};
use crate::support::{ResponseExt, TestApp};

/// Makes Amara a member of 400 accounts more, and gives her 200 permissions where she is an administrator.
async fn grow(app: &TestApp) {
    let sqlite = app.state.db.kind() == "SQLite";
    let id = |table: &str| {
        if sqlite { "randomblob(16)".to_owned() } else { format!("md5('{table}' || n)::uuid") }
    };
    let numbers = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)";
    let environment = "(SELECT id FROM environments WHERE slug = 'production')";
    let user = "(SELECT id FROM users WHERE email = 'amara@northwind.example' AND environment_id = (SELECT id FROM \
                environments WHERE slug = 'production'))";
    for sql in [
        format!(
            "INSERT INTO accounts (id, environment_id, external_id, name, created_at) {numbers} SELECT {}, {environment}, \
             'customer-' || n, 'Customer ' || n, (SELECT max(created_at) FROM accounts) FROM numbers",
            id("accounts")
        ),
        format!(
            "INSERT INTO memberships (user_id, account_id, created_at) SELECT {user}, id, created_at FROM accounts \
             WHERE external_id LIKE 'customer-%'"
        ),
        format!(
            "INSERT INTO role_permissions (role_id, permission) {numbers} SELECT roles.id, 'orders.archive.read.' || n \
             FROM numbers, roles WHERE roles.key = 'admin' AND n <= 200"
        ),
    ] {
        crate::support::try_execute(&app.state.db, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
}

#[tokio::test]
async fn a_user_of_hundreds_of_accounts_has_a_token_below_4_kilobytes_and_userinfo_has_the_rest() {
    let app = TestApp::new().await;
    grow(&app).await;
    let own = signed_in(&app, AMARA).await;
    let (impersonated, _) = impersonating(&app, AMARA, "northwind", "console").await;
    for mut browser in [own, impersonated] {
        let given = tokens(&app, &mut browser, "console", &[]).await;
        let length = text(&given, "access_token").len();
        assert!(length < 4096, "{length}");
        let token = claims(&given["access_token"]);
        let said = introspect(&app, text(&given, "access_token")).await;
        assert_eq!(token["permissionsOverflow"], true);
        assert!(token["permissions"].as_array().expect("permissions").len() > 20, "{token}");
        assert!(said["permissions"].as_array().expect("permissions").len() >= 200, "introspection has all of them");
        assert!(said.get("permissionsOverflow").is_none());
        for answer in [&token, &said] {
            let ids = answer["tenantIds"].as_array().expect("accounts");
            assert!((20..=50).contains(&ids.len()), "{}", ids.len());
            assert!(ids.contains(&answer["tenantId"]), "the account in which the user works is always named");
            assert_eq!(answer["tenantIdsOverflow"], true);
        }
        assert_eq!(token["tenantId"], "northwind");
        let info = userinfo(&app, text(&given, "access_token")).await.expect_status(StatusCode::OK).json();
        assert!(info["tenantIds"].as_array().expect("accounts").len() > 400);
        assert!(info["permissions"].as_array().expect("permissions").len() >= 200);
        assert!(info.get("tenantIdsOverflow").is_none());
    }
}

#[tokio::test]
async fn who_has_few_accounts_finds_all_of_them_in_the_token_and_the_application_by_either_name() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let token = claims(&given["access_token"]);
    assert!(token.get("tenantIdsOverflow").is_none() && token.get("rolesOverflow").is_none(), "{token}");
    assert!(token.get("permissionsOverflow").is_none());
    assert_eq!(token["applicationId"], "console");
    assert_eq!(token["client_id"], "console");
}
