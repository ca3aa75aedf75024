//! Writing what was put aside: batch by batch, each in a transaction that is over before anybody waits for it.
//!
//! While one is written the next is read and made ready. PostgreSQL, which has a process for each connection, writes two at a
//! time.

mod pace;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::{ImportError, Phase, Progress};
use crate::model::audit::action;
use crate::server::db::import::staging::{self as table, RunningImport};
use crate::server::db::import::{Bulk, analyze};
use crate::server::error::ServiceError;
use crate::server::service::audit::{self, Event};
use crate::server::service::directory::change::Protection;
use crate::server::state::AppState;
use pace::Pace;
use turn::Turn;

/// How long the importer leaves the database to others after each of its transactions. PostgreSQL's others do not wait for it.
pub const PAUSE: Duration = Duration::from_millis(5);
/// Transactions at once on PostgreSQL.
const LANES: usize = 2;

/// How an import ends, and what it may do until then.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Plan {
    /// The sentences of the events that end it.
    pub closing: Vec<String>,
    /// What was allowed by name.
    pub allow: Vec<Protection>,
    /// No two rows are about one user: batches of users need not be written one after the other.
    #[serde(default)]
    pub apart: bool,
}

impl Plan {
    /// Imports that an earlier version began have the sentences only: then nothing more may be taken away.
    pub fn of(row: &RunningImport) -> serde_json::Result<Self> {
        let list = || serde_json::from_str(&row.closing).map(|closing| Self { closing, ..Self::default() });
        serde_json::from_str(&row.closing).or_else(|_| list())
    }

    /// How many batches may be written at once. SQLite's writers wait for each other.
    fn lanes(&self, state: &AppState) -> usize {
        if self.apart && !state.db.is_sqlite() { LANES } else { 1 }
    }
}

/// Writes all batches that are left, of `total` rows. Gives what was left out of them, a sentence each.
pub async fn apply(
    state: &AppState,
    row: &RunningImport,
    total: u64,
    mut bulk: Option<Bulk>,
    progress: &(dyn Fn(Progress<'_>) + Sync),
) -> Result<Vec<String>, ImportError> {
    let plan = match Plan::of(row) {
        Ok(plan) => Arc::new(plan),
        Err(error) => return Err(fail(state, row, anyhow::Error::from(error).into()).await?),
    };
    let mut pace = Pace::default();
    let mut left_out = Vec::new();
    let mut ready = turn::ahead(state, row.id, -1, pace.batches, plan.lanes(state));
    loop {
        let turns = match ready.join_next().await.transpose().map_err(anyhow::Error::from)? {
            Some(Ok(turns)) => turns,
            Some(Err(error)) if is_refusal(&error) => return Err(fail(state, row, error).await?),
            Some(Err(error)) => return Err(error),
            None => Vec::new(),
        };
        let Some(last) = turns.last().map(|turn| turn.last) else { break };
        ready = turn::ahead(state, row.id, last, pace.batches, plan.lanes(state));
        match write(state, row, &plan, turns, &mut pace).await {
            Ok(more) => left_out.extend(more),
            Err(error) if is_refusal(&error) => return Err(fail(state, row, error).await?),
            Err(error) => return Err(error),
        }
        progress(Progress { phase: Phase::Writing, done: pace.done, total, file: "" });
        if pace.is_analyze_due() {
            analyze(&mut state.db.read().await?).await?;
        }
        rest(state, bulk.as_mut()).await?;
    }
    if let Some(bulk) = &mut bulk {
        bulk.finish().await?;
    }
    close(state, row, &plan).await?;
    if pace.has_users() {
        analyze(&mut state.db.read().await?).await?;
    }
    Ok(left_out)
}

/// Leaves the database to others, who wait for each other on SQLite only; what was committed is written out meanwhile.
async fn rest(state: &AppState, bulk: Option<&mut Bulk>) -> Result<(), ImportError> {
    if !state.db.is_sqlite() {
        // Whoever gives the import up does so between two transactions.
        tokio::task::yield_now().await;
        return Ok(());
    }
    let write_out = async { if let Some(bulk) = bulk { bulk.committed().await } else { Ok(()) } };
    let (written, ()) = tokio::join!(write_out, tokio::time::sleep(PAUSE));
    Ok(written?)
}

/// Writes turns, all at once. Gives what was left out of them when all have ended.
async fn write(
    state: &AppState,
    row: &RunningImport,
    plan: &Arc<Plan>,
    turns: Vec<Turn>,
    pace: &mut Pace,
) -> Result<Vec<String>, ImportError> {
    let mut writing = JoinSet::new();
    for (at, turn) in turns.into_iter().enumerate() {
        let (state, row, plan) = (state.clone(), row.clone(), plan.clone());
        // One sign of life is enough, and who gives it holds the row of the import: the others would wait.
        writing.spawn(async move { turn.write(&state, &row, &plan, at == 0).await });
    }
    let mut outcome = Ok(Vec::new());
    while let Some(ended) = writing.join_next().await {
        let ended = ended.map_err(anyhow::Error::from)?;
        outcome = match (outcome, ended) {
            (Ok(mut all), Ok(written)) => {
                pace.note(&written);
                all.extend(written.left_out);
                Ok(all)
            }
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        };
    }
    outcome
}

/// Ends an import of which everything is written.
async fn close(state: &AppState, row: &RunningImport, plan: &Plan) -> Result<(), ImportError> {
    let mut tx = state.db.write().await?;
    if !table::touch(&mut tx, row.id, row.owner, state.now()).await? {
        return Err(ImportError::TakenOver);
    }
    for sentence in &plan.closing {
        let event = Event::of(row.environment_id, action::DATA_IMPORTED, sentence);
        audit::record(state, &mut tx, event).await.map_err(anyhow::Error::from)?;
    }
    table::end(&mut tx, row.id).await?;
    tx.commit().await?;
    Ok(())
}

/// Whether the rows themselves are at fault: whoever tries them again fails again.
fn is_refusal(error: &ImportError) -> bool {
    match error {
        ImportError::Database(error) => table::is_refusal(error),
        ImportError::Internal(error) => {
            let is_invalid = matches!(error.downcast_ref::<ServiceError>(), Some(ServiceError::Invalid(_)));
            is_invalid || error.is::<serde_json::Error>()
        }
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

/// Forgets what was put aside and not written, and with it the import.
pub async fn discard(state: &AppState, row: &RunningImport) -> Result<(), ImportError> {
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
