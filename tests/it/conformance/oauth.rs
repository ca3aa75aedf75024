//! RFC 6749, the OAuth 2.0 authorization framework.

use axum::http::{Method, Response, StatusCode};

use super::raw::{FORM, elsewhere, header_of, post, send};
use crate::identity::flow::{
    AMARA, BEN, VERIFIER, answered, authorize_path, bare, basic, call, code, redeem, redirect_uri, refresh, signed_in,
    text, tokens,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp, encode};

#[track_caller]
fn json_that_nobody_may_store(answer: &Response<String>) {
    assert_eq!(header_of(answer, "content-type"), "application/json");
    assert_eq!(header_of(answer, "cache-control"), "no-store");
    assert_eq!(header_of(answer, "pragma"), "no-cache");
    assert!(answer.json().is_object());
}

#[tokio::test]
async fn the_token_endpoint_answers_json_that_nobody_may_store() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let issued = redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
    json_that_nobody_may_store(&issued);
    let issued = issued.json();
    assert_eq!(issued["token_type"], "Bearer");
    assert!(issued["expires_in"].as_i64().is_some_and(|seconds| seconds > 0));
    json_that_nobody_may_store(&refresh(&app, "console", text(&issued, "refresh_token"), &[]).await);
    json_that_nobody_may_store(&refresh(&app, "console", "urt_unknown", &[]).await);
    json_that_nobody_may_store(&bare(&app, "/token", &[]).await);
    json_that_nobody_may_store(&call(&app, "/introspect", "console", &[("token", "x")]).await);
}

#[tokio::test]
async fn errors_are_words_of_the_standard_and_texts_of_its_alphabet() {
    let app = TestApp::new().await;
    let odd = "\"\\\r\n\u{7f}ü🙂<script>";
    let grant = |code| [("grant_type", "authorization_code"), ("code", code)];
    let answers = [
        call(&app, "/token", "console", &[]).await,
        call(&app, "/token", "console", &[("grant_type", odd)]).await,
        call(&app, "/token", "console", &grant(odd)).await,
        call(&app, "/token", "console", &[("grant_type", "authorization_code")]).await,
        refresh(&app, "console", odd, &[("scope", odd), ("tenantId", odd)]).await,
        bare(&app, "/token", &grant("x")).await,
        bare(&app, "/token", &[("client_id", odd)]).await,
        elsewhere(&app, "token", &grant("x")).await,
        post(&app, "token", "x\"y<script>", "x").await,
        post(&app, "introspect", FORM, "token=a&token=b").await,
        call(&app, "/revoke", "console", &[]).await,
        bare(&app, "/userinfo", &[("access_token", odd)]).await,
    ];
    let words = ["invalid_request", "invalid_client", "invalid_grant", "unsupported_grant_type", "invalid_token"];
    for answer in answers {
        let body = answer.json();
        assert!(words.contains(&text(&body, "error")), "{body}");
        let description = text(&body, "error_description");
        let allowed = |c: char| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e');
        assert!(!description.is_empty() && description.chars().all(allowed), "{description:?}");
        assert!(body.get("error_uri").is_none());
        assert!(answer.status().is_client_error());
    }
    let mut browser = signed_in(&app, AMARA).await;
    for extra in [("scope", odd), ("response_type", odd), ("prompt", odd), ("code_challenge", odd), ("max_age", odd)] {
        let answer = browser.get(&authorize_path("console", &[extra])).await;
        let description = answered(&answer, "error_description").expect("a description");
        assert!(description.chars().all(|c| matches!(c, '\x20'..='\x21' | '\x23'..='\x5b' | '\x5d'..='\x7e')));
    }
}

#[tokio::test]
async fn an_empty_parameter_was_not_sent_and_an_unknown_one_is_ignored_at_both_endpoints() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let path = format!(
        "{}&prompt=&max_age=&request=&request_uri=&response_mode=&login_hint=&unheard_of=x&Scope=y",
        authorize_path("console", &[("state", ""), ("nonce", "")])
    );
    let answer = browser.get(&path).await;
    assert_eq!(answered(&answer, "state"), None);
    let code = answered(&answer, "code").expect("a code");
    let uri = redirect_uri("console");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", &uri),
        ("code_verifier", VERIFIER),
        ("scope", ""),
        ("client_secret", ""),
        ("unheard_of", "x"),
    ];
    let issued = call(&app, "/token", "console", &form).await.expect_status(StatusCode::OK).json();
    assert!(crate::identity::flow::claims(&issued["id_token"]).get("nonce").is_none());
    let more = [("scope", ""), ("tenantId", ""), ("unheard_of", "x")];
    refresh(&app, "console", text(&issued, "refresh_token"), &more).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn basic_credentials_are_form_encoded_and_their_scheme_is_written_in_any_case() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET client_id = 'con:sole & co' WHERE client_id = 'console'").await;
    let send = async |proof: String| {
        let headers = [("content-type", FORM), ("authorization", proof.as_str())];
        let body = encode(&[("token", "x")]);
        send(&app, Method::POST, "production/introspect", &headers, body).await
    };
    let proof = basic("con%3Asole+%26+co", CONSOLE_SECRET);
    for scheme in ["Basic", "basic", "BASIC"] {
        send(proof.replace("Basic", scheme)).await.expect_status(StatusCode::OK);
    }
    let raw = send(basic("con:sole & co", CONSOLE_SECRET)).await;
    assert_eq!(raw.status(), StatusCode::UNAUTHORIZED);
    assert!(header_of(&raw, "www-authenticate").starts_with("Basic realm="));
}

#[tokio::test]
async fn credentials_and_tokens_in_the_address_are_not_read() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "refresh_token");
    let query = encode(&[
        ("client_id", "console"),
        ("client_secret", CONSOLE_SECRET),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("token", token),
    ]);
    for path in ["token", "introspect", "revoke"] {
        let address = format!("production/{path}?{query}");
        let answer = send(&app, Method::POST, &address, &[("content-type", FORM)], "").await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}: {}", answer.body());
        assert_eq!(answer.json()["error"], "invalid_client");
        let answer = send(&app, Method::GET, &address, &[], "").await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    refresh(&app, "console", token, &[]).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_redirect_address_keeps_the_query_it_was_registered_with() {
    let app = TestApp::new().await;
    app.execute("UPDATE redirect_uris SET uri = 'https://console.example/cb?tenant=a%20b' WHERE uri LIKE '%console%' AND kind = 'login'")
        .await;
    let mut browser = signed_in(&app, AMARA).await;
    let uri = "https://console.example/cb?tenant=a%20b";
    let answer = browser.get(&authorize_path("console", &[("redirect_uri", uri)])).await;
    assert!(answer.location().starts_with(&format!("{uri}&code=")), "{}", answer.location());
    let failed = [("redirect_uri", uri), ("scope", "")];
    let answer = browser.get(&authorize_path("console", &failed)).await;
    assert!(answer.location().starts_with(&format!("{uri}&error=")), "{}", answer.location());
}

#[tokio::test]
async fn codes_and_tokens_are_256_random_bits_and_never_the_same() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..8 {
        let code = code(&mut browser, "console", &[]).await;
        let issued = redeem(&app, "console", &code).await.json();
        for secret in [code.as_str(), text(&issued, "refresh_token")] {
            // A typed prefix, 32 bytes in base64url, a checksum.
            assert_eq!(secret.len(), 4 + 43 + 4, "{secret}");
            assert!(seen.insert(secret.to_owned()));
        }
        assert!(seen.insert(text(&issued, "access_token").to_owned()));
    }
    // What is stored opens nothing.
    assert_eq!(app.count("authorization_codes WHERE length(code_hash) = 32").await, 8);
    assert_eq!(app.count("refresh_tokens WHERE length(token_hash) = 32").await, 8);
}

#[tokio::test]
async fn an_application_that_no_account_of_the_user_has_is_denied_access() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, BEN).await;
    let answer = browser.get(&authorize_path("console", &[])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("access_denied"));
    assert_eq!(answered(&answer, "state").as_deref(), Some("a state"));
}
