//! Which ends are told, and to whom.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;
use understudy::model::session::EndReason;
use uuid::Uuid;

use super::{CONSOLE, DISPATCH, app, deliver, end, logout_token, round, session_in};
use crate::identity::flow::{
    AMARA, OLIVIA, RITA, call, claims, code, hand_off, impersonating, redeem, refresh, signed_in, start, text, tokens,
};
use crate::support::{Browser, ResponseExt, TestApp, encode};

const WAYS: [&str; 14] = [
    "its operator ends it",
    "an administrator ends all",
    "impersonation is turned off",
    "its time is over",
    "the user is locked",
    "the operator loses the right",
    "the account loses the application",
    "the user revokes it",
    "the user revokes all others",
    "the application signs it out",
    "the browser is asked and signs it out",
    "the application revokes its access token",
    "an old refresh token is used again",
    "a code is used again",
];

async fn end_by(app: &TestApp, way: &str, browser: &mut Browser, sid: Uuid, answer: &Value) {
    let id = sid.to_string();
    let environment = ("environment", "production");
    match way {
        "its operator ends it" => {
            browser.call("impersonation/end", &[environment, ("session_id", &id)]).await.expect_status(StatusCode::OK);
        }
        "an administrator ends all" => {
            let mut adam = app.operator_browser("adam@understudy.example").await;
            adam.call("impersonation/end-all", &[environment]).await.expect_status(StatusCode::OK);
        }
        "impersonation is turned off" => {
            browser.call("impersonation/settings", &[environment]).await.expect_status(StatusCode::OK);
        }
        "its time is over" => app.advance(TimeDelta::minutes(60)),
        "the user is locked" => {
            app.execute("UPDATE users SET locked_at = created_at WHERE email = 'amara@northwind.example'").await;
        }
        "the operator loses the right" => app.set_roles(OLIVIA, &[]).await,
        "the account loses the application" => app.execute("DELETE FROM account_applications").await,
        "the user revokes it" => {
            let mut own = signed_in(app, AMARA).await;
            own.post(&format!("/id/production/account/sessions/{id}/revoke"), &[]).await;
        }
        "the user revokes all others" => {
            let mut own = signed_in(app, AMARA).await;
            own.post("/id/production/account/revoke-others", &[]).await;
        }
        "the application signs it out" => {
            let query = encode(&[("id_token_hint", text(answer, "id_token"))]);
            browser.get(&format!("/id/production/logout?{query}")).await;
        }
        "the browser is asked and signs it out" => {
            browser.post("/id/production/logout/confirm", &[("session", &id)]).await;
        }
        "the application revokes its access token" => {
            call(app, "/revoke", "console", &[("token", text(answer, "access_token"))]).await;
        }
        "an old refresh token is used again" => {
            let next = refresh(app, "console", text(answer, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
            let next = next.json();
            refresh(app, "console", text(&next, "refresh_token"), &[]).await.expect_status(StatusCode::OK);
            app.advance(TimeDelta::seconds(31));
            refresh(app, "console", text(answer, "refresh_token"), &[]).await.expect_status(StatusCode::BAD_REQUEST);
        }
        "a code is used again" => {
            let code = code(browser, "console", &[]).await;
            redeem(app, "console", &code).await.expect_status(StatusCode::OK);
            app.advance(TimeDelta::seconds(31));
            redeem(app, "console", &code).await.expect_status(StatusCode::BAD_REQUEST);
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn however_an_impersonation_ends_its_application_is_told_once() {
    for way in WAYS {
        let app = app().await;
        let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
        let answer = tokens(&app, &mut browser, "console", &[]).await;
        round(&app).await;
        assert!(app.outbound.calls().is_empty(), "before: {way}");
        end_by(&app, way, &mut browser, sid, &answer).await;
        round(&app).await;
        let calls = app.outbound.calls();
        assert_eq!(calls.len(), 1, "{way}");
        assert_eq!(calls[0].url, CONSOLE, "{way}");
        assert_eq!(claims(&logout_token(&calls[0]))["sid"], sid.to_string(), "{way}");
        assert_eq!(app.count("deliveries WHERE delivered_at IS NOT NULL").await, 1, "{way}");
        app.advance(TimeDelta::hours(1));
        round(&app).await;
        assert_eq!(app.outbound.calls().len(), 1, "{way}, an hour later");
    }
}

#[tokio::test]
async fn the_end_of_a_users_own_session_is_told_to_each_application_with_tokens_of_it() {
    let app = app().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&app, &mut browser, "console", &[]).await;
    tokens(&app, &mut browser, "dispatch", &[]).await;
    tokens(&app, &mut browser, "dispatch", &[]).await;
    browser.post("/id/production/account/sign-out", &[]).await;
    deliver(&app).await;
    let mut urls: Vec<String> = app.outbound.calls().into_iter().map(|call| call.url).collect();
    urls.sort();
    assert_eq!(urls, [CONSOLE, DISPATCH]);
}

#[tokio::test]
async fn applications_without_tokens_or_without_an_address_are_not_told() {
    let app = app().await;
    app.execute("UPDATE applications SET backchannel_logout_uri = NULL WHERE client_id = 'console'").await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    end(&app, sid).await;
    let path = start(&app, &mut browser, RITA, "northwind", "dispatch").await;
    let unused = hand_off(&mut browser, &path).await;
    end(&app, unused).await;
    deliver(&app).await;
    assert!(app.outbound.calls().is_empty());
    assert_eq!(app.count("deliveries").await, 0);
}

#[tokio::test]
async fn what_was_not_committed_is_not_told() {
    let app = app().await;
    let sid = session_in(&app, AMARA, "console").await;
    crate::support::break_audit(&app.state.db).await;
    let ended = app.end_session(sid, EndReason::SignedOut).await;
    assert!(ended.is_err());
    crate::support::mend_audit(&app.state.db).await;
    deliver(&app).await;
    assert!(app.outbound.calls().is_empty());
}
