//! `understudy import`: opens files, shows progress, prints what was done or all that is wrong.

use std::fs::File;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use encoding_rs::Encoding;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;
use serde_json::json;

use super::context::{environment, open_offline};
use super::options::DatabaseOptions;
use super::{Output, say, say_json};
use crate::server::platform::text::printable;
use crate::server::service::directory::change::Protection;
use crate::server::service::import::source::Product;
use crate::server::service::import::{
    self, Content, ImportError, Kind, Options, Phase, Progress, Reading, Source, Summary,
};

#[derive(Args)]
#[command(after_long_help = import::help())]
pub struct ImportOptions {
    /// Slug of the environment that the data belongs to.
    #[arg(long, env = "IMPORT_ENVIRONMENT", value_name = "SLUG", required_unless_present = "template")]
    environment: Option<String>,
    /// Read and compare everything and say what would be done, but change nothing.
    #[arg(long, env = "IMPORT_DRY_RUN", value_parser = clap::builder::BoolishValueParser::new())]
    dry_run: bool,
    /// What the files hold, where neither their names nor their head lines say it.
    #[arg(long, env = "IMPORT_KIND", value_enum)]
    kind: Option<Kind>,
    /// Whose export the files are, where it is not seen from their head line.
    #[arg(long, env = "IMPORT_FROM", value_enum)]
    from: Option<Product>,
    /// The files' encoding, where it is neither UTF-8 nor UTF-16: windows-1252 or windows-1250, for example.
    #[arg(long, env = "IMPORT_ENCODING", value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// What empty cells of a column say, and those of a column that a file does not have: email_verified=true.
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
    /// Do this too, although it takes away what protects somebody or what somebody was given.
    #[arg(long, env = "IMPORT_ALLOW", value_enum, value_delimiter = ',')]
    allow: Vec<Protection>,
    /// Import the good rows and leave the bad ones out.
    #[arg(long, env = "IMPORT_SKIP_BAD_ROWS", value_parser = clap::builder::BoolishValueParser::new())]
    skip_bad_rows: bool,
    /// Write everything that is wrong and everything that changes into this CSV file.
    #[arg(long, env = "IMPORT_REPORT", value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    /// Print a file to fill in, and exit; with --from, as the other product writes it.
    #[arg(long, value_enum, value_name = "KIND")]
    template: Option<Kind>,
    /// Files with a head line, or - for standard input: users.csv, accounts.csv, applications.csv, roles.csv, or another product's export of users,
    /// as CSV or JSON. `--help` lists columns.
    #[arg(value_name = "FILE", required_unless_present = "template")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    database: DatabaseOptions,
}

fn encoding(name: &str) -> Result<&'static Encoding, String> {
    Encoding::for_label(name.as_bytes())
        .ok_or_else(|| "no such encoding; try windows-1252, windows-1250, or utf-16le".to_owned())
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (column, value) = text.split_once('=').ok_or("write it as COLUMN=VALUE")?;
    let known = Kind::ALL.into_iter().flat_map(Kind::columns).any(|known| known.name == column);
    if known { Ok((column.to_owned(), value.to_owned())) } else { Err(format!("there is no column {column:?}")) }
}

pub async fn run(options: &ImportOptions) -> anyhow::Result<ExitCode> {
    if let Some(kind) = options.template {
        let template = import::template(kind, options.from);
        if options.output.json {
            say_json(&json!({ "kind": kind.as_str(), "template": template }));
        } else {
            say(&template);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let slug = options.environment.as_deref().unwrap_or_default();
    let sources = options.files.iter().map(|file| source(file, options)).collect::<anyhow::Result<Vec<_>>>()?;
    let state = open_offline(&options.database).await?;
    let mut conn = state.db.read().await?;
    let environment = environment(&mut conn, slug).await?;
    drop(conn);
    let how = Options {
        reading: Reading { from: options.from, encoding: options.encoding, set: options.set.clone() },
        dry_run: options.dry_run,
        skip_bad_rows: options.skip_bad_rows,
        allow: options.allow.clone(),
        report: options.report.clone(),
    };
    let bar = Bar::new();
    let outcome = import::run(&state, &environment, sources, &how, &|progress| bar.show(&progress)).await;
    bar.bar.finish_and_clear();
    state.db.close().await;
    if options.output.json {
        return as_json(outcome, options.dry_run);
    }
    match outcome {
        Ok(summaries) => {
            for summary in summaries {
                say(&summary.to_string());
            }
            if options.dry_run {
                say("Dry run: nothing was changed.");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Internal(error)) => Err(error),
        Err(error) => {
            // Nobody is left to tell where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", printable(&error.to_string()));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn as_json(outcome: Result<Vec<Summary>, ImportError>, dry_run: bool) -> anyhow::Result<ExitCode> {
    let (answer, code) = match outcome {
        Ok(files) => (json!({ "imported": !dry_run, "files": files }), ExitCode::SUCCESS),
        Err(ImportError::Rows(problems)) => (
            json!({ "imported": false, "problems": problems.listed, "problems_total": problems.total }),
            ExitCode::FAILURE,
        ),
        Err(ImportError::NotAllowed(files, unallowed)) => {
            let allow: Vec<String> = unallowed.keys().map(|protection| protection.word()).collect();
            (json!({ "imported": false, "files": files, "to_allow": allow }), ExitCode::FAILURE)
        }
        Err(ImportError::Internal(error)) => return Err(error),
        Err(error) => return Err(anyhow!(error)),
    };
    say(&serde_json::to_string_pretty(&answer)?);
    Ok(code)
}

fn source(file: &Path, options: &ImportOptions) -> anyhow::Result<Source> {
    let is_piped = file == Path::new("-");
    let name = if is_piped { "standard input".to_owned() } else { file.display().to_string() };
    if !is_piped && !file.exists() {
        bail!("{name} is not there; `understudy import --template users > users.csv` makes one to begin with");
    }
    let content = if is_piped {
        Content::spooled(&mut std::io::stdin()).context("standard input cannot be read")?
    } else if file.is_file() {
        Content::File(file.to_owned())
    } else {
        // A pipe that has a name, as a shell makes one of <(zcat users.csv.gz), gives what it holds only once.
        let spooled = File::open(file).and_then(|mut pipe| Content::spooled(&mut pipe));
        spooled.with_context(|| format!("{name} cannot be read"))?
    };
    if import::is_blank(&content, options.encoding) {
        bail!("{name}: the file is empty; its first line names the columns");
    }
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let foreign = options.from.filter(|product| *product != Product::Understudy);
    let told = options.kind.or_else(|| Kind::of_stem(stem)).or_else(|| foreign.map(|_| Kind::Users));
    let Some(kind) = told.or_else(|| import::kind_of(&content, options.encoding)) else {
        bail!(
            "{name}: neither its name nor its head line says what it holds; give --kind users, accounts, applications or \
             roles, or --from where it is another product's export"
        )
    };
    Ok(Source { name, kind, content })
}

/// A bar with rate and time left on a terminal, nothing anywhere else.
struct Bar {
    bar: ProgressBar,
    /// What is shown: rate and time left are those of this alone.
    message: Mutex<String>,
}

impl Bar {
    fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        Self { bar, message: Mutex::default() }
    }

    fn show(&self, progress: &Progress<'_>) {
        let (message, rate) = match progress.phase {
            Phase::Counting => {
                (printable(&format!("looking through {}", progress.file)), "{human_pos} rows  {per_sec}")
            }
            Phase::Reading => (printable(&format!("reading {}", progress.file)), "{binary_bytes_per_sec}"),
            Phase::Sorting => ("putting users aside".to_owned(), "{per_sec}"),
            Phase::Writing => ("writing".to_owned(), "{per_sec}"),
        };
        if *self.message.lock() != message {
            let template = match progress.phase {
                Phase::Counting => format!("{{msg:30}} {rate}"),
                _ => format!("{{msg:30}} {{bar:30}} {{percent:>3}} %  {rate}  {{eta}} left"),
            };
            if let Ok(style) = ProgressStyle::with_template(&template) {
                self.bar.set_style(style);
            }
            self.bar.reset();
            self.bar.set_message(message.clone());
            *self.message.lock() = message;
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }
}
