//! Addresses of the application: sign-in and its answer, and what a signed-in tab can do.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use serde_json::json;
use tower_http::csrf::CsrfLayer;
use url::Url;

use crate::page::{self, Notice, View};
use crate::provider::{Refused, Standing, Tokens, now_unix};
use crate::session::{Ending, Session, Stage};
use crate::{App, LoginMethod};

const SESSION_COOKIE: &str = "sample_session";

pub fn router(app: Arc<App>) -> Router {
    let actions = Router::new()
        .route("/s/{id}/refresh", post(refresh))
        .route("/s/{id}/switch", post(switch))
        .route("/s/{id}/export", post(export))
        .route("/s/{id}/end", post(end))
        .route("/s/{id}/sign-out", post(sign_out))
        .layer(CsrfLayer::new());
    Router::new()
        .route("/", get(home))
        // Third-party initiated login comes by GET or POST, from the provider's own pages.
        .route("/login", get(login).post(login_posted))
        .route("/callback", get(callback))
        // From the provider's server, not from a browser.
        .route("/backchannel-logout", post(backchannel_logout))
        .route("/s/{id}/", get(workspace))
        .route("/s/{id}/state", get(state))
        .merge(actions)
        .route("/style.css", get(async || asset("text/css; charset=utf-8", include_str!("style.css"))))
        .route("/script.js", get(async || asset("text/javascript; charset=utf-8", include_str!("script.js"))))
        .layer(from_fn_with_state(app.clone(), headers))
        .with_state(app)
}

fn asset(content_type: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")], text)
}

async fn headers(State(app): State<Arc<App>>, request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    // A form that signs out is redirected to the provider, which browsers count as a target of the form.
    let provider = app.provider.issuer.url().origin().ascii_serialization();
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; \
         form-action 'self' {provider}; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn home(State(app): State<Arc<App>>) -> Response {
    page::home(&app.name).into_response()
}

#[derive(Deserialize)]
struct LoginRequest {
    iss: Option<String>,
    login_hint: Option<String>,
    target_link_uri: Option<String>,
}

async fn login(
    State(app): State<Arc<App>>,
    method: Method,
    jar: CookieJar,
    Query(request): Query<LoginRequest>,
) -> Response {
    // Whoever only looks must not use a code up.
    if method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    begin(&app, jar, &request).await
}

async fn login_posted(State(app): State<Arc<App>>, jar: CookieJar, Form(request): Form<LoginRequest>) -> Response {
    begin(&app, jar, &request).await
}

/// Begins a sign-in, or opens the session that the provider hands over: from the button here, or because the provider asks for one (OpenID Connect Core section 4).
async fn begin(app: &App, jar: CookieJar, request: &LoginRequest) -> Response {
    if request.iss.as_deref().is_some_and(|iss| iss != app.provider.issuer.as_str()) {
        return failed(app, StatusCode::BAD_REQUEST, "This sign-in was asked for by a provider that is not ours.");
    }
    let is_own = |target: &str| Url::parse(target).is_ok_and(|url| url.origin().ascii_serialization() == app.origin);
    if request.target_link_uri.as_deref().is_some_and(|target| !is_own(target)) {
        return failed(app, StatusCode::BAD_REQUEST, "This sign-in would lead to an address that is not ours.");
    }
    if let (LoginMethod::Embedded, Some(_), Some(code)) = (app.login_method, &request.iss, &request.login_hint) {
        return match app.provider.trade(code).await {
            Ok(tokens) => opened(app, jar, tokens),
            Err(error) if error.is::<Refused>() => {
                failed(app, StatusCode::OK, &format!("You are not signed in: {error}."))
            }
            Err(error) => unreachable(app, &error),
        };
    }
    let begun = match app.provider.begin(request.login_hint.as_deref()).await {
        Ok(begun) => begun,
        Err(error) => return unreachable(app, &error),
    };
    let name = pending_cookie(&begun.state);
    let Some(secret) = app.sessions.begin(begun.state, begun.nonce, begun.verifier) else {
        return failed(app, StatusCode::SERVICE_UNAVAILABLE, "Too many people are signing in. Try again in a minute.");
    };
    (jar.add(cookie(app, name, secret, "/callback".to_owned())), Redirect::to(begun.url.as_str())).into_response()
}

/// One a sign-in, so that several tabs can sign in at once.
fn pending_cookie(state: &str) -> String {
    format!("sample_login_{}", &state[..state.len().min(16)])
}

fn cookie(app: &App, name: String, value: String, path: String) -> Cookie<'static> {
    Cookie::build((name, value)).path(path).http_only(true).same_site(SameSite::Lax).secure(app.is_https).build()
}

#[derive(Deserialize)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

async fn callback(State(app): State<Arc<App>>, jar: CookieJar, Query(answer): Query<Answer>) -> Response {
    let state = answer.state.unwrap_or_default();
    let name = if state.is_ascii() { pending_cookie(&state) } else { String::new() };
    let Some(pending) = app.sessions.take(&state, jar.get(&name).map(Cookie::value)) else {
        let text = "This sign-in was not begun in this browser, took too long, or was used already.";
        return failed(&app, StatusCode::BAD_REQUEST, text);
    };
    let jar = jar.remove(cookie(&app, name, String::new(), "/callback".to_owned()));
    match app.provider.answered(answer.iss.as_deref()).await {
        Ok(true) => {}
        Ok(false) => return failed(&app, StatusCode::BAD_REQUEST, "The answer came from a provider that is not ours."),
        Err(error) => return unreachable(&app, &error),
    }
    let Some(code) = answer.code else {
        let why = answer.error_description.or(answer.error).unwrap_or_else(|| "no reason was given".to_owned());
        return (jar, failed(&app, StatusCode::OK, &format!("You are not signed in: {why}."))).into_response();
    };
    match app.provider.exchange(code, &pending.nonce, pending.verifier).await {
        Ok(tokens) => opened(&app, jar, tokens),
        Err(error) if error.is::<Refused>() => {
            (jar, failed(&app, StatusCode::OK, &format!("You are not signed in: {error}."))).into_response()
        }
        Err(error) => unreachable(&app, &error),
    }
}

/// To the page of a new session.
fn opened(app: &App, jar: CookieJar, tokens: Tokens) -> Response {
    let (id, secret) = app.sessions.open(tokens);
    let path = format!("/s/{id}/");
    let jar = jar.add(cookie(app, SESSION_COOKIE.to_owned(), secret, path.clone()));
    (jar, Redirect::to(&path)).into_response()
}

#[derive(Deserialize)]
struct BackchannelLogout {
    logout_token: String,
}

/// A session ended, the provider says (OpenID Connect Back-Channel Logout 1.0, section 2.5): it ends here at once.
async fn backchannel_logout(State(app): State<Arc<App>>, Form(request): Form<BackchannelLogout>) -> Response {
    let refused = |why: &str| {
        tracing::warn!("a logout token was refused: {why}");
        let body = json!({ "error": "invalid_request", "error_description": why });
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    };
    let token = match app.provider.ended(&request.logout_token).await {
        Ok(token) => token,
        Err(error) => return refused(&format!("{error:#}")),
    };
    if !app.sessions.first_use(token.jti) {
        return refused("the logout token was used already");
    }
    for session in app.sessions.of_sid(&token.sid) {
        let mut stage = session.stage.lock().await;
        if let Stage::SignedIn(_) = *stage {
            *stage = Stage::Ended(Ending::Elsewhere);
        }
    }
    StatusCode::OK.into_response()
}

fn open(app: &App, jar: &CookieJar, id: &str) -> Option<Arc<Session>> {
    app.sessions.get(id, jar.get(SESSION_COOKIE).map(Cookie::value))
}

/// Brings a session up to date: tokens that are about to expire are refreshed, and what the provider ended ends here.
/// Gives the seconds that the session has left, where the provider says.
async fn settle(app: &App, stage: &mut Stage) -> anyhow::Result<Option<i64>> {
    let Stage::SignedIn(tokens) = stage else { return Ok(None) };
    let about_to_expire = tokens.expires_at.saturating_duration_since(Instant::now()).as_secs() < 20;
    if about_to_expire && tokens.refresh_token.is_some() {
        match app.provider.refresh(tokens, None).await {
            Ok(renewed) => **tokens = renewed,
            Err(error) if error.is::<Refused>() => {
                *stage = Stage::Ended(Ending::Elsewhere);
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    match app.provider.standing(tokens).await? {
        Standing::Active { expires_at_unix } => Ok(expires_at_unix.map(|at| (at - now_unix()).max(0))),
        Standing::Ended => {
            *stage = Stage::Ended(Ending::Elsewhere);
            Ok(None)
        }
    }
}

#[derive(Deserialize)]
struct Noted {
    note: Option<String>,
}

async fn workspace(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    jar: CookieJar,
    Query(noted): Query<Noted>,
) -> Response {
    let Some(session) = open(&app, &jar, &id) else { return Redirect::to("/").into_response() };
    let mut stage = session.stage.lock().await;
    let seconds_left = match settle(&app, &mut stage).await {
        Ok(seconds) => seconds,
        Err(error) => return unreachable(&app, &error),
    };
    match &*stage {
        Stage::Ended(ending) => page::ended(&app.name, *ending).into_response(),
        Stage::SignedIn(tokens) => {
            let notice = noted.note.as_deref().and_then(Notice::parse);
            page::workspace(&View { name: &app.name, tokens, seconds_left, notice }).into_response()
        }
    }
}

/// What the page's script asks every two seconds.
async fn state(State(app): State<Arc<App>>, Path(id): Path<String>, jar: CookieJar) -> Response {
    let Some(session) = open(&app, &jar, &id) else { return Json(json!({ "active": false })).into_response() };
    let mut stage = session.stage.lock().await;
    match settle(&app, &mut stage).await {
        Ok(seconds_left) => match &*stage {
            Stage::Ended(_) => Json(json!({ "active": false })).into_response(),
            Stage::SignedIn(tokens) => {
                let token_seconds = tokens.expires_at.saturating_duration_since(Instant::now()).as_secs();
                let body = json!({ "active": true, "session_seconds": seconds_left, "token_seconds": token_seconds });
                Json(body).into_response()
            }
        },
        // The provider cannot be reached right now: nothing is known, so nothing changes.
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "the session could not be checked");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn refresh(State(app): State<Arc<App>>, Path(id): Path<String>, jar: CookieJar) -> Response {
    renew(&app, &id, &jar, None, Notice::Refreshed).await
}

#[derive(Deserialize)]
struct Switch {
    account: String,
}

async fn switch(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    jar: CookieJar,
    Form(wanted): Form<Switch>,
) -> Response {
    renew(&app, &id, &jar, Some(&wanted.account), Notice::Switched).await
}

async fn renew(app: &App, id: &str, jar: &CookieJar, account: Option<&str>, done: Notice) -> Response {
    let Some(session) = open(app, jar, id) else { return Redirect::to("/").into_response() };
    let mut stage = session.stage.lock().await;
    let Stage::SignedIn(tokens) = &mut *stage else { return back(id, None) };
    match app.provider.refresh(tokens, account).await {
        Ok(renewed) => {
            **tokens = renewed;
            back(id, Some(done))
        }
        // Refused for the session or for the account: the page finds out which.
        Err(error) if error.is::<Refused>() => back(id, Some(Notice::Refused)),
        Err(error) => unreachable(app, &error),
    }
}

async fn export(State(app): State<Arc<App>>, Path(id): Path<String>, jar: CookieJar) -> Response {
    let Some(session) = open(&app, &jar, &id) else { return Redirect::to("/").into_response() };
    let stage = session.stage.lock().await;
    let Stage::SignedIn(tokens) = &*stage else { return back(&id, None) };
    let account = page::text(&tokens.access_claims, "tenantId").unwrap_or("no account");
    let description = format!("Exported {} invoices of {account}", page::INVOICES.len());
    match app.provider.report(tokens, "invoice.exported", &description).await {
        Ok(()) => back(&id, Some(Notice::Exported)),
        Err(error) if error.is::<Refused>() => back(&id, Some(Notice::Refused)),
        Err(error) => unreachable(&app, &error),
    }
}

async fn end(State(app): State<Arc<App>>, Path(id): Path<String>, jar: CookieJar) -> Response {
    let Some(session) = open(&app, &jar, &id) else { return Redirect::to("/").into_response() };
    let mut stage = session.stage.lock().await;
    let Stage::SignedIn(tokens) = &*stage else { return back(&id, None) };
    match app.provider.revoke(tokens).await {
        Ok(()) => {
            *stage = Stage::Ended(Ending::Here);
            back(&id, None)
        }
        Err(error) => unreachable(&app, &error),
    }
}

async fn sign_out(State(app): State<Arc<App>>, Path(id): Path<String>, jar: CookieJar) -> Response {
    let Some(session) = open(&app, &jar, &id) else { return Redirect::to("/").into_response() };
    let stage = session.stage.lock().await;
    let target = match &*stage {
        Stage::SignedIn(tokens) => app.provider.sign_out_url(tokens, &format!("{}/", app.origin)).await,
        Stage::Ended(_) => return Redirect::to("/").into_response(),
    };
    let jar = jar.remove(cookie(&app, SESSION_COOKIE.to_owned(), String::new(), format!("/s/{id}/")));
    app.sessions.close(&id);
    match target {
        Ok(url) => (jar, Redirect::to(url.as_str())).into_response(),
        Err(error) => (jar, unreachable(&app, &error)).into_response(),
    }
}

fn back(id: &str, notice: Option<Notice>) -> Response {
    let note = notice.map(|notice| format!("?note={}", notice.word())).unwrap_or_default();
    Redirect::to(&format!("/s/{id}/{note}")).into_response()
}

fn failed(app: &App, status: StatusCode, text: &str) -> Response {
    (status, page::failed(&app.name, text)).into_response()
}

fn unreachable(app: &App, error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "the provider could not be used");
    failed(app, StatusCode::BAD_GATEWAY, "The sign-in service does not answer right now. Try again in a moment.")
}
