//! My sessions and my account's audit log.

use axum::http::StatusCode;

use super::flow::{
    AMARA, BEN, OLIVIA, REASON, RITA, impersonating, introspect, refresh, refused, report, signed_in, text, tokens,
};
use crate::support::{ResponseExt, TestApp};
use understudy::model::impersonation::ImpersonationSettings;
use understudy::server::service::impersonation::settings;

const SESSIONS: &str = "/id/production/account/sessions";
const AUDIT: &str = "/id/production/account/audit";

#[tokio::test]
async fn the_user_sees_the_impersonation_with_operator_reason_and_time_left_and_ends_it() {
    let app = TestApp::new().await;
    let (mut operator, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut operator, "console", &[]).await;
    app.advance(chrono::TimeDelta::minutes(4));
    let mut browser = signed_in(&app, AMARA).await;
    let page = browser.get(SESSIONS).await.expect_status(StatusCode::OK);
    for part in [
        "Impersonation",
        "<bdi>Olivia Owner</bdi> acts as <bdi>you</bdi>",
        REASON,
        "56 minutes left",
        "Console",
        "This session",
    ] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    assert!(!page.body().contains("SUP-4821"), "the ticket is the operators' own");
    let path = format!("{SESSIONS}/{sid}/revoke");
    browser.post(&path, &[]).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(introspect(&app, text(&answer, "access_token")).await["active"], false);
    let refreshed = refresh(&app, "console", text(&answer, "refresh_token"), &[]).await;
    refused(refreshed, StatusCode::BAD_REQUEST, "invalid_grant");
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].actor_name, "Amara Okafor");
    assert_eq!(ended[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(ended[0].description, "Amara Okafor ended the impersonation by Olivia Owner");
    let page = browser.get(SESSIONS).await;
    assert!(page.body().contains("Ended by the user"), "{}", page.body());
    // Again is no error, and no second END.
    browser.post(&path, &[]).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
}

#[tokio::test]
async fn nobody_revokes_the_session_of_another_user() {
    let app = TestApp::new().await;
    let (_, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let mut browser = signed_in(&app, RITA).await;
    for id in [sid.to_string(), "019aaf00-0000-7000-8000-000000000000".into(), "nonsense".into()] {
        browser.post(&format!("{SESSIONS}/{id}/revoke"), &[]).await.expect_status(StatusCode::NOT_FOUND);
    }
    let answer = app.browser().post(&format!("{SESSIONS}/{sid}/revoke"), &[]).await;
    assert!(answer.location().starts_with("/id/production/login"));
    assert!(app.events("impersonation.ended").await.is_empty());
}

#[tokio::test]
async fn from_inside_an_impersonation_only_that_one_can_be_ended_and_by_its_operator() {
    let app = TestApp::new().await;
    signed_in(&app, AMARA).await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let page = browser.get(SESSIONS).await.expect_status(StatusCode::OK);
    assert!(
        page.body().contains("<bdi>Olivia Owner</bdi> is impersonating <bdi>Amara Okafor</bdi>"),
        "{}",
        page.body()
    );
    assert_eq!(page.body().matches("/revoke\"").count(), 1, "{}", page.body());
    assert!(!page.body().contains("Sign out everywhere else"));
    let own = app.user_sessions(AMARA).await.into_iter().find(|session| session.id != sid).expect("her own").id;
    browser.post(&format!("{SESSIONS}/{own}/revoke"), &[]).await.expect_status(StatusCode::FORBIDDEN);
    browser.post("/id/production/account/revoke-others", &[]).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.count("sessions WHERE ended_at IS NULL").await, 2);
    browser.post(&format!("{SESSIONS}/{sid}/revoke"), &[]).await.expect_status(StatusCode::OK);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].actor_name, "Olivia Owner");
    assert!(ended[0].description.ends_with("signed out"), "{ended:?}");
    assert!(browser.get(SESSIONS).await.location().starts_with("/id/production/login"));
}

#[tokio::test]
async fn signing_out_everywhere_else_leaves_this_browser_signed_in() {
    let app = TestApp::new().await;
    let mut elsewhere = signed_in(&app, AMARA).await;
    let (mut operator, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let mut rita = signed_in(&app, RITA).await;
    let mut browser = signed_in(&app, AMARA).await;
    browser.post("/id/production/account/revoke-others", &[]).await.expect_status(StatusCode::SEE_OTHER);
    browser.get(SESSIONS).await.expect_status(StatusCode::OK);
    rita.get(SESSIONS).await.expect_status(StatusCode::OK);
    elsewhere.get(SESSIONS).await.expect_status(StatusCode::SEE_OTHER);
    operator.get(SESSIONS).await.expect_status(StatusCode::SEE_OTHER);
    browser.post("/id/production/account/sign-out", &[]).await.expect_status(StatusCode::OK);
    browser.get(SESSIONS).await.expect_status(StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_user_switches_account_and_stays_there() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    browser.post("/id/production/account/switch", &[("account", "harbor")]).await.expect_status(StatusCode::SEE_OTHER);
    let page = browser.get(SESSIONS).await;
    assert!(page.body().contains("amara@northwind.example · <bdi>Harbor Logistics</bdi>"), "{}", page.body());
    let answer = tokens(&app, &mut browser, "dispatch", &[]).await;
    let access = super::flow::claims(&answer["access_token"]);
    assert_eq!(access["tenantId"], "harbor");
    // The roles of that account and not those of the one before: in Northwind Amara is an admin.
    assert_eq!(access["roles"], serde_json::json!(["member"]));
    let remembered = "users u JOIN accounts a ON a.id = u.active_account_id WHERE u.name = 'Amara Okafor' AND a.external_id = 'harbor'";
    assert_eq!(app.count(remembered).await, 1);
    let later = tokens(&app, &mut signed_in(&app, AMARA).await, "dispatch", &[]).await;
    assert_eq!(super::flow::claims(&later["access_token"])["tenantId"], "harbor", "the next session begins there");
    for wanted in ["nowhere", ""] {
        let answer = browser.post("/id/production/account/switch", &[("account", wanted)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
    assert_eq!(app.events("session.account_switched").await.len(), 1);
}

#[tokio::test]
async fn an_operator_switches_account_inside_the_impersonation_and_the_user_stays_where_they_were() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let page = browser.get(SESSIONS).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Harbor Logistics") && !page.body().contains("Empty Ventures"), "{}", page.body());
    browser.post("/id/production/account/switch", &[("account", "harbor")]).await.expect_status(StatusCode::SEE_OTHER);
    let access = super::flow::claims(&tokens(&app, &mut browser, "dispatch", &[]).await["access_token"]);
    assert_eq!(access["tenantId"], "harbor");
    assert_eq!(access["sid"], sid.to_string());
    assert!(access["act"]["sub"].is_string());
    assert_eq!(access["roles"], serde_json::json!(["member"]));
    let events = app.events("session.account_switched").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].operator_name.as_deref(), Some("Olivia Owner"));
    assert_eq!(events[0].reason.as_deref(), Some(REASON));
    let remembered = "users u JOIN accounts a ON a.id = u.active_account_id WHERE u.name = 'Amara Okafor' AND a.external_id = 'northwind'";
    assert_eq!(app.count(remembered).await, 1);
    for wanted in ["empty", "nowhere"] {
        let answer = browser.post("/id/production/account/switch", &[("account", wanted)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{wanted}");
    }
    assert_eq!(app.events("session.account_switched").await.len(), 1);
}

#[tokio::test]
async fn the_account_log_is_for_those_whose_role_allows_it() {
    let app = TestApp::new().await;
    impersonating(&app, AMARA, "northwind", "console").await;
    let mut rita = signed_in(&app, RITA).await;
    let page = rita.get(AUDIT).await.expect_status(StatusCode::OK);
    for part in ["Northwind Traders", "Olivia Owner", "Amara Okafor", REASON] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    let mut ben = signed_in(&app, BEN).await;
    let page = ben.get(AUDIT).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("account.audit.read"), "{}", page.body());
    assert!(!page.body().contains("Olivia Owner"));
    let mut zoe = signed_in(&app, "zoe@northwind.example").await;
    zoe.get(AUDIT).await.expect_status(StatusCode::FORBIDDEN);
    assert!(app.browser().get(AUDIT).await.location().starts_with("/id/production/login"));
    // In Harbor, Amara is no administrator.
    let mut amara = signed_in(&app, AMARA).await;
    amara.get(AUDIT).await.expect_status(StatusCode::OK);
    amara.post("/id/production/account/switch", &[("account", "harbor")]).await;
    amara.get(AUDIT).await.expect_status(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_users_do_themselves_is_in_the_log_whatever_is_hidden() {
    let app = TestApp::new().await;
    let caller = app.caller(OLIVIA, "production").await;
    let wanted = ImpersonationSettings { enabled: true, hide_from_account_audit: true };
    settings::update(&caller, wanted).await.expect("the settings change");
    signed_in(&app, AMARA).await;
    let mut rita = signed_in(&app, RITA).await;
    let page = rita.get(AUDIT).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Amara Okafor"), "{}", page.body());
}

#[tokio::test]
async fn what_is_hidden_from_the_account_is_in_none_of_its_log_and_in_the_users_sessions_still() {
    for hidden in [false, true] {
        let app = TestApp::new().await;
        let caller = app.caller(OLIVIA, "production").await;
        let wanted = ImpersonationSettings { enabled: true, hide_from_account_audit: hidden };
        settings::update(&caller, wanted).await.expect("the settings change");
        let (mut operator, _) = impersonating(&app, AMARA, "northwind", "console").await;
        let answer = tokens(&app, &mut operator, "console", &[]).await;
        let body = r#"{"action":"invoice.exported","description":"Exported invoice 4711"}"#;
        report(&app, text(&answer, "access_token"), body).await.expect_status(StatusCode::NO_CONTENT);
        super::flow::call(&app, "/revoke", "console", &[("token", text(&answer, "access_token"))]).await;
        // Whatever the switch says later, what was written stays as it was.
        let flipped = ImpersonationSettings { hide_from_account_audit: !hidden, ..wanted };
        settings::update(&caller, flipped).await.expect("the settings change");
        let mut rita = signed_in(&app, RITA).await;
        let page = rita.get(AUDIT).await.expect_status(StatusCode::OK);
        for part in ["Olivia Owner", REASON, "Exported invoice 4711", "impersonation.ended"] {
            assert_eq!(page.body().contains(part), !hidden, "{part} with hidden={hidden}: {}", page.body());
        }
        let mut amara = signed_in(&app, AMARA).await;
        let page = amara.get(SESSIONS).await;
        assert!(page.body().contains("Olivia Owner") && page.body().contains(REASON), "{}", page.body());
        let trail = app.events("application.invoice.exported").await;
        assert_eq!(trail.len(), 1);
        assert_eq!(trail[0].operator_name.as_deref(), Some("Olivia Owner"));
        assert_eq!(trail[0].actor_name, "Amara Okafor");
        assert_eq!(trail[0].reason.as_deref(), Some(REASON));
    }
}

#[tokio::test]
async fn the_log_has_pages() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    for number in 0..60 {
        app.advance(chrono::TimeDelta::seconds(1));
        let body = format!(r#"{{"action":"invoice.exported","description":"Invoice number {number:02}"}}"#);
        report(&app, text(&answer, "access_token"), &body).await.expect_status(StatusCode::NO_CONTENT);
    }
    let first = browser.get(AUDIT).await;
    assert!(first.body().contains("Invoice number 59") && !first.body().contains("Invoice number 05"));
    let link = first.body().split("rel=\"next\" href=\"").nth(1).expect("a next page");
    let link = link.split('"').next().expect("an address").replace("&amp;", "&");
    let second = browser.get(&link).await;
    assert!(second.body().contains("Invoice number 05") && !second.body().contains("Invoice number 59"));
    assert!(second.body().contains("rel=\"prev\""));
}
