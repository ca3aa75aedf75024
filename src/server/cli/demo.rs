//! `understudy demo`: the server with demonstration data, for a first look and for tests in a browser.
//!
//! The data are CSV files like anybody's, imported by the same code. Everything is made in one transaction: an
//! interrupted start leaves an empty database.

mod data;

use anyhow::{Context, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde_json::json;
use url::Url;

use super::context::plain;
use super::serve::{self, ServeOptions};
use super::{Output, say, say_json, table};
use crate::server::db::{Tx, application, environment, operator};
use crate::server::service;
use crate::server::service::caller::{Caller, ServerCaller};
use crate::server::service::impersonation::settings::{SettingsChange, change_in};
use crate::server::service::import::{self, Content, ImportError, Kind, Source};
use crate::server::service::operator::{NewOperator, NewPassword};
use crate::server::state::AppState;
use data::{ENVIRONMENTS, OPERATORS};

#[derive(Args)]
pub struct DemoOptions {
    #[command(flatten)]
    pub serve: ServeOptions,
    #[command(flatten)]
    pub samples: SampleUrls,
    /// Print all demonstration sign-ins and exit.
    #[arg(long, env = "DEMO_PRINT_SIGN_INS", value_parser = clap::builder::BoolishValueParser::new())]
    pub print_sign_ins: bool,
    #[command(flatten)]
    pub output: Output,
}

/// Where the sample applications run.
#[derive(Args)]
pub struct SampleUrls {
    /// Where the sample application runs that keeps sessions alive.
    #[arg(long, env = "SAMPLE_URL", value_name = "URL", default_value = "http://localhost:3001")]
    pub sample_url: Url,
    /// Where the sample application runs that does not.
    #[arg(long, env = "SAMPLE_SHORT_URL", value_name = "URL", default_value = "http://localhost:3002")]
    pub sample_short_url: Url,
    /// Where the sample application runs that signs its users in itself.
    #[arg(long, env = "SAMPLE_EMBEDDED_URL", value_name = "URL", default_value = "http://localhost:3003")]
    pub sample_embedded_url: Url,
    /// Where the sample application of Lumière Studio runs.
    #[arg(long, env = "SAMPLE_LUMIERE_URL", value_name = "URL", default_value = "http://localhost:3004")]
    pub sample_lumiere_url: Url,
    /// Where the sample application of Meridian Health runs, which signs its users in itself.
    #[arg(long, env = "SAMPLE_MERIDIAN_URL", value_name = "URL", default_value = "http://localhost:3005")]
    pub sample_meridian_url: Url,
    /// Where the sample application of Kestrel Aviation runs, which keeps no session alive.
    #[arg(long, env = "SAMPLE_KESTREL_URL", value_name = "URL", default_value = "http://localhost:3006")]
    pub sample_kestrel_url: Url,
}

impl SampleUrls {
    /// The words that stand for them in the demonstration's files.
    fn words(&self) -> [(&'static str, &Url); 6] {
        [
            ("{sample}", &self.sample_url),
            ("{sample_short}", &self.sample_short_url),
            ("{sample_embedded}", &self.sample_embedded_url),
            ("{sample_lumiere}", &self.sample_lumiere_url),
            ("{sample_meridian}", &self.sample_meridian_url),
            ("{sample_kestrel}", &self.sample_kestrel_url),
        ]
    }
}

pub async fn run(options: &DemoOptions) -> anyhow::Result<()> {
    if options.print_sign_ins {
        if options.output.json {
            say_json(&sign_ins_as_json());
        } else {
            say(&sign_ins());
        }
        return Ok(());
    }
    let (listener, state) = serve::start(&options.serve).await?;
    if prepare(&state, &options.samples).await? {
        tracing::info!("put the demonstration data into the empty database");
    }
    serve::serve(listener, state, &options.serve.server).await
}

/// Puts the demonstration data into an empty database. Gives whether it did: on its own database it does nothing.
///
/// # Errors
/// Where the database holds anything else.
pub async fn prepare(state: &AppState, samples: &SampleUrls) -> anyhow::Result<bool> {
    let passwords = passwords(state).await?;
    let mut tx = state.db.write_long().await?;
    let environments = environment::all(&mut tx).await?;
    if environments.is_empty() && operator::count(&mut tx).await? == 0 {
        seed(state, &mut tx, samples, passwords).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let own = match environments.iter().find(|row| row.slug == "production") {
        Some(production) => application::by_client_id(&mut tx, production.id, "northwind-console").await?.is_some(),
        None => false,
    };
    if !own || operator::by_email(&mut tx, OPERATORS[0].email).await?.is_none() {
        bail!(
            "this database holds other data, and demonstration data goes into an empty one only; give another folder \
             with --data, or start with `understudy serve`"
        );
    }
    Ok(false)
}

/// The operators' passwords, where they will be needed.
async fn passwords(state: &AppState) -> anyhow::Result<Vec<NewPassword>> {
    let mut conn = state.db.read().await?;
    let is_empty = operator::count(&mut conn).await? == 0;
    drop(conn);
    let (by, mut passwords) = (ServerCaller::system(state), Vec::new());
    for demo in OPERATORS.iter().filter(|_| is_empty) {
        passwords.push(service::operator::new_password(&by, demo.password).await.map_err(plain)?);
    }
    Ok(passwords)
}

async fn seed(state: &AppState, tx: &mut Tx, samples: &SampleUrls, passwords: Vec<NewPassword>) -> anyhow::Result<()> {
    let by = ServerCaller::system(state);
    for demo in &ENVIRONMENTS {
        let row = service::directory::environment::create_in(&by, tx, demo.slug, demo.name).await.map_err(plain)?;
        let source = |kind: Kind, text: &str| Source {
            name: format!("{}/{}.csv", demo.slug, kind.as_str()),
            kind,
            content: Content::Bytes(fill_in(text, samples, state.now()).into_bytes()),
        };
        let sources = Kind::ALL.into_iter().zip(demo.files).map(|(kind, text)| source(kind, text)).collect();
        match import::run_in(state, tx, &row, sources).await {
            Ok(_) => {}
            Err(ImportError::Rows(problems)) => bail!("the demonstration data is faulty:\n{problems}"),
            Err(error) => return Err(error).context("importing the demonstration data"),
        }
        if demo.impersonation {
            let on = SettingsChange { enabled: Some(true), ..SettingsChange::default() };
            change_in(&Caller::system(state, row), tx, on).await.map_err(plain)?;
        }
    }
    for (demo, password) in OPERATORS.iter().zip(passwords) {
        let environment_id = match demo.environment {
            Some(slug) => environment::by_slug(tx, slug).await?.map(|row| row.id),
            None => None,
        };
        let roles = demo.roles.iter().copied().collect();
        let new = NewOperator { email: demo.email, name: demo.name, password, environment_id, roles };
        service::operator::create_in(&by, tx, new).await.map_err(plain)?;
    }
    Ok(())
}

/// A demonstration file with the addresses of the sample applications, and its times moved so that the newest visit was
/// minutes ago.
fn fill_in(text: &str, samples: &SampleUrls, now: DateTime<Utc>) -> String {
    let text = samples
        .words()
        .iter()
        .fold(text.to_owned(), |text, (word, url)| text.replace(word, url.as_str().trim_end_matches('/')));
    let by = DateTime::parse_from_rfc3339(data::WRITTEN_AT).map_or(TimeDelta::zero(), |at| now - at.to_utc());
    let shift = |cell: &str| {
        let (word, end) = cell.split_at(cell.trim_end_matches([',', '\n']).len());
        match DateTime::parse_from_rfc3339(word) {
            Ok(time) => format!("{}{end}", (time.to_utc() + by).to_rfc3339()),
            Err(_) => cell.to_owned(),
        }
    };
    text.split_inclusive([',', '\n']).map(shift).collect()
}

/// Every sign-in of the demonstration, for scripts. A role that holds everywhere has the environment null.
fn sign_ins_as_json() -> serde_json::Value {
    let operators = OPERATORS.iter().map(|demo| {
        let roles: Vec<&str> = demo.roles.iter().map(|role| role.as_str()).collect();
        json!({ "name": demo.name, "email": demo.email, "password": demo.password, "roles": roles, "environment": demo.environment })
    });
    let users = data::USERS.iter().map(
        |(name, email, note)| json!({ "name": name, "email": email, "password": data::USER_PASSWORD, "note": note }),
    );
    json!({ "operators": operators.collect::<Vec<_>>(), "users": users.collect::<Vec<_>>() })
}

/// Every sign-in of the demonstration as a plain table.
fn sign_ins() -> String {
    let operators: Vec<Vec<String>> = OPERATORS
        .iter()
        .map(|demo| {
            let roles: crate::model::operator::Roles = demo.roles.iter().copied().collect();
            let place = demo.environment.unwrap_or("all environments");
            [demo.name, demo.email, demo.password, &roles.labels(), place, demo.note].map(str::to_owned).to_vec()
        })
        .collect();
    let users: Vec<Vec<String>> = data::USERS
        .iter()
        .map(|(name, email, note)| [*name, *email, data::USER_PASSWORD, *note].map(str::to_owned).to_vec())
        .collect();
    format!(
        "Operators, for the portal\n\n{}\n\nUsers of Production, for the sample applications\n\n{}",
        table(&["NAME", "E-MAIL", "PASSWORD", "ROLES", "IN", ""], &operators),
        table(&["NAME", "E-MAIL", "PASSWORD", ""], &users),
    )
}
