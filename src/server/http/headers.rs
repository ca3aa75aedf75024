//! Headers of every response: what browsers may do with it, and what it took.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::access::{self, AccessLine};
use super::host;
use crate::server::cache::epoch_map::in_request;
use crate::server::platform::{request, traces};
use crate::server::state::AppState;

/// What no page of this server needs, so that nothing on one can ask for it.
const PERMISSIONS: &str = "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

/// Marks answers to a signed-in operator. Only these say how long the server took: strangers could read from it what is
/// known and what is not.
#[derive(Clone, Copy)]
pub struct OfOperator;

/// Every request gets an id, which its log lines, audit rows and errors carry; operators are told how long the server took.
pub async fn request(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let request_id = state.new_id().simple().to_string();
    let name = HeaderName::from_static("x-request-id");
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        request.headers_mut().insert(name.clone(), value);
    }
    // What else there is below another name that leads here is not ours to decide about.
    let names = [host::asked(request.uri(), request.headers()), host::passed_on(request.headers())];
    let is_public = names.into_iter().flatten().any(|name| host::is_public(&state.public_url, &name));
    let span = tracing::info_span!(
        "request",
        id = request_id,
        method = access::method(request.method()),
        route = Empty,
        otel.kind = Empty,
        status = Empty
    );
    if traces::are_sent() {
        trace(&state, &request, &span);
    }
    let line = AccessLine::begin(&state, &mut request, span.clone());
    let answer = request::answer(request_id.as_str().into(), next.run(request).instrument(span));
    let mut response = in_request(answer).await;
    let took = line.took();
    let is_operators = response.extensions().get::<OfOperator>().is_some();
    let headers = response.headers_mut();
    if is_operators && let Ok(value) = HeaderValue::from_str(&format!("app;dur={:.3}", took.as_secs_f64() * 1000.0)) {
        headers.insert(HeaderName::from_static("server-timing"), value);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(name, value);
    }
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("permissions-policy"), HeaderValue::from_static(PERMISSIONS));
    if state.is_https() {
        let value = if is_public { "max-age=63072000; includeSubDomains" } else { "max-age=63072000" };
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(value));
    }
    line.end(response)
}

/// The span as traces have it. What a proxy began goes on here; anybody else could make up traces, and which of them are kept.
fn trace(state: &AppState, request: &Request, span: &Span) {
    span.record("otel.kind", "server");
    if host::peer(request).is_some_and(|peer| state.trusted_proxies.contains(peer)) {
        traces::join(span, request.headers());
    }
}

/// Documents and answers of the portal are nobody's to keep, to frame or to share.
pub async fn documents(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin-allow-popups"),
    );
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static("default-src 'none'"));
    // A form that is posted without script comes back to its page by the referrer; other sites are told nothing.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}
