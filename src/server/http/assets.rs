//! Static files, inside the binary, compressed beforehand. Names with a content hash are kept by browsers for ever.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::html;
use rust_embed::EmbeddedFile;
use tower::ServiceExt;

use super::page::Page;
use super::site::file_at;
use super::{conditional, own_host};
use crate::model::environment::is_other_path;

/// Answers with a static file, in the best encoding that the browser takes; else 404. Where a page of the portal was meant,
/// `no_page` says so within its frame.
pub async fn serve(no_page: Router, request: Request) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    if method != Method::GET && method != Method::HEAD {
        return nothing_here(headers, uri.path(), own_host::is_there(&request));
    }
    let path = uri.path().trim_start_matches('/');
    let Some(plain) = file_at(path) else {
        return match meant(path) {
            Some(meant) if method == Method::GET && is_for_people(headers) => framed(no_page, meant, request).await,
            _ => nothing_here(headers, uri.path(), own_host::is_there(&request)),
        };
    };
    let (file, encoding) = best(path, plain, headers);
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..12]));
    let mut response_headers = HeaderMap::new();
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response_headers.insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, content_type(path));
    set(header::ETAG, &etag);
    set(header::VARY, "accept-encoding");
    let hashed = path.starts_with("assets/");
    set(header::CACHE_CONTROL, if hashed { "public, max-age=31536000, immutable" } else { "public, max-age=3600" });
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    if conditional::is_known(headers, &etag) {
        return (StatusCode::NOT_MODIFIED, response_headers).into_response();
    }
    (response_headers, Body::from(file.data)).into_response()
}

fn is_for_people(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.contains("text/html")
}

/// What somebody may have been looking for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meant {
    /// Something behind what may be an environment.
    PageOfEnvironment,
    /// One word, which may be an environment or nothing at all.
    Word,
}

/// What a path without its first slash may mean in the portal. None where it is a file's, or belongs to other parts.
fn meant(path: &str) -> Option<Meant> {
    let (first, rest) = path.split_once('/').unwrap_or((path, ""));
    if first.is_empty() || first.starts_with('.') {
        return None;
    }
    match rest.is_empty() {
        true => (!first.contains('.') && !is_other_path(first)).then_some(Meant::Word),
        // Below the sign-in's word there are pages as below any other: it may be an environment's.
        false => (first == "sign-in" || !is_other_path(first)).then_some(Meant::PageOfEnvironment),
    }
}

/// No page, within the portal's frame. Who is not signed in is asked to where a page may be, but not for a mere word.
async fn framed(no_page: Router, meant: Meant, request: Request) -> Response {
    let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
    let response = no_page.oneshot(request).await.into_response();
    if meant == Meant::Word && response.status().is_redirection() {
        return nothing_here(&headers, &path, false);
    }
    response
}

/// A page for people, a line for programs.
fn nothing_here(headers: &HeaderMap, path: &str, at_own_host: bool) -> Response {
    if is_for_people(headers) {
        // The provider's pages are for users: they have no business in the portal.
        let rest = path.strip_prefix("/id/");
        let environment = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let sessions = "/account/sessions";
        let body = html! {
            h1 { "Not found" }
            p.dim { "There is nothing at this address. It may have been mistyped or removed." }
            @match environment {
                _ if at_own_host => { a.button.wide href=(sessions) { "To my sessions" } }
                None => { a.button.wide href="/" { "To the portal" } },
                Some("") => {},
                Some(environment) => {
                    a.button.wide href=(format!("/id/{environment}{sessions}")) { "To my sessions" }
                }
            }
        };
        return Page::card("Not found", body).status(StatusCode::NOT_FOUND).into_response();
    }
    (StatusCode::NOT_FOUND, "There is nothing here.").into_response()
}

/// The file in the coding that the request wants most: of those that it wants alike, the smallest. It is sent as it is where no
/// coding is wanted.
fn best(path: &str, plain: EmbeddedFile, headers: &HeaderMap) -> (EmbeddedFile, Option<&'static str>) {
    let mut best = (plain, None);
    let mut most = conditional::weight(headers, "identity");
    for (encoding, ending) in [("gzip", "gz"), ("br", "br")] {
        let weight = conditional::weight(headers, encoding);
        if weight > 0.0
            && weight >= most
            && let Some(file) = file_at(&format!("{path}.{ending}"))
        {
            (best, most) = ((file, Some(encoding)), weight);
        }
    }
    best
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}
