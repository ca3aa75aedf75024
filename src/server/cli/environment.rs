//! `understudy environment create | list`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{open_offline, plain};
use super::{Output, say, say_json, table};
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
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// List all environments.
    List {
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

pub async fn run(options: &EnvironmentOptions) -> anyhow::Result<()> {
    match &options.command {
        EnvironmentCommand::Create { slug, name, output, database } => create(database, slug, name, *output).await,
        EnvironmentCommand::List { output, database } => list(database, *output).await,
    }
}

async fn create(database: &DatabaseOptions, slug: &str, name: &str, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut tx = state.db.write().await?;
    let position = db::environment::all(&mut tx).await?.len();
    let position = i64::try_from(position)?;
    let row = service::environment::create(&state, &mut tx, slug, name, position).await.map_err(plain)?;
    tx.commit().await?;
    state.db.close().await;
    if output.json {
        say_json(&json!({ "slug": row.slug, "name": row.name, "impersonation": false }));
    } else {
        say(&format!("Made the environment {} ({}). Impersonation is turned off in it.", row.name, row.slug));
    }
    Ok(())
}

async fn list(database: &DatabaseOptions, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut conn = state.db.read().await?;
    let rows = db::environment::all(&mut conn).await?;
    if output.json {
        let told = rows.iter().map(|row| json!({ "slug": row.slug, "name": row.name }));
        say_json(&told.collect());
        return Ok(());
    }
    if rows.is_empty() {
        say("There are no environments yet. Make one with `understudy environment create`.");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| vec![row.slug, row.name]).collect();
    say(&table(&["SLUG", "NAME"], &rows));
    Ok(())
}
