//! The access log: one line a request, when its answer has gone or was given up.
//!
//! A line names the route and not the address: what stands in an address may be a secret. Only where there is no route does it
//! have the path, without what looks like a secret, and never a query.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{ConnectInfo, Request};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use hyper::body::{Frame, SizeHint};
use tracing::Span;

use super::door::{Door, Route};
use crate::server::crypto::secret;
use crate::server::platform::{client_address, traces};
use crate::server::state::AppState;

/// The code of a protocol's error, on the answer that has it.
#[derive(Clone, Copy, Debug)]
pub struct ErrorCode(pub &'static str);

/// What the lines can be filtered by: `LOG_FILTER=info,access=off`.
pub const TARGET: &str = "access";
/// Characters of a path that no route has.
const LONGEST: usize = 200;

/// A request's method, in the log and in traces: anybody may make up one, of any length.
pub fn method(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
        Method::CONNECT,
        Method::TRACE,
    ];
    const WORDS: [&str; 9] = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "CONNECT", "TRACE"];
    KNOWN.iter().position(|known| known == method).map_or("other", |at| WORDS[at])
}

/// The line of one request. It is written when this is dropped, so that none goes without.
pub struct AccessLine {
    state: AppState,
    span: Span,
    started: Instant,
    method: &'static str,
    uri: Uri,
    route: Route,
    /// As the server believes it; none where no line is written.
    address: Option<String>,
    answered: Option<Answered>,
    bytes: u64,
}

/// What became of a request.
struct Answered {
    status: StatusCode,
    /// The code of a protocol's error.
    refusal: Option<&'static str>,
    /// From the head of the request to that of the answer.
    took: Duration,
}

impl Answered {
    /// The error's code, or the class of the status.
    fn outcome(&self) -> &'static str {
        self.refusal.unwrap_or(match self.status.as_u16() {
            100..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            _ => "5xx",
        })
    }
}

impl AccessLine {
    /// Begins the line of a request, in the request's span. From here on the router tells the route.
    pub fn begin(state: &AppState, request: &mut Request, span: Span) -> Self {
        let route = Route::default();
        request.extensions_mut().insert(route.clone());
        let is_written = tracing::enabled!(target: TARGET, tracing::Level::INFO);
        Self {
            state: state.clone(),
            span,
            started: Instant::now(),
            method: method(request.method()),
            uri: request.uri().clone(),
            route,
            address: is_written.then(|| address(state, request)).flatten(),
            answered: None,
            bytes: 0,
        }
    }

    /// How long it is since the request came.
    pub fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the line with this answer: at once where its length is known, or else when the last of it has gone.
    pub fn end(mut self, response: Response) -> Response {
        let refusal = response.extensions().get::<ErrorCode>().map(|refusal| refusal.0);
        self.answered = Some(Answered { status: response.status(), refusal, took: self.took() });
        match response.body().size_hint().exact() {
            Some(bytes) => {
                self.bytes = bytes;
                response
            }
            None => response.map(|body| Body::new(Counted { body, line: self })),
        }
    }

    fn write(&self) {
        let status = self.answered.as_ref().map(|answered| answered.status.as_u16());
        let took = self.answered.as_ref().map_or_else(|| self.took(), |answered| answered.took);
        let took_ms = (took.as_secs_f64() * 1_000_000.0).round() / 1000.0;
        let (method, bytes, address) = (self.method, self.bytes, self.address.as_deref());
        let (door, route, path) = (self.route.door().as_str(), self.route.path(), self.path());
        let said = if status.is_some() { "answered" } else { "given up by its client" };
        if self.is_quiet() {
            tracing::debug!(target: TARGET, method, door, route, path, status, took_ms, bytes, address, "{said}");
        } else {
            tracing::info!(target: TARGET, method, door, route, path, status, took_ms, bytes, address, "{said}");
        }
    }

    fn count(&self) {
        let (outcome, took) = match &self.answered {
            Some(answered) => (answered.outcome(), answered.took),
            None => ("given_up", self.took()),
        };
        self.state.metrics.request(self.route.door().as_str(), outcome, took);
    }

    /// Tells the request's span what became of it.
    fn trace(&self) {
        let (method, route) = (self.method, self.route.path().unwrap_or(self.route.door().as_str()));
        traces::rename(&self.span, format!("{method} {route}"));
        if let Some(answered) = &self.answered {
            self.span.record("status", answered.status.as_u16());
        }
    }

    /// What would flood a log and tell nothing: questions of health, files that are there.
    fn is_quiet(&self) -> bool {
        let is_good = |answered: &Answered| !answered.status.is_client_error() && !answered.status.is_server_error();
        match self.route.door() {
            Door::Health => true,
            Door::Files | Door::LoginBox => self.answered.as_ref().is_some_and(is_good),
            _ => false,
        }
    }

    fn path(&self) -> Option<String> {
        if self.route.path().is_some() {
            return None;
        }
        Some(secret::hidden(self.uri.path()).chars().take(LONGEST).collect())
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        self.count();
        if traces::are_sent() {
            self.trace();
        }
        if tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            self.span.in_scope(|| self.write());
        }
    }
}

fn address(state: &AppState, request: &Request) -> Option<String> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    client_address::of(peer, request.headers(), &state.trusted_proxies).said()
}

/// A body whose length is not known before it has gone.
struct Counted {
    body: Body,
    line: AccessLine,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref) {
            self.line.bytes += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
