//! What an application gets wrong is shown to whoever can mend it.

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use chrono::TimeDelta;
use serde_json::Value;

use super::{get, send};
use crate::identity::flow::{
    AMARA, CHALLENGE, VERIFIER, authorize_path, bare, basic, call, code, redirect_uri, signed_in,
};
use crate::support::{ResponseExt, TestApp, encode};
use understudy::server::db::{application, environment};
use understudy::server::service::registry::problem;
use understudy::server::service::upkeep;

const OLIVIA: &str = "olivia@understudy.example";

async fn id_of(app: &TestApp, client_id: &str) -> String {
    let mut conn = app.state.db.read().await.expect("a connection");
    let environment = environment::by_slug(&mut conn, "production").await.expect("a query").expect("an environment");
    let found = application::by_client_id(&mut conn, environment.id, client_id).await.expect("a query");
    found.expect("an application").id.to_string()
}

/// Kind, value and count of each problem, newest first.
fn listed(problems: &Value) -> Vec<(String, String, i64)> {
    let text = |problem: &Value, name: &str| problem[name].as_str().expect("text").to_owned();
    let problems = problems.as_array().expect("problems").iter();
    problems.map(|one| (text(one, "kind"), text(one, "value"), one["occurrences"].as_i64().expect("a count"))).collect()
}

async fn of(app: &TestApp, client_id: &str) -> Vec<(String, String, i64)> {
    let mut operator = app.operator_browser(OLIVIA).await;
    let id = id_of(app, client_id).await;
    let form = [("environment", "production"), ("application_id", id.as_str())];
    listed(&operator.call("applications/get", &form).await.expect_status(StatusCode::OK).json()["problems"])
}

async fn of_nobody(app: &TestApp) -> Vec<(String, String, i64)> {
    let mut operator = app.operator_browser(OLIVIA).await;
    let listed_ = operator.call("applications/list", &[("environment", "production")]).await;
    listed(&listed_.expect_status(StatusCode::OK).json()["problems"])
}

#[tokio::test]
async fn the_page_names_the_address_that_it_refused_and_the_request() {
    let app = TestApp::new().await;
    let wrong = "https://console.example/calback?<b>=1";
    let page = app.browser().get(&authorize_path("console", &[("redirect_uri", wrong)])).await;
    let page = page.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("https://console.example/calback?&lt;b&gt;=1"), "{}", page.body());
    let request_id = page.headers()["x-request-id"].to_str().expect("text").to_owned();
    assert!(page.body().contains(&request_id), "{}", page.body());
    let page = app.browser().get(&authorize_path("ghost", &[])).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("ghost"), "{}", page.body());
    let logout =
        format!("/id/production/logout?{}", encode(&[("client_id", "console"), ("post_logout_redirect_uri", wrong)]));
    let page = app.browser().get(&logout).await.expect_status(StatusCode::BAD_REQUEST);
    assert!(page.body().contains("https://console.example/calback?&lt;b&gt;=1"), "{}", page.body());

    let problems = of(&app, "console").await;
    assert!(problems.contains(&("redirect_uri".into(), wrong.into(), 1)), "{problems:?}");
    assert!(problems.contains(&("post_logout_redirect_uri".into(), wrong.into(), 1)), "{problems:?}");
    assert_eq!(of_nobody(&app).await, vec![("client_id".to_owned(), "ghost".to_owned(), 1)]);
    // A person sees them where the application and the list are.
    let mut operator = app.operator_browser(OLIVIA).await;
    let id = id_of(&app, "console").await;
    let page = operator.get(&format!("/production/applications/{id}")).await.expect_status(StatusCode::OK);
    for text in ["Recent problems", "https://console.example/calback?", "Redirect URI that is not registered"] {
        assert!(page.body().contains(text), "{text}: {}", page.body());
    }
    assert!(!page.body().contains("?<b>"), "a value became markup");
    let page = operator.get("/production/applications").await.expect_status(StatusCode::OK);
    assert!(page.body().contains("Unknown client_id") && page.body().contains("ghost"), "{}", page.body());
}

#[tokio::test]
async fn every_kind_of_mistake_is_counted_and_no_secret_is_kept() {
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let grant = |code: &str, verifier: &'static str| {
        vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code.to_owned()),
            ("redirect_uri", redirect_uri("console")),
            ("code_verifier", verifier.to_owned()),
        ]
    };
    let trade = async |client: &str, form: Vec<(&str, String)>| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        call(&app, "/token", client, &form).await.expect_status(StatusCode::BAD_REQUEST);
    };
    trade("console", grant("uac_unknown", VERIFIER)).await;
    let foreign = code(&mut browser, "console", &[]).await;
    trade("dispatch", grant(&foreign, VERIFIER)).await;
    let wrong = code(&mut browser, "console", &[]).await;
    trade("console", grant(&wrong, "a-verifier-that-is-long-enough-and-not-the-right-one")).await;
    let late = code(&mut browser, "console", &[]).await;
    app.advance(TimeDelta::minutes(2));
    trade("console", grant(&late, VERIFIER)).await;
    trade("console", vec![("grant_type", "password".to_owned())]).await;
    let secret = "ucs_dGhpcyBpcyBub3QgdGhlIHNlY3JldCBvZiBjb25zb2xlIGF0IGFsbA";
    let request = Request::post("/id/production/token")
        .header(header::AUTHORIZATION, basic("console", secret))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    send(&mut app.browser(), request, &[], Body::empty()).await.expect_status(StatusCode::UNAUTHORIZED);
    let form = [("client_id", "console"), ("client_secret", secret), ("grant_type", "authorization_code")];
    bare(&app, "/token", &form).await.expect_status(StatusCode::UNAUTHORIZED);
    bare(&app, "/introspect", &[("client_id", "nobody"), ("client_secret", secret)])
        .await
        .expect_status(StatusCode::UNAUTHORIZED);
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    bare(&app, "/token", &[("client_assertion", "junk"), ("client_assertion_type", kind)])
        .await
        .expect_status(StatusCode::UNAUTHORIZED);
    for extra in [
        [("response_type", "token"), ("x", "y")],
        [("request", "e30.e30."), ("x", "y")],
        [("scope", "email"), ("x", "y")],
        [("code_challenge_method", "plain"), ("code_challenge", CHALLENGE)],
        [("prompt", "sometimes"), ("x", "y")],
    ] {
        browser.get(&authorize_path("console", &extra)).await.expect_status(StatusCode::SEE_OTHER);
    }
    for path in ["/id/production/userinfo", "/id/production/frontegg/flags"] {
        get(&mut app.browser(), path, &[("origin", "https://unregistered.example")]).await;
    }

    let problems = of(&app, "console").await;
    let has = |kind: &str, part: &str| problems.iter().any(|(known, value, _)| known == kind && value.contains(part));
    for (kind, part) in [
        ("grant", "unknown or was not issued to this client"),
        ("grant", "code_verifier"),
        ("grant", "expired"),
        ("token_request", "unsupported_grant_type"),
        ("client_secret", "Authorization header"),
        ("client_secret", "in the form"),
        ("authorization_request", "unsupported_response_type: response_type must be code, not \"token\""),
        ("authorization_request", "request_not_supported"),
        ("authorization_request", "scope must contain openid, not \"email\""),
        ("authorization_request", "code_challenge_method must be S256, not \"plain\""),
        ("authorization_request", "not \"sometimes\""),
    ] {
        assert!(has(kind, part), "{kind} {part}: {problems:?}");
    }
    let dispatch = of(&app, "dispatch").await;
    assert_eq!(dispatch.len(), 1, "the foreign code: {dispatch:?}");
    let nobody = of_nobody(&app).await;
    assert!(nobody.contains(&("origin".into(), "https://unregistered.example".into(), 2)), "{nobody:?}");
    assert!(nobody.contains(&("client_id".into(), "nobody".into(), 1)), "{nobody:?}");
    assert!(nobody.iter().any(|(kind, ..)| kind == "client_assertion"), "{nobody:?}");
    let all = format!("{problems:?}{dispatch:?}{nobody:?}");
    for text in [secret, foreign.as_str(), &wrong, &late] {
        assert!(!all.contains(text), "{text} was kept");
    }
}

fn form_to(path: &str, kind: &str) -> axum::http::request::Builder {
    Request::post(format!("/id/production{path}")).header(header::CONTENT_TYPE, kind)
}

/// What the extractors and limits refuse, before any endpoint knows whose it is.
#[tokio::test]
async fn nothing_is_refused_without_a_trace() {
    use crate::support::fixture::CONSOLE_SECRET;
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = crate::identity::flow::tokens(&app, &mut browser, "console", &[]).await;
    let bearer = |token: &str| format!("Bearer {token}");
    let id_token = bearer(issued["id_token"].as_str().expect("a token"));
    let access_token = bearer(issued["access_token"].as_str().expect("a token"));
    let proof = basic("console", CONSOLE_SECRET);
    let (proof, id_token, access_token) = (proof.as_str(), id_token.as_str(), access_token.as_str());
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    let long = format!("client_id=dispatch&x={}", "x".repeat(70_000));
    let sent: [(&str, &str, Option<&str>, &str); 12] = [
        ("/token", json, Some(proof), "{}"),
        ("/token", form, None, "client_id=dispatch&client_id=dispatch"),
        ("/token", form, None, "client_id=dispatch&x=%00"),
        ("/token", form, Some(proof), long.as_str()),
        ("/token", form, Some(proof), "grant_type=password"),
        ("/introspect", form, Some(proof), ""),
        ("/introspect", form, None, "client_id=dispatch&token=x"),
        ("/revoke", form, Some(proof), ""),
        ("/userinfo", form, Some(id_token), ""),
        ("/userinfo", form, Some("Token abc"), ""),
        ("/events", json, Some(access_token), "{"),
        ("/authorize", json, Some(proof), "{}"),
    ];
    for (path, kind, authorization, body) in sent {
        let mut request = form_to(path, kind);
        if let Some(authorization) = authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = send(&mut app.browser(), request, &[], Body::from(body.to_owned())).await;
        assert!(answer.status().is_client_error(), "{path} {body:.20}: {}", answer.status());
    }
    let long = authorize_path("dispatch", &[("state", &"s".repeat(64_500))]);
    app.browser().get(&long).await.expect_status(StatusCode::URI_TOO_LONG);
    let hint = [("prompt", "none"), ("id_token_hint", "nonsense")];
    browser.get(&authorize_path("console", &hint)).await.expect_status(StatusCode::SEE_OTHER);
    let id_token = issued["id_token"].as_str().expect("a token");
    for query in [
        vec![("client_id", "console"), ("client_id", "console")],
        vec![("client_id", "dispatch"), ("id_token_hint", id_token)],
    ] {
        let path = format!("/id/production/logout?{}", encode(&query));
        browser.get(&path).await.expect_status(StatusCode::BAD_REQUEST);
    }
    let sdk = |path: &str| {
        let request = form_to(&format!("/frontegg{path}"), json);
        request
            .header(header::ORIGIN, "https://dispatch.example")
            .header("frontegg-requested-application-id", "dispatch")
    };
    for (path, body) in [
        ("/oauth/token", "{"),
        ("/oauth/token", r#"{"grant_type":"password","client_id":"dispatch"}"#),
        ("/identity/resources/auth/v1/user", r#"{"email":"a@b.example","password":"x"}"#),
    ] {
        let answer = send(&mut app.browser(), sdk(path), &[], Body::from(body)).await;
        assert!(answer.status().is_client_error(), "{path} {body}: {}", answer.status());
    }
    let untold = form_to("/frontegg/oauth/authorize/silent", json);
    send(&mut app.browser(), untold, &[], Body::from("{}")).await.expect_status(StatusCode::BAD_REQUEST);

    let (console, dispatch, nobody) = (of(&app, "console").await, of(&app, "dispatch").await, of_nobody(&app).await);
    for (problems, kind, part) in [
        (&console, "token_request", "/token: invalid_request: the body must be"),
        (&console, "token_request", "64 KiB"),
        (&console, "token_request", "not \"password\""),
        (&console, "token_request", "/introspect: invalid_request: token is missing"),
        (&console, "token_request", "/revoke: invalid_request: token is missing"),
        (&console, "token_request", "an id token was sent where an access token belongs"),
        (&console, "token_request", "/events: body: "),
        (&console, "authorization_request", "/authorize: invalid_request: the body must be"),
        (&console, "authorization_request", "id_token_hint"),
        (&console, "authorization_request", "sign-out twice"),
        (&dispatch, "token_request", "a parameter was sent more than once"),
        (&dispatch, "token_request", "a NUL character"),
        (&dispatch, "client_secret", "a proof of its own"),
        (&dispatch, "authorization_request", "64000 is the most"),
        (&dispatch, "authorization_request", "issued to another one"),
        (&dispatch, "token_request", "the body is no JSON object"),
        (&dispatch, "token_request", "grant_type must be authorization_code or refresh_token, not \"password\""),
        (&dispatch, "token_request", "not embedded"),
        (&nobody, "token_request", "not \"Token\""),
        (&nobody, "token_request", "It cannot be told which application this is"),
    ] {
        let found: Vec<_> = problems.iter().filter(|one| one.0 == kind && one.1.contains(part)).collect();
        assert!(found.len() == 1 && found[0].2 == 1, "{kind} {part}: {found:?} of {problems:?}");
    }
    assert_eq!((console.len(), dispatch.len(), nobody.len()), (10, 8, 2), "{console:?} {dispatch:?} {nobody:?}");
}

#[tokio::test]
async fn no_secret_is_kept_wherever_in_a_request_it_was_put() {
    use crate::support::fixture::CONSOLE_SECRET;
    let app = TestApp::new().await;
    let mut browser = signed_in(&app, AMARA).await;
    let issued = crate::identity::flow::tokens(&app, &mut browser, "console", &[]).await;
    let token = issued["id_token"].as_str().expect("a token");
    let link = format!("upl_{}", &CONSOLE_SECRET[4..]);
    let inside = format!("https://console.example/callback?client_secret={CONSOLE_SECRET}");
    let beside = format!("northwind-console:{CONSOLE_SECRET}");
    for extra in [
        [("scope", CONSOLE_SECRET)],
        [("redirect_uri", inside.as_str())],
        [("client_id", beside.as_str())],
        [("client_id", link.as_str())],
        [("scope", token)],
        [("prompt", token)],
    ] {
        browser.get(&authorize_path("console", &extra)).await;
    }
    let all = format!("{:?}{:?}", of(&app, "console").await, of_nobody(&app).await);
    for secret in [&CONSOLE_SECRET[4..], &token[..40]] {
        assert!(!all.contains(secret), "{all}");
    }
    for part in ["client_secret=(a secret)", "northwind-console:(a secret)"] {
        assert!(all.contains(part), "no {part:?} in {all}");
    }
}

#[tokio::test]
async fn what_is_no_mistake_is_not_shown_as_one() {
    let app = TestApp::new().await;
    let mut browser = app.browser();
    browser.get(&authorize_path("console", &[("prompt", "none")])).await.expect_status(StatusCode::SEE_OTHER);
    browser.get(&authorize_path("console", &[])).await.expect_status(StatusCode::SEE_OTHER);
    get(&mut app.browser(), "/id/production/userinfo", &[("origin", "https://console.example")]).await;
    get(&mut app.browser(), "/id/production/.well-known/jwks.json", &[("origin", "https://any.example")]).await;
    let (known, nobody) = (of(&app, "console").await, of_nobody(&app).await);
    assert!(known.is_empty() && nobody.is_empty(), "{known:?} {nobody:?}");
}

#[tokio::test]
async fn mistakes_are_kept_for_a_day_and_of_each_kind_the_newest_ten_only() {
    let app = TestApp::new().await;
    for number in 0..70 {
        app.advance(TimeDelta::seconds(1));
        let wrong = format!("https://console.example/{number}");
        app.browser().get(&authorize_path("console", &[("redirect_uri", &wrong)])).await;
    }
    let problems = of(&app, "console").await;
    assert_eq!(problems.len(), 10);
    assert_eq!(problems[0].1, "https://console.example/69");
    app.advance(TimeDelta::seconds(1));
    let long = format!("https://console.example/{}", "x".repeat(3_000));
    app.browser().get(&authorize_path("console", &[("redirect_uri", &long)])).await;
    assert_eq!(of(&app, "console").await[0].1.chars().count(), 300);
    assert_eq!(app.count("application_problems").await, 10);
    app.advance(TimeDelta::hours(25));
    assert!(of(&app, "console").await.is_empty());
    upkeep::run(&app.state).await.expect("upkeep");
    assert_eq!(app.count("application_problems").await, 0);
    assert_eq!(problem::write_down(&app.state).await.expect("nothing to write"), 0);
}

/// Both while they are counted in memory and where they were written down before.
#[tokio::test]
async fn a_stranger_who_makes_up_addresses_does_not_hide_that_the_secret_is_wrong() {
    let app = TestApp::new().await;
    let wrong = [("client_id", "console"), ("client_secret", "ucs_wrong"), ("grant_type", "client_credentials")];
    for written_before in [false, true] {
        for _ in 0..2 {
            bare(&app, "/token", &wrong).await.expect_status(StatusCode::UNAUTHORIZED);
        }
        if written_before {
            problem::write_down(&app.state).await.expect("written");
        }
        for number in 0..50 {
            app.advance(TimeDelta::seconds(1));
            let made_up = format!("https://elsewhere.example/{written_before}/{number}");
            app.browser().get(&authorize_path("console", &[("redirect_uri", &made_up)])).await;
        }
        let problems = of(&app, "console").await;
        let secret = problems.iter().find(|(kind, ..)| kind == "client_secret");
        let times = if written_before { 4 } else { 2 };
        assert_eq!(secret, Some(&("client_secret".to_owned(), "sent in the form".to_owned(), times)), "{problems:?}");
        assert_eq!(problems.iter().filter(|(kind, ..)| kind == "redirect_uri").count(), 10);
    }
}
