//! `understudy environment create | list`.

use clap::{Args, Subcommand};

use super::context::{open_offline, plain};
use super::{say, table};
use crate::server::config::DatabaseOptions;
use crate::server::{db, service};

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
        database: DatabaseOptions,
    },
    /// List all environments.
    List {
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

pub async fn run(options: &EnvironmentOptions) -> anyhow::Result<()> {
    match &options.command {
        EnvironmentCommand::Create { slug, name, database } => create(database, slug, name).await,
        EnvironmentCommand::List { database } => list(database).await,
    }
}

async fn create(database: &DatabaseOptions, slug: &str, name: &str) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut tx = state.db.write().await?;
    let position = db::environment::all(&mut tx).await?.len();
    let position = i64::try_from(position)?;
    let row = service::environment::create(&state, &mut tx, slug, name, position).await.map_err(plain)?;
    tx.commit().await?;
    state.db.close().await;
    say(&format!("Made the environment {} ({}). Impersonation is turned off in it.", row.name, row.slug));
    Ok(())
}

async fn list(database: &DatabaseOptions) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut conn = state.db.read().await?;
    let rows = db::environment::all(&mut conn).await?;
    if rows.is_empty() {
        say("There are no environments yet. Make one with `understudy environment create`.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| vec![row.slug, row.name]).collect();
    say(&table(&["SLUG", "NAME"], &rows));
    Ok(())
}
