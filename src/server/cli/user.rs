//! `understudy user set-password-link`: the way in for a user without a password.

use clap::{Args, Subcommand};
use serde_json::json;
use url::Url;

use super::context::{environment, open, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json};
use crate::server::platform::client_address::TrustedProxies;
use crate::server::service::caller::Caller;
use crate::server::service::session::password_link;

#[derive(Args)]
pub struct UserOptions {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Print a link with which a user chooses a password, once, within 72 hours. Whoever has it can become the user: send
    /// it to the user's own address. Following it also shows that the address is theirs.
    SetPasswordLink {
        /// Slug of the user's environment.
        #[arg(long, env = "USER_ENVIRONMENT", value_name = "SLUG")]
        environment: String,
        #[arg(long, env = "USER_EMAIL")]
        email: String,
        /// The address under which browsers reach the server.
        #[arg(long, env = "PUBLIC_URL", value_name = "URL", default_value = "http://localhost:3000")]
        public_url: Url,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

pub async fn run(options: &UserOptions) -> anyhow::Result<()> {
    let UserCommand::SetPasswordLink { environment: slug, email, public_url, output, database } = &options.command;
    let state = open(database, public_url.clone(), TrustedProxies::default()).await?;
    let mut conn = state.db.read().await?;
    let row = environment(&mut conn, slug).await?;
    drop(conn);
    let caller = Caller::system(&state, row);
    let link = password_link::make(&caller, email).await.map_err(plain)?;
    let address = link.address(&caller);
    state.db.close().await;
    let until = link.expires_at.format("%Y-%m-%d %H:%M UTC");
    if output.json {
        say_json(&json!({ "link": address, "email": link.email, "expires_at": link.expires_at }));
    } else {
        say(&format!("{address}\n\n{} chooses a password with it, once, until {until}.", link.user_name));
    }
    Ok(())
}
