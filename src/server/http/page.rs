//! The hosted pages' frame: plain documents that need no script, and what browsers may do with them.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::policy::{Forms, plain_policy};
use super::site;
use crate::model::time::{exact, relative};
use crate::server::error::ServiceError;

/// When a page may be asked for again that could not be made, in seconds.
const COME_AGAIN: u32 = 3;

/// A document about to be sent.
pub struct Page<'a> {
    status: StatusCode,
    title: &'a str,
    body: Markup,
    /// What stands beside the product's name: navigation and whose page it is.
    beside: Option<Markup>,
    forward: Option<&'a str>,
    script: Option<&'static str>,
    forms: Forms,
    referrer: &'static str,
}

impl<'a> Page<'a> {
    /// A page with one card, `body`, in its middle.
    pub fn card(title: &'a str, body: Markup) -> Self {
        Self::full(title, html! { div.hosted-card.narrow { (body) } })
    }

    /// A page whose cards are in `body`.
    pub fn full(title: &'a str, body: Markup) -> Self {
        Self {
            status: StatusCode::OK,
            title,
            body,
            beside: None,
            forward: None,
            script: None,
            forms: Forms::Here,
            // The origin of a form that is posted here is known by it; other sites are told nothing.
            referrer: "same-origin",
        }
    }

    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub fn beside(mut self, markup: Markup) -> Self {
        self.beside = Some(markup);
        self
    }

    /// Where the browser goes by itself, at once.
    pub fn forward(mut self, url: &'a str) -> Self {
        self.forward = Some(url);
        self
    }

    /// The one script that the page runs, at its end.
    pub fn script(mut self, text: &'static str) -> Self {
        self.script = Some(text);
        self
    }

    /// The way on from a form of this page leads to an application, and wherever that leads.
    pub fn leads_on(mut self) -> Self {
        self.forms = Forms::Anywhere;
        self
    }

    /// What the next page is told of this one, a word of the header `Referrer-Policy`.
    pub fn referrer(mut self, policy: &'static str) -> Self {
        self.referrer = policy;
        self
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let names = site::names();
        let document = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex, nofollow";
                    @if let Some(url) = self.forward {
                        meta http-equiv="refresh" content=(format!("0;url={url}"));
                    }
                    link rel="icon" type="image/svg+xml" href="/favicon.svg";
                    link rel="preload" as="font" type="font/woff2" href=(names.font) crossorigin="anonymous";
                    link rel="stylesheet" href=(names.css);
                    title { (self.title) " · Understudy" }
                }
                body.hosted {
                    header.hosted-header {
                        div.brand { (mark()) span { "Understudy" } }
                        @if let Some(beside) = &self.beside { (beside) }
                    }
                    main.hosted-main { (self.body) }
                    footer.hosted-foot { "Sign-in and sessions by Understudy" }
                    @if let Some(script) = self.script { script { (PreEscaped(script)) } }
                }
            }
        };
        let mut response = (self.status, document).into_response();
        let headers = response.headers_mut();
        if let Ok(policy) = HeaderValue::try_from(plain_policy(self.script, self.forms)) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static(self.referrer));
        response
    }
}

/// An icon of the sprite that the portal draws from, too.
pub fn icon(name: &str) -> Markup {
    html! { svg.icon width="16" height="16" aria-hidden="true" { use href=(format!("/icons.svg#{name}")) {} } }
}

fn mark() -> Markup {
    html! { img.mark src="/favicon.svg" width="22" height="22" alt=""; }
}

/// A page that says one thing.
pub fn plain(status: StatusCode, title: &str, sentence: &str) -> Response {
    Page::card(title, html! { h1 { (title) } p.dim { (sentence) } }).status(status).into_response()
}

/// The page for a use case that failed; our own fault is logged here.
pub fn failed(error: ServiceError, request_id: &str) -> Response {
    match error {
        ServiceError::NotFound => {
            plain(StatusCode::NOT_FOUND, "Not found", "There is nothing here. It may have ended or been removed.")
        }
        ServiceError::Forbidden => plain(StatusCode::FORBIDDEN, "Not allowed", "You may not do this here."),
        ServiceError::Unauthenticated => {
            plain(StatusCode::UNAUTHORIZED, "Signed out", "Your session has ended. Sign in again to go on.")
        }
        ServiceError::Invalid(errors) => plain(StatusCode::UNPROCESSABLE_ENTITY, "Not possible", &errors.to_string()),
        ServiceError::Conflict { .. } => plain(
            StatusCode::CONFLICT,
            "Changed meanwhile",
            "Somebody else changed this. Go back and look at it again.",
        ),
        ServiceError::Denied(denial) => plain(StatusCode::FORBIDDEN, "Not allowed", denial.sentence()),
        ServiceError::RateLimited { retry_after_seconds } => {
            let sentence = format!("Too many attempts. Try again in {retry_after_seconds} seconds.");
            let mut response = plain(StatusCode::TOO_MANY_REQUESTS, "Please wait", &sentence);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
            response
        }
        ServiceError::Busy { retry_after_seconds } => busy(retry_after_seconds),
        ServiceError::TooLong => plain(
            StatusCode::GATEWAY_TIMEOUT,
            "This took too long",
            "There is too much to look through, so it was stopped. Nothing was changed. Go back and ask for less, or try \
             again in a moment.",
        ),
        ServiceError::Internal(error) => {
            tracing::error!(request.id = request_id, error = format!("{error:#}"), "a hosted page failed");
            let sentence = format!(
                "Something failed on our side. Try again; if it stays, tell your administrator this number: {request_id}"
            );
            plain(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", &sentence)
        }
    }
}

/// The page for a time at which there is more to do than the server can.
pub fn busy(retry_after_seconds: u32) -> Response {
    let sentence = "The server is busy, and nothing was changed. Go back and try again in a moment.";
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Please try again", sentence);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
    response
}

/// The page for a server that cannot tell who asks, because its database does not answer.
pub fn unavailable() -> Response {
    let sentence = "The server cannot reach its data at the moment. You were not signed out, and nothing was changed: load \
                    this page again in a moment.";
    let mut response = plain(StatusCode::SERVICE_UNAVAILABLE, "Please try again", sentence);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(COME_AGAIN));
    response
}

/// The page for a form that is longer than any that this server shows.
pub fn too_large(response: impl IntoResponse) -> Response {
    let response = response.into_response();
    if response.status() != StatusCode::PAYLOAD_TOO_LARGE {
        return response;
    }
    plain(
        StatusCode::PAYLOAD_TOO_LARGE,
        "Too much was sent",
        "Go back and send less: no form here takes more than 64 KiB.",
    )
}

/// Nothing of the provider is kept by anybody, unless it says so itself, and nothing is framed. `Pragma` is for what
/// RFC 6749 section 5.1 still had to think of.
pub fn never_stored(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(HeaderName::from_static("content-security-policy")).or_insert(nothing);
    response
}

/// A time as people read it, exact on hover.
pub fn ago(now: DateTime<Utc>, time: DateTime<Utc>) -> Markup {
    html! { time datetime=(time.to_rfc3339()) title=(exact(time)) { (relative(time, now)) } }
}

/// How much is left until a time, exact on hover.
pub fn left(now: DateTime<Utc>, until: DateTime<Utc>) -> Markup {
    let words = format!("{} left", span(until - now));
    html! { time datetime=(until.to_rfc3339()) title=(exact(until)) { (words) } }
}

/// A time of today, for a sentence.
pub fn clock(time: DateTime<Utc>) -> Markup {
    html! { time datetime=(time.to_rfc3339()) title=(exact(time)) { (time.format("%H:%M UTC").to_string()) } }
}

fn span(length: TimeDelta) -> String {
    let count = |number: i64, unit: &str| if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") };
    match length.num_seconds() {
        seconds if seconds < 60 => "less than a minute".to_owned(),
        seconds if seconds < 2 * 3600 => count(seconds / 60, "minute"),
        seconds if seconds < 48 * 3600 => count(seconds / 3600, "hour"),
        seconds => count(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::span;

    #[test]
    fn spans_are_said_in_the_largest_unit_that_tells_enough() {
        assert_eq!(span(TimeDelta::seconds(59)), "less than a minute");
        assert_eq!(span(TimeDelta::minutes(1)), "1 minute");
        assert_eq!(span(TimeDelta::minutes(60)), "60 minutes");
        assert_eq!(span(TimeDelta::hours(3)), "3 hours");
        assert_eq!(span(TimeDelta::days(30)), "30 days");
    }
}
