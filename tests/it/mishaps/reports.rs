//! What applications report: a browser's word is marked as one and is never an alarm.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::identity::flow::{AMARA, report, signed_in, text, tokens};
use crate::support::{ResponseExt, TestApp};

const ALARMS: &str = "audit_events WHERE action LIKE 'application.%' AND severity IN ('high', 'critical')";

fn alarm(severity: &str) -> String {
    let said = "Olivia Owner turned impersonation off";
    json!({ "action": "settings.changed", "description": said, "severity": severity }).to_string()
}

#[tokio::test]
async fn a_browsers_report_is_said_to_be_one_and_is_medium_at_most() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given = tokens(&app, &mut browser, "dispatch", &[]).await;
    for severity in ["critical", "high", "medium"] {
        report(&app, text(&given, "access_token"), &alarm(severity)).await.expect_status(StatusCode::NO_CONTENT);
    }
    let events = app.events("application.settings.changed").await;
    assert_eq!(events.len(), 3);
    let said = "Reported by the browser in Dispatch: Olivia Owner turned impersonation off";
    assert!(events.iter().all(|event| event.description == said), "{events:?}");
    assert_eq!(app.count(ALARMS).await, 0);
    report(&app, text(&given, "access_token"), r#"{"action":"clicked"}"#).await.expect_status(StatusCode::NO_CONTENT);
    assert_eq!(app.count("audit_events WHERE action = 'application.clicked' AND severity = 'info'").await, 1);
}

#[tokio::test]
async fn an_applications_server_may_raise_an_alarm_and_a_page_with_its_token_may_not() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let given: Value = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&given, "access_token");
    let from_page = Request::post("/id/production/events")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ORIGIN, "https://console.example")
        .body(Body::from(alarm("critical")))
        .expect("a request");
    app.browser().send(from_page).await.expect_status(StatusCode::NO_CONTENT);
    assert_eq!(app.count(ALARMS).await, 0);
    report(&app, token, &alarm("critical")).await.expect_status(StatusCode::NO_CONTENT);
    assert_eq!(app.count(ALARMS).await, 1);
    let events = app.events("application.settings.changed").await;
    assert_eq!(events[0].description, "Reported by the browser in Console: Olivia Owner turned impersonation off");
    assert_eq!(events[1].description, "Reported by Console: Olivia Owner turned impersonation off");
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
