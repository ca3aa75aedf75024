//! Connections: as many as were allowed and the system gives, not all of them for one network, and none that keeps its place
//! without saying what it wants or without reading what it is told.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt;

use super::networks::Networks;
use super::patience::Patient;
use crate::server::cli::options::ServerOptions;
use crate::server::platform::client_address::TrustedProxies;

/// How long the head of a request may take, and how long a connection is kept open for the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an answer may wait for its reader to take any of it.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// The part of all connections that one network may have, where nothing is said.
const SHARE: usize = 4;
/// Files that the process needs beside its connections: the database, its log, the address.
const OTHER_FILES: usize = 100;
/// How often it is said that there are too many.
const SAID_EVERY: Duration = Duration::from_secs(60);
/// Connections for reading metrics at a time.
const METRICS_READERS: usize = 16;
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How many connections there may be, and how long each may dawdle.
#[derive(Clone, Debug)]
pub struct Limits {
    pub most: usize,
    /// Of one network: a quarter of all, where nothing is said.
    pub most_of_network: Option<usize>,
    pub proxies: TrustedProxies,
    head_timeout: Duration,
    read_timeout: Duration,
}

impl Limits {
    pub fn of(options: &ServerOptions) -> Self {
        Self::new(options.max_connections, options.max_connections_per_network, options.proxies())
    }

    /// For readers of metrics, who are few and come one by one.
    pub fn of_metrics() -> Self {
        Self::new(METRICS_READERS, Some(METRICS_READERS), TrustedProxies::default())
    }

    fn new(most: usize, most_of_network: Option<usize>, proxies: TrustedProxies) -> Self {
        let most = open_files().map_or(most, |files| most.min(files.saturating_sub(OTHER_FILES).max(1)));
        Self { most, most_of_network, proxies, head_timeout: HEAD_TIMEOUT, read_timeout: READ_TIMEOUT }
    }

    fn networks(&self) -> Networks {
        let most = self.most_of_network.unwrap_or(self.most.div_ceil(SHARE));
        Networks::new(most, self.proxies.clone())
    }
}

/// A warning that is given once in a while.
#[derive(Default)]
struct Said(Option<Instant>);

impl Said {
    fn is_due(&mut self) -> bool {
        let due = self.0.is_none_or(|said| said.elapsed() > SAID_EVERY);
        if due {
            self.0 = Some(Instant::now());
        }
        due
    }
}

/// Serves until `stopping` says so, and then until the last request was answered. Beyond the most connections new ones wait;
/// beyond the most of their network they are closed.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, mut stopping: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(limits.most));
    let networks = limits.networks();
    let mut running = JoinSet::new();
    let (mut all_taken, mut network_full) = (Said::default(), Said::default());
    loop {
        if slots.available_permits() == 0 && all_taken.is_due() {
            tracing::warn!(connections = limits.most, "no more connections at a time: new ones wait (MAX_CONNECTIONS)");
        }
        let next = async {
            let slot = slots.clone().acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            next = next => next,
            _ = stopping.changed() => break,
        };
        match accepted {
            Ok((stream, address)) => {
                if let Some(place) = networks.enter(address.ip()) {
                    let (app, limits, stopping) = (app.clone(), limits.clone(), stopping.clone());
                    running.spawn(async move {
                        connection(stream, address, app, &limits, stopping).await;
                        drop((slot, place));
                    });
                } else if network_full.is_due() {
                    tracing::warn!(
                        address = address.ip().to_string(),
                        "a network has as many connections as one may: more are closed (MAX_CONNECTIONS_PER_NETWORK)"
                    );
                }
            }
            // A client that went away before it was served is nobody's fault; no more files is a reason to wait.
            Err(error) if is_of_client(&error) => {}
            Err(error) => {
                tracing::error!(error = error.to_string(), "no connection can be taken");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
        while running.try_join_next().is_some() {}
    }
    drop(listener);
    while running.join_next().await.is_some() {}
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    app: Router,
    limits: &Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        app.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout);
    let stream = Patient::new(stream, limits.read_timeout);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut told = *stopping.borrow();
    if told {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = error.to_string(), "a connection ended early");
                }
                return;
            }
            _ = stopping.changed(), if !told => {
                told = true;
                connection.as_mut().graceful_shutdown();
            }
        }
    }
}

fn is_of_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

/// How many files this process may have open, where the system says so.
fn open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_stream::StreamExt;

    use super::*;

    /// More than the system keeps for a reader.
    const LARGE: usize = 64 << 20;

    fn limits(most: usize) -> Limits {
        Limits::new(most, None, TrustedProxies::default())
    }

    async fn served(limits: Limits) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new()
            .route("/", axum::routing::get(async || "here"))
            .route("/large", axum::routing::get(async || vec![0_u8; LARGE]))
            .route("/seldom", axum::routing::get(async || seldom()));
        let (stop, stopping) = watch::channel(false);
        (address, stop, tokio::spawn(serve(listener, app, limits, stopping)))
    }

    /// An answer that says something now and then.
    fn seldom() -> axum::body::Body {
        let words = tokio_stream::iter(["one", "two", "three"]).then(async |word| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok::<_, std::convert::Infallible>(word)
        });
        axum::body::Body::from_stream(words)
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }

    #[tokio::test]
    async fn beyond_the_most_a_connection_waits_until_another_has_ended() {
        let (address, stop, server) = served(limits(1)).await;
        let first = TcpStream::connect(address).await.expect("connected");
        let mut second = TcpStream::connect(address).await.expect("connected");
        second.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
        let mut byte = [0; 1];
        let early = tokio::time::timeout(Duration::from_millis(200), second.read(&mut byte)).await;
        assert!(early.is_err(), "the second was served while the first had the only place");
        drop(first);
        assert_eq!(second.read(&mut byte).await.expect("an answer"), 1);
        drop(second);
        stop.send(true).expect("told");
        server.await.expect("ended");
    }

    #[tokio::test]
    async fn the_server_ends_when_told_and_lets_nobody_wait_for_silence() {
        let (address, stop, server) = served(limits(8)).await;
        assert!(ask(&mut TcpStream::connect(address).await.expect("connected")).await.ends_with("here"));
        let _idle = TcpStream::connect(address).await.expect("connected");
        stop.send(true).expect("told");
        tokio::time::timeout(Duration::from_secs(5), server).await.expect("in time").expect("ended");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_loses_its_connection() {
        let (address, _stop, _server) = served(Limits { head_timeout: Duration::from_millis(100), ..limits(8) }).await;
        let mut slow = TcpStream::connect(address).await.expect("connected");
        slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.expect("sent");
        let mut text = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut text)).await;
        assert!(ended.is_ok(), "the connection was still open");
    }

    async fn wanting(address: SocketAddr, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        stream
    }

    #[tokio::test]
    async fn who_does_not_read_the_answer_loses_the_connection() {
        let (address, _stop, _server) = served(Limits { read_timeout: Duration::from_millis(200), ..limits(1) }).await;
        let _silent = wanting(address, "/large").await;
        let mut second = TcpStream::connect(address).await.expect("connected");
        let answer = tokio::time::timeout(Duration::from_secs(20), ask(&mut second)).await;
        assert!(answer.expect("the only place was kept by who does not read").ends_with("here"));
    }

    #[tokio::test]
    async fn who_reads_slowly_gets_everything() {
        let (address, _stop, _server) = served(Limits { read_timeout: Duration::from_millis(400), ..limits(8) }).await;
        let mut slow = wanting(address, "/large").await;
        let (mut part, mut read) = (vec![0; LARGE / 16], 0);
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            match slow.read(&mut part).await.expect("it goes on") {
                0 => break,
                count => read += count,
            }
            if read < LARGE / 2 {
                continue;
            }
            slow.read_to_end(&mut part).await.expect("it goes on");
            return;
        }
        panic!("the answer ended after {read} bytes");
    }

    #[tokio::test]
    async fn an_answer_that_says_something_now_and_then_goes_on() {
        let (address, _stop, _server) = served(Limits { read_timeout: Duration::from_millis(100), ..limits(8) }).await;
        let mut text = String::new();
        wanting(address, "/seldom").await.read_to_string(&mut text).await.expect("an answer");
        assert!(text.contains("one") && text.contains("three"), "{text}");
    }

    #[tokio::test]
    async fn one_network_leaves_places_to_others() {
        // Where other proxies are named, this machine is a client like others.
        let proxies: TrustedProxies = "192.0.2.1".parse().expect("networks");
        let (address, _stop, _server) = served(Limits::new(8, None, proxies)).await;
        let places = [TcpStream::connect(address).await, TcpStream::connect(address).await];
        let mut third = TcpStream::connect(address).await.expect("connected");
        let mut byte = [0; 1];
        let ended = tokio::time::timeout(Duration::from_secs(10), third.read(&mut byte)).await.expect("it is closed");
        assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
        drop(places);
    }
}
