//! Forms and calls that change something come from this server's own pages, or are refused in words.
//!
//! A browser says in `Origin` which page sends, and no page can write that: where it is PUBLIC_URL's, or at an environment's
//! own host name that of this host, the request is ours, whatever a proxy did to `Host`. Where it says `null`,
//! `Sec-Fetch-Site` tells more, which browsers send over https and on the machine itself. Over plain http on a network there is
//! neither; then only a cookie counts that browsers send from pages of this site alone (RFC 6265bis, `SameSite=Strict`).

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use maud::html;

use super::host::{self, HostNames};
use super::own_host;
use super::page::Page;
use crate::model::error::ApiError;
use crate::server::crypto::secret;
use crate::server::platform::cookies::{self, SameSite, SetCookie};
use crate::server::platform::url::{is_local, origin_of};
use crate::server::state::AppState;

/// Set with pages over plain http. Its value means nothing: that it comes is what counts.
const COOKIE: &str = "understudy_page";
/// Characters of a header that a line of the log has.
const LONGEST: usize = 200;

/// What the layer has to know.
#[derive(Clone)]
pub struct Own {
    state: AppState,
    names: HostNames,
}

impl Own {
    pub fn new(state: AppState, names: HostNames) -> Self {
        Self { state, names }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FormRefusal {
    /// A page of another site sent it.
    OtherSite,
    /// One of our own pages did, but opened under another name.
    OtherName,
    /// It cannot be told.
    Unproven,
}

/// Refuses what is not sent by a page of this server.
pub async fn refuse_others(State(own): State<Own>, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        let mut response = next.run(request).await;
        mark(&own.state, &mut response);
        return response;
    }
    match judge(&own, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refuse(&own.state, &request, refusal),
    }
}

/// Where browsers say nothing else of where a form comes from, pages leave a cookie that only they bring back.
fn mark(state: &AppState, response: &mut Response) {
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page && needs_cookie(state) {
        let lasting = SetCookie::lasting(false, COOKIE, "1", TimeDelta::zero());
        SetCookie { same_site: SameSite::Strict, max_age: None, ..lasting }.add_to(response);
    }
}

fn needs_cookie(state: &AppState) -> bool {
    !state.is_https() && !is_own_machine(state)
}

fn is_own_machine(state: &AppState) -> bool {
    is_local(&state.public_url)
}

fn judge(own: &Own, request: &Request) -> Result<(), FormRefusal> {
    let headers = request.headers();
    let state = &own.state;
    let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or("unreadable"));
    let from_here = matches!(site, Some("same-origin" | "none"));
    let here = own_host::origin(state, request);
    let by_name =
        || if own_host::is_there(request) || own.names.is_ours(request) { Ok(()) } else { Err(FormRefusal::OtherName) };
    match headers.get(header::ORIGIN).map(|value| value.to_str().unwrap_or("unreadable")) {
        Some(origin) if origin.eq_ignore_ascii_case(&here) => Ok(()),
        Some("null") if from_here => by_name(),
        // An older browser, on the machine itself, where all newer ones say more.
        Some("null") if site.is_none() && is_own_machine(state) => by_name(),
        Some("null") if site.is_none() => match cookies::value(headers, COOKIE) {
            Some(_) if needs_cookie(state) => by_name(),
            _ => Err(FormRefusal::Unproven),
        },
        Some("null") => Err(FormRefusal::OtherSite),
        Some(origin) => {
            let asked = host::asked(request.uri(), headers);
            let same = origin.split_once("://").is_some_and(|(scheme, sender)| {
                scheme == state.public_url.scheme() && Some(sender.to_ascii_lowercase()) == asked
            });
            match same && (from_here || site.is_none()) {
                true => by_name(),
                false => Err(FormRefusal::OtherSite),
            }
        }
        None if site.is_some() && !from_here => Err(FormRefusal::OtherSite),
        None => {
            let referer = headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(origin_of);
            match referer {
                Some(referer) if referer != here && site.is_none() && !is_own_machine(state) => {
                    Err(FormRefusal::OtherSite)
                }
                _ => by_name(),
            }
        }
    }
}

/// One line with what the browser said of where the form came from, as much of it as helps.
fn say(state: &AppState, request: &Request, refusal: FormRefusal) {
    let Some(left_out) = state.lines.of_forms.next(state.clock.monotonic()) else { return };
    let said = |name: &str| {
        let value = String::from_utf8_lossy(request.headers().get(name)?.as_bytes()).into_owned();
        Some(secret::hidden(&value).chars().take(LONGEST).collect::<String>())
    };
    tracing::info!(
        origin = ?said("origin"),
        host = ?said("host"),
        site = ?said("sec-fetch-site"),
        ?refusal,
        left_out,
        "a form was refused"
    );
}

fn refuse(state: &AppState, request: &Request, refusal: FormRefusal) -> Response {
    say(state, request, refusal);
    let own = own_host::origin(state, request);
    let (title, why, mend) = match refusal {
        FormRefusal::OtherSite => (
            "This form was not sent from here",
            "A page of another site sent it, or it was sent from an address that is not this server’s own.",
            format!(
                "Open {own} and do it there. If that is where you did it: whoever runs the server sets PUBLIC_URL to the \
                 address that your browser shows, and has the proxy pass on the Host header (nginx: proxy_set_header Host \
                 $host)."
            ),
        ),
        FormRefusal::OtherName => (
            "This page was opened under another name",
            "Signing in and acting as users works under one name only, and this is not it.",
            format!(
                "Open {own} and do it there. If that is not the address that your browser should show: whoever runs the \
                 server sets PUBLIC_URL to the right one, and has the proxy pass on the Host header (nginx: \
                 proxy_set_header Host $host)."
            ),
        ),
        FormRefusal::Unproven => (
            "It cannot be told where this form came from",
            "Your browser hides which page sends a form, and brought no cookie of this page.",
            format!(
                "Allow cookies for {own}, load the page again and send the form once more. Over https this does not \
                 happen: whoever runs the server can set a PUBLIC_URL that begins with https."
            ),
        ),
    };
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if request.uri().path().starts_with("/rpc/") && !accept.contains("text/html") {
        let error = ApiError::invalid("", format!("{title}. {why} {mend}"));
        return (StatusCode::FORBIDDEN, axum::Json(error)).into_response();
    }
    let body = html! { h1 { (title) } p.dim { (why) } p.dim { (mend) } };
    Page::card(title, body).status(StatusCode::FORBIDDEN).into_response()
}
