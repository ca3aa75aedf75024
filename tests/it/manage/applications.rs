//! Applications: made, changed, connected, given another secret.

use axum::http::StatusCode;
use chrono::TimeDelta;

use super::{application_id, hidden};
use crate::support::{Browser, ResponseExt, TestApp};

const FORM: [(&str, &str); 9] = [
    ("name", "Reports"),
    ("client_id", "reports"),
    ("kind", "server"),
    ("login_method", "hosted"),
    ("app_url", "https://reports.example/"),
    ("redirect_uris", "https://reports.example/callback\r\nhttps://reports.example/other"),
    ("signing_algorithm", "ES256"),
    ("keep_session_alive", "true"),
    ("assigned_to_new", "true"),
];

fn secret_in(page: &str) -> String {
    let (_, rest) = page.split_once("<code>ucs_").expect("a secret");
    format!("ucs_{}", rest.split('<').next().unwrap_or_default())
}

/// Whether the token endpoint takes the secret: what it refuses else is the grant.
async fn is_taken(app: &TestApp, secret: &str) -> bool {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "none"),
        ("client_id", "reports"),
        ("client_secret", secret),
    ];
    let answer = app.browser().post("/id/production/token", &form).await;
    match answer.json()["error"].as_str() {
        Some("invalid_grant") => true,
        Some("invalid_client") => false,
        other => panic!("{other:?}"),
    }
}

async fn made(olivia: &mut Browser) -> String {
    let page = olivia.post("/production/applications/new", &FORM).await.expect_status(StatusCode::OK);
    secret_in(page.body())
}

#[tokio::test]
async fn an_application_is_made_with_a_secret_that_is_shown_once_and_connected_with_its_real_values() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let secret = made(&mut olivia).await;
    assert!(is_taken(&app, &secret).await);
    let id = application_id(&app, "reports").await;
    let connect = olivia.get(&format!("/production/applications/{id}/connect")).await.expect_status(StatusCode::OK);
    assert!(connect.body().contains("https://reports.example/callback") && connect.body().contains("reports"));
    assert!(!connect.body().contains(&secret));
    for client in
        ["openid-client", "oidc-client-ts", "authjs", "spring", "aspnet", "authlib", "mod-auth-openidc", "frontegg"]
    {
        let page = olivia.get(&format!("/production/applications/{id}/connect?client={client}")).await;
        let page = page.expect_status(StatusCode::OK);
        assert!(page.body().contains("/id/production") && !page.body().contains("{issuer}"), "{client}");
    }
    let again =
        olivia.post("/production/applications/new", &FORM).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body().contains("There is one with reports already"));
    let public = FORM.map(|(name, value)| match name {
        "client_id" => (name, "reports-spa"),
        "kind" => (name, "browser"),
        _ => (name, value),
    });
    olivia.post("/production/applications/new", &public).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_secret_that_is_replaced_works_for_a_day_more_or_not_at_all() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let first = made(&mut olivia).await;
    let id = application_id(&app, "reports").await;
    let path = format!("/production/applications/{id}");
    let version = hidden(olivia.get(&format!("{path}/edit")).await.body(), "version");
    let form = [("version", version.as_str()), ("overlap", "true")];
    let second = secret_in(olivia.post(&format!("{path}/secret"), &form).await.expect_status(StatusCode::OK).body());
    assert!(is_taken(&app, &first).await && is_taken(&app, &second).await);
    let stale = olivia.post(&format!("{path}/secret"), &form).await;
    stale.expect_status(StatusCode::CONFLICT);
    app.advance(TimeDelta::hours(23));
    assert!(is_taken(&app, &first).await);
    app.advance(TimeDelta::hours(1));
    let mut again = app.operator_browser("olivia@understudy.example").await;
    assert!(!is_taken(&app, &first).await && is_taken(&app, &second).await);
    let version = hidden(again.get(&format!("{path}/edit")).await.body(), "version");
    let third = again.post(&format!("{path}/secret"), &[("version", version.as_str())]).await;
    let third = secret_in(third.expect_status(StatusCode::OK).body());
    assert!(!is_taken(&app, &second).await && is_taken(&app, &third).await, "in wrong hands it works no more");
}

#[tokio::test]
async fn new_accounts_get_the_applications_that_are_every_new_accounts() {
    use understudy::server::service::directory::account::{self, Account};
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let form: Vec<_> = FORM.into_iter().chain([("default_of_new", "true")]).collect();
    olivia.post("/production/applications/new", &form).await.expect_status(StatusCode::OK);
    let caller = app.caller("olivia@understudy.example", "production").await;
    let new = Account { external_id: "fresh".to_owned(), name: "Fresh Foods".to_owned(), ..Account::default() };
    account::create(&caller, new).await.expect("an account");
    let id = application_id(&app, "reports").await;
    let page = olivia.get(&format!("/production/applications/{id}")).await;
    assert!(page.body().contains("Fresh Foods") && page.body().contains("Default"), "{}", page.body());
}

#[tokio::test]
async fn an_edit_shows_what_is_stored_and_a_deletion_says_what_it_ends() {
    let app = TestApp::new().await;
    let mut olivia = app.operator_browser("olivia@understudy.example").await;
    let id = application_id(&app, "console").await;
    let path = format!("/production/applications/{id}");
    let page = olivia.get(&format!("{path}/edit")).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Delete Console?") && page.body().contains("No impersonation runs in it."));
    let version = hidden(page.body(), "version");
    let form = [
        ("version", version.as_str()),
        ("name", "Console"),
        ("login_method", "hosted"),
        ("app_url", "https://console.example/#fragment"),
        ("redirect_uris", "https://console.example/*"),
        ("jwks", "{}"),
        ("backchannel_logout_uri", "ftp://console.example"),
    ];
    let refused = olivia.post(&format!("{path}/edit"), &form).await.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body().matches("aria-invalid=\"true\"").count() >= 3, "{}", refused.body());
    app.operator_browser("ed@understudy.example")
        .await
        .get(&format!("{path}/edit"))
        .await
        .expect_status(StatusCode::FORBIDDEN);
    olivia.post(&format!("{path}/delete"), &[]).await.expect_status(StatusCode::OK);
    olivia.get(&format!("{path}/edit")).await.expect_status(StatusCode::NOT_FOUND);
}
