//! `understudy setup-link`: the way into an installation without operators, printed by `understudy serve`, too.

use anyhow::bail;
use clap::Args;
use serde_json::json;
use url::Url;

use super::context::{open, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json};
use crate::server::platform::client_address::TrustedProxies;
use crate::server::service::caller::ServerCaller;
use crate::server::service::setup;
use crate::server::state::AppState;

#[derive(Args)]
pub struct SetupLinkOptions {
    /// The address under which browsers reach the server.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL", default_value = "http://localhost:3000")]
    public_url: Url,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    database: DatabaseOptions,
}

pub async fn run(options: &SetupLinkOptions) -> anyhow::Result<()> {
    let state = open(&options.database, options.public_url.clone(), TrustedProxies::default()).await?;
    let made = link(&state).await?;
    state.db.close().await;
    let Some((url, link)) = made else {
        bail!("there is an operator already: sign in, or make another one with `understudy operator create`");
    };
    if options.output.json {
        say_json(&json!({ "url": url, "expires_at": link.expires_at.to_rfc3339() }));
    } else {
        say(&told(&url));
    }
    Ok(())
}

/// A new link with its address; `None` where there is an operator already.
pub async fn link(state: &AppState) -> anyhow::Result<Option<(String, setup::SetupLink)>> {
    let made = setup::make_link(&ServerCaller::system(state)).await.map_err(plain)?;
    Ok(made.map(|link| (format!("{}/setup?link={}", state.origin(), link.code), link)))
}

/// What is printed.
pub fn told(url: &str) -> String {
    format!(
        "Nobody can sign in yet. Open this link to make the first Owner and the first environment; it works for an hour, \
         once, and `understudy setup-link` prints another:\n\n  {url}\n"
    )
}
