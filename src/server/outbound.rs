//! Outgoing HTTP: the only way in which this server calls others, so that tests see every call and choose its answer.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};

/// The whole call, from looking up the name to the last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// More than this of an answer is not read.
const ANSWER_LIMIT: usize = 16 * 1024;
const USER_AGENT: &str = concat!("Understudy/", env!("CARGO_PKG_VERSION"));

/// The status of an answer. A redirect is an answer like any other: it is never followed.
pub type Status = u16;

/// Why there was no answer, in words for the operator who looks into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Timeout,
    #[error("{0}")]
    Unreachable(String),
}

pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Status, OutboundError>> + Send + 'a>>;

pub trait Outbound: Send + Sync {
    /// Posts a form and gives the status of the answer.
    fn post_form<'a>(&'a self, url: &'a str, form: &'a [(&'a str, &'a str)]) -> Sending<'a>;
}

/// The network. The client is made at the first call: commands that call nobody need no certificates.
#[derive(Default)]
pub struct Network(OnceLock<Result<reqwest::Client, OutboundError>>);

impl Network {
    fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        self.0.get_or_init(build).as_ref().map_err(Clone::clone)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that makes a client")]
fn build() -> Result<reqwest::Client, OutboundError> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(TIMEOUT)
        // Whoever answers with another address would choose whom we send a token to.
        .redirect(reqwest::redirect::Policy::none())
        // Configuration is read in one place; what the environment says about proxies is not part of it.
        .no_proxy();
    builder
        .build()
        .map_err(|error| unreachable("no TLS client could be made (are the CA certificates installed?)", &error))
}

impl Outbound for Network {
    fn post_form<'a>(&'a self, url: &'a str, form: &'a [(&'a str, &'a str)]) -> Sending<'a> {
        Box::pin(async move {
            let mut answer = self.client()?.post(url).form(form).send().await.map_err(failed)?;
            let status = answer.status().as_u16();
            // Read to its end, a short answer leaves the connection to the next call; a long one is cut off.
            let mut read = 0;
            while read <= ANSWER_LIMIT {
                match answer.chunk().await {
                    Ok(Some(chunk)) => read += chunk.len(),
                    _ => break,
                }
            }
            Ok(status)
        })
    }
}

fn failed(error: reqwest::Error) -> OutboundError {
    if error.is_timeout() {
        return OutboundError::Timeout;
    }
    let error = error.without_url();
    unreachable(if error.is_builder() { "the address cannot be used" } else { "no connection" }, &error)
}

/// `what` and the innermost cause, which says most: "connection refused", "certificate has expired".
fn unreachable(what: &str, error: &dyn std::error::Error) -> OutboundError {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    OutboundError::Unreachable(format!("{what}: {cause}").chars().take(300).collect())
}

/// One call that a [`Recorder`] saw.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub url: String,
    pub form: HashMap<String, String>,
}

/// What a [`Recorder`] does with calls to an address.
#[derive(Clone)]
pub enum Script {
    Answer(Status),
    Fail(OutboundError),
    /// Answers 200 as soon as the semaphore has a permit for the call.
    Wait(Arc<Semaphore>),
}

/// Calls nobody: notes every call and answers by script, with 200 where there is none.
#[derive(Default)]
pub struct Recorder {
    calls: Mutex<Vec<Recorded>>,
    called: Notify,
    scripts: Mutex<HashMap<String, Script>>,
}

impl Recorder {
    /// From now on calls to `url` are answered like this.
    pub fn script(&self, url: &str, script: Script) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), script);
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Recorded> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until there were this many calls.
    pub async fn wait_for(&self, count: usize) {
        loop {
            let called = self.called.notified();
            if self.calls().len() >= count {
                return;
            }
            called.await;
        }
    }

    fn note(&self, url: &str, form: &[(&str, &str)]) -> Option<Script> {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(Recorded { url: url.to_owned(), form });
        self.called.notify_waiters();
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }
}

impl Outbound for Recorder {
    fn post_form<'a>(&'a self, url: &'a str, form: &'a [(&'a str, &'a str)]) -> Sending<'a> {
        let script = self.note(url, form);
        Box::pin(async move {
            match script {
                None => Ok(200),
                Some(Script::Answer(status)) => Ok(status),
                Some(Script::Fail(error)) => Err(error),
                Some(Script::Wait(semaphore)) => {
                    let permit = semaphore.acquire().await.map_err(|_| OutboundError::Timeout)?;
                    permit.forget();
                    Ok(200)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::extract::Request;
    use axum::http::{StatusCode, header};
    use axum::response::Redirect;
    use axum::routing::post;
    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    const FORM: [(&str, &str); 1] = [("logout_token", "a+b")];

    /// Echoes nothing at `/`, but checks what it got; leads elsewhere at `/moved`.
    async fn server() -> String {
        let check = async |request: Request| {
            let headers = request.headers().clone();
            let body = request.into_body().collect().await.expect("a body").to_bytes();
            let is = |name, value: &str| headers.get(name).is_some_and(|known| known == value);
            let expected = is(header::USER_AGENT, USER_AGENT)
                && is(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                && &body[..] == b"logout_token=a%2Bb";
            if expected { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST }
        };
        let moved = async || Redirect::temporary("/");
        let router = Router::new().route("/", post(check)).route("/moved", post(moved));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn a_form_arrives_as_one_and_says_who_sent_it() {
        let server = server().await;
        assert_eq!(Network::default().post_form(&server, &FORM).await, Ok(204));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let server = server().await;
        assert_eq!(Network::default().post_form(&format!("{server}/moved"), &FORM).await, Ok(307));
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let endless = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            _ = stream.read(&mut [0; 4096]).await;
            _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n").await;
            let mut written = 0_u64;
            while stream.write_all(&[b'x'; 8192]).await.is_ok() {
                written += 8192;
            }
            written
        });
        let network = Network::default();
        assert_eq!(network.post_form(&url, &FORM).await, Ok(200));
        let written = endless.await.expect("the connection was closed");
        assert!(written < 50_000_000, "{written} bytes were taken");
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_said_without_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/?secret=1", listener.local_addr().expect("an address"));
        drop(listener);
        let error = Network::default().post_form(&url, &FORM).await.expect_err("nobody listens");
        let text = error.to_string();
        assert!(text.starts_with("no connection: ") && !text.contains("secret"), "{text}");
        let error = Network::default().post_form("ftp://files.example", &FORM).await.expect_err("no such scheme");
        assert!(matches!(error, OutboundError::Unreachable(_)), "{error}");
    }
}
