//! An import on its way: put aside, then written, and finished by whoever comes next where it was interrupted.
//!
//! While rows are put aside nothing has changed yet, and an import that is given up there leaves nothing behind. Once all of
//! them are known to be good, the import is past the point of no return: they are written in transactions of one batch each,
//! and each batch goes from where it was put aside in the transaction that writes it. So none is written twice, and after a
//! crash the next `import` into the environment, or a running server within a minute, writes what is left.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ImportError, Kind, Phase, Progress, Rows};
use crate::model::audit::action;
use crate::server::db::import::analyze;
use crate::server::db::import::staging::{self as table, RunningImport};
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::service::audit::{self, Event};
use crate::server::service::directory::change::Protection;
use crate::server::service::directory::writer::DirectoryWriter;
use crate::server::state::AppState;

/// After how long without a sign of life an import counts as interrupted.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How long the importer leaves the database to others after each of its transactions.
const PAUSE: Duration = Duration::from_millis(5);
/// How often a batch is tried whose turn does not come.
const TRIES: usize = 20;
/// PostgreSQL is told of the new sizes after this many batches, and each time four times as many have been written.
const FIRST_ANALYZE: usize = 4;

/// How an import ends, and what it may do until then.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The sentences of the events that end it.
    pub closing: Vec<String>,
    /// What was allowed by name.
    pub allow: Vec<Protection>,
}

impl Plan {
    /// Imports that an earlier version began have the sentences only: then nothing more may be taken away.
    fn of(row: &RunningImport) -> serde_json::Result<Self> {
        let list = || serde_json::from_str(&row.closing).map(|closing| Self { closing, allow: Vec::new() });
        serde_json::from_str(&row.closing).or_else(|_| list())
    }
}

/// An import that this process works at.
pub struct Stage<'a> {
    state: &'a AppState,
    row: RunningImport,
    chunks: i64,
}

impl<'a> Stage<'a> {
    /// Finishes what was interrupted in this environment, and begins an import.
    ///
    /// # Errors
    /// [`ImportError::Running`] where another process is at work.
    pub async fn begin(state: &'a AppState, environment: &Environment) -> Result<Self, ImportError> {
        let mut conn = state.db.read().await?;
        let before = table::of_environment(&mut conn, environment.id).await?;
        drop(conn);
        if let Some(before) = before {
            match settle_one(state, before).await {
                Ok(true) => {}
                Ok(false) => return Err(ImportError::Running),
                // It is over, too, and was said to whoever reads the log and the audit trail.
                Err(ImportError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let now = state.now();
        let row = RunningImport {
            id: state.new_id(),
            environment_id: environment.id,
            owner: state.new_id(),
            applying: false,
            started_at: now,
            touched_at: now,
            closing: String::new(),
        };
        let mut tx = state.db.write().await?;
        let began = table::begin(&mut tx, &row).await?;
        tx.commit().await?;
        if began { Ok(Self { state, row, chunks: 0 }) } else { Err(ImportError::Running) }
    }

    /// Puts a batch aside.
    pub async fn put(&mut self, rows: &Rows) -> Result<(), ImportError> {
        let json = serde_json::to_string(rows).map_err(anyhow::Error::from)?;
        let mut tx = self.state.db.write().await?;
        self.touch(&mut tx).await?;
        table::put(&mut tx, self.row.id, self.chunks, &json).await?;
        tx.commit().await?;
        self.chunks += 1;
        Ok(())
    }

    /// Says that it is still at work, where nothing has to be put aside for long.
    pub async fn still_here(&self) -> Result<(), ImportError> {
        let mut tx = self.state.db.write().await?;
        self.touch(&mut tx).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn touch(&self, tx: &mut crate::server::db::Tx) -> Result<(), ImportError> {
        let own = table::touch(tx, self.row.id, self.row.owner, self.state.now()).await?;
        if own { Ok(()) } else { Err(ImportError::TakenOver) }
    }

    /// Leaves nothing behind.
    pub async fn give_up(self) -> Result<(), ImportError> {
        discard(self.state, &self.row).await?;
        Ok(())
    }

    /// Writes everything. Gives what was left out of it, a sentence each.
    pub async fn apply(
        self,
        plan: &Plan,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Vec<String>, ImportError> {
        let closing = serde_json::to_string(plan).map_err(anyhow::Error::from)?;
        let mut tx = self.state.db.write().await?;
        self.touch(&mut tx).await?;
        table::start_applying(&mut tx, self.row.id, self.row.owner, &closing).await?;
        tx.commit().await?;
        let row = RunningImport { applying: true, closing, ..self.row };
        apply(self.state, &row, self.chunks, progress).await
    }
}

async fn discard(state: &AppState, row: &RunningImport) -> Result<(), ImportError> {
    loop {
        let mut tx = state.db.write().await?;
        let removed = table::remove_some(&mut tx, row.id, 50).await?;
        if removed == 0 {
            table::end(&mut tx, row.id).await?;
            tx.commit().await?;
            return Ok(());
        }
        tx.commit().await?;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn apply(
    state: &AppState,
    row: &RunningImport,
    total: i64,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Vec<String>, ImportError> {
    let plan = match Plan::of(row) {
        Ok(plan) => plan,
        Err(error) => return Err(fail(state, row, anyhow::Error::from(error).into()).await?),
    };
    let (mut done, mut next_analyze, mut failed, mut left_out) = (0, FIRST_ANALYZE, 0, Vec::new());
    loop {
        match apply_next(state, row, &plan).await {
            Ok(None) => return Ok(left_out),
            Ok(Some(more)) => {
                failed = 0;
                left_out.extend(more);
            }
            Err(ImportError::Database(error)) if error.is_busy() && failed < TRIES => {
                failed += 1;
                continue;
            }
            Err(error) if is_refusal(&error) => return Err(fail(state, row, error).await?),
            Err(error) => return Err(error),
        }
        done += 1;
        let total = u64::try_from(total).unwrap_or_default();
        progress(Progress { phase: Phase::Writing, done, total, file: "" });
        if usize::try_from(done).is_ok_and(|done| done >= next_analyze) {
            next_analyze *= 4;
            analyze(&mut state.db.read().await?).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Writes the next batch, or ends the import where there is none. Gives what was left out of it, where there was one.
async fn apply_next(state: &AppState, row: &RunningImport, plan: &Plan) -> Result<Option<Vec<String>>, ImportError> {
    let mut tx = state.db.write().await?;
    if !table::touch(&mut tx, row.id, row.owner, state.now()).await? {
        return Err(ImportError::TakenOver);
    }
    let Some(chunk) = table::next(&mut tx, row.id).await? else {
        for sentence in &plan.closing {
            let event = Event::of(row.environment_id, action::DATA_IMPORTED, sentence);
            audit::record(state, &mut tx, event).await.map_err(anyhow::Error::from)?;
        }
        table::end(&mut tx, row.id).await?;
        tx.commit().await?;
        return Ok(None);
    };
    let rows: Rows = serde_json::from_str(&chunk.content).map_err(anyhow::Error::from)?;
    let mut writer = DirectoryWriter::of_import(state, &mut tx, row.environment_id, &plan.allow);
    rows.write(&mut writer).await.map_err(super::written)?;
    let left_out = writer.left_out;
    table::remove(&mut tx, row.id, chunk.number).await?;
    tx.commit().await?;
    Ok(Some(left_out))
}

/// Whether the rows themselves are at fault: whoever tries them again fails again.
fn is_refusal(error: &ImportError) -> bool {
    match error {
        ImportError::Database(error) => table::is_refusal(error),
        ImportError::Internal(error) => error.is::<serde_json::Error>(),
        _ => false,
    }
}

/// Ends an import whose rows the database refuses: what is left of it would keep out every later one. Gives the error that
/// says so.
async fn fail(state: &AppState, row: &RunningImport, error: ImportError) -> Result<ImportError, ImportError> {
    let mut tx = state.db.write().await?;
    if !table::stop_applying(&mut tx, row.id, row.owner).await? {
        return Ok(ImportError::TakenOver);
    }
    let left = table::left(&mut tx, row.id).await?;
    let batches = if left == 1 { "1 batch".to_owned() } else { format!("{left} batches") };
    let sentence = format!("An import was given up, because the database refused a row: {batches} of it not written");
    let event = Event::of(row.environment_id, action::DATA_IMPORT_FAILED, sentence);
    audit::record(state, &mut tx, event).await.map_err(anyhow::Error::from)?;
    tx.commit().await?;
    tracing::error!(%error, left, "the database refused a row of an import; what was left of it is given up");
    discard(state, row).await?;
    Ok(ImportError::Refused { batches, why: Box::new(error) })
}

/// Finishes an import at which nobody works any more, or gives it up where nothing of it was written. Gives whether it is
/// over.
async fn settle_one(state: &AppState, row: RunningImport) -> Result<bool, ImportError> {
    if row.touched_at + LEASE > state.now() {
        return Ok(false);
    }
    let owner: Uuid = state.new_id();
    let mut tx = state.db.write().await?;
    let taken = table::take_over(&mut tx, &row, owner, state.now()).await?;
    tx.commit().await?;
    if !taken {
        return Ok(false);
    }
    let row = RunningImport { owner, ..row };
    if row.applying {
        tracing::warn!("an import was interrupted while it was being written; finishing it");
        apply(state, &row, 0, &|_| {}).await?;
    } else {
        tracing::info!("an import was interrupted before anything was written; forgetting it");
        discard(state, &row).await?;
    }
    Ok(true)
}

/// Finishes or gives up every import that was interrupted; one that cannot be is logged, and keeps no other from it. Gives
/// how many there were.
pub async fn settle(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let stale = table::stale(&mut conn, state.now() - LEASE).await?;
    drop(conn);
    let mut settled = 0;
    for row in stale {
        match settle_one(state, row).await {
            Ok(over) => settled += u64::from(over),
            Err(error) => tracing::error!(%error, "an import that was interrupted could not be finished"),
        }
    }
    Ok(settled)
}

impl Kind {
    /// The sentence of the event that ends the import of a file.
    pub fn closing(self, created: usize, updated: usize, unchanged: usize) -> String {
        format!("Imported {}: {created} created, {updated} updated, {unchanged} unchanged", self.as_str())
    }
}
