//! Bodies of requests. While one comes slowly things change: whoever was signed in when it began may be out when it ends.

use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::server::cache::epoch_map::forget_request;

/// A body that takes longer comes slowly.
const PROMPT: Duration = Duration::from_millis(50);

/// The body of a request. What was read from the database before a slow one is read again.
pub async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, BytesRejection> {
    let began = Instant::now();
    let bytes = Bytes::from_request(request, state).await;
    if began.elapsed() > PROMPT {
        forget_request();
    }
    bytes
}

/// Waits for the body before anybody asks whose request it is.
pub async fn first(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    match read(Request::from_parts(parts.clone(), body), &()).await {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(refused) => refused.into_response(),
    }
}
