//! Which pages of other origins may call, and read what is answered (fetch.spec.whatwg.org, section 3.2).
//!
//! Whether an origin is registered, each part of the server asks in its own way; the rest is the same everywhere.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::error::ServiceResult;

/// What a registered page may do.
pub struct Cors {
    pub methods: &'static str,
    /// Headers that are always allowed. Others are where the page asks: tracing tools add theirs to every call, and what a
    /// header says is read by name here, so that one more does no harm.
    pub headers: &'static str,
    pub exposed: &'static str,
    pub cookies: Cookies,
}

/// Whether a page's calls carry cookies.
pub enum Cookies {
    Never,
    /// They do, so that a page which is not registered could make its visitor act: what it sends gets this answer, unless
    /// it changes nothing.
    Sent {
        refusal: fn() -> Response,
    },
}

impl Cors {
    /// Answers a call; one of a page of another origin as is right for it, where it can be told that it is registered.
    pub async fn apply(
        &self,
        origin: Option<HeaderValue>,
        is_registered: impl Future<Output = ServiceResult<bool>>,
        request: Request,
        next: Next,
    ) -> Response {
        let mut response = match origin {
            None => next.run(request).await,
            Some(origin) => {
                let is_registered = is_registered.await.unwrap_or_else(|error| {
                    tracing::error!(error = format!("{error:#}"), "registered origins could not be looked up");
                    false
                });
                self.answer(origin, is_registered, request, next).await
            }
        };
        // Another origin may get another answer.
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
        response
    }

    /// Answers a call of a page, or its browser's question beforehand.
    async fn answer(&self, origin: HeaderValue, is_registered: bool, request: Request, next: Next) -> Response {
        let asks_beforehand = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        let asked = asks_beforehand.then(|| allowed(request.headers(), self.headers));
        let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let mut response = match &self.cookies {
            _ if asks_beforehand => StatusCode::NO_CONTENT.into_response(),
            Cookies::Sent { refusal } if !is_registered && !changes_nothing => refusal(),
            Cookies::Sent { .. } | Cookies::Never => next.run(request).await,
        };
        if is_registered {
            self.allow(response.headers_mut(), origin, asked);
        }
        response
    }

    /// `asked` are the headers that may be sent, where the browser asks beforehand.
    fn allow(&self, headers: &mut HeaderMap, origin: HeaderValue, asked: Option<HeaderValue>) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if matches!(self.cookies, Cookies::Sent { .. }) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if let Some(asked) = asked {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.methods));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
            headers.append(header::VARY, HeaderValue::from_static("access-control-request-headers"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.exposed));
        }
    }
}

/// The headers that a page may send: the usual ones and whatever it asks for. A name that is none is left out.
fn allowed(request: &HeaderMap, usual: &'static str) -> HeaderValue {
    let asked = request.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let names = asked.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let known = |name: &str| usual.split(", ").any(|known| known.eq_ignore_ascii_case(name));
    let mut all = usual.to_owned();
    for name in names.map(str::trim).filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok() && !known(name)) {
        all.push_str(", ");
        all.push_str(name);
    }
    HeaderValue::try_from(all).unwrap_or(HeaderValue::from_static(usual))
}

/// For documents that are everybody's: any page may read them, without cookies.
pub async fn open_to_all(request: Request, next: Next) -> Response {
    let is_question = request.method() == Method::OPTIONS;
    let asked = is_question.then(|| allowed(request.headers(), "accept, content-type"));
    let mut response = if is_question { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if let Some(asked) = asked {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        headers.append(header::VARY, HeaderValue::from_static("access-control-request-headers"));
    }
    response
}

/// The id under which the request is in the log.
pub fn request_id(headers: &HeaderMap) -> String {
    headers.get("x-request-id").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}
