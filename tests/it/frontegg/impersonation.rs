//! Impersonated sessions in SDK applications: hosted by the provider's hand-off, embedded by the code itself.

use axum::http::{StatusCode, header};
use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::sdk::{
    Call, IMPERSONATE, ME, MY_SESSIONS, REFRESH, SILENT, authorize_path, embedded, kept_alive, refused, sign_in, tokens,
};
use crate::identity::flow::{
    AMARA, CHALLENGE, OLIVIA, REASON, RITA, VERIFIER, claims, hand_off, impersonating, signed_in, start, text,
};
use crate::support::{Browser, ResponseExt, TestApp};

const ACTIVE_NORTHWIND: &str = "users u JOIN accounts a ON a.id = u.active_account_id WHERE a.external_id = 'northwind' \
    AND u.email = 'amara@northwind.example'";

/// Starts an impersonation of Amara in `dispatch` and goes on as the login box does: the operator's browser claims the code
/// for a page that knows [`VERIFIER`]. Gives the code with which that page comes back.
pub async fn started(app: &TestApp) -> String {
    let mut portal = app.operator_browser(OLIVIA).await;
    let code = carried(app, &mut portal).await;
    let back = portal.get(&claim_path(&code)).await.expect_status(StatusCode::SEE_OTHER).location();
    assert!(back.starts_with("https://dispatch.example/") && back.contains(CHALLENGE), "{back}");
    code_in(&back)
}

pub fn claim_path(code: &str) -> String {
    format!("/id/production/hand-off/claim?code={code}&code_challenge={CHALLENGE}")
}

/// Starts an impersonation of Amara in `dispatch` from the portal and gives the code, which the new tab carries.
pub async fn carried(app: &TestApp, portal: &mut Browser) -> String {
    let user_id = app.user_id(AMARA).await;
    let form = [("account", "northwind"), ("application", "dispatch"), ("reason", REASON), ("ticket", "SUP-4821")];
    let answer = portal.post(&format!("/production/users/{user_id}/impersonate"), &form).await;
    let hosted = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = format!("{hosted} {}", answer.body());
    code_in(&text)
}

pub fn code_in(text: &str) -> String {
    let at = text.find("uho_").unwrap_or_else(|| panic!("no code: {text}"));
    text[at..].split(['&', ' ']).next().expect("a code").to_owned()
}

pub async fn trade(browser: &mut Browser, code: &str) -> axum::http::Response<String> {
    let body = json!({ "actorToken": code, "codeVerifier": VERIFIER });
    Call::post("dispatch", IMPERSONATE, body).send(browser).await
}

async fn operator_id(app: &TestApp) -> Value {
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = understudy::server::db::operator::by_email(&mut conn, OLIVIA).await.expect("a query");
    json!(row.expect("Olivia").id)
}

#[tokio::test]
async fn a_hosted_application_becomes_the_impersonated_user_and_stays_it_after_a_refresh() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let operator = operator_id(&app).await;
    // What the application's ordinary start does first.
    let first = Call::post("dispatch", SILENT, json!({ "tenantId": null })).send(&mut browser).await;
    let first = first.expect_status(StatusCode::OK).json();
    let reloaded = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    let body = json!({ "grant_type": "refresh_token", "refresh_token": first["refresh_token"] });
    let refreshed = Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.json();
    let redirected = tokens(&mut browser, "dispatch").await;
    for answer in [&first, &reloaded, &refreshed, &redirected] {
        let claims = claims(&answer["id_token"]);
        assert_eq!(claims["email"], AMARA);
        assert_eq!(claims["act"]["sub"], operator);
        assert_eq!(claims["sid"], json!(sid));
        let token = answer["id_token"].as_str().expect("a token");
        assert!(!token.contains("SUP-4821"));
        let me = Call::get("dispatch", ME).bearer(token).send(&mut browser).await.json();
        assert_eq!(me["act"]["sub"], operator);
        // For the bar. The operator's words stay with us.
        let current = Call::get("dispatch", &format!("{MY_SESSIONS}/current")).bearer(token).send(&mut browser).await;
        assert_eq!(current.json()["operator"], "Olivia Owner");
        assert!(!current.body().contains("SUP-4821") && !current.body().contains(REASON), "{}", current.body());
    }
    // No token and no list of the user's own names anybody but by id.
    let mut own = signed_in(&app, AMARA).await;
    let token = tokens(&mut own, "dispatch").await;
    let list = Call::get("dispatch", MY_SESSIONS).bearer(text(&token, "id_token")).send(&mut own).await;
    assert_eq!(list.json().as_array().map(Vec::len), Some(2));
    assert!(!list.body().contains("Olivia"), "{}", list.body());
    // Never beyond the hour.
    app.advance(TimeDelta::minutes(58));
    let late = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    assert_eq!(late["expires_in"], 120);
    app.advance(TimeDelta::minutes(2));
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
}

/// A limit: unseen, the two look the same, and the new tab of an application that waits for a click would not be signed in.
#[tokio::test]
async fn a_hosted_tab_that_is_loaded_anew_in_the_minute_of_a_hand_off_is_taken_for_the_new_tab() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    crate::identity::flow::sign_in(&mut browser, RITA, crate::support::USER_PASSWORD).await;
    let rita = tokens(&mut browser, "dispatch").await;
    let path = start(&app, &mut browser, AMARA, "northwind", "dispatch").await;
    hand_off(&mut browser, &path).await;
    let reloaded = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    assert_eq!(claims(&reloaded["id_token"])["email"], AMARA);
    // Once: the new tab is asked who it is, and the old one's own tokens are Rita's for ever.
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    let body = json!({ "grant_type": "refresh_token", "refresh_token": rita["refresh_token"] });
    let again = Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.json();
    assert_eq!(claims(&again["id_token"])["email"], RITA);
}

#[tokio::test]
async fn a_fresh_hand_off_is_who_the_new_tab_is_and_no_other_tab_becomes_it() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let mut browser = app.operator_browser(OLIVIA).await;
    crate::identity::flow::sign_in(&mut browser, RITA, crate::support::USER_PASSWORD).await;
    let rita = tokens(&mut browser, "dispatch").await;
    assert_eq!(claims(&rita["id_token"])["email"], RITA);
    let path = start(&app, &mut browser, AMARA, "northwind", "dispatch").await;
    let amara = hand_off(&mut browser, &path).await;
    let first = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    assert_eq!(claims(&first["id_token"])["email"], AMARA);
    // From now on a reload could be either tab's: it is asked about, and never answered by the one who came last.
    app.advance(TimeDelta::minutes(2));
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    let page = browser.get(&authorize_path("dispatch", &[])).await.expect_status(StatusCode::OK);
    for part in ["Go on as Rita Reader", "Go on as Amara Okafor"] {
        assert!(page.body().contains(part), "no {part:?} in {}", page.body());
    }
    // By their refresh tokens both go on as who they are.
    for (token, email) in [(&rita, RITA), (&first, AMARA)] {
        let body = json!({ "grant_type": "refresh_token", "refresh_token": token["refresh_token"] });
        let again = Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.json();
        assert_eq!(claims(&again["id_token"])["email"], email);
    }
    // When it is over, nobody else takes its place unasked, however often it is asked for.
    let stop = Call::post("dispatch", "/identity/resources/auth/v1/logout", json!({}));
    stop.bearer(text(&first, "id_token")).send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
    assert_eq!(app.count("sessions WHERE kind = 'password' AND ended_at IS NULL").await, 1, "Rita's own ended too");
    for _ in 0..3 {
        refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
    let page = browser.get(&authorize_path("dispatch", &[])).await.expect_status(StatusCode::FORBIDDEN);
    assert!(page.body().contains("You acted as Amara Okafor"), "{}", page.body());
    assert!(page.body().contains("Go on as Rita Reader"), "{}", page.body());
    assert_eq!(app.user_sessions(AMARA).await[0].id, amara);
}

#[tokio::test]
async fn a_tab_of_the_applications_own_page_does_not_become_who_another_tab_is() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let mut browser = app.browser();
    let rita = sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK).json();
    let amara = trade(&mut browser, &started(&app).await).await.expect_status(StatusCode::OK).json();
    let refresh = |token| Call::post("dispatch", REFRESH, json!({})).bearer(token);
    let again = refresh(text(&amara, "accessToken")).send(&mut browser).await.json();
    assert_eq!(claims(&again["accessToken"])["email"], AMARA);
    refused(&refresh(text(&rita, "accessToken")).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    // The token may have expired long ago: it says whose the tab is, and opens nothing.
    app.advance(TimeDelta::minutes(20));
    refused(&refresh(text(&rita, "accessToken")).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert!(browser.cookie("fe_refresh_dispatch").is_some(), "the other tab's cookie was taken back");
    refresh(text(&amara, "accessToken")).send(&mut browser).await.expect_status(StatusCode::OK);
    // When it is over the cookie is nobody's.
    app.advance(TimeDelta::minutes(40));
    for token in [&amara, &rita, &amara] {
        refused(&refresh(text(token, "accessToken")).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn an_embedded_application_trades_the_code_once() {
    let app = TestApp::new().await;
    embedded(&app).await;
    kept_alive(&app).await;
    let code = started(&app).await;
    let operator = operator_id(&app).await;
    let mut browser = app.browser();
    let answer = trade(&mut browser, &code).await.expect_status(StatusCode::OK);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    assert!(cookie.starts_with("fe_refresh_dispatch=usc_") && cookie.contains("Max-Age=3600"), "{cookie}");
    let first = answer.json();
    assert_eq!(first["tokenType"], "bearer");
    assert_eq!(first["mfaRequired"], false);
    let second = Call::post("dispatch", REFRESH, json!({ "tenantId": null })).send(&mut browser).await.json();
    for token in [&first["accessToken"], &second["accessToken"]] {
        assert_eq!(claims(token)["email"], AMARA);
        assert_eq!(claims(token)["act"]["sub"], operator);
    }
    refused(&trade(&mut app.browser(), &code).await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 1);
    assert_eq!(app.count("users WHERE last_login_at IS NOT NULL OR visits > 0").await, 0);
}

#[tokio::test]
async fn a_code_is_for_its_user_its_application_and_its_minute() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let code = started(&app).await;
    let mut browser = app.browser();
    let other = json!({ "actorToken": code, "codeVerifier": VERIFIER, "impersonatedUserId": app.user_id(RITA).await });
    refused(&Call::post("dispatch", IMPERSONATE, other).send(&mut browser).await, StatusCode::BAD_REQUEST);
    let garbage = json!({ "actorToken": code, "codeVerifier": VERIFIER, "impersonatedUserId": "7" });
    refused(&Call::post("dispatch", IMPERSONATE, garbage).send(&mut browser).await, StatusCode::BAD_REQUEST);
    let foreign = Call::post("console", IMPERSONATE, json!({ "actorToken": code, "codeVerifier": VERIFIER }));
    refused(&foreign.send(&mut browser).await, StatusCode::FORBIDDEN);
    let mut staging = Call::post("dispatch", IMPERSONATE, json!({ "actorToken": code, "codeVerifier": VERIFIER }));
    staging.path = staging.path.replace("production", "staging");
    refused(&staging.send(&mut browser).await, StatusCode::UNAUTHORIZED);
    for body in [json!({}), json!({ "actorToken": 7 })] {
        refused(&Call::post("dispatch", IMPERSONATE, body).send(&mut browser).await, StatusCode::BAD_REQUEST);
    }
    refused(&trade(&mut browser, "uho_nonsense").await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NULL").await, 1, "a refused call used the code up");
    let right = json!({ "actorToken": code, "codeVerifier": VERIFIER, "impersonatedUserId": app.user_id(AMARA).await });
    Call::post("dispatch", IMPERSONATE, right).send(&mut browser).await.expect_status(StatusCode::OK);
    let late = started(&app).await;
    app.advance(TimeDelta::seconds(60));
    refused(&trade(&mut app.browser(), &late).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_for_a_hosted_application_is_traded_nowhere_but_at_the_hand_off() {
    let app = TestApp::new().await;
    let mut portal = app.operator_browser(OLIVIA).await;
    let code = carried(&app, &mut portal).await;
    portal.get(&claim_path(&code)).await.expect_status(StatusCode::BAD_REQUEST);
    refused(&trade(&mut app.browser(), &code).await, StatusCode::FORBIDDEN);
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NOT NULL").await, 0);
}

#[tokio::test]
async fn without_keep_session_alive_nothing_lives_beyond_five_minutes() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let first = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.expect_status(StatusCode::OK).json();
    assert!(first.get("refresh_token").is_none(), "{first}");
    // A refresh token from before the setting was changed is worth nothing either.
    kept_alive(&app).await;
    let kept = tokens(&mut browser, "dispatch").await;
    app.execute("UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'dispatch'").await;
    let body = json!({ "grant_type": "refresh_token", "refresh_token": kept["refresh_token"] });
    refused(&Call::post("dispatch", "/oauth/token", body).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    // A reload within the time gives the rest of it, never more.
    app.advance(TimeDelta::minutes(4));
    let reloaded = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    assert_eq!(reloaded["expires_in"], 60);
    assert_eq!(claims(&reloaded["id_token"])["exp"], claims(&first["id_token"])["exp"]);
    app.advance(TimeDelta::minutes(1));
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
}

/// The session is one of an hour, which its application cut short.
#[tokio::test]
async fn keep_session_alive_turned_off_ends_what_the_cookie_gives_after_five_minutes() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let (mut hosted, _) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    tokens(&mut hosted, "dispatch").await;
    embedded(&app).await;
    let mut own_page = app.browser();
    trade(&mut own_page, &started(&app).await).await.expect_status(StatusCode::OK);
    app.execute("UPDATE applications SET keep_session_alive = FALSE WHERE client_id = 'dispatch'").await;
    app.advance(TimeDelta::minutes(4));
    for (path, browser) in [(SILENT, &mut hosted), (REFRESH, &mut own_page)] {
        Call::post("dispatch", path, json!({})).send(browser).await.expect_status(StatusCode::OK);
    }
    app.advance(TimeDelta::minutes(1));
    for (path, browser) in [(SILENT, &mut hosted), (REFRESH, &mut own_page)] {
        refused(&Call::post("dispatch", path, json!({})).send(browser).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn an_embedded_session_without_keep_session_alive_ends_after_five_minutes_too() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let code = started(&app).await;
    let mut browser = app.browser();
    trade(&mut browser, &code).await.expect_status(StatusCode::OK);
    app.advance(TimeDelta::minutes(4));
    let answer = Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await.json();
    assert_eq!(answer["expiresIn"], 60);
    app.advance(TimeDelta::minutes(1));
    refused(&Call::post("dispatch", REFRESH, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn the_user_ends_it_and_the_next_call_says_401_everywhere() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let answer = tokens(&mut browser, "dispatch").await;
    // The user, in a browser of its own, sees it marked and ends it.
    let mut amara = signed_in(&app, AMARA).await;
    let own = tokens(&mut amara, "dispatch").await;
    let own = text(&own, "id_token");
    let list = Call::get("dispatch", MY_SESSIONS).bearer(own).send(&mut amara).await.json();
    let impersonated = list.as_array().expect("sessions").iter().find(|one| one["impersonated"] == true);
    assert_eq!(impersonated.expect("it")["ipAddress"], json!(null), "where an operator sits is nobody's business");
    let marked: Vec<_> = list.as_array().expect("sessions").iter().filter(|one| one["impersonated"] == true).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0]["id"], json!(sid));
    assert!(!list.to_string().contains("SUP-4821") && !list.to_string().contains("invoices"), "{list}");
    let end = Call { method: axum::http::Method::DELETE, ..Call::get("dispatch", &format!("{MY_SESSIONS}/{sid}")) };
    end.bearer(own).send(&mut amara).await.expect_status(StatusCode::OK);
    let token = text(&answer, "id_token");
    for path in [ME, MY_SESSIONS, "/identity/resources/users/v3/me/tenants"] {
        refused(&Call::get("dispatch", path).bearer(token).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
    let body = json!({ "grant_type": "refresh_token", "refresh_token": answer["refresh_token"] });
    for call in [Call::post("dispatch", "/oauth/token", body), Call::post("dispatch", SILENT, json!({}))] {
        refused(&call.send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
    let ended = app.events("impersonation.ended").await;
    assert_eq!(ended.len(), 1);
    assert!(ended[0].description.starts_with("Amara Okafor ended the impersonation"), "{ended:?}");
}

#[tokio::test]
async fn from_inside_an_impersonation_only_itself_can_be_ended() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    signed_in(&app, AMARA).await;
    let own: Uuid = app.user_sessions(AMARA).await[0].id;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let answer = tokens(&mut browser, "dispatch").await;
    let token = text(&answer, "id_token");
    let delete = |rest: String| Call {
        method: axum::http::Method::DELETE,
        ..Call::get("dispatch", &format!("{MY_SESSIONS}/{rest}"))
    };
    refused(&delete(own.to_string()).bearer(token).send(&mut browser).await, StatusCode::FORBIDDEN);
    refused(&delete("all".to_owned()).bearer(token).send(&mut browser).await, StatusCode::FORBIDDEN);
    refused(&delete("nonsense".to_owned()).bearer(token).send(&mut browser).await, StatusCode::NOT_FOUND);
    assert!(app.events("impersonation.ended").await.is_empty());
    delete(sid.to_string()).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.events("impersonation.ended").await.len(), 1);
    assert_eq!(app.user_sessions(AMARA).await.iter().filter(|one| one.ended_at.is_none()).count(), 1);
}

#[tokio::test]
async fn switching_inside_an_impersonation_is_not_remembered_as_the_users_choice() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "dispatch").await;
    let answer = tokens(&mut browser, "dispatch").await;
    let switch = Call {
        method: axum::http::Method::PUT,
        ..Call::post("dispatch", "/identity/resources/users/v1/tenant", json!({ "tenantId": "harbor" }))
    };
    switch.bearer(text(&answer, "id_token")).send(&mut browser).await.expect_status(StatusCode::OK);
    let next = Call::post("dispatch", SILENT, json!({})).send(&mut browser).await.json();
    assert_eq!(claims(&next["id_token"])["tenantId"], "harbor");
    assert!(claims(&next["id_token"])["act"]["sub"].is_string());
    assert_eq!(app.count(ACTIVE_NORTHWIND).await, 1);
}

#[tokio::test]
async fn a_sign_in_beside_an_impersonation_leaves_it_to_its_operator() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let code = started(&app).await;
    let mut browser = app.browser();
    trade(&mut browser, &code).await.expect_status(StatusCode::OK);
    let rita = sign_in(&mut browser, RITA).await.expect_status(StatusCode::OK).json();
    let call = Call::post("dispatch", REFRESH, json!({})).bearer(text(&rita, "accessToken"));
    let answer = call.send(&mut browser).await.json();
    assert_eq!(claims(&answer["accessToken"])["email"], RITA);
    assert!(app.events("impersonation.ended").await.is_empty());
}
