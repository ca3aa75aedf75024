//! The authorization endpoint: never a redirect to an address that nobody registered, never a code for a bad request.

use axum::http::{Response, StatusCode, header};

use crate::identity::flow::{AMARA, answered, authorize_path, impersonating, redirect_uri, signed_in};
use crate::support::{Ledger, ResponseExt, TestApp, encode};

/// A page that leads nowhere: no redirect, no refresh, no link or form to anywhere else.
#[track_caller]
fn error_page(answer: &Response<String>, what: &str) {
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{what}: {}", answer.body());
    assert!(answer.headers().get(header::LOCATION).is_none(), "{what} was redirected");
    assert!(answer.headers()[header::CONTENT_TYPE].to_str().expect("text").starts_with("text/html"), "{what}");
    // What was refused is named, and leads nowhere.
    for way_out in ["http-equiv", "href=\"http", "action="] {
        assert!(!answer.body().contains(way_out), "{what} has {way_out}: {}", answer.body());
    }
}

#[tokio::test]
async fn an_unregistered_redirect_uri_is_an_error_page_and_never_a_redirect() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let before = Ledger::of(&app).await;
    let uris = [
        "https://console.example/other",
        "https://console.example/callback/",
        "https://console.example/callback/evil",
        "https://console.example/callback?",
        "https://console.example/callback?next=evil",
        "https://console.example/callback#",
        "https://console.example/callback#evil",
        "https://console.example/Callback",
        "https://CONSOLE.example/callback",
        "HTTPS://console.example/callback",
        "https://console.example/%63allback",
        "https://console.example/callback%00",
        "https://console.example/callback%2F..%2Fevil",
        "https://console.example/evil/../callback",
        "https://console.example//callback",
        "https://console.example/callback\0",
        "https://console.example/callback\r\nLocation: https://evil.example",
        "https://console.example/callback\\",
        " https://console.example/callback",
        "https://console.example/callback ",
        "https://console.example/call\tback",
        "https://console.example:443/callback",
        "https://console.example:8443/callback",
        "https://console.example./callback",
        "https://console.example.evil.example/callback",
        "https://evil.example/https://console.example/callback",
        "https://console.example@evil.example/callback",
        "https://evil@console.example/callback",
        "https://evil.example#@console.example/callback",
        "https://evil.example\\@console.example/callback",
        "https://ｃonsole.example/callback",
        "http://console.example/callback",
        "//console.example/callback",
        "/callback",
        "callback",
        "https://console.example/bye",
        "https://console.example/",
        "https://dispatch.example/callback",
        "https://*.example/callback",
        "javascript:alert(1)",
        "data:text/html,evil",
        "https://evil.example/",
    ];
    let mistakes: [&[(&str, &str)]; 5] = [
        &[],
        &[("response_type", "nonsense")],
        &[("prompt", "none")],
        &[("request", "e30.e30.")],
        &[("response_mode", "form_post")],
    ];
    for uri in uris {
        for mistake in mistakes {
            let path = authorize_path("console", &[&[("redirect_uri", uri)], mistake].concat());
            error_page(&browser.clone().get(&path).await, uri);
            error_page(&app.browser().get(&path).await, uri);
        }
    }
    let missing = authorize_path("console", &[("redirect_uri", "")]);
    error_page(&browser.clone().get(&missing).await, "no redirect_uri");
    before.expect_unchanged(&Ledger::of(&app).await, "an unregistered redirect URI");
}

#[tokio::test]
async fn an_impersonation_gives_no_code_to_an_unregistered_address_either() {
    let app = TestApp::new().await;
    let (browser, sid) = impersonating(&app, AMARA, "northwind", "console").await;
    let before = Ledger::of(&app).await;
    for uri in ["https://evil.example/", "https://console.example/callback/", "https://dispatch.example/callback"] {
        let hint = sid.to_string();
        let path = authorize_path("console", &[("redirect_uri", uri), ("login_hint", &hint), ("prompt", "none")]);
        error_page(&browser.clone().get(&path).await, uri);
    }
    before.expect_unchanged(&Ledger::of(&app).await, "an unregistered redirect URI");
}

#[tokio::test]
async fn a_client_that_nobody_knows_is_an_error_page() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let long = "c".repeat(60_000);
    let before = Ledger::of(&app).await;
    for client_id in
        ["", "nobody", "CONSOLE", "console ", "con\0sole", "%00", "console,dispatch", "'--", "\u{fffd}", &long]
    {
        let path = authorize_path("console", &[("client_id", client_id)]);
        error_page(&browser.clone().get(&path).await, client_id);
    }
    let bytes = authorize_path("console", &[]).replace("client_id=console", "client_id=%ff%fe");
    error_page(&browser.clone().get(&bytes).await, "bytes that are no text");
    before.expect_unchanged(&Ledger::of(&app).await, "an unknown client");
}

#[tokio::test]
async fn a_parameter_sent_twice_is_refused_whichever_it_is() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let before = Ledger::of(&app).await;
    let path = authorize_path("console", &[("prompt", "none"), ("login_hint", AMARA), ("max_age", "600")]);
    let query = path.split_once('?').expect("a query").1.to_owned();
    let names: Vec<String> = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).collect();
    assert!(names.len() > 9, "{names:?}");
    for name in names.iter().map(String::as_str).chain(["ui_locales", "unheard_of"]) {
        // The same value again is as wrong as another.
        for value in ["again", "console", "code", "openid"] {
            let twice = if query.contains(&format!("{name}=")) {
                format!("{path}&{}", encode(&[(name, value)]))
            } else {
                format!("{path}&{}", encode(&[(name, value), (name, value)]))
            };
            let answer = browser.clone().get(&twice).await;
            if matches!(name, "client_id" | "redirect_uri") {
                error_page(&answer, name);
                continue;
            }
            assert!(answer.location().starts_with(&redirect_uri("console")), "{name}: {}", answer.location());
            assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"), "{name}");
            assert_eq!(answered(&answer, "code"), None);
            let state = if name == "state" { None } else { Some("a state") };
            assert_eq!(answered(&answer, "state").as_deref(), state, "{name}");
        }
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a repeated parameter");
}

#[tokio::test]
async fn a_wrong_value_is_named_to_the_application_and_gives_no_code() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let before = Ledger::of(&app).await;
    let long = "n".repeat(60_000);
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("response_type", "")], "invalid_request"),
        (&[("response_type", "CODE")], "unsupported_response_type"),
        (&[("response_type", "token")], "unsupported_response_type"),
        (&[("response_type", "code code")], "unsupported_response_type"),
        (&[("response_type", &long)], "unsupported_response_type"),
        (&[("response_mode", "fragment")], "invalid_request"),
        (&[("response_mode", "nonsense")], "invalid_request"),
        (&[("scope", "")], "invalid_scope"),
        (&[("scope", "OPENID")], "invalid_scope"),
        (&[("scope", "openid,profile")], "invalid_scope"),
        (&[("scope", &long)], "invalid_scope"),
        (&[("nonce", &long)], "invalid_request"),
        (&[("request", "e30.e30.")], "request_not_supported"),
        (&[("request_uri", "https://evil.example/r")], "request_uri_not_supported"),
        (&[("registration", "{}")], "registration_not_supported"),
        (&[("code_challenge_method", "plain")], "invalid_request"),
        (&[("code_challenge_method", "s256")], "invalid_request"),
        (&[("code_challenge_method", "S512")], "invalid_request"),
        (&[("code_challenge_method", "")], "invalid_request"),
        (&[("code_challenge", "")], "invalid_request"),
        (&[("code_challenge", "short")], "invalid_request"),
        (&[("code_challenge", &long)], "invalid_request"),
        (&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=")], "invalid_request"),
        (&[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM")], "invalid_request"),
        (&[("prompt", "nonsense")], "invalid_request"),
        (&[("prompt", "none login")], "invalid_request"),
        (&[("prompt", "none consent")], "invalid_request"),
        (&[("max_age", "-1")], "invalid_request"),
        (&[("max_age", "1.5")], "invalid_request"),
        (&[("max_age", "soon")], "invalid_request"),
        (&[("max_age", "+5x")], "invalid_request"),
        (&[("prompt", "none"), ("id_token_hint", "x")], "login_required"),
        (&[("prompt", "none"), ("id_token_hint", &long)], "login_required"),
    ];
    for (extra, error) in cases {
        let what = format!("{:.80}", format!("{extra:?}"));
        let answer = browser.clone().get(&authorize_path("console", extra)).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{what}: {}", answer.body());
        assert!(answer.location().starts_with("https://console.example/callback?error="), "{what}");
        assert_eq!(answered(&answer, "error").as_deref(), Some(*error), "{what}");
        assert_eq!(answered(&answer, "state").as_deref(), Some("a state"), "{what}");
        assert_eq!(answered(&answer, "code"), None, "{what}");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a wrong value");
}

#[tokio::test]
async fn a_nul_character_in_any_parameter_gives_no_code() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let before = Ledger::of(&app).await;
    let path = |name: &str| format!("{}&{}", authorize_path("console", &[(name, "")]), encode(&[(name, "a\0b")]));
    for name in ["client_id", "redirect_uri"] {
        error_page(&browser.clone().get(&path(name)).await, name);
        error_page(&app.browser().get(&path(name)).await, name);
    }
    for name in ["response_type", "scope", "state", "nonce", "login_hint", "prompt", "x\0"] {
        let answer = browser.clone().get(&path(name)).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some("invalid_request"), "{name}: {}", answer.location());
        assert_eq!(answered(&answer, "code"), None, "{name}");
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a NUL character");
}

#[tokio::test]
async fn a_long_state_comes_back_whole_and_odd_characters_do_not_break_out_of_it() {
    let app = TestApp::new().await;
    let browser = signed_in(&app, AMARA).await;
    let long = "s".repeat(40_000);
    for state in [long.as_str(), "a&code=forged&b#c", "\r\nSet-Cookie: a=b", "\"><script>", "ünïcödé 🙂", "%00%0d%0a"]
    {
        let answer = browser.clone().get(&authorize_path("console", &[("state", state)])).await;
        assert_eq!(answered(&answer, "state").as_deref(), Some(state));
        assert!(answered(&answer, "code").is_some_and(|code| code.starts_with("uac_")));
        assert!(answer.headers().get(header::SET_COOKIE).is_none());
    }
}
