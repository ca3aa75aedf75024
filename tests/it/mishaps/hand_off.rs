//! Hand-offs that go wrong without anybody having meant harm, and those that do not.

use axum::http::StatusCode;
use chrono::TimeDelta;

use crate::identity::flow::{AMARA, OLIVIA, start};
use crate::support::{ORIGIN, ResponseExt, TestApp};

const REFUSED: &str = "audit_events WHERE action = 'impersonation.hand_off_refused'";
const HIGH: &str = "audit_events WHERE action = 'impersonation.hand_off_refused' AND severity = 'high'";

#[tokio::test]
async fn a_portal_that_was_opened_by_its_other_name_is_told_its_own() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    // The cookie of 127.0.0.1 is not sent to localhost.
    let page = app.browser().get(&path).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains(ORIGIN), "{}", page.body());
    let refused = app.events("impersonation.hand_off_refused").await;
    assert_eq!(refused.len(), 1);
    assert!(refused[0].description.contains("PUBLIC_URL"), "{refused:?}");
    assert_eq!(
        app.count("audit_events WHERE severity IN ('high', 'critical') AND action LIKE 'impersonation.%'").await,
        0
    );
    // However often the tab is loaded anew.
    for _ in 0..3 {
        app.browser().get(&path).await.expect_status(StatusCode::FORBIDDEN);
    }
    assert_eq!(app.count(REFUSED).await, 1);
    browser.get(&path).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_tab_that_is_loaded_anew_or_lay_too_long_is_no_alarm() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    browser.get(&path).await.expect_status(StatusCode::OK);
    let late = start(&app, &mut browser, AMARA, "northwind", "console").await;
    app.advance(TimeDelta::seconds(61));
    for path in [&path, &path, &late] {
        browser.get(path).await.expect_status(StatusCode::BAD_REQUEST);
    }
    assert_eq!(app.count(REFUSED).await, 2);
    assert_eq!(app.count(HIGH).await, 0);
}

#[tokio::test]
async fn another_operator_with_the_link_is_one() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    // The same person, signed in once more.
    app.operator_browser(OLIVIA).await.get(&path).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.count(HIGH).await, 0);
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let mut other = app.operator_browser("adam@understudy.example").await;
    other.get(&path).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.count(HIGH).await, 1);
}
