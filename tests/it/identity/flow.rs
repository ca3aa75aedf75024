//! The way from the portal's button to tokens, in steps that tests take one by one.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;
use uuid::Uuid;

use crate::support::fixture::CONSOLE_SECRET;
use crate::support::{Browser, ORIGIN, ResponseExt, TestApp, USER_PASSWORD, encode};

pub const OLIVIA: &str = "olivia@understudy.example";
pub const AMARA: &str = "amara@northwind.example";
pub const RITA: &str = "rita@northwind.example";
pub const BEN: &str = "ben@harbor.example";
pub const REASON: &str = "Export of the June invoices fails for her";
/// RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Starts an impersonation by the portal's form and gives the path of the hand-off.
pub async fn start(app: &TestApp, browser: &mut Browser, user: &str, account: &str, application: &str) -> String {
    let user_id = app.user_id(user).await;
    let form = [("account", account), ("application", application), ("reason", REASON), ("ticket", "SUP-4821")];
    let answer = browser.post(&format!("/production/users/{user_id}/impersonate"), &form).await;
    let location = answer.location();
    location.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("not started: {location}")).to_owned()
}

/// Follows the hand-off; gives the session's id.
pub async fn hand_off(browser: &mut Browser, path: &str) -> Uuid {
    let page = browser.get(path).await.expect_status(StatusCode::OK);
    let hint = page.body().split("login_hint=").nth(1).unwrap_or_else(|| panic!("no hint: {}", page.body()));
    hint[..36].parse().expect("a session id")
}

/// An operator's browser with a running impersonation of this user, and the session's id.
pub async fn impersonating(app: &TestApp, user: &str, account: &str, application: &str) -> (Browser, Uuid) {
    let mut browser = app.operator_browser(OLIVIA).await;
    let path = start(app, &mut browser, user, account, application).await;
    let sid = hand_off(&mut browser, &path).await;
    (browser, sid)
}

/// A browser in which this user is signed in.
pub async fn signed_in(app: &TestApp, email: &str) -> Browser {
    let mut browser = app.browser();
    let answer = sign_in(&mut browser, email, USER_PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body());
    browser
}

pub async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> Response<String> {
    browser.post("/id/production/login", &[("email", email), ("password", password)]).await
}

pub fn redirect_uri(client_id: &str) -> String {
    format!("https://{client_id}.example/callback")
}

/// The path of an authorization request that is complete but for `extra`.
pub fn authorize_path(client_id: &str, extra: &[(&str, &str)]) -> String {
    let redirect_uri = redirect_uri(client_id);
    let mut pairs = vec![
        ("client_id", client_id),
        ("redirect_uri", &redirect_uri),
        ("response_type", "code"),
        ("scope", "openid profile email"),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(name, _)| !extra.iter().any(|(replaced, _)| replaced == name));
    pairs.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    format!("/id/production/authorize?{}", encode(&pairs))
}

/// A parameter of the address that an answer redirects to.
pub fn answered(answer: &Response<String>, name: &str) -> Option<String> {
    let url = url::Url::parse(&answer.location()).unwrap_or_else(|_| panic!("no URL: {}", answer.location()));
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The authorization code that the browser brings back to the application.
pub async fn code(browser: &mut Browser, client_id: &str, extra: &[(&str, &str)]) -> String {
    let answer = browser.get(&authorize_path(client_id, extra)).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{}", answer.body());
    answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()))
}

pub fn basic(client_id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client_id}:{secret}")))
}

/// What an application's own server sends: a form, with the client's proof. `console` is confidential, others public.
pub async fn call(app: &TestApp, path: &str, client_id: &str, form: &[(&str, &str)]) -> Response<String> {
    let mut form = form.to_vec();
    let mut request = Request::post(format!("/id/production{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if client_id == "console" {
        request = request.header(header::AUTHORIZATION, basic(client_id, CONSOLE_SECRET));
    } else {
        form.push(("client_id", client_id));
    }
    app.browser().send(request.body(Body::from(encode(&form))).expect("a request")).await
}

/// A form without any proof but what is in it.
pub async fn bare(app: &TestApp, path: &str, form: &[(&str, &str)]) -> Response<String> {
    let request = Request::post(format!("/id/production{path}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    app.browser().send(request.body(Body::from(encode(form))).expect("a request")).await
}

pub async fn redeem(app: &TestApp, client_id: &str, code: &str) -> Response<String> {
    let redirect_uri = redirect_uri(client_id);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", VERIFIER),
    ];
    call(app, "/token", client_id, &form).await
}

/// The tokens of the session that this browser means.
pub async fn tokens(app: &TestApp, browser: &mut Browser, client_id: &str, extra: &[(&str, &str)]) -> Value {
    let code = code(browser, client_id, extra).await;
    redeem(app, client_id, &code).await.expect_status(StatusCode::OK).json()
}

pub async fn refresh(app: &TestApp, client_id: &str, token: &str, extra: &[(&str, &str)]) -> Response<String> {
    let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
    form.extend(extra);
    call(app, "/token", client_id, &form).await
}

pub async fn introspect(app: &TestApp, token: &str) -> Value {
    call(app, "/introspect", "console", &[("token", token)]).await.expect_status(StatusCode::OK).json()
}

pub async fn with_bearer(
    app: &TestApp,
    method: Method,
    path: &str,
    token: &str,
    json: Option<&str>,
) -> Response<String> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/id/production{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    if json.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    let body = json.map_or_else(Body::empty, |json| Body::from(json.to_owned()));
    app.browser().send(request.body(body).expect("a request")).await
}

pub async fn userinfo(app: &TestApp, token: &str) -> Response<String> {
    with_bearer(app, Method::GET, "/userinfo", token, None).await
}

pub async fn report(app: &TestApp, token: &str, json: &str) -> Response<String> {
    with_bearer(app, Method::POST, "/events", token, Some(json)).await
}

/// The claims of a JWT, unverified.
pub fn claims(token: &Value) -> Value {
    part(token, 1)
}

/// The header of a JWT.
pub fn jose_header(token: &Value) -> Value {
    part(token, 0)
}

fn part(token: &Value, index: usize) -> Value {
    let token = token.as_str().expect("a token");
    let part = token.split('.').nth(index).expect("a JWT has three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64url")).expect("JSON")
}

pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// Checks that a protocol endpoint refused with this status and code.
#[track_caller]
pub fn refused(answer: Response<String>, status: StatusCode, code: &str) {
    assert_eq!(answer.status(), status, "{}", answer.body());
    assert_eq!(answer.json()["error"], code, "{}", answer.body());
}
