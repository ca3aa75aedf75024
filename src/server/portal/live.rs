//! `/{environment}/live`: what runs now, told as it changes (HTML, section 9.2, server-sent events), or once for who asks
//! with `?once`. Each message is the number of running impersonations and a mark that changes with them.
//!
//! Who may not watch is answered 204, which tells a browser not to come back (section 9.2.3). A server that cannot say now
//! answers 503, and the page asks again. Whoever watches is looked at every few seconds, also where nothing changes: a tab
//! whose operator signed out elsewhere, or lost the role, hears the end of the stream and then 204.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_stream::wrappers::{IntervalStream, WatchStream};
use tokio_stream::{Stream, StreamExt, once};

use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::caller::operator_cookie;
use crate::server::http::origin::origin;
use crate::server::service;
use crate::server::service::caller::Caller;
use crate::server::service::impersonation::live::{self, RunningImpersonations};
use crate::server::state::AppState;

/// A line of nothing, so that proxies do not take the stream for dead and a browser that has gone is noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often whoever watches is looked at.
const STANDING: Duration = Duration::from_secs(3);
/// When a page may ask again that could not be answered, in seconds.
const COME_AGAIN: u32 = 3;

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
        Err(error) => return refused(error),
    };
    let answer = if query.as_deref() == Some("once") {
        live::look(&caller).await.map(|running| said(running).into_response())
    } else {
        live::watch(&caller).await.map(|watching| {
            let events = while_allowed(watching, state, parts, environment)
                .map(|running| Ok::<_, Infallible>(Event::default().data(said(running)).retry(Duration::from_secs(2))));
            Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
        })
    };
    let mut response = answer.unwrap_or_else(refused);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would keep the messages back until its buffer is full.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    response
}

/// 204 for who may not watch, and only for them: a browser takes it for good.
fn refused(error: ServiceError) -> Response {
    let retry_after_seconds = match error {
        ServiceError::Unauthenticated | ServiceError::NotFound | ServiceError::Forbidden => {
            return StatusCode::NO_CONTENT.into_response();
        }
        ServiceError::Busy { retry_after_seconds } => retry_after_seconds,
        ServiceError::TooLong => COME_AGAIN,
        error => {
            tracing::error!(error = format!("{error:#}"), "what runs could not be told");
            COME_AGAIN
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))]).into_response()
}

/// Why whoever watches is looked at.
#[derive(Clone, Copy)]
enum Look {
    /// Something is to be told.
    Change(RunningImpersonations),
    /// Some time has passed.
    Time,
    /// Nothing will be told any more: the server stops.
    End,
}

/// What is to be told, for as long as whoever watches may.
fn while_allowed(
    watching: watch::Receiver<RunningImpersonations>,
    state: AppState,
    parts: Parts,
    environment: String,
) -> impl Stream<Item = RunningImpersonations> {
    let mut timer = interval_at(Instant::now() + STANDING, STANDING);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let changes = WatchStream::new(watching).map(Look::Change).chain(once(Look::End));
    changes
        .merge(IntervalStream::new(timer).map(|_| Look::Time))
        .then(move |look| {
            let (state, parts, environment) = (state.clone(), parts.clone(), environment.clone());
            async move {
                let change = match look {
                    Look::Change(running) => Some(running),
                    Look::Time => None,
                    Look::End => return None,
                };
                enter(&state, &parts, &environment).await.ok().map(|_| change)
            }
        })
        .map_while(|allowed| allowed)
        .filter_map(|change| change)
}

async fn enter(state: &AppState, parts: &Parts, environment: &str) -> ServiceResult<Caller> {
    let cookie = operator_cookie(state, &parts.headers).ok_or(ServiceError::Unauthenticated)?;
    let operator = service::operator::authenticate(state, &cookie).await?.ok_or(ServiceError::Unauthenticated)?;
    let caller = service::operator::enter(state, operator, origin(state, parts), environment).await?;
    caller.require_view()?;
    Ok(caller)
}

fn said(running: RunningImpersonations) -> String {
    format!("{} {}", running.count, running.word())
}
