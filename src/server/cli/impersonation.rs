//! `understudy impersonation on | off | show`: the switch of an environment, without the portal.

use clap::{Args, Subcommand};
use serde_json::json;

use super::context::{environment, open_offline, plain};
use super::options::DatabaseOptions;
use super::{Output, say, say_json};
use crate::server::db::{Conn, settings as table};
use crate::server::service::caller::Caller;
use crate::server::service::impersonation::settings::{self, SettingsChange};

#[derive(Args)]
pub struct ImpersonationOptions {
    #[command(subcommand)]
    command: ImpersonationCommand,
}

#[derive(Subcommand)]
enum ImpersonationCommand {
    /// Turn impersonation on in an environment.
    On(Place),
    /// Turn it off. What is running ends at once.
    Off(Place),
    /// Say whether it is on.
    Show(Place),
}

#[derive(Args)]
struct Place {
    /// Slug of the environment.
    #[arg(long, env = "IMPERSONATION_ENVIRONMENT", value_name = "SLUG")]
    environment: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    database: DatabaseOptions,
}

pub async fn run(options: &ImpersonationOptions) -> anyhow::Result<()> {
    let (place, wanted) = match &options.command {
        ImpersonationCommand::On(place) => (place, Some(true)),
        ImpersonationCommand::Off(place) => (place, Some(false)),
        ImpersonationCommand::Show(place) => (place, None),
    };
    let state = open_offline(&place.database).await?;
    let mut conn = state.db.read().await?;
    let row = environment(&mut conn, &place.environment).await?;
    drop(conn);
    if wanted.is_some() {
        let change = SettingsChange { enabled: wanted, ..SettingsChange::default() };
        settings::change(&Caller::system(&state, row.clone()), change).await.map_err(plain)?;
    }
    let mut conn = state.db.read().await?;
    show(&mut conn, place, row.id, &row.name).await?;
    drop(conn);
    state.db.close().await;
    Ok(())
}

async fn show(conn: &mut Conn, place: &Place, id: uuid::Uuid, name: &str) -> anyhow::Result<()> {
    let settings = table::get(conn, id).await?;
    if place.output.json {
        let told = json!({
            "environment": place.environment,
            "enabled": settings.enabled,
            "hide_from_account_audit": settings.hide_from_account_audit,
            "protected_permissions": table::protected_permissions(conn, id).await?,
        });
        say_json(&told);
        return Ok(());
    }
    say(&format!("Impersonation is turned {} in {name}.", if settings.enabled { "on" } else { "off" }));
    Ok(())
}
