//! Hosted login: authorize, token, silent sign-in, the user and its accounts.

use axum::http::{Method, StatusCode, header};
use chrono::TimeDelta;
use serde_json::json;
use understudy::server::frontegg;

use super::sdk::{
    BASE, Call, ME, SILENT, authorize_path, code, kept_alive, origin, redeem, redemption, refused, tokens,
};
use crate::identity::flow::{
    AMARA, BEN, RITA, answered, basic, claims, introspect, jose_header, report, signed_in, text, userinfo,
};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Ledger, ResponseExt, TestApp};

const ACTIVE_HARBOR: &str = "users u JOIN accounts a ON a.id = u.active_account_id WHERE a.external_id = 'harbor' \
    AND u.email = 'amara@northwind.example'";

#[tokio::test]
async fn a_user_signs_in_on_the_hosted_page_and_the_page_knows_who_it_is() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let asked = browser.get(&authorize_path("dispatch", &[("organization", "x"), ("acr_values", "y")])).await;
    let login = asked.expect_status(StatusCode::SEE_OTHER).location();
    assert!(login.starts_with("/id/production/login?continue="), "{login}");
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "dispatch").await;
    let answer = redeem(&mut browser, "dispatch", &code).await.expect_status(StatusCode::OK);
    assert_eq!(answer.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], origin("dispatch").as_str());
    let body = answer.json();
    assert_eq!(body["id_token"], body["access_token"]);
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["token_type"], "Bearer");
    assert!(text(&body, "refresh_token").starts_with("urt_"));
    assert_eq!(jose_header(&body["id_token"])["typ"], "at+jwt");
    let claims = claims(&body["id_token"]);
    assert_eq!(claims["nonce"], "a nonce");
    assert_eq!(claims["type"], "userToken");
    assert_eq!(claims["applicationId"], "dispatch");
    assert_eq!(claims["aud"], "dispatch");
    assert_eq!(claims["metadata"], json!({}));
    assert_eq!(claims["tenantId"], "northwind");
    assert_eq!(claims["roles"], json!(["admin", "member"]));
    assert_eq!(claims["permissions"], json!(["account.audit.read", "users.write"]));
    assert!(claims.get("act").is_none());
    let token = text(&body, "id_token");
    // The provider's own endpoints take the same token.
    userinfo(&app, token).await.expect_status(StatusCode::OK);
    report(&app, token, r#"{"action":"clicked"}"#).await.expect_status(StatusCode::NO_CONTENT);
    for path in [ME, "/identity/resources/users/v3/me"] {
        let me =
            Call::get("dispatch", path).bearer(token).send(&mut browser).await.expect_status(StatusCode::OK).json();
        assert_eq!(me["id"], claims["sub"]);
        assert_eq!(me["email"], AMARA);
        assert_eq!(me["name"], "Amara Okafor");
        assert_eq!(me["metadata"], "{}");
        assert_eq!(me["roles"][0], json!({ "id": "admin", "key": "admin", "name": "Admin", "permissions": [] }));
        assert_eq!(me["permissions"][0]["key"], "account.audit.read");
        assert_eq!(me["tenantId"], "northwind");
        assert!(me.get("act").is_none(), "a null would be laid over the claim");
    }
    let path = "/identity/resources/users/v3/me/tenants";
    let tenants = Call::get("dispatch", path).bearer(token).send(&mut browser).await.json();
    assert_eq!(tenants["activeTenant"]["tenantId"], "northwind");
    // The account without this application is none that it can be switched to.
    let names: Vec<_> = tenants["tenants"].as_array().expect("accounts").iter().map(|one| &one["tenantId"]).collect();
    assert_eq!(names, ["harbor", "northwind"]);
    let path = "/identity/resources/users/v2/me/tenants";
    let list = Call::get("dispatch", path).bearer(token).send(&mut browser).await.json();
    assert_eq!(list, tenants["tenants"]);
    let path = "/identity/resources/users/v1/me/authorization";
    let authorization = Call::get("dispatch", path).bearer(token).send(&mut browser).await.json();
    assert_eq!(authorization["roles"], json!([{ "key": "admin" }, { "key": "member" }]));
}

#[tokio::test]
async fn every_path_works_without_the_prefix_and_with_a_slash_at_its_end() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    let paths = frontegg::paths();
    assert!(paths.len() > 40 && paths.iter().any(|path| path == ME), "{paths:?}");
    for path in paths {
        let path = path.replace("{session_id}", &uuid::Uuid::nil().to_string());
        let mut answers = Vec::new();
        for path in spellings(&path) {
            let call = |method| Call { path: path.clone(), ..Call::new(method, "dispatch", "") };
            // A method that no path has: a path that is there says which it has instead.
            let answer = call(Method::PATCH).send(&mut browser).await.expect_status(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = answer.headers()[header::ALLOW].to_str().expect("methods").to_owned();
            let methods = allowed.split(',').filter(|method| *method != "HEAD");
            for method in methods {
                let answer = call(method.parse().expect("a method")).send(&mut browser).await;
                let known = ![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status());
                assert!(known, "{method} {path}: {}", answer.status());
                answers.push((method.to_owned(), answer.status()));
            }
        }
        let (first, others) = answers.split_at(answers.len() / 4);
        assert!(others.chunks(first.len()).all(|other| other == first), "{path}: {answers:?}");
    }
    let mut browser = signed_in(&app, AMARA).await;
    let token = tokens(&mut browser, "dispatch").await;
    for path in spellings(ME) {
        let call = Call { path: path.clone(), ..Call::get("dispatch", "") };
        let answer = call.bearer(text(&token, "id_token")).send(&mut browser).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
    }
}

fn spellings(path: &str) -> [String; 4] {
    let bare = "/id/production";
    [format!("{BASE}{path}"), format!("{BASE}{path}/"), format!("{bare}{path}"), format!("{bare}{path}/")]
}

#[tokio::test]
async fn a_reload_signs_in_silently_by_the_cookie_and_only_the_page_of_that_application() {
    let app = TestApp::new().await;
    kept_alive(&app).await;
    let mut browser = signed_in(&app, AMARA).await;
    let code = code(&mut browser, "dispatch").await;
    let answer = redeem(&mut browser, "dispatch", &code).await;
    let cookie = answer.headers()[header::SET_COOKIE].to_str().expect("a cookie").to_owned();
    assert!(cookie.starts_with("fe_refresh_dispatch=usc_"), "{cookie}");
    for part in ["Path=/id/production", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    // Only this cookie: the provider's own is not needed.
    let mut reloaded = app.browser();
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let silent = || Call::post("dispatch", SILENT, json!({ "tenantId": null })).header("cookie", &pair);
    let again = silent().send(&mut reloaded).await.expect_status(StatusCode::OK);
    assert!(!again.headers().contains_key(header::SET_COOKIE), "the cookie was rotated");
    let body = again.json();
    assert_eq!(claims(&body["id_token"])["email"], AMARA);
    assert!(body["refresh_token"].is_string());
    // Any spelling of its name, and without a body, as older versions call it.
    let pair = pair.replace("fe_refresh_dispatch", "fe_refresh_dis-patch");
    let call = Call::new(Method::POST, "dispatch", SILENT).header("cookie", &pair);
    call.send(&mut reloaded).await.expect_status(StatusCode::OK);
    // A page of another application gets nobody out of it, whatever it says.
    let foreign = silent().from(Some("https://console.example")).send(&mut reloaded).await;
    refused(&foreign, StatusCode::UNAUTHORIZED);
    let named = silent().from(Some("https://console.example")).header("frontegg-requested-application-id", "dispatch");
    refused(&named.send(&mut reloaded).await, StatusCode::FORBIDDEN);
    // Nor does another environment, which has an application of the same name.
    let mut staging = silent();
    staging.path = staging.path.replace("production", "staging");
    refused(&staging.send(&mut reloaded).await, StatusCode::UNAUTHORIZED);
    refused(&Call::new(Method::POST, "dispatch", SILENT).send(&mut app.browser()).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cookie_of_an_expired_session_is_401_and_taken_back() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    assert!(browser.cookie("fe_refresh_dispatch").is_some());
    app.advance(TimeDelta::days(30));
    refused(&Call::post("dispatch", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
}

#[tokio::test]
async fn a_refresh_needs_no_client_id_and_ignores_the_old_bearer_token() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&mut browser, "dispatch").await;
    app.advance(TimeDelta::minutes(6));
    let body = json!({ "grant_type": "refresh_token", "refresh_token": first["refresh_token"] });
    let call = Call::post("dispatch", "/oauth/token", body).bearer(text(&first, "id_token"));
    let second = call.send(&mut browser).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&second["id_token"])["sub"], claims(&first["id_token"])["sub"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    // Signed out on a page that has none any more: a clear no, and nothing to try again.
    let empty = Call::post("dispatch", "/oauth/token", json!({ "grant_type": "refresh_token" }));
    refused(&empty.send(&mut browser).await, StatusCode::UNAUTHORIZED);
    let unknown = json!({ "grant_type": "refresh_token", "refresh_token": "urt_nonsense" });
    refused(&Call::post("dispatch", "/oauth/token", unknown).send(&mut browser).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_application_with_a_secret_must_send_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let bare = code(&mut browser, "console").await;
    refused(&redeem(&mut browser, "console", &bare).await, StatusCode::UNAUTHORIZED);
    let mut body = redemption("console", &bare);
    body["client_id"] = json!("console");
    refused(&Call::post("console", "/oauth/token", body.clone()).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    body["client_secret"] = json!(CONSOLE_SECRET);
    let granted = Call::post("console", "/oauth/token", body).from(None).send(&mut browser).await;
    let granted = granted.expect_status(StatusCode::OK).json();
    assert_eq!(introspect(&app, text(&granted, "id_token")).await["active"], true);
    let refresh = granted["refresh_token"].clone();
    let by_header = code(&mut browser, "console").await;
    let call = Call::post("console", "/oauth/token", redemption("console", &by_header)).from(None);
    let call = call.header("authorization", &basic("console", CONSOLE_SECRET));
    call.send(&mut browser).await.expect_status(StatusCode::OK);
    let stolen = json!({ "grant_type": "refresh_token", "refresh_token": refresh });
    refused(&Call::post("console", "/oauth/token", stolen).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    // A public client that names itself is as good as one that does not.
    let code = code(&mut browser, "dispatch").await;
    let mut body = redemption("dispatch", &code);
    body["client_id"] = json!("dispatch");
    Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn a_code_that_does_not_fit_gives_nothing() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let good = code(&mut browser, "dispatch").await;
    let before = Ledger::of(&app).await;
    for (name, value) in [
        ("code_verifier", json!("INVALID-CODE-VERIFIER")),
        ("code_verifier", json!(null)),
        ("redirect_uri", json!("https://evil.example/oauth/callback")),
        ("code", json!("uac_nonsense")),
        ("code", json!(null)),
    ] {
        let mut body = redemption("dispatch", &good);
        body[name] = value;
        refused(&Call::post("dispatch", "/oauth/token", body).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    }
    // Of another environment, and from a page of another application.
    let mut staging = Call::post("dispatch", "/oauth/token", redemption("dispatch", &good));
    staging.path = staging.path.replace("production", "staging");
    refused(&staging.send(&mut browser).await, StatusCode::UNAUTHORIZED);
    let foreign = Call::post("console", "/oauth/token", redemption("dispatch", &good));
    refused(&foreign.send(&mut browser).await, StatusCode::FORBIDDEN);
    for body in [json!({}), json!({ "grant_type": "password" }), json!({ "grant_type": 7 })] {
        refused(&Call::post("dispatch", "/oauth/token", body).send(&mut browser).await, StatusCode::BAD_REQUEST);
    }
    before.expect_unchanged(&Ledger::of(&app).await, "a code that does not fit");
    assert_eq!(browser.cookie("fe_refresh_dispatch"), None);
    redeem(&mut browser, "dispatch", &good).await.expect_status(StatusCode::OK);
    refused(&redeem(&mut browser, "dispatch", &good).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_scope_is_understood_as_sdks_spell_it() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    for scope in ["", "openId", "openid+email+profile", "email"] {
        let answer = browser.get(&authorize_path("dispatch", &[("scope", scope)])).await;
        assert!(answered(&answer, "code").is_some(), "{scope}: {}", answer.location());
    }
    let page = browser.get(&authorize_path("dispatch", &[("redirect_uri", "https://evil.example/cb")])).await;
    page.expect_status(StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn switching_account_shows_in_the_next_tokens_and_in_the_trail() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let first = tokens(&mut browser, "dispatch").await;
    let switch = |tenant: serde_json::Value| Call {
        method: Method::PUT,
        ..Call::post("dispatch", "/identity/resources/users/v1/tenant", json!({ "tenantId": tenant }))
    };
    for (tenant, status) in [
        (json!("empty"), StatusCode::NOT_FOUND),
        (json!("nowhere"), StatusCode::NOT_FOUND),
        (json!(null), StatusCode::BAD_REQUEST),
    ] {
        refused(&switch(tenant).bearer(text(&first, "id_token")).send(&mut browser).await, status);
    }
    assert!(app.events("session.account_switched").await.is_empty());
    let done = switch(json!("harbor")).bearer(text(&first, "id_token")).send(&mut browser).await;
    done.expect_status(StatusCode::OK);
    assert_eq!(app.events("session.account_switched").await.len(), 1);
    assert_eq!(app.count(ACTIVE_HARBOR).await, 1);
    let body = json!({ "grant_type": "refresh_token", "refresh_token": first["refresh_token"] });
    let second = Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.json();
    assert_eq!(claims(&second["id_token"])["tenantId"], "harbor");
    assert_eq!(claims(&second["id_token"])["roles"], json!(["member"]));
    // By the token call itself, and by the silent one.
    let body =
        json!({ "grant_type": "refresh_token", "refresh_token": second["refresh_token"], "tenantId": "northwind" });
    let third = Call::post("dispatch", "/oauth/token", body).send(&mut browser).await.json();
    assert_eq!(claims(&third["id_token"])["tenantId"], "northwind");
    let body = json!({ "tenantId": "harbor" });
    let fourth = Call::post("dispatch", SILENT, body.clone()).send(&mut browser).await.json();
    assert_eq!(claims(&fourth["id_token"])["tenantId"], "harbor");
    let events = app.events("session.account_switched").await.len();
    Call::post("dispatch", SILENT, body).send(&mut browser).await.expect_status(StatusCode::OK);
    assert_eq!(app.events("session.account_switched").await.len(), events, "staying was written down");
    let call = Call::post("dispatch", SILENT, json!({ "tenantId": "empty" }));
    refused(&call.send(&mut browser).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_user_without_the_application_gets_no_tokens() {
    let app = TestApp::new().await;
    // Ben's only account has dispatch, not console.
    let mut browser = signed_in(&app, BEN).await;
    let answer = browser.get(&authorize_path("console", &[])).await;
    assert_eq!(answered(&answer, "error").as_deref(), Some("access_denied"));
    refused(&Call::post("console", SILENT, json!({})).send(&mut browser).await, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.cookie("fe_refresh_console"), None);
}

#[tokio::test]
async fn the_pages_of_one_application_never_become_the_user_of_another() {
    let app = TestApp::new().await;
    app.execute("UPDATE applications SET client_secret_hash = NULL").await;
    let mut browser = signed_in(&app, AMARA).await;
    tokens(&mut browser, "dispatch").await;
    let mut other = signed_in(&app, RITA).await;
    let console = tokens(&mut other, "console").await;
    // Both cookies in one browser, as after two sign-ins: each page gets its own.
    let cookies = format!(
        "fe_refresh_dispatch={}; fe_refresh_console={}",
        browser.cookie("fe_refresh_dispatch").expect("a cookie"),
        other.cookie("fe_refresh_console").expect("a cookie")
    );
    let mut both = app.browser();
    for (client_id, email) in [("dispatch", AMARA), ("console", RITA)] {
        let answer = Call::post(client_id, SILENT, json!({})).header("cookie", &cookies).send(&mut both).await.json();
        assert_eq!(claims(&answer["id_token"])["email"], email);
        assert_eq!(claims(&answer["id_token"])["aud"], client_id);
    }
    assert_eq!(claims(&console["id_token"])["aud"], "console");
}
