//! What happens in an environment, at a glance.
//!
//! What ended before today changes no more: it is added up once a day for each environment and server, and kept. Only today's is
//! read for each page.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::server::db::overview::{self as table, Named};
use crate::server::db::{Conn, session};
use crate::server::domain::tally::{Kept, Tally};
use crate::server::error::ServiceResult;
use crate::server::service::caller::Caller;
use crate::server::service::directory::checklist::{Checklist, checklist};

/// Days that the page shows, today among them.
pub const DAYS: i64 = 90;
/// Impersonations that are added up at most; more than two thousand a day, for as long.
const MOST: i64 = 200_000;
/// Operators, accounts and applications that are named.
const NAMED: usize = 5;

/// The first page of an environment.
pub struct Overview {
    pub checklist: Checklist,
    /// Impersonations that run.
    pub running: i64,
    /// How many began on each of the days and are over, oldest first.
    pub days: Vec<(NaiveDate, u64)>,
    pub total: u64,
    /// Whether there were more than could be added up.
    pub more: bool,
    pub operators: Vec<(String, u64)>,
    pub accounts: Vec<(String, u64)>,
    pub applications: Vec<(String, u64)>,
    /// The session, and how long it took.
    pub longest: Vec<(Uuid, TimeDelta)>,
    pub now: DateTime<Utc>,
}

/// The environment at a glance.
///
/// # Errors
/// [`crate::server::error::ServiceError::Forbidden`] for those who see nothing of the environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn overview(caller: &Caller) -> ServiceResult<Overview> {
    caller.require_view()?;
    let (state, environment_id) = (&caller.state, caller.environment.id);
    let checklist = checklist(caller).await?;
    let now = state.now();
    let mut conn = state.db.read().await?;
    let past = before_today(caller, &mut conn, now).await?;
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let (today, is_more) = added(&mut conn, environment_id, (midnight, now + TimeDelta::seconds(1))).await?;
    let tally = today.with(&past.tally);
    let first = now.date_naive() - TimeDelta::days(DAYS - 1);
    let day = |ahead: i64| first + TimeDelta::days(ahead);
    let days = (0..DAYS).map(day).map(|day| (day, tally.days.get(&day).copied().unwrap_or_default()));
    Ok(Overview {
        checklist,
        running: session::count_live_impersonations(&mut conn, environment_id, now).await?,
        days: days.collect(),
        total: tally.total,
        more: past.more || is_more,
        operators: named(&mut conn, Named::Operators, &tally.operators).await?,
        accounts: named(&mut conn, Named::Accounts, &tally.accounts).await?,
        applications: named(&mut conn, Named::Applications, &tally.applications).await?,
        longest: tally.longest.iter().map(|(took, id)| (*id, *took)).collect(),
        now,
    })
}

/// What ended on the days before today.
async fn before_today(caller: &Caller, conn: &mut Conn, now: DateTime<Utc>) -> ServiceResult<Kept> {
    let (day, environment_id) = (now.date_naive(), caller.environment.id);
    let known = caller.state.tallies.lock().get(&environment_id).cloned();
    if let Some(kept) = known.filter(|kept| kept.day == day) {
        return Ok(kept);
    }
    let midnight = day.and_time(NaiveTime::MIN).and_utc();
    let (tally, more) = added(conn, environment_id, (midnight - TimeDelta::days(DAYS - 1), midnight)).await?;
    let kept = Kept { day, tally: Arc::new(tally), more };
    caller.state.tallies.lock().insert(environment_id, kept.clone());
    Ok(kept)
}

async fn added(
    conn: &mut Conn,
    environment_id: Uuid,
    times: (DateTime<Utc>, DateTime<Utc>),
) -> ServiceResult<(Tally, bool)> {
    let (rows, more) = table::ended(conn, environment_id, times, MOST).await?.apart();
    let mut tally = Tally::default();
    rows.iter().for_each(|past| tally.add(past));
    Ok((tally, more))
}

/// Those with the most, by name; who is gone is called so.
async fn named(conn: &mut Conn, named: Named, counts: &HashMap<Uuid, u64>) -> ServiceResult<Vec<(String, u64)>> {
    let most = Tally::most(counts, NAMED);
    let ids: Vec<Uuid> = most.iter().map(|(id, _)| *id).collect();
    let names: HashMap<Uuid, String> = table::names(conn, named, &ids).await?.into_iter().collect();
    let name = |id: &Uuid| names.get(id).cloned().unwrap_or_else(|| "Removed".to_owned());
    Ok(most.iter().map(|(id, count)| (name(id), *count)).collect())
}
