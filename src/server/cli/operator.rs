//! `understudy operator create | grant | revoke | list`: the way to the first Owner, and out of a lock-out.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::context::{environment, open_offline, plain};
use super::{say, table};
use crate::model::operator::{Role, Roles};
use crate::server::config::DatabaseOptions;
use crate::server::db::Conn;
use crate::server::db::inspect;
use crate::server::secret::SecretKind;
use crate::server::service::operator as service;
use crate::server::state::AppState;

#[derive(Args)]
pub struct OperatorOptions {
    #[command(subcommand)]
    command: OperatorCommand,
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Make an operator. Without a password one is made and printed, once.
    Create {
        #[arg(long, env = "OPERATOR_EMAIL")]
        email: String,
        #[arg(long, env = "OPERATOR_NAME")]
        name: String,
        /// At least 12 characters. It stays in the shell's history: better give a file.
        #[arg(long, env = "OPERATOR_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// File that holds the password.
        #[arg(long, env = "OPERATOR_PASSWORD_FILE", value_name = "FILE", conflicts_with = "password")]
        password_file: Option<PathBuf>,
        /// owner, admin, impersonator, backoffice_editor or backoffice_viewer; may be given several times.
        #[arg(long = "role", env = "OPERATOR_ROLES", value_delimiter = ',', value_name = "ROLE", value_parser = role, default_value = "owner")]
        roles: Vec<Role>,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        database: DatabaseOptions,
    },
    /// Give an operator roles.
    Grant(Change),
    /// Take roles away from an operator.
    Revoke(Change),
    /// List all operators with their roles.
    List {
        #[command(flatten)]
        database: DatabaseOptions,
    },
}

#[derive(Args)]
struct Change {
    #[arg(long, env = "OPERATOR_EMAIL")]
    email: String,
    /// owner, admin, impersonator, backoffice_editor or backoffice_viewer; may be given several times.
    #[arg(long = "role", env = "OPERATOR_ROLES", value_delimiter = ',', value_name = "ROLE", value_parser = role, required = true)]
    roles: Vec<Role>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Args)]
struct Place {
    /// Slug of the environment in which the roles hold, or `all`.
    #[arg(long, env = "OPERATOR_ENVIRONMENT", value_name = "SLUG", default_value = "all")]
    environment: String,
}

impl Place {
    async fn id(&self, conn: &mut Conn) -> anyhow::Result<Option<Uuid>> {
        if self.environment == "all" {
            return Ok(None);
        }
        Ok(Some(environment(conn, &self.environment).await?.id))
    }

    fn name(&self) -> &str {
        if self.environment == "all" { "all environments" } else { &self.environment }
    }
}

fn role(word: &str) -> Result<Role, String> {
    let known = || Role::ALL.map(Role::as_str).join(", ");
    Role::parse(&word.replace('-', "_")).ok_or_else(|| format!("the roles are {}", known()))
}

pub async fn run(options: &OperatorOptions) -> anyhow::Result<()> {
    match &options.command {
        OperatorCommand::Create { email, name, password, password_file, roles, place, database } => {
            let password = given_password(password.as_deref(), password_file.as_ref())?;
            let state = open_offline(database).await?;
            create(&state, email, name, password, roles, place).await
        }
        OperatorCommand::Grant(change) => self::change(change, true).await,
        OperatorCommand::Revoke(change) => self::change(change, false).await,
        OperatorCommand::List { database } => list(database).await,
    }
}

fn given_password(password: Option<&str>, file: Option<&PathBuf>) -> anyhow::Result<Option<String>> {
    let Some(file) = file else { return Ok(password.map(ToOwned::to_owned)) };
    let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn create(
    state: &AppState,
    email: &str,
    name: &str,
    password: Option<String>,
    roles: &[Role],
    place: &Place,
) -> anyhow::Result<()> {
    let generated = password.is_none();
    // 144 random bits, without the prefix that would claim to be a client secret.
    let password = password.unwrap_or_else(|| SecretKind::ClientSecret.generate(state.random.as_ref()).0[4..28].into());
    let mut tx = state.db.write().await?;
    let environment_id = place.id(&mut tx).await?;
    let roles = roles.iter().copied().collect::<Roles>();
    service::create(state, &mut tx, email, name, &password, environment_id, roles).await.map_err(plain)?;
    tx.commit().await?;
    state.db.close().await;
    say(&format!("Made the operator {email}: {} in {}.", roles.labels(), place.name()));
    if generated {
        say(&format!("Password, shown this once: {password}"));
    }
    Ok(())
}

async fn change(change: &Change, grant: bool) -> anyhow::Result<()> {
    let state = open_offline(&change.database).await?;
    let mut tx = state.db.write().await?;
    let environment_id = change.place.id(&mut tx).await?;
    let roles = change.roles.as_slice();
    let (granted, revoked): (&[Role], &[Role]) = if grant { (roles, &[]) } else { (&[], roles) };
    service::change_roles(&state, &mut tx, &change.email, environment_id, granted, revoked).await.map_err(plain)?;
    tx.commit().await?;
    list_rows(&state).await
}

async fn list(database: &DatabaseOptions) -> anyhow::Result<()> {
    list_rows(&open_offline(database).await?).await
}

async fn list_rows(state: &AppState) -> anyhow::Result<()> {
    let mut conn = state.db.read().await?;
    let grants = inspect::operator_grants(&mut conn).await?;
    if grants.is_empty() {
        say("There are no operators yet. Make the first Owner with `understudy operator create`.");
        return Ok(());
    }
    let row = |grant: inspect::OperatorGrantRow| {
        let label = grant.role.as_deref().and_then(Role::parse).map_or("no role", Role::label);
        let place =
            if grant.role.is_none() { "–" } else { grant.environment.as_deref().unwrap_or("all environments") };
        let state = if grant.disabled { "disabled" } else { "" };
        vec![grant.email, grant.name, label.to_owned(), place.to_owned(), state.to_owned()]
    };
    let rows: Vec<Vec<String>> = grants.into_iter().map(row).collect();
    say(&table(&["E-MAIL", "NAME", "ROLE", "IN", ""], &rows));
    Ok(())
}
