//! From the portal into an application of an environment that has a host name of its own, where no portal's cookie is.

use axum::http::StatusCode;
use axum::http::header;
use chrono::TimeDelta;

use super::{FORMER, ISSUER, at_own_host, get, tokens};
use crate::identity::flow::{AMARA, CHALLENGE, OLIVIA, REASON, claims};
use crate::support::{Browser, ORIGIN, ResponseExt, TestApp};

/// Starts an impersonation by the portal's form and gives the path of the hand-off at the host.
async fn start(app: &TestApp, portal: &mut Browser) -> String {
    let user_id = app.user_id(AMARA).await;
    let form = [("account", "northwind"), ("application", "console"), ("reason", REASON), ("ticket", "")];
    let page = portal.post(&format!("/production/users/{user_id}/impersonate"), &form).await;
    // The portal's policy lets no form end at another host.
    let page = page.expect_status(StatusCode::OK);
    let url = page.body().split("content=\"0;url=").nth(1).and_then(|rest| rest.split('"').next()).expect("a way on");
    url.strip_prefix(ISSUER).unwrap_or_else(|| panic!("elsewhere: {url}")).replace("&amp;", "&")
}

/// The path at the public address to which the tab is sent first.
async fn set_out(tab: &mut Browser, path: &str) -> String {
    let sent = get(tab, path).await.expect_status(StatusCode::SEE_OTHER);
    sent.location().strip_prefix(ORIGIN).unwrap_or_else(|| panic!("elsewhere: {}", sent.location())).to_owned()
}

/// The path at the host to which it comes back.
async fn claimed(portal: &mut Browser, path: &str) -> String {
    let back = portal.get(path).await.expect_status(StatusCode::SEE_OTHER);
    assert!(back.headers().get(header::SET_COOKIE).is_none());
    back.location().strip_prefix(ISSUER).unwrap_or_else(|| panic!("elsewhere: {}", back.location())).to_owned()
}

#[tokio::test]
async fn the_tab_shows_the_portals_cookie_where_it_is_and_opens_at_the_host() {
    let app = at_own_host().await;
    // One browser, and what it keeps for each of two hosts.
    let (mut portal, mut tab) = (app.operator_browser(OLIVIA).await, app.browser());
    let path = start(&app, &mut portal).await;
    let claim = set_out(&mut tab, &path).await;
    assert!(claim.starts_with("/id/production/hand-off/claim?"), "{claim}");
    let arrival = claimed(&mut portal, &claim).await;
    let page = get(&mut tab, &arrival).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Opening Console as Amara Okafor…"), "{}", page.body());
    assert!(page.body().contains("iss=http%3A%2F%2Flogin.acme.example&amp;"), "{}", page.body());
    let hint = page.body().split("login_hint=").nth(1).expect("a hint")[..36].to_owned();
    let issued = tokens(&app, &mut tab, &[("login_hint", &hint), ("prompt", "none")]).await;
    let said = claims(&issued["access_token"]);
    assert_eq!((&said["iss"], &said["act"]["iss"]), (&ISSUER.into(), &ORIGIN.into()));
    assert_eq!(app.events("impersonation.opened").await[0].operator_name.as_deref(), Some("Olivia Owner"));
    // Loaded anew, at once and after a while, it is a mishap.
    let again = get(&mut tab, &arrival).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(again.body().contains("used already"), "{}", again.body());
    app.advance(TimeDelta::minutes(2));
    get(&mut app.browser(), &arrival).await.expect_status(StatusCode::BAD_REQUEST);
    let alarms = "audit_events WHERE action = 'impersonation.hand_off_refused' AND severity <> 'info'";
    assert_eq!(app.count(alarms).await, 0);
}

#[tokio::test]
async fn a_code_on_its_way_opens_nothing_in_another_browser() {
    let app = at_own_host().await;
    let (mut portal, mut tab) = (app.operator_browser(OLIVIA).await, app.browser());
    let path = start(&app, &mut portal).await;
    // Whoever reads the first one is not the operator at the public address.
    let mut stranger = app.browser();
    let claim = set_out(&mut stranger, &path).await;
    let page = stranger.get(&claim).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("not signed in to the portal"), "{}", page.body());
    let claim = set_out(&mut tab, &path).await;
    let arrival = claimed(&mut portal, &claim).await;
    // Whoever reads the second one did not set out.
    let page = get(&mut stranger, &arrival).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("not for this browser"), "{}", page.body());
    let plain = arrival.split("&code_challenge=").next().expect("a path").to_owned();
    let sent = set_out(&mut stranger, &plain).await;
    stranger.get(&sent).await.expect_status(StatusCode::FORBIDDEN);
    assert!(app.events("impersonation.opened").await.is_empty());
    get(&mut tab, &arrival).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn two_tabs_that_are_under_way_at_once_both_arrive() {
    let app = at_own_host().await;
    let (mut portal, mut tab) = (app.operator_browser(OLIVIA).await, app.browser());
    let (first, second) = (start(&app, &mut portal).await, start(&app, &mut portal).await);
    let (first, second) = (set_out(&mut tab, &first).await, set_out(&mut tab, &second).await);
    let (first, second) = (claimed(&mut portal, &first).await, claimed(&mut portal, &second).await);
    get(&mut tab, &second).await.expect_status(StatusCode::OK);
    get(&mut tab, &first).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_page_that_claims_at_the_issuer_is_sent_to_where_the_portal_is_known() {
    let app = at_own_host().await;
    let path = format!("/hand-off/claim?code=uho_x&code_challenge={CHALLENGE}");
    let sent = get(&mut app.browser(), &path).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(sent.location(), format!("{FORMER}{path}"));
}

#[tokio::test]
async fn a_running_session_is_opened_once_more_at_the_host() {
    let app = at_own_host().await;
    let mut portal = app.operator_browser(OLIVIA).await;
    start(&app, &mut portal).await;
    let sid = app.events("impersonation.started").await[0].session_id.expect("a session");
    let page = portal.post(&format!("/production/sessions/{sid}/reopen"), &[]).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("content=\"0;url=http://login.acme.example/hand-off?code=uho_"), "{}", page.body());
}
