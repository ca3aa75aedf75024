//! Authorization codes that come twice.

use axum::http::{Response, StatusCode};
use chrono::TimeDelta;

use crate::identity::flow::{AMARA, VERIFIER, call, code, impersonating, introspect, redeem, refused, signed_in, text};
use crate::support::{ResponseExt, TestApp};

async fn redeem_with(app: &TestApp, code: &str, uri: &str, verifier: &str) -> Response<String> {
    let form =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", uri), ("code_verifier", verifier)];
    call(app, "/token", "console", &form).await
}

#[tokio::test]
async fn a_page_that_runs_twice_gets_one_set_of_tokens_and_keeps_it() {
    let app = TestApp::new().await;
    let before = app.count("audit_events WHERE severity IN ('high', 'critical')").await;
    let own = signed_in(&app, AMARA).await;
    let (impersonated, _) = impersonating(&app, AMARA, "northwind", "console").await;
    for mut browser in [own, impersonated] {
        let code = code(&mut browser, "console", &[]).await;
        let (left, right) = tokio::join!(redeem(&app, "console", &code), redeem(&app, "console", &code));
        let (given, again) = if left.status() == StatusCode::OK { (left, right) } else { (right, left) };
        let given = given.expect_status(StatusCode::OK).json();
        refused(again, StatusCode::BAD_REQUEST, "invalid_grant");
        app.advance(TimeDelta::seconds(10));
        for _ in 0..3 {
            refused(redeem(&app, "console", &code).await, StatusCode::BAD_REQUEST, "invalid_grant");
        }
        for token in ["access_token", "refresh_token"] {
            assert_eq!(introspect(&app, text(&given, token)).await["active"], true, "{token}");
        }
    }
    assert_eq!(app.count("audit_events WHERE severity IN ('high', 'critical')").await, before);
    assert!(app.events("token.code_reused").await.is_empty());
    assert!(app.user_sessions(AMARA).await.iter().all(|session| session.ended_at.is_none()));
}

#[tokio::test]
async fn later_or_with_another_verifier_it_is_theft_and_said_once() {
    const OTHER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl";
    const HERE: &str = "https://console.example/callback";
    for (uri, verifier, seconds) in
        [(HERE, VERIFIER, 11), (HERE, OTHER, 1), (HERE, "", 1), ("https://console.example/other", VERIFIER, 1)]
    {
        let app = TestApp::new().await;
        let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
        let code = code(&mut browser, "console", &[]).await;
        let given = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
        app.advance(TimeDelta::seconds(seconds));
        for _ in 0..3 {
            let answer = redeem_with(&app, &code, uri, verifier).await;
            refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
        }
        let what = format!("{uri} {verifier} after {seconds} s");
        assert_eq!(introspect(&app, text(&given, "access_token")).await["active"], false, "{what}");
        assert_eq!(introspect(&app, text(&given, "refresh_token")).await["active"], false, "{what}");
        let reused = "audit_events WHERE action = 'token.code_reused' AND severity = 'high'";
        assert_eq!(app.count(reused).await, 1, "{what}");
        assert_eq!(app.events("impersonation.ended").await.len(), 1, "{what}");
    }
}
