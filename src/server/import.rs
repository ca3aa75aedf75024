//! Importing users, accounts, applications and roles from CSV files.
//!
//! All files are read and checked before anything is written: every fault is reported, and where there is one, nothing is
//! imported. Then each file is one transaction. Rows that are there already, by their key, are updated; columns that a
//! file does not have are left as they are.

mod account;
mod application;
mod role;
pub mod sheet;
mod user;

use std::collections::{HashMap, HashSet};
use std::fmt;

use chrono::{DateTime, Utc};
use clap::ValueEnum;
use uuid::Uuid;

use super::db::environment::EnvironmentRow;
use super::db::import::{self as table, Keyed};
use super::db::{Conn, Tx};
use super::service::audit::{self, Event};
use super::state::AppState;
use crate::model::audit::action;
use sheet::{Problems, Sheet, counted};

/// What a file holds, in the order in which they refer to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
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
}

/// A file as it was read.
pub struct Source {
    /// As it stands in messages.
    pub name: String,
    pub kind: Kind,
    pub bytes: Vec<u8>,
}

/// How far the file that is being written is.
pub struct Progress<'a> {
    pub file: &'a str,
    pub done: usize,
    pub total: usize,
}

/// What became of one file.
#[derive(Debug)]
pub struct Summary {
    pub file: String,
    pub kind: Kind,
    pub created: usize,
    pub updated: usize,
    /// Client id and secret of applications that asked for a new one. Not stored anywhere: show it once.
    pub secrets: Vec<(String, String)>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = counted(self.created + self.updated, self.kind.singular());
        write!(f, "{}: {rows}, {} created, {} updated", self.file, self.created, self.updated)?;
        for (client_id, secret) in &self.secrets {
            write!(f, "\nClient secret of {client_id}, shown this once: {secret}")?;
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The files are wrong. Nothing was imported.
    #[error("{0}")]
    Rows(Problems),
    #[error(transparent)]
    Internal(#[from] anyhow::Error),
}

impl From<super::db::DbError> for ImportError {
    fn from(error: super::db::DbError) -> Self {
        Self::Internal(error.into())
    }
}

/// Imports files into an environment, in the order of their kinds. A dry run checks everything and counts, no more.
///
/// # Errors
/// [`ImportError::Rows`] with everything that is wrong, before anything was written.
pub async fn run(
    state: &AppState,
    environment: &EnvironmentRow,
    sources: Vec<Source>,
    dry_run: bool,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Vec<Summary>, ImportError> {
    let files = parse(sources)?;
    let mut conn = state.db.read().await?;
    check_references(&mut conn, environment.id, &files).await?;
    let mut summaries = Vec::with_capacity(files.len());
    if dry_run {
        for file in &files {
            summaries.push(file.foresee(&mut conn, environment.id).await?);
        }
        return Ok(summaries);
    }
    drop(conn);
    for file in &files {
        let mut tx = state.db.write_long().await?;
        summaries.push(write(state, &mut tx, environment, file, progress).await?);
        tx.commit().await?;
    }
    Ok(summaries)
}

/// Imports files in a transaction of the caller's.
///
/// # Errors
/// As [`run`].
pub async fn run_in(
    state: &AppState,
    tx: &mut Tx,
    environment: &EnvironmentRow,
    sources: Vec<Source>,
) -> Result<Vec<Summary>, ImportError> {
    let files = parse(sources)?;
    check_references(tx, environment.id, &files).await?;
    let mut summaries = Vec::with_capacity(files.len());
    for file in &files {
        summaries.push(write(state, tx, environment, file, &|_| {}).await?);
    }
    Ok(summaries)
}

/// A file whose rows are good, each by itself.
struct Parsed {
    kind: Kind,
    sheet: Sheet,
    rows: Rows,
}

enum Rows {
    Roles(Vec<role::Role>),
    Applications(Vec<application::Application>),
    Accounts(Vec<account::Account>),
    Users(Vec<user::User>),
}

fn parse(mut sources: Vec<Source>) -> Result<Vec<Parsed>, ImportError> {
    sources.sort_by_key(|source| source.kind);
    let mut problems = Problems::default();
    let files = sources.iter().map(|source| Parsed::read(source, &mut problems)).collect();
    if problems.is_empty() { Ok(files) } else { Err(ImportError::Rows(problems)) }
}

impl Parsed {
    fn read(source: &Source, problems: &mut Problems) -> Self {
        let columns = match source.kind {
            Kind::Roles => role::COLUMNS,
            Kind::Applications => application::COLUMNS,
            Kind::Accounts => account::COLUMNS,
            Kind::Users => user::COLUMNS,
        };
        let sheet = Sheet::read(&source.name, &source.bytes, columns, problems);
        let rows = match source.kind {
            Kind::Roles => Rows::Roles(role::parse(&sheet, problems)),
            Kind::Applications => Rows::Applications(application::parse(&sheet, problems)),
            Kind::Accounts => Rows::Accounts(account::parse(&sheet, problems)),
            Kind::Users => Rows::Users(user::parse(&sheet, problems)),
        };
        Self { kind: source.kind, sheet, rows }
    }

    /// The keys that later files may refer to.
    fn keys(&self) -> Vec<&str> {
        match &self.rows {
            Rows::Roles(rows) => rows.iter().map(role::Role::key).collect(),
            Rows::Applications(rows) => rows.iter().map(application::Application::key).collect(),
            Rows::Accounts(rows) => rows.iter().map(account::Account::key).collect(),
            Rows::Users(rows) => rows.iter().map(user::User::email).collect(),
        }
    }

    fn references(&self) -> Vec<Reference<'_>> {
        match &self.rows {
            Rows::Roles(_) | Rows::Applications(_) => Vec::new(),
            Rows::Accounts(rows) => rows.iter().flat_map(account::Account::references).collect(),
            Rows::Users(rows) => rows.iter().flat_map(user::User::references).collect(),
        }
    }

    /// What writing it would do.
    async fn foresee(&self, conn: &mut Conn, environment_id: Uuid) -> Result<Summary, ImportError> {
        let keys = self.keys();
        let known = match keyed(self.kind) {
            Some(keyed) => table::ids(conn, keyed, environment_id, &keys).await?.len(),
            None => table::users(conn, environment_id, &keys).await?.len(),
        };
        Ok(self.summary(Counts::of(keys.len(), known), Vec::new()))
    }

    fn summary(&self, counts: Counts, secrets: Vec<(String, String)>) -> Summary {
        let Counts { created, updated } = counts;
        Summary { file: self.sheet.file.clone(), kind: self.kind, created, updated, secrets }
    }
}

fn keyed(kind: Kind) -> Option<Keyed> {
    match kind {
        Kind::Roles => Some(Keyed::Roles),
        Kind::Applications => Some(Keyed::Applications),
        Kind::Accounts => Some(Keyed::Accounts),
        Kind::Users => None,
    }
}

/// A cell that names something of another file.
#[derive(Clone, Copy)]
struct Reference<'a> {
    line: u64,
    column: &'static str,
    kind: Kind,
    key: &'a str,
}

/// Everything that is referred to must be in the environment or in a file of the same import.
async fn check_references(conn: &mut Conn, environment_id: Uuid, files: &[Parsed]) -> Result<(), ImportError> {
    let mut known: HashSet<(Kind, String)> = HashSet::new();
    let mut problems = Problems::default();
    for file in files {
        let references = file.references();
        for kind in [Kind::Roles, Kind::Applications, Kind::Accounts] {
            let missing: HashSet<&str> = references
                .iter()
                .filter(|reference| reference.kind == kind && !known.contains(&(kind, reference.key.to_owned())))
                .map(|reference| reference.key)
                .collect();
            let missing: Vec<&str> = missing.into_iter().collect();
            if let Some(keyed) = keyed(kind) {
                let found = table::ids(conn, keyed, environment_id, &missing).await?;
                known.extend(found.into_keys().map(|key| (kind, key)));
            }
        }
        for reference in references {
            if !known.contains(&(reference.kind, reference.key.to_owned())) {
                let message = format!("there is no {} {:?}", reference.kind.singular(), reference.key);
                problems.push(&file.sheet.file, reference.line, reference.column, message);
            }
        }
        known.extend(file.keys().into_iter().map(|key| (file.kind, key.to_owned())));
    }
    if problems.is_empty() { Ok(()) } else { Err(ImportError::Rows(problems)) }
}

struct Counts {
    created: usize,
    updated: usize,
}

impl Counts {
    fn of(rows: usize, updated: usize) -> Self {
        Self { created: rows.saturating_sub(updated), updated }
    }
}

/// One file on its way into the database.
struct Writer<'a> {
    state: &'a AppState,
    tx: &'a mut Tx,
    environment_id: Uuid,
    now: DateTime<Utc>,
    file: &'a str,
    done: usize,
    total: usize,
    progress: &'a dyn Fn(Progress<'_>),
    secrets: Vec<(String, String)>,
}

impl Writer<'_> {
    fn advance(&mut self, rows: usize) {
        self.done += rows;
        (self.progress)(Progress { file: self.file, done: self.done, total: self.total });
    }

    /// The ids of what `references` of one kind name.
    async fn referenced<'r>(
        &mut self,
        kind: Kind,
        references: impl Iterator<Item = Reference<'r>>,
    ) -> anyhow::Result<HashMap<String, Uuid>> {
        let keys: HashSet<&str> =
            references.filter(|reference| reference.kind == kind).map(|reference| reference.key).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let Some(keyed) = keyed(kind) else { return Ok(HashMap::new()) };
        let found = table::ids(self.tx, keyed, self.environment_id, &keys).await?;
        anyhow::ensure!(found.len() == keys.len(), "what {} refers to was removed while it was imported", self.file);
        Ok(found)
    }
}

async fn write(
    state: &AppState,
    tx: &mut Tx,
    environment: &EnvironmentRow,
    file: &Parsed,
    progress: &dyn Fn(Progress<'_>),
) -> Result<Summary, ImportError> {
    let mut writer = Writer {
        state,
        tx,
        environment_id: environment.id,
        now: state.now(),
        file: &file.sheet.file,
        done: 0,
        total: file.keys().len(),
        progress,
        secrets: Vec::new(),
    };
    let counts = match &file.rows {
        Rows::Roles(rows) => role::write(&mut writer, &file.sheet, rows).await?,
        Rows::Applications(rows) => application::write(&mut writer, &file.sheet, rows).await?,
        Rows::Accounts(rows) => account::write(&mut writer, &file.sheet, rows).await?,
        Rows::Users(rows) => user::write(&mut writer, &file.sheet, rows).await?,
    };
    let summary = file.summary(counts, writer.secrets);
    let sentence = format!("Imported {}: {} created, {} updated", file.kind.as_str(), summary.created, summary.updated);
    let event = Event::of(environment.id, action::DATA_IMPORTED, sentence);
    audit::record(state, tx, event).await.map_err(|error| ImportError::Internal(error.into()))?;
    Ok(summary)
}

/// What `understudy import --help` says about the files; `examples/data/README.md` says it at length.
pub const COLUMNS_HELP: &str = "\
Columns (* required). A column that a file lacks is left as it is; an empty cell is the default.

users.csv         email* name* email_verified password_hash (argon2id, PHC) picture_url mfa_enrolled locked
                  accounts (northwind:admin+billing;harbor:member!disabled) active_account last_visit_at visits
                  created_at
accounts.csv      external_id* name* applications (northwind-console*;reports, the star marks the default) created_at
applications.csv  client_id* name* app_url* login_method (hosted, embedded) login_url initiate_login_url
                  redirect_uris post_logout_redirect_uris (separated by spaces) keep_session_alive
                  client_secret (ucs_…, or `new`) client_secret_hash (SHA-256, hex) signing_algorithm (RS256, ES256)
roles.csv         key* name* permissions (separated by spaces)

Booleans are true or false, times 2026-11-23T08:30:00Z or 2026-11-23. Rows whose key (e-mail, external_id, client_id,
key) is known are updated. Nothing is imported unless every row of every file is good.";
