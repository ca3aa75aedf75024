//! `understudy keys rotate | list`.

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{environment, open_offline, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json, table};
use crate::model::key::SigningAlgorithm;
use crate::server::db;
use crate::server::service::caller::Caller;
use crate::server::service::directory::signing_key;

#[derive(Args)]
pub struct KeysOptions {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Let the next keys sign from now on. What the present ones signed stays valid: they are published for another day.
    Rotate {
        /// Slug of the environment.
        #[arg(long, env = "KEYS_ENVIRONMENT", value_name = "SLUG")]
        environment: String,
        /// Only the key of this algorithm.
        #[arg(long, env = "KEYS_ALGORITHM", value_parser = algorithms())]
        algorithm: Option<String>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// List the signing keys of all environments, or of one.
    List {
        /// Slug of the environment.
        #[arg(long, env = "KEYS_ENVIRONMENT", value_name = "SLUG")]
        environment: Option<String>,
        #[command(flatten)]
        output: Output,
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

pub async fn run(options: &KeysOptions) -> anyhow::Result<()> {
    match &options.command {
        KeysCommand::Rotate { environment, algorithm, output, database } => {
            rotate(database, environment, algorithm.as_deref().unwrap_or_default(), *output).await
        }
        KeysCommand::List { environment, output, database } => list(database, environment.as_deref(), *output).await,
    }
}

fn algorithms() -> PossibleValuesParser {
    PossibleValuesParser::new(SigningAlgorithm::ALL.map(SigningAlgorithm::as_str))
}

async fn rotate(database: &DatabaseOptions, slug: &str, algorithm: &str, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut conn = state.db.read().await?;
    let row = environment(&mut conn, slug).await?;
    drop(conn);
    let all = signing_key::rotate(&Caller::system(&state, row), algorithm).await.map_err(plain)?;
    if output.json {
        let told = all.iter().map(
            |rotated| json!({ "algorithm": rotated.algorithm.as_str(), "active": rotated.active, "retired": rotated.retired }),
        );
        say_json(&told.collect());
        state.db.close().await;
        return Ok(());
    }
    for rotated in all {
        let retired = match rotated.retired {
            Some(kid) => format!("; {kid} stays published for {} hours", signing_key::RETIRING.num_hours()),
            None => String::new(),
        };
        say(&format!("{}: {} signs from now on{retired}.", rotated.algorithm.as_str(), rotated.active));
    }
    state.db.close().await;
    Ok(())
}

async fn list(database: &DatabaseOptions, slug: Option<&str>, output: Output) -> anyhow::Result<()> {
    let state = open_offline(database).await?;
    let mut conn = state.db.read().await?;
    let environments = match slug {
        Some(slug) => vec![environment(&mut conn, slug).await?],
        None => db::environment::all(&mut conn).await?,
    };
    if environments.is_empty() && !output.json {
        say("There are no environments yet. Make one with `understudy environment create`.");
        return Ok(());
    }
    let (mut rows, mut told) = (Vec::new(), Vec::new());
    for environment in environments {
        for key in db::signing_key::of_environment(&mut conn, environment.id).await? {
            let label = key.state.label().to_lowercase();
            told.push(json!({
                "environment": environment.slug,
                "algorithm": key.algorithm.as_str(),
                "state": key.state.as_str(),
                "signs_since": key.activated_at,
                "removed_at": key.retired_at.map(|time| time + signing_key::RETIRING),
                "key_id": key.kid,
            }));
            let day = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M").to_string();
            let since = key.activated_at.map_or_else(|| "–".to_owned(), day);
            let until = key.retired_at.map_or_else(|| "–".to_owned(), |time| day(time + signing_key::RETIRING));
            rows.push(vec![environment.slug.clone(), key.algorithm.as_str().to_owned(), label, since, until, key.kid]);
        }
    }
    if output.json {
        say_json(&told.into());
        return Ok(());
    }
    say(&table(&["ENVIRONMENT", "ALGORITHM", "STATE", "SIGNS SINCE (UTC)", "REMOVED (UTC)", "KEY ID"], &rows));
    Ok(())
}
