//! Importing users, accounts, applications and roles from files: Understudy's own and the exports of other products.
//!
//! All files are read, checked and compared with what is there before anything is written. Every fault is reported, and
//! where there is one nothing is imported; what takes protection or access away has to be allowed by name. Good rows wait in
//! the database until all files are through, and are written from there in short transactions: nobody else waits for long,
//! and still all of them are written or none. Rows that are there already, by their key, are updated; an empty cell and a
//! column that a file does not have leave things as they are.

mod account;
mod application;
mod apply;
pub mod change;
mod check;
mod dialect;
mod error;
mod input;
mod json;
mod outcome;
pub mod problem;
mod read;
mod report;
mod role;
mod row;
mod rows;
mod sorter;
pub mod source;
mod stage;
mod template;
mod user;
mod words;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use clap::ValueEnum;
use serde::Serialize;

use super::audit::{self, Event};
use super::import::read::head;
use crate::model::audit::action;
use crate::server::db::Tx;
use crate::server::db::import::Keyed;
use crate::server::domain::environment::Environment;
use crate::server::service::directory::change::Protection;
use crate::server::service::directory::writer::DirectoryWriter;
use crate::server::state::AppState;
use apply::Plan;
pub use check::Reference;
use check::{Keys, check, compare};
use encoding_rs::Encoding;
pub use error::ImportError;
use error::written;
use outcome::ImportFindings;
pub use outcome::Summary;
use read::Item;
pub use read::Reading;
pub use rows::Rows;
use stage::Stage;
pub use stage::settle;
pub use template::{help, template};

/// What a file holds, in the order in which they refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Roles,
    Applications,
    Accounts,
    Users,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Roles, Self::Applications, Self::Accounts, Self::Users];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Roles => "roles",
            Self::Applications => "applications",
            Self::Accounts => "accounts",
            Self::Users => "users",
        }
    }

    fn singular(self) -> &'static str {
        self.as_str().trim_end_matches('s')
    }

    /// The kind that a file's name says: `users` of `users.csv`.
    pub fn of_stem(stem: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == stem.to_lowercase())
    }

    fn keyed(self) -> Option<Keyed> {
        match self {
            Self::Roles => Some(Keyed::Roles),
            Self::Applications => Some(Keyed::Applications),
            Self::Accounts => Some(Keyed::Accounts),
            Self::Users => None,
        }
    }
}

/// Where the bytes of a file are.
#[derive(Clone, Debug)]
pub enum Content {
    Bytes(Vec<u8>),
    File(PathBuf),
    /// A file without a name, of so many bytes.
    Spooled(Arc<File>, u64),
}

impl Content {
    /// Whether it can be read a second time: what comes through a pipe cannot.
    fn is_there_again(&self) -> bool {
        match self {
            Self::Bytes(_) | Self::Spooled(..) => true,
            Self::File(path) => path.is_file(),
        }
    }

    /// What comes through a pipe, put where it can be read again, however much it is.
    ///
    /// # Errors
    /// Where it cannot be read, or there is no room for it.
    pub fn spooled(pipe: &mut dyn Read) -> std::io::Result<Self> {
        let mut file = sorter::unseen(&format!("understudy-import-piped-{}", std::process::id()))?;
        let length = std::io::copy(pipe, &mut file)?;
        Ok(Self::Spooled(Arc::new(file), length))
    }

    /// Bytes in all, where that is known.
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(path) => std::fs::metadata(path).map_or(0, |metadata| metadata.len()),
            Self::Spooled(_, length) => *length,
        }
    }
}

/// A file that is to be imported.
#[derive(Clone, Debug)]
pub struct Source {
    /// As it stands in messages.
    pub name: String,
    pub kind: Kind,
    pub content: Content,
}

/// How an import is to go about it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub reading: Reading,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Import the good rows and leave the others out.
    pub skip_bad_rows: bool,
    pub allow: Vec<Protection>,
    /// Where the whole list of problems and changes goes.
    pub report: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// So many rows; how many there are is known at the end.
    Counting,
    /// Of `total` bytes, where the size is known.
    Reading,
    /// Of `total` users.
    Sorting,
    /// Of `total` rows.
    Writing,
}

/// How far the import is.
pub struct Progress<'a> {
    pub phase: Phase,
    pub done: u64,
    pub total: u64,
    pub file: &'a str,
}

/// Imports files into an environment, in the order of their kinds. A dry run reads and compares everything, no more.
///
/// # Errors
/// [`ImportError::Rows`] with everything that is wrong and [`ImportError::NotAllowed`], before anything was written.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn run(
    state: &AppState,
    environment: &Environment,
    sources: Vec<Source>,
    options: &Options,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Vec<Summary>, ImportError> {
    let mut found = ImportFindings::new(options, &sources)?;
    if options.dry_run {
        read_all(state, environment, sources, options, &mut found, None, progress).await?;
        return found.finish();
    }
    let mut of_users = sources.iter().filter(|source| source.kind == Kind::Users);
    let apart = of_users.next().is_none_or(|source| source.content.is_there_again()) && of_users.next().is_none();
    let mut stage = Stage::begin(state, environment, apart).await?;
    let outcome = match read_all(state, environment, sources, options, &mut found, Some(&mut stage), progress).await {
        Ok(()) => found.finish(),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(mut summaries) => {
            let plan = Plan { closing: outcome::closing(&summaries), allow: options.allow.clone(), apart };
            let left_out = stage.apply(&plan, progress).await?;
            if let Some(last) = summaries.last_mut() {
                last.description.notes.extend(left_out.into_iter().map(|sentence| format!("{sentence}.")));
            }
            Ok(summaries)
        }
        Err(ImportError::TakenOver) => Err(ImportError::TakenOver),
        Err(error) => {
            stage.give_up().await?;
            Err(error)
        }
    }
}

/// Imports files in a transaction of the caller's.
///
/// # Errors
/// As [`run`].
#[tracing::instrument(level = "debug", skip_all)]
pub async fn run_in(
    state: &AppState,
    tx: &mut Tx,
    environment: &Environment,
    mut sources: Vec<Source>,
) -> Result<Vec<Summary>, ImportError> {
    let options = Options::default();
    let mut found = ImportFindings::new(&options, &[])?;
    let mut known = Keys::default();
    sources.sort_by_key(|source| source.kind);
    for source in sources {
        let mut batches = Vec::new();
        found.begin(&source);
        for item in all_items(&source, &options.reading, latest(state)) {
            if let Some(rows) = found.take(item)? {
                batches.push(rows);
            }
        }
        for mut rows in batches {
            check(tx, environment.id, &mut rows, &mut known, &mut found).await?;
            compare(tx, environment.id, &mut rows, &mut found).await?;
            found.make_secrets(&mut rows, state.random.as_ref());
            let mut writer = DirectoryWriter::of_import(state, tx, environment.id, &[]);
            rows.write(&mut writer).await.map_err(written)?;
        }
    }
    let summaries = found.finish()?;
    for sentence in outcome::closing(&summaries) {
        let event = Event::of(environment.id, action::DATA_IMPORTED, sentence);
        audit::record(state, tx, event).await.map_err(anyhow::Error::from)?;
    }
    Ok(summaries)
}

fn latest(state: &AppState) -> DateTime<Utc> {
    state.now() + TimeDelta::days(1)
}

fn all_items(source: &Source, reading: &Reading, latest: DateTime<Utc>) -> Vec<Item> {
    let mut items = Vec::new();
    rows::read(source, reading, latest, &mut |item| {
        items.push(item);
        true
    });
    items
}

/// Whether nothing stands in a file but separators. What comes through a pipe is not looked at.
pub fn is_blank(content: &Content, told: Option<&'static Encoding>) -> bool {
    let input = || input::open(content.clone(), told).ok();
    content.is_there_again() && input().is_some_and(|input| input.is_whole && dialect::is_blank(&input.sample))
}

/// What a file holds by its head line, where it is one that is known and can be read again.
pub fn kind_of(content: &Content, told: Option<&'static Encoding>) -> Option<Kind> {
    if !content.is_there_again() {
        return None;
    }
    let input = input::open(content.clone(), told).ok()?;
    let begin = input.sample.trim_start();
    if begin.starts_with(['{', '[']) {
        return Some(Kind::Users);
    }
    let score = |kind: Kind| {
        let cells = |cells: &[String]| head::score(kind.columns(), cells);
        let dialect = dialect::Dialect::detect(begin, &cells);
        let head = dialect::lines(begin).nth(dialect.preamble).unwrap_or_default();
        let head = dialect::split(head, dialect.separator);
        let names: Vec<String> = head.iter().map(|cell| source::normal(cell)).collect();
        let foreign = kind == Kind::Users
            && (source::Format::recognise(&names).is_some() || source::Format::recognise_headless(&head).is_some());
        let required = kind.columns().iter().filter(|column| column.required);
        let own =
            || required.clone().all(|column| head.iter().any(|cell| cell.trim().eq_ignore_ascii_case(column.name)));
        foreign || own()
    };
    Kind::ALL.into_iter().rev().find(|kind| score(*kind))
}

/// Reads all files on a thread of their own, and checks, compares and puts aside what comes from there.
async fn read_all(
    state: &AppState,
    environment: &Environment,
    mut sources: Vec<Source>,
    options: &Options,
    found: &mut ImportFindings,
    mut stage: Option<&mut Stage<'_>>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<(), ImportError> {
    sources.sort_by_key(|source| source.kind);
    let mut known = Keys::default();
    for source in sources {
        found.begin(&source);
        let total = source.content.len();
        let (give, mut items) = tokio::sync::mpsc::channel(4);
        let (reading, latest, name) = (options.reading.clone(), latest(state), source.name.clone());
        let thread = tokio::task::spawn_blocking(move || {
            rows::read(&source, &reading, latest, &mut |item| give.blocking_send(item).is_ok());
        });
        while let Some(item) = items.recv().await {
            match item {
                Item::Read(done) => progress(Progress { phase: Phase::Reading, done, total, file: &name }),
                Item::Counted(done) => {
                    progress(Progress { phase: Phase::Counting, done, total: 0, file: &name });
                    if let Some(stage) = stage.as_deref_mut() {
                        stage.still_here().await?;
                    }
                }
                Item::Batch(_) | Item::Problem(..) | Item::Done(_) => {}
            }
            let Some(mut rows) = found.take(item)? else { continue };
            let mut conn = state.db.read().await?;
            check(&mut conn, environment.id, &mut rows, &mut known, found).await?;
            compare(&mut conn, environment.id, &mut rows, found).await?;
            drop(conn);
            let Some(stage) = stage.as_deref_mut() else { continue };
            found.make_secrets(&mut rows, state.random.as_ref());
            // Where something is wrong already, nothing will be written: the rest is only looked at.
            if !rows.is_empty() && found.may_go_on() {
                stage.put(&rows).await?;
            } else {
                stage.still_here().await?;
            }
        }
        thread.await.map_err(anyhow::Error::from)?;
    }
    Ok(())
}
