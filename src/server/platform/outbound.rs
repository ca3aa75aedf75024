//! Outgoing HTTP: the only way in which this server calls others, so that tests see every call and choose its answer. What goes
//! to the administrator's own collector of traces is apart: see [`Collector`].

mod collector;
mod guard;

use std::collections::HashMap;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ipnet::IpNet;
use parking_lot::Mutex;
use reqwest::dns::{Name, Resolve};
use tokio::sync::{Notify, Semaphore};
use url::{Host, Url};

pub use self::collector::Collector;
use self::guard::{Guard, Private};
use super::url::is_local;

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
    /// The address leads to a network that is not public.
    #[error("refused: private address; the server's OUTBOUND_NETWORKS does not allow its network")]
    Private,
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Timeout,
    #[error("{0}")]
    Unreachable(String),
}

pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Status, OutboundError>> + Send + 'a>>;

pub trait Outbound: Send + Sync {
    /// Posts a form and gives the status of the answer.
    fn post_form<'a>(&'a self, url: &'a str, form: &'a [(&'a str, &'a str)]) -> Sending<'a>;

    /// From now on addresses of these networks may be called though they are not public.
    fn allow(&self, _networks: &[IpNet]) {}
}

/// The network. The client is made at the first call: commands that call nobody need no certificates.
#[derive(Default)]
pub struct Network {
    guard: Guard,
    client: OnceLock<Result<reqwest::Client, OutboundError>>,
}

impl Network {
    /// The network as a server sees it that is reached at `public_url`: one on this machine only calls this machine.
    pub fn of(public_url: &Url) -> Self {
        let network = Self::default();
        if is_local(public_url) {
            network.guard.allow_loopback();
        }
        network
    }

    /// Whether an address could be called now: its name is known, and leads to a network that may be called. Calls nobody but
    /// the name server.
    ///
    /// # Errors
    /// What a call would fail with before it is made.
    pub async fn check(&self, url: &Url) -> Result<(), OutboundError> {
        self.guard.check(url).map_err(|Private| OutboundError::Private)?;
        let Some(Host::Domain(name)) = url.host() else { return Ok(()) };
        let name = Name::from_str(name).map_err(|error| unreachable("the address cannot be used", &error))?;
        let found =
            tokio::time::timeout(TIMEOUT, self.guard.resolve(name)).await.map_err(|_| OutboundError::Timeout)?;
        match found {
            Ok(_) => Ok(()),
            Err(error) if error.is::<Private>() => Err(OutboundError::Private),
            Err(error) => Err(unreachable("its name leads nowhere", error.as_ref())),
        }
    }

    fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        self.client.get_or_init(|| build(self.guard.clone())).as_ref().map_err(Clone::clone)
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that makes a client")]
fn build(guard: Guard) -> Result<reqwest::Client, OutboundError> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .timeout(TIMEOUT)
        .dns_resolver(Arc::new(guard))
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
            // What cannot be read is refused by the client itself, in its own words.
            if let Ok(url) = Url::parse(url) {
                self.guard.check(&url).map_err(|Private| OutboundError::Private)?;
            }
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

    fn allow(&self, networks: &[IpNet]) {
        self.guard.allow(networks);
    }
}

fn failed(error: reqwest::Error) -> OutboundError {
    if error.is_timeout() {
        return OutboundError::Timeout;
    }
    let error = error.without_url();
    if is_private(&error) {
        return OutboundError::Private;
    }
    unreachable(if error.is_builder() { "the address cannot be used" } else { "no connection" }, &error)
}

fn is_private(error: &reqwest::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<Private>() {
            return true;
        }
        cause = error.source();
    }
    false
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
        self.scripts.lock().insert(url.to_owned(), script);
    }

    /// Every call so far, in order.
    pub fn calls(&self) -> Vec<Recorded> {
        self.calls.lock().clone()
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
        self.calls.lock().push(Recorded { url: url.to_owned(), form });
        self.called.notify_waiters();
        self.scripts.lock().get(url).cloned()
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

    /// As a server on this machine has it.
    fn local() -> Network {
        Network::of(&Url::parse("http://localhost:3000").expect("a URL"))
    }

    #[tokio::test]
    async fn a_private_address_is_refused_by_number_and_by_name_until_it_is_allowed() {
        let server = server().await;
        let by_name = server.replace("127.0.0.1", "localhost");
        let network = Network::of(&Url::parse("https://understudy.example.com").expect("a URL"));
        for url in [&server, &by_name, "http://[::1]:1/", "http://169.254.169.254/latest/meta-data/"] {
            let error = network.post_form(url, &FORM).await.expect_err("a private address");
            assert_eq!(error, OutboundError::Private, "{url}");
        }
        assert!(OutboundError::Private.to_string().starts_with("refused: private address"));
        network.allow(&["127.0.0.0/8".parse().expect("a network")]);
        assert_eq!(network.post_form(&server, &FORM).await, Ok(204));
        assert_eq!(local().post_form(&by_name, &FORM).await, Ok(204));
    }

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
        assert_eq!(local().post_form(&server, &FORM).await, Ok(204));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let server = server().await;
        assert_eq!(local().post_form(&format!("{server}/moved"), &FORM).await, Ok(307));
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
        let network = local();
        assert_eq!(network.post_form(&url, &FORM).await, Ok(200));
        let written = endless.await.expect("the connection was closed");
        assert!(written < 50_000_000, "{written} bytes were taken");
    }

    #[tokio::test]
    async fn what_cannot_be_reached_is_said_without_its_address() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/?secret=1", listener.local_addr().expect("an address"));
        drop(listener);
        let error = local().post_form(&url, &FORM).await.expect_err("nobody listens");
        let text = error.to_string();
        assert!(text.starts_with("no connection: ") && !text.contains("secret"), "{text}");
        let error = local().post_form("ftp://files.example", &FORM).await.expect_err("no such scheme");
        assert!(matches!(error, OutboundError::Unreachable(_)), "{error}");
    }
}
