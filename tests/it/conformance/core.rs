//! OpenID Connect Core 1.0.

use axum::http::{Method, StatusCode};
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::forge::verified;
use super::raw::{header_of, metadata, send};
use crate::identity::flow::{
    AMARA, RITA, answered, authorize_path, bare, claims, impersonating, jose_header, redeem, refresh, sign_in,
    signed_in, text, tokens, userinfo,
};
use crate::support::{ResponseExt, TestApp, USER_PASSWORD};

#[tokio::test]
async fn an_id_token_says_who_issued_it_about_whom_for_whom_and_until_when() {
    let app = TestApp::new().await;
    let issuer = metadata(&app, "production").await["issuer"].clone();
    let mut own = signed_in(&app, AMARA).await;
    let (mut operator, _) = impersonating(&app, AMARA, "northwind", "console").await;
    for browser in [&mut own, &mut operator] {
        let answer = tokens(&app, browser, "console", &[("nonce", "n-0S6_WzA2Mj & more")]).await;
        let id = verified(&app, text(&answer, "id_token")).await;
        assert_eq!(id["iss"], issuer);
        let subject = text(&id, "sub");
        assert!(subject.is_ascii() && (1..=255).contains(&subject.len()), "{subject}");
        assert_eq!(id["aud"], "console");
        assert_eq!(id["iat"], app.now().timestamp());
        assert!(id["exp"].as_i64() > id["iat"].as_i64(), "{id}");
        assert_eq!(id["nonce"], "n-0S6_WzA2Mj & more");
        assert_ne!(jose_header(&answer["id_token"])["alg"], "none");
        for (name, value) in id.as_object().expect("an object") {
            assert!(!value.is_null(), "{name} is null");
        }
    }
}

#[tokio::test]
async fn a_user_is_the_same_subject_for_every_client_and_at_every_sign_in() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = claims(&tokens(&app, &mut browser, "console", &[]).await["id_token"])["sub"].clone();
    assert_eq!(claims(&tokens(&app, &mut browser, "dispatch", &[]).await["id_token"])["sub"], first);
    sign_in(&mut browser, AMARA, USER_PASSWORD).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(claims(&tokens(&app, &mut browser, "console", &[]).await["id_token"])["sub"], first);
    let mut rita = signed_in(&app, RITA).await;
    assert_ne!(claims(&tokens(&app, &mut rita, "console", &[]).await["id_token"])["sub"], first);
}

#[tokio::test]
async fn every_token_names_the_published_key_that_signed_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for algorithm in ["RS256", "ES256"] {
        app.execute(match algorithm {
            "RS256" => "UPDATE applications SET signing_algorithm = 'RS256'",
            _ => "UPDATE applications SET signing_algorithm = 'ES256'",
        })
        .await;
        let answer = tokens(&app, &mut browser, "console", &[]).await;
        for token in ["access_token", "id_token"] {
            assert_eq!(jose_header(&answer[token])["alg"], algorithm);
            assert_eq!(verified(&app, text(&answer, token)).await, claims(&answer[token]));
        }
    }
}

#[tokio::test]
async fn what_a_client_may_ask_for_and_the_provider_does_not_have_does_no_harm() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for extra in [
        ("display", "page"),
        ("display", "popup"),
        ("display", "touch"),
        ("display", "wap"),
        ("ui_locales", "el fr-CA"),
        ("claims_locales", "el"),
        ("acr_values", "urn:mace:incommon:iap:silver"),
        ("claims", r#"{"id_token":{"email":null,"birthdate":{"essential":true}}}"#),
        ("scope", "openid address phone offline_access unheard_of"),
        ("login_hint", "somebody@else.example"),
        ("unheard_of", "value"),
        ("resource", "https://api.example"),
    ] {
        let answer = browser.get(&authorize_path("console", &[extra])).await;
        let code = answered(&answer, "code").unwrap_or_else(|| panic!("{extra:?}: {}", answer.location()));
        let answer = redeem(&app, "console", &code).await.expect_status(StatusCode::OK).json();
        assert!(answer["id_token"].is_string(), "{extra:?}");
    }
}

#[tokio::test]
async fn with_prompt_none_no_page_is_ever_shown() {
    let app = TestApp::new().await;
    let mut nobody = app.browser();
    let mut amara = signed_in(&app, AMARA).await;
    let mut rita = signed_in(&app, RITA).await;
    let hint = tokens(&app, &mut amara, "console", &[]).await;
    let hint = text(&hint, "id_token").to_owned();
    app.advance(TimeDelta::minutes(2));
    let cases: [(&mut crate::support::Browser, (&str, &str), &str); 5] = [
        (&mut nobody, ("max_age", "100000"), "login_required"),
        (&mut amara.clone(), ("max_age", "60"), "login_required"),
        (&mut rita, ("id_token_hint", &hint), "login_required"),
        (&mut amara.clone(), ("login_hint", RITA), "login_required"),
        (&mut amara, ("prompt", "none login"), "invalid_request"),
    ];
    for (browser, extra, error) in cases {
        let answer = browser.get(&authorize_path("console", &[("prompt", "none"), extra])).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{extra:?}: {}", answer.body());
        assert_eq!(answered(&answer, "error").as_deref(), Some(error), "{extra:?}: {}", answer.location());
    }
}

#[tokio::test]
async fn an_authorization_request_by_post_ends_where_one_by_get_does() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let path = authorize_path("console", &[("state", "a&b=c d")]);
    let (address, query) = path.split_once('?').expect("a query");
    // From the application's own site: without cookies and without protection against that.
    let headers =
        [("content-type", super::raw::FORM), ("origin", "https://console.example"), ("sec-fetch-site", "cross-site")];
    let address = address.strip_prefix("/id/").expect("the provider's");
    let posted = send(&app, Method::POST, address, &headers, query.to_owned()).await;
    assert_eq!(posted.status(), StatusCode::SEE_OTHER);
    let answer = browser.get(&posted.location()).await;
    assert_eq!(answered(&answer, "state").as_deref(), Some("a&b=c d"));
    redeem(&app, "console", &answered(&answer, "code").expect("a code")).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn an_expired_id_token_still_says_who_is_meant() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let hint = [("id_token_hint", text(&answer, "id_token"))];
    app.advance(TimeDelta::hours(1));
    assert!(claims(&answer["id_token"])["exp"].as_i64().expect("a time") < app.now().timestamp());
    let again = tokens(&app, &mut browser, "console", &[hint[0], ("prompt", "none")]).await;
    assert_eq!(claims(&again["id_token"])["sub"], claims(&answer["id_token"])["sub"]);
    // Issued to another client, it names the user all the same.
    let dispatch = [hint[0], ("prompt", "none")];
    assert!(answered(&browser.get(&authorize_path("dispatch", &dispatch)).await, "code").is_some());
    // Somebody else is signed in: the user is asked, and where nothing may be shown the answer is no.
    let mut rita = signed_in(&app, RITA).await;
    let asked = rita.get(&authorize_path("console", &hint)).await;
    assert!(asked.location().starts_with("/id/production/login?"), "{}", asked.location());
}

#[tokio::test]
async fn an_id_token_from_a_refresh_is_about_the_same_sign_in() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&app, &mut browser, "console", &[]).await;
    app.advance(TimeDelta::minutes(4));
    let second = refresh(&app, "console", text(&first, "refresh_token"), &[]).await.json();
    let (before, after) = (claims(&first["id_token"]), verified(&app, text(&second, "id_token")).await);
    for claim in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(before[claim], after[claim], "{claim}");
        assert!(!after[claim].is_null(), "{claim}");
    }
    assert_eq!(after["iat"], app.now().timestamp());
    assert!(after.get("nonce").is_none() && after.get("azp").is_none(), "{after}");
}

#[tokio::test]
async fn userinfo_names_the_subject_of_the_id_token_and_leaves_out_what_it_does_not_know() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let token = text(&answer, "access_token");
    let by_get = userinfo(&app, token).await.expect_status(StatusCode::OK);
    let by_post = bare(&app, "/userinfo", &[("access_token", token)]).await.expect_status(StatusCode::OK);
    assert_eq!(header_of(&by_get, "content-type"), "application/json");
    assert_eq!(by_get.json(), by_post.json());
    let info = by_get.json();
    assert_eq!(info["sub"], claims(&answer["id_token"])["sub"]);
    assert_eq!(info["email_verified"], true);
    assert!(info.as_object().expect("an object").values().all(|value| !value.is_null() && *value != ""), "{info}");
}

#[tokio::test]
async fn each_scope_opens_its_own_claims_and_no_others() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for (scope, name, email) in [
        ("openid", false, false),
        ("openid profile", true, false),
        ("openid email", false, true),
        ("email openid profile", true, true),
    ] {
        let answer = tokens(&app, &mut browser, "console", &[("scope", scope)]).await;
        let info = userinfo(&app, text(&answer, "access_token")).await.json();
        for said in [&claims(&answer["id_token"]), &info] {
            assert_eq!(said.get("name").is_some(), name, "{scope}: {said}");
            assert_eq!(said.get("email").is_some(), email, "{scope}: {said}");
            assert_eq!(said.get("email_verified"), email.then_some(&Value::Bool(true)), "{scope}: {said}");
        }
    }
}

#[tokio::test]
async fn implicit_and_hybrid_answers_are_refused() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for response_type in
        ["token", "id_token", "id_token token", "code token", "code id_token", "code id_token token", "none"]
    {
        let answer = browser.get(&authorize_path("console", &[("response_type", response_type)])).await;
        assert_eq!(answered(&answer, "error").as_deref(), Some("unsupported_response_type"), "{response_type}");
        assert!(!answer.location().contains('#'), "{}", answer.location());
        for token in ["code", "access_token", "id_token"] {
            assert_eq!(answered(&answer, token), None, "{response_type}");
        }
    }
}

#[tokio::test]
async fn an_impersonation_is_told_apart_by_its_actor_and_claims_no_sign_in() {
    let app = TestApp::new().await;
    let (mut browser, _) = impersonating(&app, AMARA, "northwind", "console").await;
    let answer = tokens(&app, &mut browser, "console", &[]).await;
    let id = verified(&app, text(&answer, "id_token")).await;
    assert_eq!(id["sub"], json!(app.user_id(AMARA).await));
    assert_eq!(id["act"].as_object().expect("an actor").keys().collect::<Vec<_>>(), ["iss", "sub"]);
    for claim in ["auth_time", "amr", "acr"] {
        assert!(id.get(claim).is_none(), "{claim} in {id}");
    }
}
