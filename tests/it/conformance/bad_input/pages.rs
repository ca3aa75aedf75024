//! Hand-off, sign-in and sign-out: links and forms that are incomplete, mangled, stale or another's.

use axum::http::{Response, StatusCode, header};
use chrono::TimeDelta;

use crate::identity::flow::{AMARA, BEN, OLIVIA, code, hand_off, introspect, sign_in, signed_in, start, text, tokens};
use crate::support::{Ledger, ResponseExt, TestApp, USER_PASSWORD, encode};

#[track_caller]
fn says(answer: &Response<String>, status: StatusCode, sentence: &str) {
    assert_eq!(answer.status(), status, "{}", answer.body());
    assert!(answer.body().contains(sentence), "no {sentence:?} in {}", answer.body());
    assert!(answer.headers().get(header::LOCATION).is_none() && answer.headers().get(header::SET_COOKIE).is_none());
}

#[tokio::test]
async fn a_mangled_hand_off_link_opens_nothing_and_uses_nothing_up() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let genuine = path.split("code=").nth(1).expect("a code").to_owned();
    let own = signed_in(&app, AMARA).await.cookie("understudy_production").expect("a cookie");
    let before = Ledger::of(&app).await;
    let long = format!("uho_{}", "x".repeat(60_000));
    for query in [
        String::new(),
        "?code=".into(),
        "?code=uho_".into(),
        format!("?CODE={genuine}"),
        format!("?code={genuine}x"),
        format!("?code={}", &genuine[..genuine.len() - 1]),
        format!("?code={}", genuine.to_uppercase()),
        format!("?code=%ff{genuine}"),
        format!("?code={genuine}&code={genuine}"),
        format!("?code=x&code={genuine}"),
        format!("?code={long}"),
        format!("?code={own}"),
    ] {
        let answer = browser.get(&format!("/id/production/hand-off{query}")).await;
        says(&answer, StatusCode::BAD_REQUEST, "This link does not work");
    }
    for query in [format!("?code=%00{genuine}"), format!("?code={genuine}%00"), format!("?code={genuine}&x=%00")] {
        let answer = browser.get(&format!("/id/production/hand-off{query}")).await;
        says(&answer, StatusCode::BAD_REQUEST, "This cannot be read");
    }
    let answer = browser.get(&format!("/id/staging/hand-off?code={genuine}")).await;
    says(&answer, StatusCode::BAD_REQUEST, "This link does not work");
    before.expect_unchanged(&Ledger::of(&app).await, "a mangled link");
    hand_off(&mut browser, &path).await;
}

#[tokio::test]
async fn a_hand_off_link_that_is_stale_or_anothers_leaves_an_event_and_no_more() {
    let app = TestApp::new().await;
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let before = Ledger::of(&app).await;
    says(&app.browser().get(&path).await, StatusCode::FORBIDDEN, "not signed in to the portal");
    let mut vera = app.operator_browser("vera@understudy.example").await;
    says(&vera.get(&path).await, StatusCode::FORBIDDEN, "not for this browser");
    // Intended: each refusal is in the trail; the other operator's own sign-in to the portal is a session of the portal.
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes", "operator_sessions"]);
    let before = Ledger::of(&app).await;
    app.advance(TimeDelta::seconds(60));
    says(&browser.get(&path).await, StatusCode::BAD_REQUEST, "too old");
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes"]);
    assert_eq!(app.events("impersonation.hand_off_refused").await.len(), 3);
    let path = start(&app, &mut browser, BEN, "harbor", "dispatch").await;
    hand_off(&mut browser, &path).await;
    let before = Ledger::of(&app).await;
    says(&browser.get(&path).await, StatusCode::BAD_REQUEST, "used already");
    assert_eq!(before.changed_tables(&Ledger::of(&app).await), ["audit_events", "hand_off_codes"]);
}

#[tokio::test]
async fn a_mangled_sign_in_form_signs_nobody_in() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    let mut browser = app.browser();
    let right = [("email", AMARA), ("password", USER_PASSWORD)];
    for twice in [("email", AMARA), ("email", BEN), ("password", USER_PASSWORD), ("continue", "/x")] {
        let form = [&right[..], &[("continue", "/id/production/account/sessions"), twice]].concat();
        says(&browser.post("/id/production/login", &form).await, StatusCode::BAD_REQUEST, "twice");
    }
    for odd in [[("email", "amara\0@northwind.example"), right[1]], [right[0], ("password", "users\0know-this-one")]] {
        let answer = browser.post("/id/production/login", &odd).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{}", answer.body());
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a mangled form");
    let long = "x".repeat(60_000);
    for (email, password) in [("", ""), (AMARA, ""), ("", USER_PASSWORD), (&long, USER_PASSWORD), (AMARA, &long)] {
        let answer = sign_in(&mut browser, email, password).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body());
    }
    // Intended: each attempt is in the trail, whoever was meant, and those at nobody are counted.
    assert_eq!(
        before.changed_tables(&Ledger::of(&app).await),
        ["audit_events", "failed_sign_in_addresses", "failed_sign_ins"]
    );
    assert_eq!(app.events("user.sign_in_failed").await.len(), 5);
}

#[tokio::test]
async fn the_sign_in_page_takes_any_address_and_leads_to_none_of_the_bad_ones() {
    let app = TestApp::new().await;
    let before = Ledger::of(&app).await;
    for target in ["https://evil.example/", "//evil.example", "/\\evil.example", "%00", "javascript:alert(1)"] {
        for pairs in [vec![("continue", target)], vec![("continue", target), ("continue", target)]] {
            let page = app.browser().get(&format!("/id/production/login?{}", encode(&pairs))).await;
            assert_eq!(page.status(), StatusCode::OK);
            assert!(page.body().contains("value=\"/id/production/account/sessions\""), "{}", page.body());
            assert!(!page.body().contains("evil"), "{}", page.body());
        }
    }
    let page = app.browser().get("/id/production/login?continue=%00").await;
    says(&page, StatusCode::BAD_REQUEST, "This cannot be read");
    let inner = "/id/production/authorize?client_id=con%00sole&redirect_uri=https%3A%2F%2Fevil.example";
    let page = app.browser().get(&format!("/id/production/login?{}", encode(&[("continue", inner)]))).await;
    says(&page, StatusCode::UNPROCESSABLE_ENTITY, "cannot be read");
    before.expect_unchanged(&Ledger::of(&app).await, "an odd address to go on to");
}

#[tokio::test]
async fn a_mangled_sign_out_signs_nobody_out_and_leads_nowhere() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    let hint = ("id_token_hint", text(&issued, "id_token"));
    let bye = "https://console.example/bye";
    let before = Ledger::of(&app).await;
    for uri in [
        "https://evil.example/",
        "https://console.example/bye/",
        "https://console.example/bye?x",
        "https://console.example/bye#x",
        "https://CONSOLE.example/bye",
        "https://console.example/%62ye",
        "https://console.example@evil.example/bye",
        "https://console.example/callback",
        "https://dispatch.example/bye",
        "javascript:alert(1)",
        "//console.example/bye",
    ] {
        for pairs in [
            vec![hint, ("post_logout_redirect_uri", uri)],
            vec![("client_id", "console"), ("post_logout_redirect_uri", uri)],
        ] {
            let answer = browser.get(&format!("/id/production/logout?{}", encode(&pairs))).await;
            says(&answer, StatusCode::BAD_REQUEST, "This sign-out cannot go on");
            let answer = browser.post("/id/production/logout", &pairs).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{}", answer.body());
            assert!(answer.headers().get(header::LOCATION).is_none());
        }
    }
    for pairs in [
        vec![hint, hint],
        vec![hint, ("state", "a"), ("state", "a")],
        vec![hint, ("post_logout_redirect_uri", bye), ("post_logout_redirect_uri", bye)],
        vec![hint, ("client_id", "dispatch")],
        vec![("client_id", "nobody"), ("post_logout_redirect_uri", bye)],
    ] {
        let answer = browser.get(&format!("/id/production/logout?{}", encode(&pairs))).await;
        says(&answer, StatusCode::BAD_REQUEST, "This sign-out cannot go on");
    }
    for pairs in [vec![hint, ("state", "a\0b")], vec![("client_id", "con\0sole"), ("post_logout_redirect_uri", bye)]] {
        let answer = browser.get(&format!("/id/production/logout?{}", encode(&pairs))).await;
        says(&answer, StatusCode::BAD_REQUEST, "This cannot be read");
    }
    let page = browser.get(&format!("/id/production/logout?{}", encode(&[("post_logout_redirect_uri", bye)]))).await;
    says(&page, StatusCode::OK, "not which application it is");
    for session in ["", "x", "019aaf00-0000-7000-8000-000000000000"] {
        let page = browser.post("/id/production/logout/confirm", &[("session", session)]).await;
        says(&page, StatusCode::OK, "Sign out Amara Okafor?");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a mangled sign-out");
    assert_eq!(introspect(&app, text(&issued, "access_token")).await["active"], true);
    code(&mut browser, "console", &[]).await;
}

#[tokio::test]
async fn mangled_account_forms_change_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let long = "x".repeat(60_000);
    let before = Ledger::of(&app).await;
    for account in ["", "nowhere", "NORTHWIND", "' OR 1=1 --", &long] {
        let answer = browser.post("/id/production/account/switch", &[("account", account)]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{account}");
    }
    let answer = browser.post("/id/production/account/switch", &[("account", "har\0bor")]).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    for id in ["x", "%00", "00000000-0000-0000-0000-000000000000"] {
        let answer = browser.post(&format!("/id/production/account/sessions/{id}/revoke"), &[]).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{id}");
    }
    let page = browser.get("/id/production/account/audit?cursor=%00").await;
    says(&page, StatusCode::BAD_REQUEST, "This cannot be read");
    for cursor in ["x", "%ff", &long] {
        browser.get(&format!("/id/production/account/audit?cursor={cursor}")).await.expect_status(StatusCode::OK);
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a mangled form");
}
