//! The authorization endpoint: where its answers go, and how it names each mistake.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;

use super::flow::{AMARA, answered, authorize_path, claims, redirect_uri, signed_in, tokens};
use crate::support::{ResponseExt, TestApp, encode};

#[tokio::test]
async fn a_signed_in_user_comes_back_with_code_state_and_issuer() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = browser.get(&authorize_path("console", &[])).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.location().starts_with("https://console.example/callback?code=uac_"), "{}", answer.location());
    assert_eq!(answered(&answer, "state").as_deref(), Some("a state"));
    assert_eq!(answered(&answer, "iss").as_deref(), Some("http://localhost:3000/id/production"));
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let form = authorize_path("console", &[]);
    let (path, query) = form.split_once('?').expect("a query");
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let posted = browser.post(path, &pairs).await;
    assert_eq!(posted.location(), form);
}

#[tokio::test]
async fn without_a_known_client_and_its_registered_address_nothing_is_redirected() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let uri = redirect_uri("console");
    for extra in [
        [("client_id", ""), ("x", "")],
        [("client_id", "nobody"), ("x", "")],
        [("redirect_uri", ""), ("x", "")],
        [("redirect_uri", "https://console.example/callback/"), ("x", "")],
        [("redirect_uri", "https://console.example/callback?x=1"), ("x", "")],
        [("redirect_uri", "https://CONSOLE.example/callback"), ("x", "")],
        [("redirect_uri", "https://console.example/bye"), ("x", "")],
        [("redirect_uri", "https://dispatch.example/callback"), ("x", "")],
        [("redirect_uri", "https://evil.example/"), ("response_type", "nonsense")],
    ] {
        let answer = browser.get(&authorize_path("console", &extra)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{extra:?}");
        assert!(answer.headers().get(header::LOCATION).is_none(), "{extra:?}");
        // What was refused is named, and leads nowhere.
        assert!(!answer.body().contains("href=\"https://evil") && !answer.body().contains("http-equiv"));
    }
    let path = authorize_path("console", &[]);
    for again in [("client_id", "console"), ("redirect_uri", uri.as_str())] {
        let answer = browser.get(&format!("{path}&{}", encode(&[again]))).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn every_other_mistake_is_redirected_with_its_standard_name_and_the_issuer() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code id_token")], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "web_message")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "profile email")], "invalid_scope"),
        (&[("request", "e30.e30.")], "request_not_supported"),
        (&[("request_uri", "https://console.example/r")], "request_uri_not_supported"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("prompt", "nonsense")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
    ];
    for (extra, error) in cases {
        let answer = browser.get(&authorize_path("console", extra)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{extra:?}: {}", answer.body());
        assert_eq!(answered(&answer, "error").as_deref(), Some(*error), "{extra:?}");
        assert!(answered(&answer, "error_description").is_some());
        assert_eq!(answered(&answer, "state").as_deref(), Some("a state"));
        assert_eq!(answered(&answer, "iss").as_deref(), Some("http://localhost:3000/id/production"));
        assert_eq!(answered(&answer, "code"), None);
    }
    let repeated = format!("{}&scope=openid", authorize_path("console", &[]));
    assert_eq!(answered(&browser.get(&repeated).await, "error").as_deref(), Some("invalid_request"));
    let states = format!("{}&state=other", authorize_path("console", &[]));
    let answer = browser.get(&states).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"));
    assert_eq!(answered(&answer, "state"), None);
}

#[tokio::test]
async fn a_public_client_must_use_pkce_and_a_confidential_one_may_go_without() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let without = [("code_challenge", ""), ("code_challenge_method", "")];
    let answer = browser.get(&authorize_path("dispatch", &without)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"));
    let answer = browser.get(&authorize_path("console", &without)).await;
    assert!(answered(&answer, "code").is_some());
}

#[tokio::test]
async fn who_is_not_signed_in_sees_the_sign_in_page_and_comes_back() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let silent = browser.get(&authorize_path("console", &[("prompt", "none")])).await;
    assert_eq!(answered(&silent, "error").as_deref(), Some("login_required"));
    let answer = browser.get(&authorize_path("console", &[("login_hint", AMARA)])).await;
    let login = answer.location();
    assert!(login.starts_with("/id/production/login?continue="), "{login}");
    let page = browser.get(&login).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Sign in to Console"), "{}", page.body());
    assert!(page.body().contains(&format!("value=\"{AMARA}\"")), "the hint is not filled in: {}", page.body());
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
    assert!(!policy.contains("form-action"), "where the application leads on is not known: {policy}");
    assert!(policy.contains("script-src 'none'"), "{policy}");
    let continued = login.split_once('=').expect("a query").1;
    let continued =
        url::form_urlencoded::parse(format!("c={continued}").as_bytes()).next().expect("one").1.into_owned();
    let form = [("email", AMARA), ("password", crate::support::USER_PASSWORD), ("continue", continued.as_str())];
    let answer = browser.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER);
    let answer = browser.get(&answer.location()).await;
    assert!(answered(&answer, "code").is_some(), "{}", answer.location());
}

#[tokio::test]
async fn an_application_can_insist_on_a_fresh_sign_in() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    app.advance(TimeDelta::minutes(10));
    tokens(&app, &mut browser, "console", &[("max_age", "600")]).await;
    for extra in [("prompt", "login"), ("max_age", "599"), ("max_age", "0")] {
        let answer = browser.get(&authorize_path("console", &[extra])).await;
        assert!(answer.location().starts_with("/id/production/login"), "{extra:?}: {}", answer.location());
    }
    let silent = [("prompt", "none"), ("max_age", "599")];
    let answer = browser.get(&authorize_path("console", &silent)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    let login = browser.get(&authorize_path("console", &[("max_age", "0"), ("prompt", "login")])).await.location();
    let continued = url::form_urlencoded::parse(login.split_once('?').expect("a query").1.as_bytes());
    let continued = continued.into_owned().next().expect("one").1;
    let form = [("email", AMARA), ("password", crate::support::USER_PASSWORD), ("continue", continued.as_str())];
    let answer = browser.post("/id/production/login", &form).await;
    app.advance(TimeDelta::seconds(2));
    let answer = browser.get(&answer.location()).await;
    let code = answered(&answer, "code").expect("no second question");
    let answer = super::flow::redeem(&app, "console", &code).await.json();
    assert_eq!(claims(&answer["id_token"])["auth_time"], app.now().timestamp() - 2);
}
