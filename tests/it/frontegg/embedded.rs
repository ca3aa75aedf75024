//! Embedded login: the application's own form, its cookie, and who may use it.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use serde_json::json;

use super::sdk::{AUTH, Call, ME, REFRESH, embedded, kept_alive, refused, sign_in};
use crate::identity::flow::{AMARA, BEN, claims, text, userinfo};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};

#[tokio::test]
async fn a_user_signs_in_on_the_applications_own_page_and_stays_signed_in_by_cookie() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    refused(
        &Call::post("dispatch", REFRESH, json!({ "tenantId": null })).send(&mut browser).await,
        StatusCode::UNAUTHORIZED,
    );
    let answer = sign_in(&mut browser, AMARA).await.expect_status(StatusCode::OK);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    assert!(cookie.starts_with("fe_refresh_dispatch=usc_"), "{cookie}");
    let body = answer.json();
    assert_eq!(body["tokenType"], "bearer");
    assert_eq!(body["mfaRequired"], false);
    assert_eq!(body["expiresIn"], 300);
    assert_eq!(body["expires"], "Mon, 23 Nov 2026 09:05:00 GMT");
    assert!(body.get("refreshToken").is_none(), "a script could keep it");
    let token = text(&body, "accessToken");
    assert_eq!(claims(&body["accessToken"])["email"], AMARA);
    userinfo(&app, token).await.expect_status(StatusCode::OK);
    Call::get("dispatch", ME).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::hours(1));
    for body in [Some("{}"), Some("null"), Some(r#"{"tenantId":null}"#), None] {
        let call = Call { body: body.map(ToOwned::to_owned), ..Call::post("dispatch", REFRESH, json!(null)) };
        let again = call.send(&mut browser).await.expect_status(StatusCode::OK).json();
        assert_eq!(claims(&again["accessToken"])["email"], AMARA);
    }
    assert_eq!(app.events("user.signed_in").await.len(), 1);
    assert_eq!(app.user_sessions(AMARA).await[0].application_name.as_deref(), Some("Dispatch"));
    // The cookie is the application's: the provider's own pages know nobody by it.
    let page = browser.get("/id/production/account/sessions").await;
    assert!(page.location().starts_with("/id/production/login"), "{}", page.location());
}

#[tokio::test]
async fn a_hosted_application_takes_no_passwords() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    refused(&sign_in(&mut browser, AMARA).await, StatusCode::FORBIDDEN);
    assert_eq!(app.count("sessions").await, 0);
    assert!(app.events("user.sign_in_failed").await.is_empty());
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    let mut sentences = Vec::new();
    for (email, password) in [
        (AMARA, "wrong"),
        ("nobody@northwind.example", USER_PASSWORD),
        ("dana@northwind.example", USER_PASSWORD),
        ("giorgos@northwind.example", USER_PASSWORD),
    ] {
        let call = Call::post("dispatch", AUTH, json!({ "email": email, "password": password }));
        sentences.push(refused(&call.send(&mut browser).await, StatusCode::BAD_REQUEST));
    }
    assert!(sentences.iter().all(|one| one == "The e-mail or the password is wrong."), "{sentences:?}");
    for body in [json!({}), json!({ "email": AMARA }), json!({ "email": AMARA, "password": 7 })] {
        refused(&Call::post("dispatch", AUTH, body).send(&mut browser).await, StatusCode::BAD_REQUEST);
    }
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn a_user_whose_accounts_lack_the_application_is_told_so_and_no_session_begins() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    for email in ["nora@nowhere.example", "zoe@northwind.example"] {
        let sentence = refused(&sign_in(&mut browser, email).await, StatusCode::BAD_REQUEST);
        assert_eq!(sentence, "None of your accounts has this application.");
    }
    assert_eq!(app.count("sessions").await, 0);
    assert_eq!(app.events("user.sign_in_failed").await.len(), 2, "a right password that was tried is on record, too");
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    let mut last = None;
    for _ in 0..11 {
        let call = Call::post("dispatch", AUTH, json!({ "email": AMARA, "password": "wrong" }));
        last = Some(call.send(&mut browser).await);
    }
    let answer = last.expect("an answer");
    refused(&answer, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn signing_in_as_somebody_else_ends_the_session_that_was_kept() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    sign_in(&mut browser, AMARA).await.expect_status(StatusCode::OK);
    let first = browser.cookie("fe_refresh_dispatch");
    sign_in(&mut browser, BEN).await.expect_status(StatusCode::OK);
    assert_ne!(browser.cookie("fe_refresh_dispatch"), first);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 1);
    let answer = Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await.json();
    assert_eq!(claims(&answer["accessToken"])["email"], BEN);
}

#[tokio::test]
async fn a_locked_user_is_signed_out_at_the_next_call() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    sign_in(&mut browser, AMARA).await.expect_status(StatusCode::OK);
    app.execute("UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'").await;
    refused(&Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn the_next_js_server_gets_a_cookie_that_its_own_host_can_use() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut browser = app.browser();
    let body = json!({ "email": AMARA, "password": USER_PASSWORD });
    let call = Call::post("dispatch", AUTH, body).header("x-frontegg-middleware", "true");
    let answer = call.send(&mut browser).await.expect_status(StatusCode::OK);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    assert!(cookie.contains("; Path=/; "), "{cookie}");
    // From its server: no page, or our own address in place of one.
    for origin in [None, Some("http://localhost:3000/id/production")] {
        let call = Call::post("dispatch", REFRESH, json!({})).from(origin);
        call.send(&mut browser).await.expect_status(StatusCode::OK);
    }
}
