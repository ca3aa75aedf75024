//! Hints are suggestions: they decide where they name somebody who is here, and refuse nobody where they name nobody.

use axum::http::StatusCode;
use chrono::TimeDelta;
use serde_json::Value;

use super::flow::{
    AMARA, BEN, OLIVIA, RITA, answered, authorize_path, claims, hand_off, impersonating, redeem, sign_in, signed_in,
    start, text, tokens,
};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD, encode};

/// Who a request answers as, or its error, or where it asks.
async fn ask(app: &TestApp, browser: &mut Browser, extra: &[(&str, &str)]) -> String {
    let answer = browser.get(&authorize_path("console", extra)).await;
    if answer.status() != StatusCode::SEE_OTHER {
        return format!("page {}", answer.status().as_u16());
    }
    if answer.location().starts_with("/id/production/login") {
        return "sign-in".to_owned();
    }
    match answered(&answer, "code") {
        Some(code) => {
            let issued: Value = redeem(app, "console", &code).await.expect_status(StatusCode::OK).json();
            text(&claims(&issued["id_token"]), "email").to_owned()
        }
        None => answered(&answer, "error").expect("an error"),
    }
}

const NOBODY: [&str; 14] = [
    "5f0c2a8e-3b1d-4c5e-9a77-0d6f1e2b3c4d",
    "5f0c2a8e3b1d4c5e9a770d6f1e2b3c4d",
    "urn:uuid:5f0c2a8e-3b1d-4c5e-9a77-0d6f1e2b3c4d",
    "{5f0c2a8e-3b1d-4c5e-9a77-0d6f1e2b3c4d}",
    "5F0C2A8E-3B1D-4C5E-9A77-0D6F1E2B3C4D",
    "somebody@else.example",
    "amara",
    "CORP\\amara",
    "+49 30 1234",
    "@",
    "a b c",
    "{\"login\":1}",
    "eyJhbGciOiJub25lIn0.e30.",
    "🦊",
];

#[tokio::test]
async fn a_login_hint_that_names_nobody_is_passed_over_whatever_its_form() {
    let app = TestApp::new().await;
    let mut nobody = app.browser();
    let mut user = signed_in(&app, AMARA).await;
    let (mut operator, _) = impersonating(&app, AMARA, "northwind", "console").await;
    for hint in NOBODY {
        let hint = ("login_hint", hint);
        assert_eq!(ask(&app, &mut nobody, &[hint]).await, "sign-in", "{hint:?}");
        assert_eq!(ask(&app, &mut nobody, &[hint, ("prompt", "none")]).await, "login_required", "{hint:?}");
        for browser in [&mut user, &mut operator] {
            for extra in [&[hint][..], &[hint, ("prompt", "none")], &[hint, ("prompt", "consent")]] {
                assert_eq!(ask(&app, browser, extra).await, AMARA, "{extra:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_user_is_named_by_id_or_e_mail_and_is_here_or_is_asked_for() {
    let app = TestApp::new().await;
    let (amara, rita) = (app.user_id(AMARA).await, app.user_id(RITA).await);
    let mut browser = signed_in(&app, AMARA).await;
    let simple = amara.simple().to_string();
    let hyphenated = amara.to_string();
    for hint in [hyphenated.as_str(), &simple, &format!("{{{amara}}}"), AMARA, " Amara@Northwind.Example "] {
        for extra in [&[("login_hint", hint)][..], &[("login_hint", hint), ("prompt", "none")]] {
            assert_eq!(ask(&app, &mut browser, extra).await, AMARA, "{extra:?}");
        }
    }
    for hint in [rita.to_string().as_str(), RITA, BEN] {
        assert_eq!(ask(&app, &mut browser, &[("login_hint", hint)]).await, "sign-in", "{hint}");
        let silent = [("login_hint", hint), ("prompt", "none")];
        assert_eq!(ask(&app, &mut browser, &silent).await, "login_required", "{hint}");
    }
    // An id is nobody's e-mail, with blanks around it or without.
    for hint in [rita.to_string(), format!(" {rita} "), format!("{rita}\t")] {
        let login = browser.get(&authorize_path("console", &[("login_hint", &hint)])).await.location();
        let page = browser.get(&login).await.expect_status(StatusCode::OK);
        assert!(!page.body().contains(&rita.to_string()), "{hint:?}: {}", page.body());
    }
    // The sign-in page has what the application suggested, and who signs in there is who goes on.
    app.advance(TimeDelta::seconds(1));
    let login = browser.get(&authorize_path("console", &[("login_hint", RITA)])).await.location();
    let page = browser.get(&login).await.expect_status(StatusCode::OK);
    assert!(page.body().contains(&format!("value=\"{RITA}\"")), "{}", page.body());
    let again = url::form_urlencoded::parse(login.split_once('?').expect("a query").1.as_bytes())
        .into_owned()
        .find(|(name, _)| name == "continue")
        .expect("continue")
        .1;
    for email in [RITA, AMARA] {
        let form = [("email", email), ("password", USER_PASSWORD), ("continue", again.as_str())];
        let on = browser.post("/id/production/login", &form).await.expect_status(StatusCode::SEE_OTHER).location();
        let answer = browser.get(&on).await;
        let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
        let issued: Value = redeem(&app, "console", &code).await.json();
        assert_eq!(claims(&issued["id_token"])["email"], email);
        app.advance(TimeDelta::seconds(1));
    }
}

#[tokio::test]
async fn two_sessions_of_one_user_are_told_apart_by_their_ids_only() {
    let app = TestApp::new().await;
    let (mut browser, first) = impersonating(&app, AMARA, "northwind", "console").await;
    tokens(&app, &mut browser, "console", &[]).await;
    let path = start(&app, &mut browser, AMARA, "northwind", "console").await;
    let second = hand_off(&mut browser, &path).await.to_string();
    tokens(&app, &mut browser, "console", &[]).await;
    let none = ("prompt", "none");
    assert_eq!(ask(&app, &mut browser, &[none, ("login_hint", AMARA)]).await, "account_selection_required");
    assert_eq!(ask(&app, &mut browser, &[("login_hint", AMARA)]).await, "page 200");
    for sid in [first.to_string(), second] {
        let issued = tokens(&app, &mut browser, "console", &[none, ("login_hint", &sid)]).await;
        assert_eq!(claims(&issued["id_token"])["sid"], sid.as_str());
    }
}

#[tokio::test]
async fn an_impersonation_that_is_elsewhere_is_named_to_nobody() {
    let app = TestApp::new().await;
    let (mut operator, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let hint = sid.to_string();
    let mut rita = signed_in(&app, RITA).await;
    for mut browser in [app.browser(), rita.clone()] {
        let silent = [("login_hint", hint.as_str()), ("prompt", "none")];
        assert_eq!(ask(&app, &mut browser, &silent).await, "login_required");
        let page = browser.get(&authorize_path("console", &[("login_hint", &hint)])).await;
        let page = page.expect_status(StatusCode::FORBIDDEN);
        assert!(page.body().contains("started in another browser"), "{}", page.body());
        assert!(!page.body().contains("Amara") && !page.body().contains("Olivia"), "{}", page.body());
    }
    // Its own browser, but another application.
    let silent = [("login_hint", hint.as_str()), ("prompt", "none")];
    let answer = operator.get(&authorize_path("dispatch", &silent)).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("login_required"));
    // A user's own session in another browser is that user, who is not here.
    tokens(&app, &mut rita, "console", &[]).await;
    let own = app.user_sessions(RITA).await[0].id.to_string();
    let mut amara = signed_in(&app, AMARA).await;
    let silent = [("login_hint", own.as_str()), ("prompt", "none")];
    assert_eq!(ask(&app, &mut amara, &silent).await, "login_required");
    assert_eq!(ask(&app, &mut amara, &[("login_hint", &own)]).await, "sign-in");
}

#[tokio::test]
async fn inside_an_impersonation_what_asks_for_the_user_goes_on_and_claims_no_sign_in() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let sid = sid.to_string();
    app.advance(TimeDelta::minutes(5));
    let prompts = ["select_account", "select_account consent", "login", "consent", "login select_account", "create"];
    let mut asked: Vec<Vec<(&str, &str)>> = prompts.iter().map(|prompt| vec![("prompt", *prompt)]).collect();
    asked.push(vec![("max_age", "0")]);
    asked.push(vec![("max_age", "60"), ("prompt", "none")]);
    asked.push(vec![("acr_values", "mfa"), ("display", "popup"), ("ui_locales", "de")]);
    for extra in asked {
        for named in [true, false] {
            let mut extra = extra.clone();
            if named {
                extra.push(("login_hint", &sid));
            }
            let issued = tokens(&app, &mut browser, "console", &extra).await;
            let said = claims(&issued["id_token"]);
            assert_eq!(said["email"], AMARA, "{extra:?}");
            assert!(said["act"]["sub"].is_string(), "{extra:?}");
            for claim in ["auth_time", "amr", "acr"] {
                assert!(said.get(claim).is_none(), "{extra:?}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn a_user_who_is_to_choose_is_asked_for_no_password() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    app.advance(TimeDelta::minutes(5));
    for prompt in ["select_account", "select_account consent"] {
        let page = browser.get(&authorize_path("console", &[("prompt", prompt)])).await.expect_status(StatusCode::OK);
        for part in ["Go on as Amara Okafor", "Sign in as somebody else", AMARA] {
            assert!(page.body().contains(part), "no {part:?} in {}", page.body());
        }
        assert!(!page.body().contains("type=\"password\""), "{}", page.body());
        let form = page.body().split("<form").nth(1).expect("a form");
        let value = |name: &str| {
            let at = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
            at.split('"').next().expect("a value").replace("&amp;", "&")
        };
        let (again, session) = (value("continue"), value("session"));
        // Not chosen yet: straight on asks again. A session of nobody here chooses nobody.
        browser.get(&again).await.expect_status(StatusCode::OK);
        let foreign = [("continue", again.as_str()), ("session", "019aaf00-0000-7000-8000-000000000000")];
        browser.post("/id/production/choose", &foreign).await.expect_status(StatusCode::OK);
        browser.get(&again).await.expect_status(StatusCode::OK);
        let chosen = [("continue", again.as_str()), ("session", session.as_str())];
        let next = browser.post("/id/production/choose", &chosen).await.expect_status(StatusCode::OK);
        let on = next.body().split("0;url=").nth(1).and_then(|rest| rest.split('"').next()).expect("where it goes on");
        let answer = browser.get(&on.replace("&amp;", "&")).await;
        assert!(answered(&answer, "code").is_some(), "{}", answer.location());
        app.advance(TimeDelta::seconds(5));
    }
    assert_eq!(ask(&app, &mut app.browser(), &[("prompt", "select_account")]).await, "sign-in");
}

#[tokio::test]
async fn nobody_chooses_for_another_browser_or_by_another_sites_form() {
    let app = TestApp::new().await;
    let (mut browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    sign_in(&mut browser, OLIVIA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    let sid = sid.to_string();
    let again = authorize_path("console", &[]);
    let form = [("continue", again.as_str()), ("session", sid.as_str())];
    signed_in(&app, RITA).await.post("/id/production/choose", &form).await.expect_status(StatusCode::OK);
    let dispatch = authorize_path("dispatch", &[]);
    let elsewhere = [("continue", dispatch.as_str()), ("session", sid.as_str())];
    browser.post("/id/production/choose", &elsewhere).await.expect_status(StatusCode::OK);
    assert_eq!(app.count("browser_uses").await, 0);
    let out = [("continue", "https://evil.example/"), ("session", sid.as_str())];
    let page = browser.post("/id/production/choose", &out).await.expect_status(StatusCode::OK);
    assert!(!page.body().contains("evil.example"), "{}", page.body());
    let request = axum::http::Request::post("/id/production/choose")
        .header("origin", "https://evil.example")
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(axum::body::Body::from(encode(&form)))
        .expect("a request");
    browser.send(request).await.expect_status(StatusCode::FORBIDDEN);
    assert_eq!(app.count("browser_uses").await, 0);
}

#[tokio::test]
async fn an_id_token_that_nobody_can_read_is_passed_over_where_a_page_may_be_shown() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let mut sam = app.browser();
    let form = [("email", "sam@northwind.example"), ("password", USER_PASSWORD)];
    sam.post("/id/staging/login", &form).await.expect_status(StatusCode::SEE_OTHER);
    let issued = tokens(&app, &mut browser, "console", &[]).await;
    for hint in ["e30.e30.", "nonsense", text(&issued, "access_token")] {
        assert_eq!(ask(&app, &mut browser, &[("id_token_hint", hint)]).await, AMARA, "{hint}");
        let silent = [("id_token_hint", hint), ("prompt", "none")];
        assert_eq!(ask(&app, &mut browser, &silent).await, "login_required", "{hint}");
        // Signing out asks first, and says why it stays where it is.
        let bye = ("post_logout_redirect_uri", "https://console.example/bye");
        let path = |pairs: &[(&str, &str)]| format!("/id/production/logout?{}", encode(pairs));
        for pairs in [vec![("id_token_hint", hint), bye], vec![bye]] {
            let page = browser.get(&path(&pairs)).await.expect_status(StatusCode::OK);
            for part in ["Sign out Amara Okafor?", "not which application it is", "type=\"submit\""] {
                assert!(page.body().contains(part), "no {part:?} in {}", page.body());
            }
            assert!(!page.body().contains("not registered"), "{}", page.body());
        }
        let known = [("id_token_hint", hint), ("client_id", "console"), bye];
        let page = browser.get(&path(&known)).await.expect_status(StatusCode::OK);
        assert!(!page.body().contains("not which application"), "{}", page.body());
    }
    // Said yes to: signed out, and nobody is sent anywhere.
    let session = app.user_sessions(AMARA).await[0].id.to_string();
    let bye = ("post_logout_redirect_uri", "https://console.example/bye");
    let form = [("session", session.as_str()), ("id_token_hint", "e30.e30."), bye];
    let page = browser.post("/id/production/logout/confirm", &form).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("You are signed out"), "{}", page.body());
    assert_eq!(
        app.count(
            "sessions WHERE ended_at IS NULL AND user_id = (SELECT id FROM users WHERE name = 'Amara Okafor' LIMIT 1)"
        )
        .await,
        0
    );
}
