//! What applications report: what comes with a session's token alone is marked as that and is never an alarm, whoever sends it.

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::identity::flow::{AMARA, basic, refused, report, signed_in, text, tokens};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{ResponseExt, TestApp};

const ALARMS: &str = "audit_events WHERE action LIKE 'application.%' AND severity IN ('high', 'critical')";

fn alarm() -> Value {
    json!({
        "action": "settings.changed", "description": "Olivia Owner turned impersonation off", "severity": "critical"
    })
}

/// An alarm that is sent in this way, with these members besides.
async fn sent(app: &TestApp, authorization: Option<&str>, more: &[(&str, &str)]) -> Response<String> {
    let mut body = alarm();
    for (name, value) in more {
        body[*name] = (*value).into();
    }
    let mut request = Request::post("/id/production/events").header(header::CONTENT_TYPE, "application/json");
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    app.browser().send(request.body(Body::from(body.to_string())).expect("a request")).await
}

#[tokio::test]
async fn what_comes_with_the_sessions_token_alone_is_said_to_and_is_medium_at_most() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for client in ["dispatch", "console"] {
        let given = tokens(&app, &mut browser, client, &[]).await;
        for severity in ["critical", "high", "medium"] {
            let mut body = alarm();
            body["severity"] = severity.into();
            let answer = report(&app, text(&given, "access_token"), &body.to_string()).await;
            answer.expect_status(StatusCode::NO_CONTENT);
        }
        let body = r#"{"action":"clicked"}"#;
        report(&app, text(&given, "access_token"), body).await.expect_status(StatusCode::NO_CONTENT);
    }
    let events = app.events("application.settings.changed").await;
    for (name, events) in ["Dispatch", "Console"].into_iter().zip(events.chunks(3)) {
        let said = format!("Reported from a session in {name}: Olivia Owner turned impersonation off");
        assert!(events.len() == 3 && events.iter().all(|event| event.description == said), "{events:?}");
    }
    assert_eq!(app.count(ALARMS).await, 0);
    assert_eq!(app.count("audit_events WHERE action = 'application.clicked' AND severity = 'info'").await, 2);
}

#[tokio::test]
async fn an_application_that_proves_itself_may_raise_an_alarm_in_its_own_sessions() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&given, "access_token");
    let by_header = basic("console", CONSOLE_SECRET);
    sent(&app, Some(&by_header), &[("access_token", token)]).await.expect_status(StatusCode::NO_CONTENT);
    let in_body = [("client_id", "console"), ("client_secret", CONSOLE_SECRET), ("access_token", token)];
    sent(&app, None, &in_body).await.expect_status(StatusCode::NO_CONTENT);
    assert_eq!(app.count(ALARMS).await, 2);
    let events = app.events("application.settings.changed").await;
    assert_eq!(events[0].description, "Reported by Console: Olivia Owner turned impersonation off");
    assert_eq!(events[0].actor_name, "Amara Okafor");
}

#[tokio::test]
async fn who_proves_nothing_or_has_another_applications_token_reports_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&given, "access_token");
    let wrong = basic("console", "ucs_wrong");
    let unproven = [("client_id", "console"), ("access_token", token)];
    let public = [("client_id", "dispatch"), ("access_token", token)];
    for (authorization, more) in
        [(Some(wrong.as_str()), &[("access_token", token)][..]), (None, &unproven), (None, &public)]
    {
        refused(sent(&app, authorization, more).await, StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let right = basic("console", CONSOLE_SECRET);
    refused(sent(&app, Some(&right), &[]).await, StatusCode::BAD_REQUEST, "invalid_request");
    refused(sent(&app, Some(&right), &[("access_token", "x\0")]).await, StatusCode::BAD_REQUEST, "invalid_request");
    let theirs = tokens(&app, &mut browser, "dispatch", &[]).await;
    let foreign = [("access_token", text(&theirs, "access_token"))];
    refused(sent(&app, Some(&right), &foreign).await, StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(sent(&app, None, &[("access_token", token)]).await.status(), StatusCode::UNAUTHORIZED);
    assert!(app.events("application.settings.changed").await.is_empty());
}

#[tokio::test]
async fn what_is_reported_is_one_line_that_turns_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "console", &[]).await;
    let said = |description: &str| json!({ "action": "clicked", "description": description }).to_string();
    for odd in ["a\nb", "a\rb", "a\u{1b}[31mb", "a\u{202e}b", "a\u{2066}b", "a\u{85}b", "a\tb", "a\u{2028}b"] {
        let answer = report(&app, text(&given, "access_token"), &said(odd)).await;
        let answer = answer.expect_status(StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body().contains("control character"), "{odd:?}: {}", answer.body());
    }
    assert!(app.events("application.clicked").await.is_empty());
    let right_to_left = "\u{645}\u{6cc}\u{200c}\u{631}\u{648}\u{645} \u{1f469}\u{200d}\u{1f527}";
    report(&app, text(&given, "access_token"), &said(right_to_left)).await.expect_status(StatusCode::NO_CONTENT);
    let events = app.events("application.clicked").await;
    assert!(events[0].description.ends_with(right_to_left), "{events:?}");
}
