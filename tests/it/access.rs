//! Who gets in, and what everybody else sees.

use axum::http::StatusCode;
use chrono::TimeDelta;
use leptos::server_fn::axum::server_fn_paths;

use crate::support::{OPERATOR_PASSWORD, ResponseExt, TestApp};

/// Server functions that answer without a sign-in, because they are the sign-in.
const PUBLIC: [&str; 1] = ["/rpc/sign-in"];

#[tokio::test]
async fn every_server_function_refuses_a_caller_without_a_cookie() {
    let app = TestApp::new().await;
    let mut called = 0;
    for (path, method) in server_fn_paths() {
        if PUBLIC.contains(&path) {
            continue;
        }
        assert_eq!(method.as_str(), "POST", "{path} changes nothing by a link");
        let id = "019a0000-0000-7000-8000-000000000000";
        let form = [
            ("environment", "production"),
            ("user_id", id),
            ("session_id", id),
            ("event_id", id),
            ("application_id", id),
            ("query[q]", ""),
            ("request[environment]", "production"),
            ("request[user_id]", id),
            ("request[account]", "northwind"),
            ("request[application]", "console"),
            ("request[reason]", "because"),
        ];
        let endpoint = path.trim_start_matches("/rpc/");
        let answer = app.browser().call(endpoint, &form).await.expect_status(StatusCode::UNAUTHORIZED);
        assert!(answer.body().contains("Unauthenticated"), "{path}: {}", answer.body());
        called += 1;
    }
    assert!(called >= 17, "only {called} server functions are registered");
}

#[tokio::test]
async fn every_portal_page_without_a_cookie_leads_to_the_sign_in_page_and_back() {
    let app = TestApp::new().await;
    let user = app.user_id("amara@northwind.example").await;
    let pages = [
        "/production/users".to_owned(),
        format!("/production/users/{user}"),
        format!("/production/users/{user}?impersonate=1"),
        "/production/impersonation".to_owned(),
        "/production/audit".to_owned(),
        "/production/applications".to_owned(),
        format!("/production/applications/{user}"),
        "/production/keys".to_owned(),
        "/nowhere/users".to_owned(),
    ];
    for page in pages {
        let answer = app.browser().get(&page).await.expect_status(StatusCode::SEE_OTHER);
        let encoded = crate::support::encode(&[("return_to", &page)]);
        assert_eq!(answer.location(), format!("/sign-in?{encoded}"));
        assert!(answer.body().is_empty(), "{page} shows something");
    }
    let answer = app.browser().post(&format!("/production/users/{user}/impersonate"), &[("reason", "x")]).await;
    assert_eq!(answer.location(), "/sign-in");
    assert_eq!(app.events("impersonation.started").await.len(), 0);
}

#[tokio::test]
async fn another_environments_ids_answer_exactly_like_ids_that_do_not_exist() {
    let app = TestApp::new().await;
    app.set_roles("vera@understudy.example", &[]).await;
    let environment = {
        let mut conn = app.state.db.read().await.expect("a connection");
        understudy::server::db::environment::by_slug(&mut conn, "staging").await.expect("a query").expect("staging").id
    };
    let roles = [understudy::model::operator::Role::Owner];
    understudy::server::service::operator::change_roles(
        &understudy::server::service::caller::ServerCaller::system(&app.state),
        "vera@understudy.example",
        Some(environment),
        &roles,
        &[],
    )
    .await
    .expect("roles");

    let mut browser = app.operator_browser("vera@understudy.example").await;
    let foreign = app.user_id("amara@northwind.example").await.to_string();
    let missing = "019a0000-0000-7000-8000-000000000000";
    for endpoint in ["users/get", "impersonation/drawer"] {
        let mut answers = Vec::new();
        for (environment, id) in
            [("staging", foreign.as_str()), ("staging", missing), ("production", &foreign), ("nowhere", missing)]
        {
            let answer = browser.call(endpoint, &[("environment", environment), ("user_id", id)]).await;
            answers.push((answer.status(), answer.into_body()));
        }
        assert_eq!(answers[0].0, StatusCode::NOT_FOUND);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{endpoint}: {answers:?}");
    }
    let start = |environment: &'static str, id: String| {
        [
            ("request[environment]", environment.to_owned()),
            ("request[user_id]", id),
            ("request[account]", "northwind".into()),
            ("request[application]", "console".into()),
            ("request[reason]", "because".into()),
        ]
    };
    for (environment, id) in
        [("staging", foreign.clone()), ("staging", missing.to_owned()), ("production", foreign.clone())]
    {
        let form = start(environment, id);
        let form: Vec<(&str, &str)> = form.iter().map(|(key, value)| (*key, value.as_str())).collect();
        browser.call("impersonation/start", &form).await.expect_status(StatusCode::NOT_FOUND);
    }
    for page in [format!("/staging/users/{foreign}"), format!("/production/users/{foreign}"), "/nowhere/users".into()] {
        browser.get(&page).await.expect_status(StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_answer() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let known = browser
        .call("sign-in", &[("email", "olivia@understudy.example"), ("password", "wrong"), ("return_to", "")])
        .await;
    let unknown = browser
        .call("sign-in", &[("email", "nobody@understudy.example"), ("password", "wrong"), ("return_to", "")])
        .await;
    assert_eq!(known.status(), unknown.status());
    assert_eq!(known.body(), unknown.body());
    assert!(known.body().contains("The e-mail or the password is wrong."), "{}", known.body());
    assert_eq!(app.events("operator.sign_in_failed").await.len(), 4, "one in each environment for each of the two");
}

#[tokio::test]
async fn after_ten_attempts_an_account_has_to_wait_and_another_has_not() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let attempt =
        |email: &'static str, password: &'static str| [("email", email), ("password", password), ("return_to", "")];
    for _ in 0..10 {
        browser
            .call("sign-in", &attempt("olivia@understudy.example", "wrong"))
            .await
            .expect_status(StatusCode::UNPROCESSABLE_ENTITY);
    }
    let olivia = attempt("olivia@understudy.example", OPERATOR_PASSWORD);
    browser.call("sign-in", &olivia).await.expect_status(StatusCode::TOO_MANY_REQUESTS);
    browser.call("sign-in", &attempt("adam@understudy.example", OPERATOR_PASSWORD)).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(31));
    browser.call("sign-in", &olivia).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn signing_out_ends_the_portal_session_for_good() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let mut copy = browser.clone();
    browser.post("/rpc/sign-out", &[]).await;
    assert!(browser.cookie("understudy").is_none());
    copy.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.events("operator.signed_out").await.len(), 2);
}

#[tokio::test]
async fn a_portal_session_ends_after_twelve_hours() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    browser.get("/production/users").await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::seconds(1));
    browser.get("/production/users").await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_form_posted_from_another_site_is_refused() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let request = axum::http::Request::post("/rpc/impersonation/settings")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from("environment=production"))
        .expect("a request");
    browser.send(request).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.events("impersonation.settings_changed").await.len(), 0);
}

#[tokio::test]
async fn documents_carry_a_strict_policy_with_a_new_nonce_each_time() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    let mut policies = Vec::new();
    for _ in 0..2 {
        let answer = browser.get("/production/users").await.expect_status(StatusCode::OK);
        let header = |name: &str| {
            answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert!(!answer.body().contains(" style="), "an inline style");
        policies.push(policy);
    }
    assert_ne!(policies[0], policies[1]);
}

#[tokio::test]
async fn the_portal_begins_in_the_first_of_the_operators_environments() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser("olivia@understudy.example").await;
    assert_eq!(browser.get("/").await.location(), "/production/users");
    app.execute("UPDATE environments SET position = 7 WHERE slug = 'production'").await;
    assert_eq!(browser.get("/").await.location(), "/staging/users");
}
