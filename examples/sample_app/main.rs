//! A sample application: an ordinary client of an OpenID provider, with nothing of Understudy in it.
//!
//! Signs users in by authorization code with PKCE, shows who works in which account, and says so in amber when the
//! provider's tokens name an operator under `act`. With `--login-method embedded` it takes a handed-over session at its
//! own sign-in page, by token exchange (RFC 8693). It is told by back-channel logout when a session ends. Start it beside `understudy demo` and impersonate somebody into it.

mod http;
mod logout;
mod page;
mod provider;
mod routes;
mod session;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use provider::Provider;
use session::Sessions;

/// A sample application that signs its users in with OpenID Connect.
#[derive(Parser)]
pub struct Options {
    /// Address and port to listen on.
    #[arg(long, env = "SAMPLE_LISTEN", default_value = "127.0.0.1:3001", value_name = "ADDRESS:PORT")]
    listen: SocketAddr,
    /// The OpenID provider.
    #[arg(long, env = "SAMPLE_ISSUER", default_value = "http://localhost:3000/id/production", value_name = "URL")]
    issuer: String,
    #[arg(long, env = "SAMPLE_CLIENT_ID", default_value = "northwind-console")]
    client_id: String,
    /// By default the one that the demonstration data has for the client id, known to everybody.
    #[arg(long, env = "SAMPLE_CLIENT_SECRET", hide_env_values = true, conflicts_with = "client_secret_file")]
    client_secret: Option<String>,
    /// A file with the client secret in it.
    #[arg(long, env = "SAMPLE_CLIENT_SECRET_FILE", value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// How the provider hands a session over: at its own pages, or as a code that the sign-in page here trades for tokens.
    #[arg(long, env = "SAMPLE_LOGIN_METHOD", value_enum, default_value = "hosted")]
    login_method: LoginMethod,
    /// The application's name on its pages.
    #[arg(long, env = "SAMPLE_NAME", default_value = "Northwind Console")]
    name: String,
    /// The address under which browsers reach this application, without a path; by default localhost with its port.
    #[arg(long, env = "SAMPLE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<Url>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LoginMethod {
    Hosted,
    Embedded,
}

/// What every request handler holds.
pub struct App {
    pub name: String,
    /// Scheme, host and port, without a slash at the end.
    pub origin: String,
    pub is_https: bool,
    pub login_method: LoginMethod,
    pub provider: Provider,
    pub sessions: Sessions,
}

fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false).init();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(serve(options)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> anyhow::Result<()> {
    let client_secret = client_secret(&options)?;
    let public_url = match options.public_url {
        Some(url) => url,
        None => Url::parse(&format!("http://localhost:{}", options.listen.port()))?,
    };
    let origin = public_url.origin().ascii_serialization();
    let provider = Provider::new(&options.issuer, &options.client_id, &client_secret, &format!("{origin}/callback"))?;
    let app = Arc::new(App {
        name: options.name,
        is_https: public_url.scheme() == "https",
        login_method: options.login_method,
        origin,
        provider,
        sessions: Sessions::default(),
    });
    let listener = tokio::net::TcpListener::bind(options.listen).await?;
    tracing::info!("{} is ready: {}", app.name, app.origin);
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    axum::serve(listener, routes::router(app)).with_graceful_shutdown(stop).await?;
    Ok(())
}

fn client_secret(options: &Options) -> anyhow::Result<String> {
    if let Some(path) = &options.client_secret_file {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(text.trim().to_owned());
    }
    let known = || demonstration_secret(&options.client_id).map(ToOwned::to_owned);
    options.client_secret.clone().or_else(known).context("this client needs its --client-secret")
}

/// The client secrets in the demonstration data's `applications.csv`.
fn demonstration_secret(client_id: &str) -> Option<&'static str> {
    match client_id {
        "northwind-console" => Some("ucs_bdLvffHQsrRSAL7HDrxsNsqLM414e_qHZ38UDkwKry8J4AB"),
        "harbor-dispatch" => Some("ucs_EE1hGHhNLBwLLkdlsy_gPCI2u2HTSaPgUElupjEL-98N_Ou"),
        "atlas-planner" => Some("ucs_jb2qbzFd46_onOxoDBkn2WLBOpVzQjK_0N5qtAA68poySxb"),
        "lumiere-portal" => Some("ucs_v6vjT6nSVl_MxaoUHk1RzY_MJ-dV5Dx-28KPScpioYADGge"),
        "meridian-reports" => Some("ucs_bd9FwdIjdN8Qa0l9dK7G5cS133ExHNr4TDYKeqWrzFAUf10"),
        "kestrel-crew" => Some("ucs__Kfm0X0kOS3_TRlwtphrFuh2f7i_NaCk0WXPXs7JRicGoJ4"),
        _ => None,
    }
}
