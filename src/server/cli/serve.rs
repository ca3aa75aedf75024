//! `understudy serve`: listens until it is told to stop, then lets what is running finish.

mod connections;
mod networks;
mod patience;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::options::{DatabaseOptions, ServerOptions, is_open_connection};
use super::{context, say, setup_link};
use crate::server::http::metrics;
use crate::server::state::AppState;
use crate::server::{job, router, service};
use connections::Limits;

/// How long requests that are running may take after the signal to stop.
const DRAIN: Duration = Duration::from_secs(20);

/// Rows of an older version that are written anew before the first answer.
const AT_START: u64 = 2_000;

#[derive(Args)]
pub struct ServeOptions {
    #[command(flatten)]
    pub database: DatabaseOptions,
    #[command(flatten)]
    pub server: ServerOptions,
}

/// `exposed` are options that stand on the command line and should not.
pub async fn run(options: &ServeOptions, exposed: &[&str]) -> anyhow::Result<()> {
    let (listener, state) = start(options).await?;
    super::warn_exposed(exposed);
    serve(listener, state, &options.server).await
}

/// Takes the port, then opens the database: a second server on the same port changes nothing.
pub async fn start(options: &ServeOptions) -> anyhow::Result<(TcpListener, AppState)> {
    options.server.validate()?;
    let listener = listen(options.server.listen, "--listen (LISTEN_ADDR)").await?;
    let public_url = options.server.public_url.clone();
    let state = context::open(&options.database, public_url, options.server.proxies()).await?;
    warn(&options.server);
    if is_open_connection(&options.database.url()?) {
        tracing::warn!(
            "the database is on another machine and its URL does not insist on TLS: add sslmode=verify-full and sslrootcert"
        );
    }
    state.outbound.allow(&options.server.outbound_networks);
    // A small database is in today's form before anybody looks; a large one gets there while it is used.
    service::upkeep::text_refresh::run(&state, AT_START).await.map_err(context::plain)?;
    if !options.server.rate_limits {
        tracing::warn!("there is no limit on how often a password may be tried: RATE_LIMITS is false");
        state.limits.lift();
    }
    Ok((listener, state))
}

/// What is known to be wrong before the first request.
fn warn(options: &ServerOptions) {
    if options.trust_forwarded_for {
        tracing::warn!(
            "TRUST_FORWARDED_FOR trusts proxies on this machine and in private networks; say which with TRUSTED_PROXIES instead"
        );
    }
    if options.lacks_proxies() {
        tracing::warn!(
            "PUBLIC_URL is https, so a proxy stands in front, but TRUSTED_PROXIES names none: the audit trail will show the \
             proxy's address for everybody, and guessing passwords is not limited by address"
        );
    }
}

async fn listen(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("another program listens on {address}; stop it, or choose another port with {option}")
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {address}")),
    }
}

/// Serves until SIGTERM or SIGINT; a second signal does not wait for what is still running.
pub async fn serve(listener: TcpListener, state: AppState, options: &ServerOptions) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (stop, stopping) = watch::channel(false);
    let address = listener.local_addr()?;
    let limits = Limits::of(options);
    let metrics = measure(&state, options.metrics_listen, stopping.clone()).await?;
    let server = tokio::spawn(connections::serve(listener, router::router(state.clone()), limits, stopping));
    let jobs = tokio::spawn(job::run(state.clone()));
    say(&format!("Understudy is ready: {}  (listening on {address}, {})", state.origin(), state.db.kind()));
    // To standard output, as every answer, and never into a log that others read.
    if service::setup::is_needed(&state).await.map_err(context::plain)?
        && let Some((url, _)) = setup_link::link(&state).await?
    {
        say(&setup_link::told(&url));
    }
    tokio::select! {
        _ = interrupt.recv() => state.readiness.stop(),
        _ = terminate.recv() => {
            state.readiness.stop();
            tracing::info!(seconds = options.stop_delay, "stopping: whoever sends requests here has time to notice");
            let delay = tokio::time::sleep(Duration::from_secs(options.stop_delay.into()));
            tokio::select! {
                () = delay => {}
                () = signalled(&mut terminate, &mut interrupt) => {}
            }
        }
    }
    tracing::info!("stopping: no new requests, those that run may finish");
    stop.send_replace(true);
    state.watchers.close();
    tokio::select! {
        ended = tokio::time::timeout(DRAIN, server) => match ended {
            Ok(ended) => ended.context("the server failed")?,
            Err(_) => tracing::warn!("requests were still running after {} s", DRAIN.as_secs()),
        },
        () = signalled(&mut terminate, &mut interrupt) => tracing::warn!("stopping at once"),
    }
    jobs.abort();
    metrics.abort();
    state.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Answers whoever reads metrics, at an address of their own, where one is named.
async fn measure(
    state: &AppState,
    address: Option<SocketAddr>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<()>> {
    let Some(address) = address else { return Ok(tokio::spawn(std::future::ready(()))) };
    let listener = listen(address, "--metrics-listen (METRICS_LISTEN_ADDR)").await?;
    tracing::info!(address = listener.local_addr()?.to_string(), "metrics can be read at /metrics");
    let router = metrics::router(state.clone());
    Ok(tokio::spawn(connections::serve(listener, router, Limits::of_metrics(), stopping)))
}

async fn signalled(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
