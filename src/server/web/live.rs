//! `/{environment}/live`: what runs now, told as it changes (HTML, section 9.2, server-sent events), or once for who asks
//! with `?once`. Each message is the number of running impersonations and a mark that changes with them.
//!
//! Who may not watch is answered 204, which tells a browser not to come back (section 9.2.3).

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::WatchStream;

use super::guard;
use super::origin::client;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service;
use crate::server::service::caller::Caller;
use crate::server::service::live::{self, Running};
use crate::server::state::AppState;

/// A line of nothing, so that proxies do not take the stream for dead and a browser that has gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub fn router(state: AppState) -> Router {
    Router::new().route("/{environment}/live", get(follow)).with_state(state)
}

async fn follow(
    State(state): State<AppState>,
    Path(environment): Path<String>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Response {
    let caller = match enter(&state, &parts, &environment).await {
        Ok(caller) => caller,
        Err(ServiceError::Internal(error)) => {
            tracing::error!(error = format!("{error:#}"), "what runs could not be told");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        Err(_) => return StatusCode::NO_CONTENT.into_response(),
    };
    let answer = if query.as_deref() == Some("once") {
        live::look(&state, caller.environment.id).await.map(|running| said(running).into_response())
    } else {
        live::watch(&state, caller.environment.id).await.map(|watching| {
            let changes = WatchStream::new(watching).then(move |running| {
                // Between two changes an operator may have signed out or lost the role: then this was the last one.
                let (state, parts, environment) = (state.clone(), parts.clone(), environment.clone());
                async move { enter(&state, &parts, &environment).await.ok().map(|_| running) }
            });
            let events = changes
                .map_while(|running| running)
                .map(|running| Ok::<_, Infallible>(Event::default().data(said(running)).retry(Duration::from_secs(2))));
            Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
        })
    };
    let mut response = answer.unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "what runs could not be told");
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would keep the messages back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    response
}

async fn enter(state: &AppState, parts: &Parts, environment: &str) -> ServiceResult<Caller> {
    let operator = guard::operator(state, &parts.headers).await.ok_or(ServiceError::Unauthenticated)?;
    let caller = service::operator::enter(state, operator, client(state, parts), environment).await?;
    caller.require_view()?;
    Ok(caller)
}

fn said(running: Running) -> String {
    format!("{} {}", running.count, running.word())
}
