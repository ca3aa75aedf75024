//! `understudy import`: reads files, shows progress, prints what was done or all that is wrong.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::context::{environment, open_offline};
use super::say;
use crate::server::config::DatabaseOptions;
use crate::server::import::{self, ImportError, Kind, Source};

#[derive(Args)]
#[command(after_long_help = import::COLUMNS_HELP)]
pub struct ImportOptions {
    /// Slug of the environment that the data belongs to.
    #[arg(long, env = "IMPORT_ENVIRONMENT", value_name = "SLUG")]
    environment: String,
    /// Check the files and say what would be done, but change nothing.
    #[arg(long, env = "IMPORT_DRY_RUN", value_parser = clap::builder::BoolishValueParser::new())]
    dry_run: bool,
    /// What the files hold, where their names don't say it.
    #[arg(long, env = "IMPORT_KIND", value_enum)]
    kind: Option<Kind>,
    /// CSV files in UTF-8 with a head line: users.csv, accounts.csv, applications.csv, roles.csv. `--help` lists columns.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    database: DatabaseOptions,
}

pub async fn run(options: &ImportOptions) -> anyhow::Result<ExitCode> {
    let sources = options.files.iter().map(|file| read(file, options.kind)).collect::<anyhow::Result<Vec<_>>>()?;
    let state = open_offline(&options.database).await?;
    let mut conn = state.db.read().await?;
    let environment = environment(&mut conn, &options.environment).await?;
    drop(conn);
    let progress = Progress::new();
    let outcome = import::run(&state, &environment, sources, options.dry_run, &|p| progress.show(&p)).await;
    progress.0.finish_and_clear();
    state.db.close().await;
    match outcome {
        Ok(summaries) => {
            let would = if options.dry_run { " (dry run: nothing was changed)" } else { "" };
            for summary in summaries {
                say(&format!("{summary}{would}"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Rows(problems)) => {
            let _ = writeln!(std::io::stderr(), "{problems}");
            Ok(ExitCode::FAILURE)
        }
        Err(ImportError::Internal(error)) => Err(error),
    }
}

fn read(file: &Path, kind: Option<Kind>) -> anyhow::Result<Source> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let Some(kind) = kind.or_else(|| Kind::of_stem(stem)) else {
        bail!(
            "{}: its name does not say what it holds; give --kind users, accounts, applications or roles",
            file.display()
        )
    };
    let bytes = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    Ok(Source { name: file.display().to_string(), kind, bytes })
}

/// A bar on a terminal, nothing anywhere else.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        if let Ok(style) = ProgressStyle::with_template("{msg:20} {bar:40} {human_pos}/{human_len} {eta}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    fn show(&self, progress: &import::Progress<'_>) {
        self.0.set_message(progress.file.to_owned());
        self.0.set_length(progress.total as u64);
        self.0.set_position(progress.done as u64);
    }
}
