//! `understudy operator create | grant | revoke | disable | enable | reset-password | sign-out | list`: the way to the first
//! Owner, out of a lock-out, and the answer to a password that leaked. They work on the database of a running server, which
//! goes by them at the next request.

mod show;

use std::path::PathBuf;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::context::{environment, open_offline, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json};
use crate::model::operator::{Role, Roles};
use crate::server::crypto::password;
use crate::server::db::operator as table;
use crate::server::service::caller::ServerCaller;
use crate::server::service::operator::{self as service, Ended, NewOperator};
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
        #[command(flatten)]
        who: Who,
        #[arg(long, env = "OPERATOR_NAME")]
        name: String,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        roles: RoleOptions,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        common: Common,
    },
    /// Give an operator roles.
    Grant(Change),
    /// Take roles away from an operator.
    Revoke(Change),
    /// Shut an operator out at once: portal sessions and impersonations end.
    Disable(One),
    /// Let a disabled operator in again.
    Enable(One),
    /// Give an operator another password and end all that runs under the old one. Without a password one is made and
    /// printed, once.
    ResetPassword {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: Password,
        #[command(flatten)]
        common: Common,
    },
    /// End all portal sessions and impersonations of an operator.
    SignOut(One),
    /// List all operators with their roles.
    List {
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Args)]
struct Who {
    #[arg(long, env = "OPERATOR_EMAIL")]
    email: String,
}

#[derive(Args)]
struct Password {
    /// At least 12 characters. It stays in the shell's history and shows in the list of processes: better give a file.
    #[arg(long, env = "OPERATOR_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// File that holds the password.
    #[arg(long, env = "OPERATOR_PASSWORD_FILE", value_name = "FILE", conflicts_with = "password")]
    password_file: Option<PathBuf>,
}

#[derive(Args)]
struct RoleOptions {
    /// owner, admin, impersonator, backoffice_editor or backoffice_viewer; may be given several times.
    #[arg(long = "role", env = "OPERATOR_ROLES", value_delimiter = ',', value_name = "ROLE", value_parser = role)]
    roles: Vec<Role>,
}

/// What every one of these commands takes.
#[derive(Args)]
struct Common {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    database: DatabaseOptions,
}

#[derive(Args)]
struct Change {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    roles: RoleOptions,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct One {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Place {
    /// Slug of the environment in which the roles hold, or `all`.
    #[arg(long, env = "OPERATOR_ENVIRONMENT", value_name = "SLUG", default_value = "all")]
    environment: String,
}

impl Place {
    async fn id(&self, state: &AppState) -> anyhow::Result<Option<Uuid>> {
        if self.environment == "all" {
            return Ok(None);
        }
        let mut conn = state.db.read().await?;
        Ok(Some(environment(&mut conn, &self.environment).await?.id))
    }

    fn name(&self) -> &str {
        if self.environment == "all" { "all environments" } else { &self.environment }
    }
}

fn known_roles() -> String {
    Role::ALL.map(Role::as_str).join(", ")
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(&word.trim().replace('-', "_")).ok_or_else(|| format!("the roles are {}", known_roles()))
}

impl RoleOptions {
    /// The roles, which nobody gets by saying nothing.
    fn named(&self) -> &[Role] {
        if self.roles.is_empty() {
            let text = format!("name the role with --role: {}; several are given by several --role\n", known_roles());
            clap::Error::raw(ErrorKind::MissingRequiredArgument, text).exit();
        }
        &self.roles
    }
}

impl Password {
    /// The password that was given, or a new one; and whether it is new.
    fn take(&self, state: &AppState) -> anyhow::Result<(Zeroizing<String>, bool)> {
        if let Some(file) = &self.password_file {
            let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
            let text = Zeroizing::new(text);
            return Ok((Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()), false));
        }
        if let Some(password) = &self.password {
            return Ok((Zeroizing::new(password.clone()), false));
        }
        Ok((password::generate(state.random.as_ref()), true))
    }
}

pub async fn run(options: &OperatorOptions) -> anyhow::Result<()> {
    match &options.command {
        OperatorCommand::Create { who, name, password, roles, place, common } => {
            let roles = roles.named().iter().copied().collect::<Roles>();
            create(&who.email, name, password, roles, place, common).await
        }
        OperatorCommand::Grant(change) => self::change(change, true).await,
        OperatorCommand::Revoke(change) => self::change(change, false).await,
        OperatorCommand::Disable(one) => self::one(one, Verb::Disable).await,
        OperatorCommand::Enable(one) => self::one(one, Verb::Enable).await,
        OperatorCommand::SignOut(one) => self::one(one, Verb::SignOut).await,
        OperatorCommand::ResetPassword { who, password, common } => reset(&who.email, password, common).await,
        OperatorCommand::List { common } => {
            let state = open_offline(&common.database).await?;
            show::list(&state, common.output.json).await?;
            leave(&state).await
        }
    }
}

async fn create(
    email: &str,
    name: &str,
    password: &Password,
    roles: Roles,
    place: &Place,
    common: &Common,
) -> anyhow::Result<()> {
    let state = open_offline(&common.database).await?;
    let (password, is_new) = password.take(&state)?;
    let caller = ServerCaller::system(&state);
    let hashed = service::new_password(&caller, &password).await.map_err(plain)?;
    let environment_id = place.id(&state).await?;
    let new = NewOperator { email, name, password: hashed, environment_id, roles };
    service::create(&caller, new).await.map_err(plain)?;
    let shown = is_new.then_some(password.as_str());
    let sentence = format!("Made the operator {email}: {} in {}.", roles.labels(), place.name());
    answer(&state, email, common.output, &sentence, json!({ "created": true, "password": shown })).await
}

async fn reset(email: &str, password: &Password, common: &Common) -> anyhow::Result<()> {
    let state = open_offline(&common.database).await?;
    let (password, is_new) = password.take(&state)?;
    let caller = ServerCaller::system(&state);
    let hashed = service::new_password(&caller, &password).await.map_err(plain)?;
    let ended = service::reset_password(&caller, email, &hashed).await.map_err(plain)?;
    let shown = is_new.then_some(password.as_str());
    let sentence = format!("{email} has a new password: {}.", ended.sentence());
    answer(&state, email, common.output, &sentence, with_ended(ended, json!({ "password": shown }))).await
}

enum Verb {
    Disable,
    Enable,
    SignOut,
}

async fn one(one: &One, verb: Verb) -> anyhow::Result<()> {
    let (email, common) = (&one.who.email, &one.common);
    let state = open_offline(&common.database).await?;
    let caller = ServerCaller::system(&state);
    let (sentence, ended) = match verb {
        Verb::Disable => {
            let ended = service::disable(&caller, email).await.map_err(plain)?;
            (format!("{email} is disabled: {}.", ended.sentence()), ended)
        }
        Verb::SignOut => {
            let ended = service::sign_out_everywhere(&caller, email).await.map_err(plain)?;
            (format!("{email} is signed out everywhere: {}.", ended.sentence()), ended)
        }
        Verb::Enable => {
            service::enable(&caller, email).await.map_err(plain)?;
            (format!("{email} may sign in again."), Ended::default())
        }
    };
    answer(&state, email, common.output, &sentence, with_ended(ended, json!({}))).await
}

async fn change(change: &Change, grant: bool) -> anyhow::Result<()> {
    let roles = change.roles.named();
    let state = open_offline(&change.common.database).await?;
    let environment_id = change.place.id(&state).await?;
    let (granted, revoked): (&[Role], &[Role]) = if grant { (roles, &[]) } else { (&[], roles) };
    let email = &change.who.email;
    let caller = ServerCaller::system(&state);
    service::change_roles(&caller, email, environment_id, granted, revoked).await.map_err(plain)?;
    if change.common.output.json {
        return answer(&state, email, change.common.output, "", json!({})).await;
    }
    show::list(&state, false).await?;
    leave(&state).await
}

fn with_ended(ended: Ended, mut answer: serde_json::Value) -> serde_json::Value {
    answer["ended"] = json!({ "portal_sessions": ended.portal_sessions, "impersonations": ended.impersonations });
    answer
}

/// Says what was done: a sentence, or the operator as it is now with `more` beside.
async fn answer(
    state: &AppState,
    email: &str,
    output: Output,
    sentence: &str,
    mut more: serde_json::Value,
) -> anyhow::Result<()> {
    if output.json {
        more["operator"] = show::operator(state, email).await?;
        say_json(&more);
    } else {
        say(sentence);
        if let Some(password) = more["password"].as_str() {
            say(&format!("Password, shown this once: {password}"));
        }
    }
    leave(state).await
}

/// The last step of every command: says where it leaves the portal without anybody who may do everything.
async fn leave(state: &AppState) -> anyhow::Result<()> {
    let mut conn = state.db.read().await?;
    let owners = table::count_owners(&mut conn).await?;
    drop(conn);
    if owners == 0 {
        tracing::warn!(
            "there is no Owner left who may sign in: make one with `understudy operator grant --role owner --email …`,              or let a disabled one in with `understudy operator enable --email …`"
        );
    }
    state.db.close().await;
    Ok(())
}
