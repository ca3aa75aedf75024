//! The one other way out: traces go to the collector that whoever runs the server names.
//!
//! Nobody else chooses this address, so it may be in a private network or on this machine, where collectors are. What goes there
//! is what happened and never a secret; what it answers is read up to a limit and used for nothing but a log line.

use std::pin::Pin;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use super::{ANSWER_LIMIT, USER_AGENT};
use crate::server::platform::lines::Lines;

/// The whole of one call.
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct Collector {
    client: reqwest::Client,
    /// The exporter has a thread of its own, which knows no runtime.
    runtime: Handle,
    failures: Lines,
    began: Instant,
}

impl std::fmt::Debug for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

impl Collector {
    /// # Errors
    /// Where no TLS client can be made.
    #[expect(clippy::disallowed_methods, reason = "this folder is the one place that makes clients")]
    pub fn new(runtime: Handle) -> Result<Self, reqwest::Error> {
        let builder = reqwest::Client::builder().user_agent(USER_AGENT).timeout(TIMEOUT);
        let client = builder.redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        Ok(Self { client, runtime, failures: Lines::new(1), began: Instant::now() })
    }

    /// Says that it does not get what it should, but not with every attempt.
    fn tell(&self, error: &dyn std::fmt::Display) {
        if let Some(left_out) = self.failures.next(self.began.elapsed() / 60) {
            tracing::warn!(error = error.to_string(), left_out, "traces do not reach the collector");
        }
    }
}

type Sent = Result<Response<Bytes>, HttpError>;

impl HttpClient for Collector {
    fn send_bytes<'a, 'b>(&'a self, request: Request<Bytes>) -> Pin<Box<dyn Future<Output = Sent> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let sent = self.runtime.spawn(send(self.client.clone(), request));
        Box::pin(async move {
            let answer = sent.await.map_err(HttpError::from).and_then(|sent| sent);
            match &answer {
                Ok(answer) if answer.status().is_success() => {}
                Ok(answer) => self.tell(&answer.status()),
                Err(error) => self.tell(error),
            }
            answer
        })
    }
}

async fn send(client: reqwest::Client, request: Request<Bytes>) -> Sent {
    let mut answer = client.execute(request.try_into()?).await.map_err(reqwest::Error::without_url)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_LIMIT {
            break;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Response::builder().status(answer.status()).body(Bytes::from(body))?)
}
