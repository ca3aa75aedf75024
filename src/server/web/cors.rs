//! Which pages of other origins may call, and read what is answered (fetch.spec.whatwg.org, section 3.2).
//!
//! Whether an origin is registered, each part of the server asks in its own way; the rest is the same everywhere.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::error::ServiceResult;

/// What a registered page may do.
pub struct Cors {
    pub methods: &'static str,
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
        let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let mut response = match &self.cookies {
            _ if asks_beforehand => StatusCode::NO_CONTENT.into_response(),
            Cookies::Sent { refusal } if !is_registered && !changes_nothing => refusal(),
            Cookies::Sent { .. } | Cookies::Never => next.run(request).await,
        };
        if is_registered {
            self.allow(response.headers_mut(), origin, asks_beforehand);
        }
        response
    }

    fn allow(&self, headers: &mut HeaderMap, origin: HeaderValue, asks_beforehand: bool) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if matches!(self.cookies, Cookies::Sent { .. }) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if asks_beforehand {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.methods));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(self.headers));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(self.exposed));
        }
    }
}
