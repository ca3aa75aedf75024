//! Batches that are written in one transaction.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use uuid::Uuid;

use super::super::{ImportError, Rows, written};
use super::Plan;
use crate::server::db::import::relax;
use crate::server::db::import::staging::{self as table, Chunk, RunningImport};
use crate::server::service::directory::writer::DirectoryWriter;
use crate::server::state::AppState;

/// How often a batch is tried whose turn does not come.
const TRIES: usize = 20;

/// Batches on their way into the database.
pub struct Turn {
    rows: Rows,
    /// The numbers of the first and of the last of them.
    first: i64,
    pub last: i64,
    count: u64,
}

/// What became of a turn.
pub struct Written {
    /// What was left out, a sentence each.
    pub left_out: Vec<String>,
    pub rows: usize,
    /// Of the rows, those that are about users.
    pub users: usize,
    /// How long others had to wait for it.
    pub took: Duration,
}

/// Makes the next turns ready beside whatever else is done: those after the batch `last`, `lanes` at the most, each of so many
/// `batches`. There is none where nothing is left.
pub fn ahead(
    state: &AppState,
    import_id: Uuid,
    last: i64,
    batches: i64,
    lanes: usize,
) -> JoinSet<Result<Vec<Turn>, ImportError>> {
    let (state, mut one) = (state.clone(), JoinSet::new());
    one.spawn(async move {
        let mut conn = state.db.read().await?;
        let most = batches.saturating_mul(i64::try_from(lanes).unwrap_or(1));
        let chunks = table::next(&mut conn, import_id, last, most).await?;
        drop(conn);
        turns(chunks, u64::try_from(batches).unwrap_or(1))
    });
    one
}

/// Several batches are written together only of users, and several turns at once, too: all others are there before these.
fn turns(chunks: Vec<Chunk>, batches: u64) -> Result<Vec<Turn>, ImportError> {
    let mut turns: Vec<Turn> = Vec::new();
    for chunk in chunks {
        let rows = serde_json::from_str(&chunk.content).map_err(anyhow::Error::from)?;
        match (turns.last_mut(), rows) {
            (Some(Turn { rows: Rows::Users(users), last, count, .. }), Rows::Users(more)) if *count < batches => {
                users.extend(more);
                *last = chunk.number;
                *count += 1;
            }
            (None | Some(Turn { rows: Rows::Users(_), .. }), rows @ Rows::Users(_)) | (None, rows) => {
                turns.push(Turn { rows, first: chunk.number, last: chunk.number, count: 1 });
            }
            (Some(_), _) => break,
        }
    }
    Ok(turns)
}

impl Turn {
    /// Writes it, as often as it takes until its time has come. With `touch` it says that the import is at work.
    pub async fn write(
        &self,
        state: &AppState,
        row: &RunningImport,
        plan: &Plan,
        touch: bool,
    ) -> Result<Written, ImportError> {
        let mut tries = 0;
        loop {
            match self.write_once(state, row, plan, touch).await {
                // What was removed meanwhile is not found any more the next time, and what refers to it goes, too.
                Err(ImportError::Database(error))
                    if (error.is_busy() || table::is_passing(&error)) && tries < TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(super::PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    async fn write_once(
        &self,
        state: &AppState,
        row: &RunningImport,
        plan: &Plan,
        touch: bool,
    ) -> Result<Written, ImportError> {
        let mut tx = state.db.write_long().await?;
        let began = Instant::now();
        relax(&mut tx).await?;
        if touch && !table::touch(&mut tx, row.id, row.owner, state.now()).await? {
            return Err(ImportError::TakenOver);
        }
        let mut writer = DirectoryWriter::of_import(state, &mut tx, row.environment_id, &plan.allow);
        self.rows.write(&mut writer).await.map_err(written)?;
        let left_out = writer.left_out;
        // Whoever takes the import over writes what it finds: of two who do, the later one finds nothing to remove.
        if table::remove(&mut tx, row.id, self.first, self.last).await? != self.count {
            return Err(ImportError::TakenOver);
        }
        tx.commit().await?;
        let rows = self.rows.len();
        let users = if matches!(self.rows, Rows::Users(_)) { rows } else { 0 };
        Ok(Written { left_out, rows, users, took: began.elapsed() })
    }
}
