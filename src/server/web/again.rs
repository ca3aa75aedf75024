//! Renders a page once more where its rendering does not come to an end.
//!
//! Leptos 0.8 loses a wake-up now and then when several pages are rendered at once: the data are there, and the page waits
//! for ever, before its first byte or before its last (leptos-rs/leptos, issues 4578 and 4647). A GET changes nothing, so
//! what was begun can be dropped and begun anew. Pages are complete before they leave, so nobody notices but the clock.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What a page takes at the most, a hundred times over.
const PATIENCE: Duration = Duration::from_secs(2);
/// Attempts in all: the last ones are for a machine that is slow rather than for a page that is stuck.
const ATTEMPTS: u32 = 5;
/// No page comes near this.
const LARGEST: usize = 16 * 1024 * 1024;

pub async fn render_again(request: Request, next: Next) -> Response {
    if request.method() != Method::GET {
        return next.run(request).await;
    }
    let (parts, _) = request.into_parts();
    for attempt in 1..=ATTEMPTS {
        let page = whole(next.clone().run(Request::from_parts(parts.clone(), Body::empty())));
        if let Ok(response) = tokio::time::timeout(PATIENCE * attempt, page).await {
            return response;
        }
        tracing::warn!(path = parts.uri.path(), attempt, "a page did not come to an end and is rendered again");
    }
    StatusCode::GATEWAY_TIMEOUT.into_response()
}

/// The response with all of its body.
async fn whole(response: impl Future<Output = Response>) -> Response {
    let (parts, body) = response.await.into_parts();
    match to_bytes(body, LARGEST).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(error) => {
            tracing::error!(error = error.to_string(), "a page broke off while it was rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
