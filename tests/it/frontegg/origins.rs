//! Which pages may call, what CORS tells browsers, and bodies that nobody should send.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use serde_json::json;

use super::impersonation::started;
use super::sdk::{AUTH, BASE, Call, IMPERSONATE, ME, MY_SESSIONS, REFRESH, SILENT, embedded, origin, refused, tokens};
use crate::identity::flow::{AMARA, VERIFIER, claims, signed_in};
use crate::support::{Ledger, ResponseExt, TestApp, USER_PASSWORD};

const ALLOWED_HEADERS: &str = "authorization, content-type, x-frontegg-source, x-frontegg-sdk, x-frontegg-framework, \
    frontegg-requested-application-id, frontegg-source, frontegg-scoped-tenant, frontegg-login-alias";
const FOREIGN: [&str; 5] = [
    "https://evil.example",
    "http://dispatch.example",
    "https://dispatch.example:8443",
    "https://dispatch.example.evil.example",
    "null",
];

#[tokio::test]
async fn a_preflight_is_answered_before_anything_else_for_registered_pages() {
    let app = TestApp::new().await;
    for (method, path) in [
        ("POST", SILENT),
        ("POST", "/oauth/token"),
        ("GET", "/oauth/logout"),
        ("POST", AUTH),
        ("POST", REFRESH),
        ("POST", IMPERSONATE),
        ("GET", ME),
        ("DELETE", MY_SESSIONS),
        ("GET", "/flags"),
        ("GET", "/metadata"),
        ("GET", "/audits/something/we/do/not/have"),
    ] {
        let preflight = |origin: &str| {
            Request::builder()
                .method("OPTIONS")
                .uri(format!("{BASE}{path}"))
                .header(header::ORIGIN, origin)
                .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
                .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,x-frontegg-sdk")
                .body(Body::empty())
                .expect("a request")
        };
        let answer = app.browser().send(preflight(&origin("dispatch"))).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{path}");
        let headers = answer.headers();
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://dispatch.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, POST, PUT, PATCH, DELETE");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_HEADERS], ALLOWED_HEADERS);
        assert_eq!(headers[header::ACCESS_CONTROL_MAX_AGE], "600");
        assert!(headers.get_all(header::VARY).iter().any(|vary| vary == "origin"), "{path}");
        for foreign in FOREIGN {
            let answer = app.browser().send(preflight(foreign)).await;
            assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path} for {foreign}");
            assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
        }
    }
}

#[tokio::test]
async fn what_a_page_of_a_stranger_sends_is_refused_not_only_hidden() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    let sign_in = json!({ "email": AMARA, "password": USER_PASSWORD });
    for foreign in FOREIGN {
        for (path, body) in [
            (SILENT, json!({})),
            (REFRESH, json!({})),
            (AUTH, sign_in.clone()),
            ("/oauth/token", json!({ "grant_type": "refresh_token" })),
            ("/identity/resources/auth/v1/logout", json!({})),
        ] {
            let call = Call::post("dispatch", path, body).from(Some(foreign));
            let answer = call.header("frontegg-requested-application-id", "dispatch").send(&mut browser).await;
            refused(&answer, StatusCode::FORBIDDEN);
            assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path} for {foreign}");
            assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path} for {foreign}");
        }
    }
    assert_eq!(app.count("sessions").await, 1);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
}

#[tokio::test]
async fn where_users_are_led_after_signing_out_is_no_page_that_may_call() {
    let app = TestApp::new().await;
    app.execute("UPDATE redirect_uris SET uri = 'https://www.dispatch.example/bye' WHERE kind = 'logout'").await;
    let mut browser = signed_in(&app, AMARA).await;
    let call = Call::post("dispatch", SILENT, json!({})).from(Some("https://www.dispatch.example"));
    let answer = call.header("frontegg-requested-application-id", "dispatch").send(&mut browser).await;
    refused(&answer, StatusCode::FORBIDDEN);
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    let path = "/id/production/userinfo";
    let request = Request::get(path).header(header::ORIGIN, "https://www.dispatch.example");
    let answer = browser.send(request.body(Body::empty()).expect("a request")).await;
    assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
}

#[tokio::test]
async fn a_client_with_a_secret_gets_no_tokens_by_page_or_cookie() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let code = started(&app).await;
    let secret = "UPDATE applications SET client_secret_hash = (SELECT client_secret_hash FROM applications \
                  WHERE client_secret_hash IS NOT NULL LIMIT 1) WHERE client_id = 'dispatch'";
    let mut browser = signed_in(&app, AMARA).await;
    app.execute(secret).await;
    for (path, body) in [
        (SILENT, json!({})),
        (REFRESH, json!({})),
        (AUTH, json!({ "email": AMARA, "password": USER_PASSWORD })),
        (IMPERSONATE, json!({ "actorToken": code, "codeVerifier": VERIFIER })),
    ] {
        let answer = Call::post("dispatch", path, body).send(&mut browser).await;
        refused(&answer, StatusCode::UNAUTHORIZED);
        assert!(!answer.headers().contains_key(header::SET_COOKIE), "{path}");
    }
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1);
}

#[tokio::test]
async fn a_hand_off_code_is_traded_by_a_page_and_by_nobody_who_found_it() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let trade = json!({ "actorToken": started(&app).await, "codeVerifier": VERIFIER });
    let answer = Call::post("dispatch", IMPERSONATE, trade.clone()).from(None).send(&mut app.browser()).await;
    refused(&answer, StatusCode::FORBIDDEN);
    Call::post("dispatch", IMPERSONATE, trade).send(&mut app.browser()).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn an_application_is_known_by_its_page_unless_several_live_there() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let silent = || Call::post("dispatch", SILENT, json!({}));
    let answer = silent().send(&mut browser).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&answer["id_token"])["applicationId"], "dispatch");
    // Two on one page: named, or the embedded one, or the one that the browser is signed in to, or none.
    app.execute("UPDATE applications SET app_url = 'https://dispatch.example/console' WHERE client_id = 'console'")
        .await;
    let mut fresh = signed_in(&app, AMARA).await;
    refused(&silent().send(&mut fresh).await, StatusCode::BAD_REQUEST);
    silent().send(&mut browser).await.expect_status(StatusCode::OK);
    let named = || silent().header("frontegg-requested-application-id", "console");
    // It has a secret, which no page can keep: its tokens are for its server.
    refused(&named().send(&mut fresh).await, StatusCode::UNAUTHORIZED);
    app.execute("UPDATE applications SET client_secret_hash = NULL WHERE client_id = 'console'").await;
    let named = named().send(&mut fresh).await.json();
    assert_eq!(claims(&named["id_token"])["applicationId"], "console");
    let mut fresh = signed_in(&app, AMARA).await;
    embedded(&app).await;
    let answer = silent().send(&mut fresh).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&answer["id_token"])["applicationId"], "dispatch");
    let unknown = silent().header("frontegg-requested-application-id", "nothing").send(&mut fresh).await;
    refused(&unknown, StatusCode::UNAUTHORIZED);
    // No page and no cookie: there is nothing to go by.
    refused(&silent().from(None).send(&mut app.browser()).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn bodies_that_nobody_should_send_are_refused_in_words() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    let before = Ledger::of(&app).await;
    for path in [AUTH, REFRESH, IMPERSONATE, SILENT, "/oauth/token", "/auth/vendor"] {
        for garbage in [
            "{",
            "[]",
            "7",
            "\"text\"",
            "{\"email\":",
            "\u{0}",
            "<xml/>",
            r#"{"email":"a\u0000"}"#,
            r#"{"clientId":"\u0000"}"#,
        ] {
            let call = Call { body: Some(garbage.to_owned()), ..Call::post("dispatch", path, json!(null)) };
            refused(&call.send(&mut browser).await, StatusCode::BAD_REQUEST);
        }
        let long = json!({ "email": "x".repeat(1024 * 1024) });
        let answer = Call::post("dispatch", path, long).send(&mut browser).await;
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://dispatch.example");
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{BASE}{path}"))
            .header(header::CONTENT_TYPE, "text/plain")
            .body(Body::from("{}"))
            .expect("a request");
        refused(&browser.send(request).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("{BASE}{path}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from("email=a&email=b"))
            .expect("a request");
        refused(&browser.send(request).await, StatusCode::BAD_REQUEST);
    }
    before.expect_unchanged(&Ledger::of(&app).await, "what nobody should send");
}

#[tokio::test]
async fn an_environment_that_does_not_exist_has_nothing() {
    let app = TestApp::new().await;
    for path in [ME, SILENT, "/flags", "/oauth/authorize"] {
        let mut call = Call::get("dispatch", path);
        call.path = call.path.replace("production", "nowhere");
        let answer = call.send(&mut app.browser()).await;
        assert!(!answer.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
        assert_ne!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
    }
}
