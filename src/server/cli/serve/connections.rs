//! Connections: as many as were allowed and the system gives, and none that keeps its place without saying what it wants.

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

/// How long the head of a request may take, and how long a connection is kept open for the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Files that the process needs beside its connections: the database, its log, the address.
const OTHER_FILES: usize = 100;
/// How often it is said that there are too many.
const SAID_EVERY: Duration = Duration::from_secs(60);
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Serves until `stopping` says so, and then until the last request was answered. Beyond `most` connections new ones wait.
pub async fn serve(listener: TcpListener, app: Router, most: usize, stopping: watch::Receiver<bool>) {
    serve_with(listener, app, most, HEAD_TIMEOUT, stopping).await;
}

async fn serve_with(
    listener: TcpListener,
    app: Router,
    most: usize,
    head_timeout: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let most = open_files().map_or(most, |files| most.min(files.saturating_sub(OTHER_FILES).max(1)));
    let slots = Arc::new(Semaphore::new(most));
    let mut running = JoinSet::new();
    let mut said: Option<Instant> = None;
    loop {
        if slots.available_permits() == 0 && said.is_none_or(|said| said.elapsed() > SAID_EVERY) {
            tracing::warn!(connections = most, "no more connections at a time: new ones wait (MAX_CONNECTIONS)");
            said = Some(Instant::now());
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
                let (app, stopping) = (app.clone(), stopping.clone());
                running.spawn(async move {
                    connection(stream, address, app, head_timeout, stopping).await;
                    drop(slot);
                });
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
    head_timeout: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(address));
        app.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head_timeout);
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

    use super::*;

    async fn served(most: usize, head: Duration) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let app = Router::new().route("/", axum::routing::get(async || "here"));
        let (stop, stopping) = watch::channel(false);
        (address, stop, tokio::spawn(serve_with(listener, app, most, head, stopping)))
    }

    async fn ask(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }

    #[tokio::test]
    async fn beyond_the_most_a_connection_waits_until_another_has_ended() {
        let (address, stop, server) = served(1, HEAD_TIMEOUT).await;
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
        let (address, stop, server) = served(8, HEAD_TIMEOUT).await;
        assert!(ask(&mut TcpStream::connect(address).await.expect("connected")).await.ends_with("here"));
        let _idle = TcpStream::connect(address).await.expect("connected");
        stop.send(true).expect("told");
        tokio::time::timeout(Duration::from_secs(5), server).await.expect("in time").expect("ended");
    }

    #[tokio::test]
    async fn a_head_that_never_ends_loses_its_connection() {
        let (address, _stop, _server) = served(8, Duration::from_millis(100)).await;
        let mut slow = TcpStream::connect(address).await.expect("connected");
        slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ").await.expect("sent");
        let mut text = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(10), slow.read_to_end(&mut text)).await;
        assert!(ended.is_ok(), "the connection was still open");
    }
}
