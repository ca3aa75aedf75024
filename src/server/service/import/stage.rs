//! An import on its way: put aside, then written, and finished by whoever comes next where it was interrupted.
//!
//! While rows are put aside nothing has changed yet, and an import that is given up there leaves nothing behind. Once all of
//! them are known to be good, the import is past the point of no return: they are written in transactions of one batch each,
//! and each batch goes from where it was put aside in the transaction that writes it. So none is written twice, and after a
//! crash the next `import` into the environment, or a running server within a minute, writes what is left.

use chrono::TimeDelta;

use super::apply::{PAUSE, Plan, apply, discard};
use super::sorter::{Sorted, Sorter};
use super::{ImportError, Kind, Phase, Progress, Rows};
use crate::server::db::import::staging::{self as table, Chunk, RunningImport};
use crate::server::db::import::{Bulk, relax};
use crate::server::domain::environment::Environment;
use crate::server::error::ServiceResult;
use crate::server::service::directory::user::User;
use crate::server::state::AppState;

/// After how long without a sign of life an import counts as interrupted.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// Users in one batch that is put aside.
const USERS: usize = 256;
/// Batches that are put aside in one transaction.
const PUT: usize = 32;
/// Batches of rows after which a sign of life is due while nothing is put aside.
const SILENT: u64 = 32;

/// An import that this process works at.
pub struct Stage<'a> {
    state: &'a AppState,
    row: RunningImport,
    bulk: Bulk,
    chunks: i64,
    /// In them and still to be sorted.
    rows: u64,
    /// By [`Stage::place`].
    users: Sorter,
    /// No two files are of users: see [`Plan::apart`].
    apart: bool,
    /// Batches since the last sign of life.
    silent: u64,
}

impl<'a> Stage<'a> {
    /// Finishes what was interrupted in this environment, and begins an import; with `apart` one of at most one file of users.
    ///
    /// # Errors
    /// [`ImportError::Running`] where another process is at work.
    pub async fn begin(state: &'a AppState, environment: &Environment, apart: bool) -> Result<Self, ImportError> {
        let mut conn = state.db.read().await?;
        let before = table::of_environment(&mut conn, environment.id).await?;
        drop(conn);
        if let Some(before) = before {
            match settle_one(state, &before).await {
                Ok(true) => {}
                Ok(false) => return Err(running(&before)),
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
            holder: holder(),
            applying: false,
            started_at: now,
            touched_at: now,
            closing: String::new(),
        };
        let mut tx = state.db.write().await?;
        if !table::begin(&mut tx, &row).await? {
            let faster = table::of_environment(&mut tx, environment.id).await?;
            return Err(running(&faster.unwrap_or(row)));
        }
        tx.commit().await?;
        let bulk = Bulk::begin(&state.db).await?;
        Ok(Self { state, row, bulk, chunks: 0, rows: 0, users: Sorter::new(state.new_id()), apart, silent: 0 })
    }

    /// Puts a batch aside.
    pub async fn put(&mut self, rows: &Rows) -> Result<(), ImportError> {
        self.rows += rows.len() as u64;
        if let Rows::Users(users) = rows {
            for user in users {
                let record = serde_json::to_vec(user).map_err(anyhow::Error::from)?;
                self.users.push(&self.place(user), &record).map_err(no_room)?;
            }
            return self.still_here().await;
        }
        let content = serde_json::to_string(rows).map_err(anyhow::Error::from)?;
        self.put_chunks(vec![content]).await
    }

    /// Where a user comes among the others: with those of the same account, by e-mail. All that begins with the account, or with
    /// the id that the user is given then, grows page by page: what is left are three indexes of addresses and names. Where
    /// several files may say something of one user, what they say stays together.
    fn place(&self, user: &User) -> Vec<u8> {
        let account = user.active_account.as_deref().or_else(|| user.accounts().next()).filter(|_| self.apart);
        // Before everything that an account's key can have.
        [account.unwrap_or_default().as_bytes(), b"\0", user.email.as_bytes()].concat()
    }

    async fn put_chunks(&mut self, contents: Vec<String>) -> Result<(), ImportError> {
        let chunks = contents.into_iter().zip(self.chunks..).map(|(content, number)| Chunk { number, content });
        let chunks: Vec<Chunk> = chunks.collect();
        let mut tx = self.state.db.write().await?;
        relax(&mut tx).await?;
        self.touch(&mut tx).await?;
        table::put(&mut tx, self.row.id, &chunks).await?;
        tx.commit().await?;
        self.silent = 0;
        self.chunks = chunks.last().map_or(self.chunks, |chunk| chunk.number + 1);
        self.bulk.committed().await?;
        Ok(())
    }

    /// Puts aside what was sorted.
    async fn put_users(&mut self, progress: &(dyn Fn(Progress<'_>) + Sync)) -> Result<(), ImportError> {
        let (mut done, total) = (0, self.users.len() as u64);
        let mut users = std::mem::take(&mut self.users).sorted().map_err(no_room)?;
        loop {
            let mut contents = Vec::with_capacity(PUT);
            while contents.len() < PUT
                && let Some(content) = content(&mut users, &mut done)?
            {
                contents.push(content);
            }
            if contents.is_empty() {
                return Ok(());
            }
            self.put_chunks(contents).await?;
            progress(Progress { phase: Phase::Sorting, done, total, file: "" });
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Says that it is still at work, where nothing has to be put aside for long.
    pub async fn still_here(&mut self) -> Result<(), ImportError> {
        self.silent += 1;
        if self.silent >= SILENT {
            self.silent = 0;
            let mut tx = self.state.db.write().await?;
            self.touch(&mut tx).await?;
            tx.commit().await?;
            // What others wrote meanwhile has made the log longer, and only the importer shortens it.
            self.bulk.committed().await?;
        }
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
    ///
    /// # Errors
    /// Before anything was written, those of putting aside what was sorted: nothing is left behind then.
    pub async fn apply(
        mut self,
        plan: &Plan,
        progress: &(dyn Fn(Progress<'_>) + Sync),
    ) -> Result<Vec<String>, ImportError> {
        match self.put_users(progress).await {
            Ok(()) => {}
            Err(ImportError::TakenOver) => return Err(ImportError::TakenOver),
            Err(error) => {
                self.give_up().await?;
                return Err(error);
            }
        }
        let closing = serde_json::to_string(plan).map_err(anyhow::Error::from)?;
        let mut tx = self.state.db.write().await?;
        self.touch(&mut tx).await?;
        table::start_applying(&mut tx, self.row.id, self.row.owner, &closing).await?;
        tx.commit().await?;
        let row = RunningImport { applying: true, closing, ..self.row };
        apply(self.state, &row, self.rows, Some(self.bulk), progress).await
    }
}

fn running(row: &RunningImport) -> ImportError {
    ImportError::Running { holder: row.holder.clone(), since: row.started_at }
}

/// This process, as somebody finds it who looks for it.
fn holder() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match (std::process::id(), host.trim()) {
        (id, "") => format!("process {id}"),
        (id, host) => format!("process {id} on {host}"),
    }
}

/// The next batch of what was sorted, as [`Rows`] are written down.
fn content(users: &mut Sorted, done: &mut u64) -> Result<Option<String>, ImportError> {
    let mut content = Vec::new();
    for _ in 0..USERS {
        let Some(user) = users.next().map_err(no_room)? else { break };
        content.extend_from_slice(if content.is_empty() { br#"{"Users":["# } else { b"," });
        content.extend_from_slice(&user);
        *done += 1;
    }
    if content.is_empty() {
        return Ok(None);
    }
    content.extend_from_slice(b"]}");
    Ok(Some(String::from_utf8(content).map_err(anyhow::Error::from)?))
}

fn no_room(error: std::io::Error) -> ImportError {
    let folder = std::env::temp_dir();
    let advice = format!(
        "the import needs as much room as its files in {}, and cannot write there; make room, or name another folder as TMPDIR",
        folder.display()
    );
    ImportError::Internal(anyhow::Error::from(error).context(advice))
}

/// Finishes an import at which nobody works any more, or gives it up where nothing of it was written. Gives whether it is
/// over.
async fn settle_one(state: &AppState, row: &RunningImport) -> Result<bool, ImportError> {
    // A sign of life from further ahead was given before somebody set the clock back: it says nothing any more.
    if (state.now() - row.touched_at).abs() < LEASE {
        return Ok(false);
    }
    let own = RunningImport { owner: state.new_id(), holder: holder(), touched_at: state.now(), ..row.clone() };
    let mut tx = state.db.write().await?;
    let taken = table::take_over(&mut tx, row, &own).await?;
    tx.commit().await?;
    if !taken {
        return Ok(false);
    }
    let row = own;
    if row.applying {
        tracing::warn!("an import was interrupted while it was being written; finishing it");
        apply(state, &row, 0, None, &|_| {}).await?;
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
    let stale = table::stale(&mut conn, state.now() - LEASE, state.now() + LEASE).await?;
    drop(conn);
    let mut settled = 0;
    for row in stale {
        match settle_one(state, &row).await {
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
