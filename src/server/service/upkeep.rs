//! Keeping the database small: what neither the protocol nor the audit trail needs any more goes, in small transactions.
//!
//! Codes and tokens stay until a day after their session ended: until then a second use of one is recognised as such. How long
//! sessions, events and what else names people stay, each environment says ([`retention`]). An import that was interrupted is
//! finished here, or forgotten.

pub mod retention;
pub mod text_refresh;

use chrono::TimeDelta;

use super::directory::account::sizes;
use super::directory::signing_key;
use super::directory::user::erase;
use super::import;
use super::registry::problem;
use super::session::parked;
use super::tokens::client;
use crate::server::db::{browser, count, notice, password_link, upkeep as table};
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// How long after the end of its session a code, token or cookie is kept.
const AFTER_THE_END: TimeDelta = TimeDelta::days(1);
/// How long a message that was delivered or given up is shown.
const AFTER_DELIVERY: TimeDelta = TimeDelta::days(30);
/// How long what a server saw of its surroundings is kept.
const AFTER_NOTICE: TimeDelta = TimeDelta::days(30);
/// Rows, or sessions, in one transaction.
const BATCH: i64 = 200;
/// Transactions of a kind in one run: what is left waits for the next.
const BATCHES: usize = 50;

/// Deletes what is due. Gives how many rows went or were written without what named somebody. Its parts do not depend on each other: one that fails is logged and keeps
/// none of the others from their work, and imports, which are the work of others, come last.
///
/// # Errors
/// The last one, after all parts had their turn.
pub async fn run(state: &AppState) -> ServiceResult<u64> {
    let parts = [
        ("rows that are past their time", old_rows(state).await),
        ("what is past its days", retention::run(state).await),
        ("notices", notices(state).await),
        ("parked requests", parked::forget_expired(state).await),
        ("problems", problem::forget_old(state).await),
        ("counts", counts(state).await),
        ("tokens of clients", client::forget_expired(state).await),
        ("names of deleted users", erase::run(state).await),
        ("sizes of accounts", sizes::run(state).await),
        ("retired keys", signing_key::remove_retired(state).await),
        ("interrupted imports", import::settle(state).await),
    ];
    let (mut deleted, mut failed) = (0, None);
    for (what, outcome) in parts {
        match outcome {
            Ok(rows) => deleted += rows,
            Err(error) => {
                tracing::error!(%error, "{what} could not be tidied");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(deleted), Err)
}

async fn old_rows(state: &AppState) -> ServiceResult<u64> {
    let now = state.now();
    let mut deleted = 0;
    for _ in 0..BATCHES {
        let mut tx = state.db.write().await?;
        let mut batch = table::deliveries(&mut tx, now - AFTER_DELIVERY, BATCH).await?;
        batch += password_link::delete_expired(&mut tx, now, BATCH).await?;
        batch += browser::delete_expired(&mut tx, now, BATCH).await?;
        let sessions = table::untidied_sessions(&mut tx, now - AFTER_THE_END, BATCH).await?;
        for id in &sessions {
            batch += table::tidy_session(&mut tx, *id, now).await?;
        }
        if batch == 0 && sessions.is_empty() {
            break;
        }
        tx.commit().await?;
        deleted += batch;
        tokio::task::yield_now().await;
    }
    Ok(deleted)
}

async fn counts(state: &AppState) -> ServiceResult<u64> {
    let mut tx = state.db.write().await?;
    count::add_up(&mut tx).await?;
    tx.commit().await?;
    Ok(0)
}

async fn notices(state: &AppState) -> ServiceResult<u64> {
    let mut tx = state.db.write().await?;
    let deleted = notice::forget(&mut tx, state.now() - AFTER_NOTICE).await?;
    tx.commit().await?;
    Ok(deleted)
}
