//! The hand-off code of an application without a secret stands in an address. Whoever reads it there has nothing.

use axum::http::StatusCode;
use serde_json::json;

use crate::frontegg::impersonation::{carried, claim_path, code_in, trade};
use crate::frontegg::sdk::{Call, IMPERSONATE, embedded, refused};
use crate::identity::flow::{AMARA, CHALLENGE, OLIVIA, VERIFIER, claims};
use crate::support::{ResponseExt, TestApp};

const REFUSED: &str = "impersonation.hand_off_refused";

#[tokio::test]
async fn the_code_from_the_address_bar_is_worth_nothing_to_who_reads_it() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut portal = app.operator_browser(OLIVIA).await;
    let read = carried(&app, &mut portal).await;
    // Curl, with any Origin it likes, and with a verifier of its own.
    let mut thief = app.browser();
    for body in [
        json!({ "actorToken": read }),
        json!({ "actorToken": read, "codeVerifier": VERIFIER }),
        json!({ "actorToken": read, "codeVerifier": "" }),
    ] {
        refused(&Call::post("dispatch", IMPERSONATE, body).send(&mut thief).await, StatusCode::UNAUTHORIZED);
    }
    // It cannot claim it either: it is not the operator's browser, nor is another operator's.
    for mut other in [app.browser(), app.operator_browser("vera@understudy.example").await] {
        other.get(&claim_path(&read)).await.expect_status(StatusCode::FORBIDDEN);
    }
    assert_eq!(app.count("hand_off_codes WHERE redeemed_at IS NOT NULL").await, 0);
    let events = app.events(REFUSED).await;
    assert_eq!(events.len(), 3, "once for each reason: {events:?}");
    // The tab of the operator claims it and comes back with another.
    let back = portal.get(&claim_path(&read)).await.expect_status(StatusCode::SEE_OTHER).location();
    let code = code_in(&back);
    assert_ne!(code, read);
    for (name, value) in [("iss", "http%3A%2F%2Flocalhost%3A3000%2Fid%2Fproduction"), ("code_challenge", CHALLENGE)] {
        assert!(back.contains(&format!("{name}={value}")), "{back}");
    }
    // Which is worth as little to who reads that.
    let without = Call::post("dispatch", IMPERSONATE, json!({ "actorToken": code })).send(&mut thief).await;
    refused(&without, StatusCode::UNAUTHORIZED);
    let wrong = json!({ "actorToken": code, "codeVerifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXl" });
    refused(&Call::post("dispatch", IMPERSONATE, wrong).send(&mut thief).await, StatusCode::UNAUTHORIZED);
    let answer = trade(&mut app.browser(), &code).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&answer["accessToken"])["email"], AMARA);
    refused(&trade(&mut app.browser(), &read).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_is_claimed_once_in_time_and_with_a_real_challenge_only() {
    let app = TestApp::new().await;
    embedded(&app).await;
    let mut portal = app.operator_browser(OLIVIA).await;
    let code = carried(&app, &mut portal).await;
    for query in [
        format!("code={code}"),
        format!("code={code}&code_challenge=short"),
        format!("code={code}&code_challenge={}%3D", &CHALLENGE[..42]),
        format!("code={code}&code_challenge={CHALLENGE}&code_challenge={CHALLENGE}"),
        format!("code_challenge={CHALLENGE}"),
        format!("code=uho_forged&code_challenge={CHALLENGE}"),
    ] {
        let page = portal.get(&format!("/id/production/hand-off/claim?{query}")).await;
        page.expect_status(StatusCode::BAD_REQUEST);
    }
    portal.get(&claim_path(&code)).await.expect_status(StatusCode::SEE_OTHER);
    portal.get(&claim_path(&code)).await.expect_status(StatusCode::BAD_REQUEST);
    let late = carried(&app, &mut portal).await;
    app.advance(chrono::TimeDelta::seconds(60));
    portal.get(&claim_path(&late)).await.expect_status(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_login_box_goes_by_the_portal_before_it_trades() {
    let app = TestApp::new().await;
    let script = app.browser().get("/admin-box/login-box/index.js").await.expect_status(StatusCode::OK);
    for part in ["/hand-off/claim", "code_challenge", "codeVerifier", "crypto.subtle.digest"] {
        assert!(script.body().contains(part), "{part}");
    }
}
