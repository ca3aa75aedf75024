//! Bodies of the wrong kind, size or alphabet, and methods that an endpoint does not have.

use axum::body::Body;
use axum::http::{Method, StatusCode};

use super::super::raw::{FORM, header_of, post, send};
use crate::identity::flow::{AMARA, basic, code, redeem, refused, signed_in, text, tokens};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ORIGIN, ResponseExt, TestApp};

const PROTOCOL: [&str; 4] = ["token", "introspect", "revoke", "userinfo"];

#[tokio::test]
async fn json_where_a_form_is_expected_is_an_invalid_request() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "console", &[]).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "refresh_token");
    let body = serde_json::json!({ "grant_type": "authorization_code", "code": code, "token": token }).to_string();
    let as_form = format!("grant_type=authorization_code&code={code}&token={token}");
    let before = Ledger::of(&app).await;
    for path in PROTOCOL {
        for (kind, body) in [
            ("application/json", &body),
            ("text/plain", &as_form),
            ("multipart/form-data; boundary=x", &as_form),
            ("application/x-www-form-urlencodedx", &as_form),
            ("", &as_form),
        ] {
            let answer = post(&app, path, kind, body.clone()).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} with {kind}");
            refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "JSON for a form");
    redeem(&app, "console", &code).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_form_where_json_is_expected_is_refused_and_reports_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let bearer = format!("Bearer {}", text(&issued, "access_token"));
    let before = Ledger::of(&app).await;
    let deep = "[".repeat(60_000);
    let report = async |kind: &str, body: Vec<u8>| {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        send(&app, Method::POST, "production/events", &headers, body).await
    };
    refused(report(FORM, b"action=a".to_vec()).await, StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request");
    let bodies: [&[u8]; 9] = [
        b"",
        b"action=a",
        b"null",
        b"[]",
        b"{\"action\":\"a\"",
        b"{\"action\":7}",
        b"{\"action\":\"a\",\"action\":\"b\"}",
        b"{\"action\":\"\xff\"}",
        b"{\"action\":\"a\",\"description\":\"\\u0000\"}",
    ];
    for body in bodies.into_iter().chain([deep.as_bytes()]) {
        let answer = report("application/json", body.to_vec()).await;
        refused(answer, StatusCode::UNPROCESSABLE_ENTITY, "invalid_request");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a malformed report");
}

#[tokio::test]
async fn a_body_of_a_megabyte_is_refused_by_every_endpoint() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let megabyte = || format!("grant_type=authorization_code&code={}", "x".repeat(1 << 20));
    // With and without a Content-Length: without one the size shows only while reading.
    let length = megabyte().len().to_string();
    for length in [None, Some(("content-length", length.as_str()))] {
        for path in PROTOCOL.into_iter().chain(["events"]) {
            let proof = basic("console", CONSOLE_SECRET);
            let headers = [&[("content-type", FORM), ("authorization", &proof)][..], length.as_slice()].concat();
            let answer = send(&app, Method::POST, &format!("production/{path}"), &headers, megabyte()).await;
            refused(answer, StatusCode::PAYLOAD_TOO_LARGE, "invalid_request");
        }
        for path in ["login", "authorize", "logout", "logout/confirm", "account/switch", "account/sign-out"] {
            let own = [("content-type", FORM), ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
            let headers = [&own[..], length.as_slice()].concat();
            let answer = send(&app, Method::POST, &format!("production/{path}"), &headers, megabyte()).await;
            assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE, "{path}");
            assert!(answer.body().contains("Too much was sent"), "{path}: {}", answer.body());
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a megabyte");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_an_invalid_request() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let grant = b"grant_type=authorization_code&token=x&code=".to_vec();
    for path in PROTOCOL {
        for bytes in [&b"\xff\xfe"[..], b"a\x00b", b"a%00b", b"\xc3\x28"] {
            let answer = post(&app, path, FORM, [&grant[..], bytes].concat()).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path} with {bytes:?}");
            refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
        }
    }
    // Percent-encoded, they are text with a replacement character, and as unknown as any other.
    let answer = post(&app, "token", FORM, [&grant[..], b"%ff%fe"].concat()).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    let proof = "Basic Y29uAHNvbGU6eA=="; // con\0sole:x
    let answer =
        send(&app, Method::POST, "production/token", &[("content-type", FORM), ("authorization", proof)], grant).await;
    refused(answer, StatusCode::UNAUTHORIZED, "invalid_client");
    for path in ["%00/login", "%ff/login", "produc%00tion/token", "production%00/.well-known/jwks.json"] {
        let answer = send(&app, Method::GET, path, &[("origin", "https://console.example")], Body::empty()).await;
        assert!(answer.status().is_client_error(), "{path}: {}", answer.status());
    }
    before.expect_unchanged(&Ledger::of(&app).await, "bytes that are no text");
}

#[tokio::test]
async fn a_method_that_an_endpoint_does_not_have_is_refused_with_those_that_it_has() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let before = Ledger::of(&app).await;
    let endpoints = [
        (".well-known/openid-configuration", "GET,HEAD"),
        (".well-known/jwks.json", "GET,HEAD"),
        ("authorize", "GET,HEAD,POST"),
        ("token", "POST"),
        ("userinfo", "GET,HEAD,POST"),
        ("introspect", "POST"),
        ("revoke", "POST"),
        ("events", "POST"),
        ("logout", "GET,HEAD,POST"),
        ("logout/confirm", "POST"),
        ("hand-off", "GET,HEAD"),
        ("login", "GET,HEAD,POST"),
        ("account/sessions", "GET,HEAD"),
        ("account/switch", "POST"),
    ];
    let bearer = format!("Bearer {}", text(&issued, "access_token"));
    let headers = [("authorization", bearer.as_str()), ("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    for (path, allowed) in endpoints {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "get"] {
            if allowed.split(',').any(|known| known == method) {
                continue;
            }
            let token = text(&issued, "refresh_token");
            let address = format!("production/{path}?token={token}&grant_type=refresh_token&refresh_token={token}");
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let answer = send(&app, method.clone(), &address, &headers, Body::empty()).await;
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(header_of(&answer, "allow"), allowed, "{method} {path}");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a wrong method");
}
