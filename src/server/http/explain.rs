//! No refusal without a word: whatever layer answers with an error and nothing else, or with a line for developers, is
//! given a sentence; browsers get a page.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;
use serde_json::json;

use super::page::Page;
use crate::model::error::ApiError;

/// No line for developers comes near this.
const LINE: usize = 16 * 1024;

/// Answers errors that have no words.
pub async fn in_words(request: Request, next: Next) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (wants_page, wants_json) = (accept.contains("text/html"), accept.contains("application/json"));
    let is_head = request.method() == Method::HEAD;
    let response = next.run(request).await;
    let status = response.status();
    if is_head || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let is_empty = response.body().size_hint().exact() == Some(0);
    let kind = response.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_vec()).unwrap_or_default();
    let is_line = kind.starts_with(b"text/plain");
    // Who sends no token is told the scheme and nothing else (RFC 6750 section 3.1).
    let says_scheme = response.headers().contains_key(header::WWW_AUTHENTICATE);
    match (is_empty, is_line) {
        (true, _) if wants_page || !says_scheme => {}
        (false, true) if wants_page || status.is_server_error() => {}
        _ => return response,
    }
    let (parts, body) = response.into_parts();
    // What a failed server says of itself is for its log.
    let detail = match to_bytes(body, LINE).await {
        Ok(bytes) if status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE => {
            String::from_utf8_lossy(&bytes).trim().to_owned()
        }
        _ => String::new(),
    };
    let (title, sentence) = words(status);
    let mut explained = if wants_page {
        let body = html! {
            h1 { (title) }
            p.dim { (sentence) }
            @if !detail.is_empty() { p.dim { (detail) } }
        };
        Page::card(title, body).status(status).into_response()
    } else if wants_json {
        (status, axum::Json(json!({ "error": title, "error_description": sentence }))).into_response()
    } else if detail.is_empty() {
        (status, format!("{title}. {sentence}\n")).into_response()
    } else {
        (status, format!("{detail}\n")).into_response()
    };
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_SECURITY_POLICY) {
            explained.headers_mut().append(name.clone(), value.clone());
        }
    }
    explained
}

fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::BAD_REQUEST => ("This cannot be read", "Something in the request is not as it should be."),
        StatusCode::UNAUTHORIZED => ("Not signed in", "This is for whoever has signed in, or has an access token."),
        StatusCode::FORBIDDEN => ("Not allowed", "You may not do this here."),
        StatusCode::NOT_FOUND => {
            ("Not found", "There is nothing at this address. It may have been mistyped or removed.")
        }
        StatusCode::METHOD_NOT_ALLOWED => (
            "Not like this",
            "This address takes another kind of request: open it from the page or the program it is for.",
        ),
        StatusCode::REQUEST_TIMEOUT => ("Too slow", "The request did not arrive in time. Send it again."),
        StatusCode::PAYLOAD_TOO_LARGE => ("Too much was sent", "Nothing here takes more than 64 KiB. Send less."),
        StatusCode::URI_TOO_LONG => ("The address is too long", "Take some of it away, or begin again at the start."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (
            "Not in this form",
            "What was sent is of a kind that is not read here: send a form, or JSON where it says so.",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => ("This cannot be read", "Something that was sent does not fit its place."),
        StatusCode::TOO_MANY_REQUESTS => ("Please wait", "There were too many attempts. Try again in a while."),
        StatusCode::SERVICE_UNAVAILABLE => ("Not now", "The server cannot do this at the moment. Try again shortly."),
        StatusCode::GATEWAY_TIMEOUT => {
            ("This took too long", "The server did not finish within 30 seconds. Try again; nothing is kept waiting.")
        }
        status if status.is_server_error() => (
            "Something went wrong",
            "Something failed on our side. Try again; the X-Request-Id header of the answer says where to look in the log.",
        ),
        _ => ("Not possible", "The server does not do this."),
    }
}

/// What a server function says to somebody who sent what it cannot read is the sender's mistake, not the server's: 400,
/// or 422 where a field is named.
pub async fn callers_mistakes(request: Request, next: Next) -> Response {
    let is_call = request.uri().path().starts_with("/rpc/");
    let response = next.run(request).await;
    if !is_call || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LINE).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let unreadable = match serde_json::from_slice::<ApiError>(&bytes) {
        Ok(ApiError::Invalid(errors)) => {
            let names_field = !errors.first().field.is_empty();
            parts.status = if names_field { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
            ApiError::Invalid(errors)
        }
        // Only what could not be decoded ends like this on the server: our own faults have words and a request's id.
        Err(_) | Ok(ApiError::Unreachable | ApiError::Failed) => {
            parts.status = StatusCode::BAD_REQUEST;
            ApiError::invalid("", "The request could not be read: it is neither a form nor text.")
        }
        Ok(_) => return Response::from_parts(parts, Body::from(bytes)),
    };
    let mut answer = (parts.status, axum::Json(unreadable)).into_response();
    for (name, value) in &parts.headers {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}
