//! An environment at a host name of its own: its provider is all that is there, and it is nowhere else.

mod hand_off;
mod limits;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};

use super::flow::{AMARA, VERIFIER, answered, authorize_path, basic, claims, redirect_uri, refused, text};
use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Browser, ORIGIN, ResponseExt, TestApp, USER_PASSWORD, encode};
use understudy::server::db::environment;
use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::service::caller::Caller;
use understudy::server::service::directory::environment::{self as service, Moved};

pub const HOST: &str = "login.acme.example";
pub const ISSUER: &str = "http://login.acme.example";
pub const FORMER: &str = "http://localhost:3000/id/production";

/// Serves production at this host name, or below the public address.
async fn try_move_to(app: &TestApp, slug: &str, host: Option<&str>) -> ServiceResult<Option<Moved>> {
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = environment::by_slug(&mut conn, slug).await.expect("a query").expect("an environment");
    drop(conn);
    service::set_host(&Caller::system(&app.state, row), host).await
}

async fn move_to(app: &TestApp, host: Option<&str>) -> Moved {
    try_move_to(app, "production", host).await.expect("it moves").expect("it was elsewhere")
}

async fn at_own_host() -> TestApp {
    let app = TestApp::new().await;
    move_to(&app, Some(HOST)).await;
    app
}

async fn get_at(host: &str, browser: &mut Browser, path: &str) -> Response<String> {
    let request = Request::get(path).header(header::ACCEPT, "text/html").header(header::HOST, host);
    browser.send(request.body(Body::empty()).expect("a request")).await
}

async fn get(browser: &mut Browser, path: &str) -> Response<String> {
    get_at(HOST, browser, path).await
}

/// Posts a form as a browser does from a page at `origin`.
async fn post_from(origin: &str, browser: &mut Browser, path: &str, form: &[(&str, &str)]) -> Response<String> {
    let request = Request::post(path)
        .header(header::HOST, HOST)
        .header(header::ACCEPT, "text/html")
        .header(header::ORIGIN, origin)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    browser.send(request.body(Body::from(encode(form))).expect("a request")).await
}

/// What an application's own server sends.
async fn call_at(app: &TestApp, host: &str, path: &str, form: &[(&str, &str)]) -> Response<String> {
    let request = Request::post(path)
        .header(header::HOST, host)
        .header(header::AUTHORIZATION, basic("console", CONSOLE_SECRET))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.browser().send(request.body(Body::from(encode(form))).expect("a request")).await
}

async fn userinfo(app: &TestApp, token: &str) -> Response<String> {
    let request = Request::get("/userinfo").header(header::HOST, HOST);
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    app.browser().send(request.body(Body::empty()).expect("a request")).await
}

/// The path of an authorization request at the host.
fn authorize(client_id: &str, extra: &[(&str, &str)]) -> String {
    authorize_path(client_id, extra).replace("/id/production/", "/")
}

async fn sign_in(browser: &mut Browser, continued: &str) -> Response<String> {
    let form = [("email", AMARA), ("password", USER_PASSWORD), ("continue", continued)];
    post_from(ISSUER, browser, "/login", &form).await
}

/// The tokens of the user who is signed in in this browser.
async fn tokens(app: &TestApp, browser: &mut Browser, extra: &[(&str, &str)]) -> serde_json::Value {
    let answer = get(browser, &authorize("console", extra)).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&answer, "iss").as_deref(), Some(ISSUER), "{}", answer.location());
    let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
    redeem(app, HOST, "/token", &code).await.expect_status(StatusCode::OK).json()
}

async fn redeem(app: &TestApp, host: &str, path: &str, code: &str) -> Response<String> {
    let redirect_uri = redirect_uri("console");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    call_at(app, host, path, &form).await
}

#[tokio::test]
async fn discovery_at_the_host_names_an_issuer_without_a_path() {
    let app = at_own_host().await;
    let document = get(&mut app.browser(), "/.well-known/openid-configuration").await;
    let document = document.expect_status(StatusCode::OK).json();
    assert_eq!(document["issuer"], ISSUER);
    assert_eq!(document["authorization_endpoint"], format!("{ISSUER}/authorize"));
    assert_eq!(document["end_session_endpoint"], format!("{ISSUER}/logout"));
    let keys = get(&mut app.browser(), "/.well-known/jwks.json").await.expect_status(StatusCode::OK);
    assert!(keys.json()["keys"].as_array().is_some_and(|keys| !keys.is_empty()), "{}", keys.body());
    // Staging has none and stays where it was.
    let staging = app.browser().get("/id/staging/.well-known/openid-configuration").await;
    assert_eq!(staging.json()["issuer"], format!("{ORIGIN}/id/staging"));
}

#[tokio::test]
async fn a_whole_sign_in_takes_place_at_the_host() {
    let app = at_own_host().await;
    let mut browser = app.browser();
    let asked = get(&mut browser, &authorize("console", &[])).await.expect_status(StatusCode::SEE_OTHER);
    assert!(asked.location().starts_with("/login?continue=%2Fauthorize%3F"), "{}", asked.location());
    let page = get(&mut browser, &asked.location()).await.expect_status(StatusCode::OK);
    assert!(page.body().contains("action=\"/login\""), "{}", page.body());
    assert!(page.body().contains("Sign in to Console"), "{}", page.body());
    let continued = answered_in(&asked.location(), "continue");
    let signed_in = sign_in(&mut browser, &continued).await.expect_status(StatusCode::SEE_OTHER);
    assert!(signed_in.location().starts_with("/authorize?"), "{}", signed_in.location());
    let mut cookies = signed_in.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().expect("text"));
    assert!(cookies.any(|text| text.starts_with("understudy_production=ubr_") && text.contains("; Path=/;")));
    let issued = tokens(&app, &mut browser, &[]).await;
    assert_eq!(claims(&issued["id_token"])["iss"], ISSUER);
    assert_eq!(claims(&issued["access_token"])["iss"], ISSUER);
    let access = text(&issued, "access_token");
    assert_eq!(userinfo(&app, access).await.expect_status(StatusCode::OK).json()["email"], AMARA);
    let known = call_at(&app, HOST, "/introspect", &[("token", access)]).await.json();
    assert_eq!((&known["active"], &known["iss"]), (&true.into(), &ISSUER.into()));
    let sessions = get(&mut browser, "/account/sessions").await.expect_status(StatusCode::OK);
    assert!(!sessions.body().contains("/id/production"), "{}", sessions.body());
    let pairs =
        [("id_token_hint", text(&issued, "id_token")), ("post_logout_redirect_uri", "https://console.example/bye")];
    let left = get(&mut browser, &format!("/logout?{}", encode(&pairs))).await;
    assert_eq!(left.location(), "https://console.example/bye");
    assert_eq!(app.events("user.signed_out").await.len(), 1);
    userinfo(&app, access).await.expect_status(StatusCode::UNAUTHORIZED);
}

/// A parameter of a path's query.
fn answered_in(path: &str, name: &str) -> String {
    let url = url::Url::parse(ISSUER).and_then(|base| base.join(path)).expect("a URL");
    let found = url.query_pairs().find(|(key, _)| key == name);
    found.unwrap_or_else(|| panic!("no {name} in {path}")).1.into_owned()
}

#[tokio::test]
async fn a_long_request_waits_under_a_short_name_at_the_host_as_well() {
    let app = at_own_host().await;
    let mut browser = app.browser();
    let state = "s".repeat(3_000);
    let asked = get(&mut browser, &authorize("console", &[("state", &state)])).await;
    assert!(asked.location().len() < 200, "{}", asked.location());
    let continued = answered_in(&asked.location(), "continue");
    let signed_in = sign_in(&mut browser, &continued).await.expect_status(StatusCode::SEE_OTHER);
    let answer = get(&mut browser, &signed_in.location()).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&answer, "state").as_deref(), Some(state.as_str()));
}

#[tokio::test]
async fn an_sdk_that_drops_the_issuers_path_finds_what_it_asks_for() {
    let app = at_own_host().await;
    let mut browser = app.browser();
    sign_in(&mut browser, "").await.expect_status(StatusCode::SEE_OTHER);
    let answer = get(&mut browser, &authorize("console", &[]).replace("/authorize", "/oauth/authorize")).await;
    let code = answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()));
    let issued = redeem(&app, HOST, "/oauth/token", &code).await.expect_status(StatusCode::OK).json();
    assert_eq!(claims(&issued["id_token"])["iss"], ISSUER);
    let base = get(&mut browser, "/frontegg/vendors/base-url").await.expect_status(StatusCode::OK);
    assert_eq!(base.json()["baseURL"], ISSUER);
    get(&mut browser, "/admin-box/login-box/index.js").await.expect_status(StatusCode::OK);
}

#[tokio::test]
async fn at_the_public_address_documents_lead_to_the_host_and_clients_are_told_the_issuer() {
    let app = at_own_host().await;
    let mut browser = app.browser();
    for path in ["/authorize?client_id=console&state=a%20b", "/login", "/logout", "/.well-known/openid-configuration"] {
        let led = browser.get(&format!("/id/production{path}")).await;
        assert_eq!(led.status(), StatusCode::TEMPORARY_REDIRECT, "{path}");
        assert_eq!(led.location(), format!("{ISSUER}{path}"));
    }
    let answer = redeem(&app, "localhost:3000", "/id/production/token", "uac_x").await;
    assert!(answer.body().contains(ISSUER), "{}", answer.body());
    refused(answer, StatusCode::BAD_REQUEST, "invalid_request");
    let form = [("email", AMARA), ("password", USER_PASSWORD)];
    let page = browser.post("/id/production/login", &form).await.expect_status(StatusCode::MISDIRECTED_REQUEST);
    assert!(page.body().contains(ISSUER), "{}", page.body());
    assert!(page.headers().get(header::SET_COOKIE).is_none());
    assert_eq!(app.count("sessions").await, 0);
}

#[tokio::test]
async fn without_its_host_it_is_below_the_public_address_again_and_old_tokens_are_worth_nothing() {
    let app = at_own_host().await;
    let mut browser = app.browser();
    sign_in(&mut browser, "").await.expect_status(StatusCode::SEE_OTHER);
    let issued = tokens(&app, &mut browser, &[]).await;
    let (access, refresh) = (text(&issued, "access_token"), text(&issued, "refresh_token"));
    // It is verified, and remembered as that.
    userinfo(&app, access).await.expect_status(StatusCode::OK);
    let moved = move_to(&app, None).await;
    assert_eq!((moved.issuer.as_str(), moved.former_issuer.as_str(), moved.revoked), (FORMER, ISSUER, 1));
    let document = app.browser().get("/id/production/.well-known/openid-configuration").await;
    assert_eq!(document.json()["issuer"], FORMER);
    super::flow::userinfo(&app, access).await.expect_status(StatusCode::UNAUTHORIZED);
    let answer = super::flow::refresh(&app, "console", refresh, &[]).await;
    refused(answer, StatusCode::BAD_REQUEST, "invalid_grant");
    let known = super::flow::introspect(&app, access).await;
    assert_eq!(known["active"], false);
    let gone = get_at(HOST, &mut app.browser(), "/.well-known/openid-configuration").await;
    assert_ne!(gone.status(), StatusCode::OK);
    let events = app.events("environment.host_changed").await;
    assert_eq!(events.len(), 2);
    assert!(events[1].description.contains(FORMER) && events[1].description.contains(ISSUER), "{events:?}");
    assert!(try_move_to(&app, "production", None).await.expect("nothing to do").is_none());
}

/// Neither sees the other's host name when it looks who has it.
#[tokio::test]
async fn of_two_environments_that_get_the_same_host_name_at_once_one_is_told_that_it_is_taken() {
    let app = TestApp::new().await;
    for round in 0..3 {
        let host = format!("login{round}.acme.example");
        let (left, right) =
            tokio::join!(try_move_to(&app, "production", Some(&host)), try_move_to(&app, "staging", Some(&host)));
        let (moved, refused): (Vec<_>, Vec<_>) =
            [left, right].into_iter().map(|outcome| outcome.map(drop)).partition(Result::is_ok);
        assert_eq!(moved.len(), 1, "{refused:?}");
        let Some(Err(ServiceError::Invalid(errors))) = refused.first() else { panic!("{refused:?}") };
        let told = errors.to_string();
        assert!(told.contains(&format!("{host} is the host name of ")), "{told}");
        assert_eq!(app.events("environment.host_changed").await.len(), round + 1);
    }
}
