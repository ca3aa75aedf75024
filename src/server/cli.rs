//! The command line: what the binary can be asked for, and its exit codes.
//!
//! 0 where it did what was asked, 1 where it could not, 2 where the question was wrong. What went wrong is one line on
//! standard error; answers go to standard output, logs to standard error.

mod context;
pub mod demo;
pub mod doctor;
mod environment;
mod impersonation;
mod import;
mod keys;
mod operator;
pub mod options;
mod serve;
mod setup_link;
mod user;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::runtime::Runtime;
use url::Url;

use super::http::site::{self, Files};
use super::platform::telemetry::{self, LogFormat, Logging};
use super::platform::text::printable;
use super::platform::traces::Traces;

/// A portal for user impersonation, and the identity provider that makes it real.
#[derive(Parser)]
#[command(name = "understudy", version, arg_required_else_help = true)]
#[command(after_help = "Most options can be given as the environment variable beside them; secrets also as a file \
    (…_FILE). Begin with `understudy demo`, or with `understudy serve`, which prints a link to set everything up.")]
pub struct Cli {
    #[command(flatten)]
    log: LogOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args)]
struct LogOptions {
    /// How log lines are written to standard error.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value = "text", global = true)]
    log_format: LogFormat,
    /// Which log lines are written: a level, and levels of single modules.
    #[arg(long, env = "LOG_FILTER", default_value = "info,sqlx=warn", value_name = "FILTER", global = true)]
    log_filter: String,
    /// `false` writes no line for each request.
    #[arg(long, env = "ACCESS_LOG", value_name = "BOOLEAN", default_value_t = true, action = clap::ArgAction::Set,
        value_parser = clap::builder::BoolishValueParser::new(), global = true)]
    access_log: bool,
    /// Address of an OpenTelemetry collector, `http://127.0.0.1:4318`, that takes traces by OTLP over HTTP. None where nothing is said.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL", global = true)]
    otlp_endpoint: Option<String>,
}

impl LogOptions {
    fn traces(&self, runtime: &Runtime) -> anyhow::Result<Option<Traces>> {
        // The standard's variable may be there and empty.
        let Some(endpoint) = self.otlp_endpoint.as_ref().filter(|endpoint| !endpoint.is_empty()) else {
            return Ok(None);
        };
        let endpoint = Url::parse(endpoint).context("OTEL_EXPORTER_OTLP_ENDPOINT is no address")?;
        Traces::begin(&endpoint, runtime.handle().clone()).map(Some)
    }

    fn logging(&self) -> Logging<'_> {
        Logging { format: self.log_format, filter: &self.log_filter, access: self.access_log }
    }
}

/// How a command answers: each that answers has it.
#[derive(Args, Clone, Copy, Debug)]
pub struct Output {
    /// Answer in JSON, for scripts.
    #[arg(long, env = "OUTPUT_JSON", value_parser = clap::builder::BoolishValueParser::new())]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server. Brings the database's schema up to date first.
    Serve(serve::ServeOptions),
    /// Print a link with which an installation without operators gets its first Owner and its first environment. It works for
    /// an hour, once.
    SetupLink(setup_link::SetupLinkOptions),
    /// Start the server with demonstration data, on an empty database of its own.
    Demo(Box<demo::DemoOptions>),
    /// Import users, accounts, applications and roles from files: CSV, or JSON for users.
    Import(import::ImportOptions),
    /// Make operators, the people who sign in to the portal, and change their roles.
    Operator(operator::OperatorOptions),
    /// Let a user of an environment choose a password.
    User(user::UserOptions),
    /// Turn impersonation on or off in an environment.
    Impersonation(impersonation::ImpersonationOptions),
    /// Make and list environments, and give them host names: isolated sets of users, accounts, applications and settings.
    Environment(environment::EnvironmentOptions),
    /// Rotate and list the keys that sign tokens.
    Keys(keys::KeysOptions),
    /// Check configuration, database and keys, and say what to mend.
    Doctor(doctor::DoctorOptions),
}

/// Runs the process from its arguments to its exit code. It serves `files` to browsers.
pub fn main(files: Files) -> ExitCode {
    site::carry(files);
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let exposed = exposed(&matches);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| observed(&cli.log, &runtime, run(cli.command, &exposed)));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {}", printable(&format!("{error:#}")));
            ExitCode::FAILURE
        }
    }
}

/// Runs a command with its log, and with its traces until the last of them has gone.
fn observed<T>(
    log: &LogOptions,
    runtime: &Runtime,
    command: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let traces = log.traces(runtime)?;
    telemetry::init(&log.logging(), traces.as_ref()).context("standard error cannot be written")?;
    let outcome = runtime.block_on(command);
    if let Some(traces) = traces {
        traces.end();
    }
    outcome
}

/// Options with a secret in them that were given on the command line, where every user of the machine may read them.
fn exposed(matches: &ArgMatches) -> Vec<&'static str> {
    let secrets = [("master_key", "--master-key"), ("password", "--password"), ("database_url", "--database-url")];
    let (mut matches, mut found) = (Some(matches), Vec::new());
    while let Some(here) = matches {
        for id in here.ids() {
            let Some((_, name)) = secrets.iter().find(|(known, _)| *known == id.as_str()) else { continue };
            let is_typed = here.value_source(id.as_str()) == Some(ValueSource::CommandLine);
            let has_secret = id.as_str() != "database_url"
                || here.get_one::<String>("database_url").is_some_and(|url| context::has_password(url));
            if is_typed && has_secret {
                found.push(*name);
            }
        }
        matches = here.subcommand().map(|(_, below)| below);
    }
    found
}

fn warn_exposed(options: &[&str]) {
    for option in options {
        let file = option.trim_start_matches('-').replace('-', "_").to_uppercase();
        tracing::warn!(
            "the secret in {option} stands in the list of processes and in the shell's history: give it in a file, \
             {option}-file or the variable that ends in {file}_FILE"
        );
    }
}

async fn run(command: Command, exposed: &[&str]) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    match command {
        Command::Serve(options) => return serve::run(&options, exposed).await.map(|()| code),
        Command::SetupLink(options) => setup_link::run(&options).await?,
        Command::Demo(options) => demo::run(&options).await?,
        Command::Import(options) => code = import::run(&options).await?,
        Command::Operator(options) => operator::run(&options).await?,
        Command::User(options) => user::run(&options).await?,
        Command::Impersonation(options) => impersonation::run(&options).await?,
        Command::Environment(options) => environment::run(&options).await?,
        Command::Keys(options) => keys::run(&options).await?,
        Command::Doctor(options) => code = doctor::run(&options).await?,
    }
    warn_exposed(exposed);
    Ok(code)
}

/// Writes an answer to standard output, in which no name gives the terminal orders. A reader that went away (`| head`) is not an error.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", printable(text)).and_then(|()| out.flush());
}

/// The same for a script, in one line.
fn say_json(answer: &serde_json::Value) {
    say(&answer.to_string());
}

/// Rows under a head, each column as wide as its widest cell.
fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|cell| cell.chars().count())).max().unwrap_or_default()
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.enumerate().map(|(i, cell)| format!("{cell:<0$}", width(i))).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&mut head.iter().copied())];
    lines.extend(rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
    lines.join("\n")
}
