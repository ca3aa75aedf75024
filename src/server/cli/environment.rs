//! `understudy environment create | set-host | retention | list`.

mod retention;

use clap::{Args, Subcommand};
use serde_json::json;
use url::Url;

use super::context::{environment, open, open_offline, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json, table};
use crate::server::db;
use crate::server::db::environment::EnvironmentRecord;
use crate::server::platform::client_address::TrustedProxies;
use crate::server::service::caller::{Caller, ServerCaller};
use crate::server::service::directory::environment::{self as service, Moved};

#[derive(Args)]
pub struct EnvironmentOptions {
    #[command(subcommand)]
    command: EnvironmentCommand,
}

#[derive(Subcommand)]
enum EnvironmentCommand {
    /// Make an environment, with its first signing keys and impersonation turned off.
    Create {
        /// Its word in addresses: lower-case letters, digits and hyphens.
        #[arg(long, env = "ENVIRONMENT_SLUG")]
        slug: String,
        /// Its name on pages.
        #[arg(long, env = "ENVIRONMENT_NAME")]
        name: String,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Serve an environment at a host name of its own, `https://login.acme.example/authorize`, or below PUBLIC_URL again. That
    /// is another issuer: tokens of the former one are refused from then on, applications must be told the new one, and users
    /// sign in again there.
    SetHost(SetHost),
    /// Say for how many days an environment keeps what is over, or see for how many it does. Events of impersonations, and
    /// impersonations themselves, stay for 30 days at least.
    Retention(retention::RetentionOptions),
    /// List all environments.
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

#[derive(Args)]
struct SetHost {
    /// Slug of the environment.
    #[arg(long, env = "ENVIRONMENT_SLUG")]
    slug: String,
    /// Host name, with a port where it is not the scheme's own. Let DNS lead there to the same proxy as PUBLIC_URL, and have
    /// that pass `Host` on.
    #[arg(long, env = "ENVIRONMENT_HOST", value_name = "HOST", required_unless_present = "clear")]
    host: Option<String>,
    /// Take the environment's own host name away.
    #[arg(long, conflicts_with = "host")]
    clear: bool,
    /// The address under which browsers reach the server: the host has the same scheme, and must be another.
    #[arg(long, env = "PUBLIC_URL", value_name = "URL")]
    public_url: Url,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    database: DatabaseOptions,
}

pub async fn run(options: &EnvironmentOptions) -> anyhow::Result<()> {
    match &options.command {
        EnvironmentCommand::Create { slug, name, output, database } => create(database, slug, name, *output).await,
        EnvironmentCommand::SetHost(options) => set_host(options).await,
        EnvironmentCommand::Retention(options) => retention::run(options).await,
        EnvironmentCommand::List { output, database } => list(database, *output).await,
    }
}

async fn create(database: &DatabaseOptions, slug: &str, name: &str, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let row = service::create(&ServerCaller::system(&state), slug, name).await.map_err(plain)?;
    state.db.close().await;
    if output.json {
        say_json(&json!({ "slug": row.slug, "name": row.name, "impersonation": false }));
    } else {
        say(&format!("Made the environment {} ({}). Impersonation is turned off in it.", row.name, row.slug));
    }
    Ok(())
}

async fn set_host(options: &SetHost) -> anyhow::Result<()> {
    let state = open(&options.database, options.public_url.clone(), TrustedProxies::default()).await?;
    let mut conn = state.db.read().await?;
    let row = environment(&mut conn, &options.slug).await?;
    drop(conn);
    let caller = Caller::system(&state, row.clone());
    let moved = service::set_host(&caller, options.host.as_deref()).await.map_err(plain)?;
    state.db.close().await;
    let issuer = moved.as_ref().map_or_else(|| state.issuer(&row), |moved| moved.issuer.clone());
    if options.output.json {
        let (host, revoked) = match &moved {
            Some(moved) => (&moved.environment.host, moved.revoked),
            None => (&row.host, 0),
        };
        let former_issuer = moved.as_ref().map(|moved| moved.former_issuer.as_str());
        say_json(&json!({
            "slug": row.slug,
            "host": host,
            "issuer": issuer,
            "former_issuer": former_issuer,
            "revoked_refresh_tokens": revoked,
        }));
        return Ok(());
    }
    match moved {
        None => say(&format!("The issuer of {} is {issuer} already. Nothing was changed.", row.name)),
        Some(moved) => say(&told(&row.name, &moved)),
    }
    Ok(())
}

fn told(name: &str, moved: &Moved) -> String {
    let Moved { issuer, former_issuer, revoked, .. } = moved;
    format!(
        "The issuer of {name} is {issuer} from now on.\n\nTokens of the former one, {former_issuer}, are refused ({revoked} \
         refresh tokens were revoked). Sessions go on, but browsers do not bring their cookies along: users sign in again \
         at the new address. Give every application the new issuer."
    )
}

async fn list(database: &DatabaseOptions, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut conn = state.db.read().await?;
    let rows = db::environment::records(&mut conn).await?;
    if output.json {
        let told = rows.iter().map(|row| {
            json!({ "slug": row.slug, "name": row.name, "host": row.host, "archived": row.archived_at.is_some() })
        });
        say_json(&told.collect());
        return Ok(());
    }
    if rows.is_empty() {
        say("There are no environments yet. Make one with `understudy environment create`.");
        return Ok(());
    }
    let cells = |row: EnvironmentRecord| {
        let state = if row.archived_at.is_some() { "archived" } else { "" };
        vec![row.slug, row.name, row.host.unwrap_or_else(|| "–".to_owned()), state.to_owned()]
    };
    let rows: Vec<Vec<String>> = rows.into_iter().map(cells).collect();
    say(&table(&["SLUG", "NAME", "OWN HOST", ""], &rows));
    Ok(())
}
