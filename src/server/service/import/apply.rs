//! Writing what was put aside: batch by batch, each in a transaction that is over before anybody waits for it.
//!
//! While one is written the next is read and made ready. How many batches go together is found out by how long the database
//! takes: the more, the less is written twice; but others want to write, too.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{ImportError, Phase, Progress, Rows};
use crate::model::audit::action;
use crate::server::db::import::staging::{self as table, RunningImport};
use crate::server::db::import::{Bulk, analyze, relax};
use crate::server::error::ServiceError;
use crate::server::service::audit::{self, Event};
use crate::server::service::directory::change::Protection;
use crate::server::service::directory::writer::DirectoryWriter;
use crate::server::state::AppState;

/// How long the importer leaves the database to others after each of its transactions.
pub const PAUSE: Duration = Duration::from_millis(5);
/// How often a batch is tried whose turn does not come.
const TRIES: usize = 20;
/// How long a transaction should take: between these, nothing changes.
const SHORT: Duration = Duration::from_millis(25);
const LONG: Duration = Duration::from_millis(50);
/// Batches of users in one transaction at most.
const MOST: i64 = 8;

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
    pub fn of(row: &RunningImport) -> serde_json::Result<Self> {
        let list = || serde_json::from_str(&row.closing).map(|closing| Self { closing, allow: Vec::new() });
        serde_json::from_str(&row.closing).or_else(|_| list())
    }
}

/// Batches on their way into the database.
struct Turn {
    rows: Rows,
    /// The number of the last of them.
    last: i64,
    count: u64,
}

/// How much goes into a transaction, and how much has.
struct Pace {
    batches: i64,
    done: u64,
    /// Users that were written, and at how many PostgreSQL is told of the new sizes: after the first, for the plans of its checks
    /// are made with these and would read all of a table that was empty then, and each time there are four times as many.
    users: usize,
    next_analyze: usize,
}

impl Pace {
    fn note(&mut self, turn: &Turn, took: Duration) {
        self.done += turn.rows.len() as u64;
        let Rows::Users(users) = &turn.rows else { return };
        self.users += users.len();
        if took > LONG {
            self.batches = (self.batches / 2).max(1);
        } else if took < SHORT {
            self.batches = (self.batches + 1).min(MOST);
        }
    }

    fn is_analyze_due(&mut self) -> bool {
        let is_due = self.users >= self.next_analyze;
        if is_due {
            self.next_analyze = self.users * 4;
        }
        is_due
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
        Ok(plan) => plan,
        Err(error) => return Err(fail(state, row, anyhow::Error::from(error).into()).await?),
    };
    let mut pace = Pace { batches: 1, done: 0, users: 0, next_analyze: 1 };
    let (mut failed, mut left_out) = (0, Vec::new());
    let mut ready = read(state, row, -1, pace.batches).await;
    loop {
        let turn = match ready {
            Ok(Some(turn)) => turn,
            Ok(None) => break,
            Err(error) if is_refusal(&error) => return Err(fail(state, row, error).await?),
            Err(error) => return Err(error),
        };
        let (written, following) =
            tokio::join!(write(state, row, &plan, &turn), read(state, row, turn.last, pace.batches));
        ready = match written {
            Ok((more, took)) => {
                failed = 0;
                left_out.extend(more);
                pace.note(&turn, took);
                following
            }
            // What was removed meanwhile is not found any more the next time, and what refers to it goes, too.
            Err(ImportError::Database(error)) if (error.is_busy() || table::is_passing(&error)) && failed < TRIES => {
                failed += 1;
                Ok(Some(turn))
            }
            Err(error) if is_refusal(&error) => return Err(fail(state, row, error).await?),
            Err(error) => return Err(error),
        };
        if let Some(bulk) = &mut bulk {
            bulk.committed().await?;
        }
        progress(Progress { phase: Phase::Writing, done: pace.done, total, file: "" });
        if pace.is_analyze_due() {
            analyze(&mut state.db.read().await?).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    if let Some(bulk) = &mut bulk {
        bulk.finish().await?;
    }
    close(state, row, &plan).await?;
    if pace.users > 0 {
        analyze(&mut state.db.read().await?).await?;
    }
    Ok(left_out)
}

/// The batches after `last`: several only of users.
async fn read(state: &AppState, row: &RunningImport, last: i64, most: i64) -> Result<Option<Turn>, ImportError> {
    let mut conn = state.db.read().await?;
    let chunks = table::next(&mut conn, row.id, last, most).await?;
    drop(conn);
    let parse = |content: &str| serde_json::from_str::<Rows>(content).map_err(anyhow::Error::from);
    let mut chunks = chunks.into_iter();
    let Some(first) = chunks.next() else { return Ok(None) };
    let mut turn = Turn { rows: parse(&first.content)?, last: first.number, count: 1 };
    for chunk in chunks {
        let (Rows::Users(users), Rows::Users(more)) = (&mut turn.rows, parse(&chunk.content)?) else { break };
        users.extend(more);
        turn.last = chunk.number;
        turn.count += 1;
    }
    Ok(Some(turn))
}

/// Writes batches. Gives what was left out of them, and how long others had to wait for it.
async fn write(
    state: &AppState,
    row: &RunningImport,
    plan: &Plan,
    turn: &Turn,
) -> Result<(Vec<String>, Duration), ImportError> {
    let mut tx = state.db.write().await?;
    let began = Instant::now();
    relax(&mut tx).await?;
    if !table::touch(&mut tx, row.id, row.owner, state.now()).await? {
        return Err(ImportError::TakenOver);
    }
    let mut writer = DirectoryWriter::of_import(state, &mut tx, row.environment_id, &plan.allow);
    turn.rows.write(&mut writer).await.map_err(super::written)?;
    let left_out = writer.left_out;
    // As long as the import is this process's own, nobody else writes its batches.
    if table::remove(&mut tx, row.id, turn.last).await? != turn.count {
        return Err(ImportError::TakenOver);
    }
    tx.commit().await?;
    Ok((left_out, began.elapsed()))
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
