//! RFC 6750, bearer token usage: userinfo and events are the resources here.

use axum::http::{Method, StatusCode};

use super::raw::{FORM, header_of, send};
use crate::identity::flow::{AMARA, basic, refresh, signed_in, text, tokens};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp};

#[tokio::test]
async fn without_a_token_the_answer_names_the_scheme_and_no_error() {
    let app = TestApp::new().await;
    let proof = basic("console", CONSOLE_SECRET);
    for (method, path) in [(Method::GET, "userinfo"), (Method::POST, "userinfo"), (Method::POST, "events")] {
        for headers in [&[][..], &[("authorization", proof.as_str())], &[("authorization", "nonsense")]] {
            let answer = send(&app, method.clone(), &format!("production/{path}"), headers, "").await;
            // A client that proves itself there says in the body which token it means.
            if path == "events" && headers == [("authorization", proof.as_str())] {
                let answer = answer.expect_status(StatusCode::BAD_REQUEST);
                assert!(answer.body().contains("access_token"), "{}", answer.body());
                continue;
            }
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(header_of(&answer, "www-authenticate"), "Bearer realm=\"understudy\"");
            assert_eq!(answer.body(), "");
        }
    }
}

#[tokio::test]
async fn a_token_is_read_from_the_header_or_a_form_and_from_nowhere_else() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&issued, "access_token");
    let form = format!("access_token={token}");
    let json = format!(r#"{{"access_token":"{token}"}}"#);
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let proof = format!("{scheme} {token}");
        let answer = send(&app, Method::GET, "production/userinfo", &[("authorization", &proof)], "").await;
        answer.expect_status(StatusCode::OK);
    }
    send(&app, Method::POST, "production/userinfo", &[("content-type", FORM)], form.clone())
        .await
        .expect_status(StatusCode::OK);
    let address = format!("production/userinfo?{form}");
    let nowhere = [
        send(&app, Method::GET, &address, &[], "").await,
        send(&app, Method::POST, &address, &[("content-type", FORM)], "").await,
        send(&app, Method::GET, "production/userinfo", &[("content-type", FORM)], form.clone()).await,
        send(&app, Method::GET, "production/userinfo", &[("cookie", &form)], "").await,
    ];
    for answer in nowhere {
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{}", answer.body());
    }
    for (kind, body) in [("application/json", &json), ("text/plain", &form), ("multipart/form-data", &form)] {
        let answer = send(&app, Method::POST, "production/userinfo", &[("content-type", kind)], body.clone()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{kind}");
        assert_eq!(answer.json()["error"], "invalid_request");
    }
    let proof = format!("Bearer {token}");
    let both = [("content-type", FORM), ("authorization", proof.as_str())];
    let answer = send(&app, Method::POST, "production/userinfo", &both, form).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.json()["error"], "invalid_request");
}

#[tokio::test]
async fn a_token_with_too_little_scope_is_forbidden_and_told_what_is_missing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let narrow = refresh(&app, "console", text(&issued, "refresh_token"), &[("scope", "email")]).await.json();
    let proof = format!("Bearer {}", text(&narrow, "access_token"));
    let answer = send(&app, Method::GET, "production/userinfo", &[("authorization", &proof)], "").await;
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let challenge = header_of(&answer, "www-authenticate");
    assert!(challenge.starts_with("Bearer realm=\"understudy\", error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"openid\""), "{challenge}");
    assert_eq!(answer.json()["error"], "insufficient_scope");
}

#[tokio::test]
async fn an_answer_to_a_bearer_token_is_nobodys_to_keep() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    for token in [text(&issued, "access_token"), "x"] {
        let proof = format!("Bearer {token}");
        let answer = send(&app, Method::GET, "production/userinfo", &[("authorization", &proof)], "").await;
        assert_eq!(header_of(&answer, "cache-control"), "no-store");
    }
    // Lifetimes are short: an hour at most is advised, five minutes it is.
    assert_eq!(issued["expires_in"], 300);
}
