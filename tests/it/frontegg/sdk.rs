//! What an SDK in a page sends: JSON, with the page's origin and the browser's cookies.

use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::identity::flow::{CHALLENGE, VERIFIER, answered, redirect_uri};
use crate::support::{Browser, ResponseExt, TestApp, USER_PASSWORD, encode};

pub const BASE: &str = "/id/production/frontegg";
pub const AUTH: &str = "/identity/resources/auth/v1/user";
pub const REFRESH: &str = "/identity/resources/auth/v1/user/token/refresh";
pub const IMPERSONATE: &str = "/identity/resources/impersonation/v1";
pub const ME: &str = "/identity/resources/users/v2/me";
pub const MY_SESSIONS: &str = "/identity/resources/users/sessions/v1/me";
pub const SILENT: &str = "/oauth/authorize/silent";

/// Makes `dispatch` an application with a sign-in form of its own.
pub async fn embedded(app: &TestApp) {
    app.execute("UPDATE applications SET login_method = 'embedded', login_url = app_url WHERE client_id = 'dispatch'")
        .await;
}

/// Lets impersonated sessions of `dispatch` be refreshed.
pub async fn kept_alive(app: &TestApp) {
    app.execute("UPDATE applications SET keep_session_alive = TRUE WHERE client_id = 'dispatch'").await;
}

pub fn origin(client_id: &str) -> String {
    format!("https://{client_id}.example")
}

/// A call as a page of this application's makes it.
pub struct Call<'a> {
    pub method: Method,
    pub path: String,
    pub origin: Option<String>,
    pub bearer: Option<&'a str>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<String>,
}

impl<'a> Call<'a> {
    pub fn new(method: Method, client_id: &str, path: &str) -> Self {
        let path = format!("{BASE}{path}");
        Self { method, path, origin: Some(origin(client_id)), bearer: None, headers: Vec::new(), body: None }
    }

    pub fn get(client_id: &str, path: &str) -> Self {
        Self::new(Method::GET, client_id, path)
    }

    pub fn post(client_id: &str, path: &str, body: Value) -> Self {
        Self { body: Some(body.to_string()), ..Self::new(Method::POST, client_id, path) }
    }

    pub fn bearer(self, token: &'a str) -> Self {
        Self { bearer: Some(token), ..self }
    }

    pub fn from(self, origin: Option<&str>) -> Self {
        Self { origin: origin.map(ToOwned::to_owned), ..self }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub async fn send(self, browser: &mut Browser) -> Response<String> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        if let Some(origin) = self.origin {
            request = request.header(header::ORIGIN, origin);
        }
        if let Some(token) = self.bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        // The packages say that they send JSON even where they send nothing.
        request = request.header(header::CONTENT_TYPE, "application/json").header("sec-fetch-mode", "cors");
        let body = self.body.map_or_else(Body::empty, Body::from);
        browser.send(request.body(body).expect("a request")).await
    }
}

pub fn authorize_path(client_id: &str, extra: &[(&str, &str)]) -> String {
    let redirect_uri = redirect_uri(client_id);
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("scope", "openid email profile"),
        ("redirect_uri", &redirect_uri),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("nonce", "a nonce"),
    ];
    pairs.retain(|(name, _)| !extra.iter().any(|(replaced, _)| replaced == name));
    pairs.extend(extra.iter().filter(|(_, value)| !value.is_empty()));
    format!("{BASE}/oauth/authorize?{}", encode(&pairs))
}

/// The code that the browser brings back to the application.
pub async fn code(browser: &mut Browser, client_id: &str) -> String {
    let answer = browser.get(&authorize_path(client_id, &[])).await.expect_status(StatusCode::SEE_OTHER);
    assert_eq!(answered(&answer, "state"), None);
    answered(&answer, "code").unwrap_or_else(|| panic!("no code: {}", answer.location()))
}

pub fn redemption(client_id: &str, code: &str) -> Value {
    json!({
        "code": code,
        "redirect_uri": redirect_uri(client_id),
        "code_verifier": VERIFIER,
        "grant_type": "authorization_code",
    })
}

/// What a hosted application's page does at the end of its sign-in.
pub async fn redeem(browser: &mut Browser, client_id: &str, code: &str) -> Response<String> {
    Call::post(client_id, "/oauth/token", redemption(client_id, code)).send(browser).await
}

/// The tokens of a sign-in at a hosted application, in the browser that is signed in to the provider.
pub async fn tokens(browser: &mut Browser, client_id: &str) -> Value {
    let code = code(browser, client_id).await;
    redeem(browser, client_id, &code).await.expect_status(StatusCode::OK).json()
}

/// The answer to a sign-in with the right password at an embedded application.
pub async fn sign_in(browser: &mut Browser, email: &str) -> Response<String> {
    let body = json!({ "email": email, "password": USER_PASSWORD, "recaptchaToken": null, "invitationToken": null });
    Call::post("dispatch", AUTH, body).send(browser).await
}

/// Checks that a call was refused with this status, in a sentence that the SDK can show.
#[track_caller]
pub fn refused(answer: &Response<String>, status: StatusCode) -> String {
    assert_eq!(answer.status(), status, "{}", answer.body());
    let sentence = answer.json()["errors"][0].as_str().unwrap_or_default().to_owned();
    assert!(!sentence.is_empty(), "{}", answer.body());
    sentence
}
