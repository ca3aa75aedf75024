//! When something happened in an account for the last time: read from the audit trail, behind its newest events, so that writing
//! one costs nothing more.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::server::db::account::sizes as table;
use crate::server::db::environment;
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// What is younger may still have company to come: transactions that began earlier.
const LAG: TimeDelta = TimeDelta::seconds(10);
/// Events in one transaction.
const BATCH: i64 = 500;
/// Transactions of one environment in one run: what is left waits for the next.
const BATCHES: usize = 100;

/// Adds up what writers wrote, and reads on. Gives nothing that goes into a log.
///
/// # Errors
/// The database's.
pub async fn run(state: &AppState) -> ServiceResult<u64> {
    let mut tx = state.db.write().await?;
    table::add_up(&mut tx).await?;
    tx.commit().await?;
    let mut conn = state.db.read().await?;
    let environments = environment::all(&mut conn).await?;
    drop(conn);
    for environment in environments {
        for _ in 0..BATCHES {
            if !read_on(state, environment.id).await? {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    Ok(0)
}

/// Reads some events. Gives whether there may be more.
async fn read_on(state: &AppState, environment_id: Uuid) -> ServiceResult<bool> {
    let mut conn = state.db.read().await?;
    let before = table::read_until(&mut conn, environment_id).await?;
    let after = before.unwrap_or((DateTime::<Utc>::UNIX_EPOCH, Uuid::nil()));
    let events = table::events(&mut conn, environment_id, after, state.now() - LAG, BATCH).await?;
    drop(conn);
    let Some(last) = events.last().map(|(at, id, _)| (*at, *id)) else { return Ok(false) };
    // They are in order: the last of an account is its latest.
    let latest: HashMap<Uuid, DateTime<Utc>> =
        events.iter().filter_map(|(at, _, account)| Some(((*account)?, *at))).collect();
    let mut latest: Vec<_> = latest.into_iter().collect();
    latest.sort_unstable();
    let mut tx = state.db.write().await?;
    if !table::read_on(&mut tx, environment_id, before, last).await? {
        return Ok(false);
    }
    for (account_id, at) in latest {
        table::active(&mut tx, account_id, at).await?;
    }
    tx.commit().await?;
    Ok(events.len() as i64 == BATCH)
}
