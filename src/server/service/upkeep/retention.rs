//! Removing what is past its time: events of the trail, ended sessions, operators' portal sessions, counts of failed sign-ins.
//!
//! Once a day all that is due goes, in small transactions, and an event says how much it was. What a session needs that runs is
//! never among it: sessions that ended go, and their codes and tokens went before them.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::model::audit::action;
use crate::model::session::SessionKind;
use crate::server::db::audit::index;
use crate::server::db::retention::{self as table, OldEvent};
use crate::server::db::{Tx, environment, upkeep};
use crate::server::domain::retention::{IMPERSONATIONS, Removed, Retention, due_before};
use crate::server::error::ServiceResult;
use crate::server::service::audit::{self, Event};
use crate::server::state::AppState;

/// How often all that is due goes.
const EVERY: TimeDelta = TimeDelta::days(1);
/// Nothing rightly says that it went later than this from now: a week is what an update leaves, and a day is for clocks.
/// What does was written by a clock that was ahead.
const AHEAD: TimeDelta = TimeDelta::days(8);
/// Rows of one transaction, and events that are read at once.
const BATCH: i64 = 200;
const READ: i64 = 2_000;
/// Transactions of a kind in one run: what is left waits for the next.
const BATCHES: usize = 100;

/// Removes what is due, as far as one run goes. Gives how many rows went. An environment where it fails is logged and keeps
/// none of the others from their turn.
///
/// # Errors
/// The last one, after all environments had their turn.
pub async fn run(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let environments = environment::all(&mut conn).await?;
    let mut due = Vec::new();
    let mut portal_days = None;
    for environment in environments {
        let kept = table::of(&mut conn, environment.id).await?;
        // A portal session is of no environment: it stays as long as it does in that which keeps them longest.
        portal_days = portal_days.max(Some(kept.days.portal_sessions));
        let now = state.now();
        if kept.swept_at.is_none_or(|swept| swept + EVERY <= now || swept > now + AHEAD) {
            due.push((environment.id, kept.days));
        }
    }
    drop(conn);
    let (mut removed, mut is_all, mut failed) = (0, true, None);
    if let Some(days) = portal_days.filter(|_| !due.is_empty()) {
        let environments: Vec<Uuid> = due.iter().map(|(id, _)| *id).collect();
        match portal_sessions(state, days, &environments).await {
            Ok((rows, were_all)) => {
                removed += rows;
                is_all = were_all;
            }
            Err(error) => {
                tracing::error!(%error, "portal sessions that are past their days could not be removed");
                is_all = false;
                failed = Some(error);
            }
        }
    }
    for (environment_id, days) in due {
        let mut sweep = Sweep { state, environment_id, days, removed: 0, is_all };
        let outcome = sweep.run().await;
        removed += sweep.removed;
        if let Err(error) = outcome {
            tracing::error!(%error, %environment_id, "what is past its days could not be removed");
            failed = Some(error);
        }
    }
    failed.map_or(Ok(removed), Err)
}

/// Removes portal sessions that are over for so many days. Each of these environments tells of them. Gives how many went,
/// and whether those were all: otherwise the environments have their turn again before a day is over.
async fn portal_sessions(state: &AppState, days: i64, environments: &[Uuid]) -> ServiceResult<(u64, bool)> {
    let mut all = 0;
    for _ in 0..BATCHES {
        let mut tx = state.db.write().await?;
        let portal_sessions = upkeep::operator_sessions(&mut tx, due_before(state.now(), days), BATCH).await?;
        if portal_sessions == 0 {
            return Ok((all, true));
        }
        for environment_id in environments {
            table::count(&mut tx, *environment_id, &Removed { portal_sessions, ..Removed::default() }).await?;
        }
        tx.commit().await?;
        all += portal_sessions;
        tokio::task::yield_now().await;
    }
    Ok((all, false))
}

/// What is due in one environment, on its way out.
struct Sweep<'a> {
    state: &'a AppState,
    environment_id: Uuid,
    days: Retention,
    removed: u64,
    /// Whether nothing was left for the next run.
    is_all: bool,
}

impl Sweep<'_> {
    async fn run(&mut self) -> ServiceResult<()> {
        self.events().await?;
        self.sessions().await?;
        self.failed_sign_ins().await?;
        if self.is_all {
            self.end().await?;
        }
        Ok(())
    }

    async fn events(&mut self) -> ServiceResult<()> {
        let now = self.state.now();
        let mut conn = self.state.db.read().await?;
        let Some(newest) = table::newest_event(&mut conn, self.environment_id).await? else { return Ok(()) };
        drop(conn);
        // The database measures by the newest event. Where nothing happened for long, what says so comes first.
        let mut is_quiet = newest < now - EVERY;
        let by = if is_quiet { now } else { newest.min(now) };
        let before = due_before(by, self.days.audit);
        let impersonated_before = due_before(by, self.days.audit.max(IMPERSONATIONS));
        let is_due = |event: &OldEvent| event.operator_id.is_none() || event.occurred_at < impersonated_before;
        let (mut after, mut batches, mut removed) = ((DateTime::<Utc>::UNIX_EPOCH, Uuid::nil()), 0, false);
        loop {
            let mut conn = self.state.db.read().await?;
            let old = table::old_events(&mut conn, self.environment_id, after, before, READ).await?;
            drop(conn);
            let Some(last) = old.last() else { break };
            after = (last.occurred_at, last.id);
            let ids: Vec<Uuid> = old.iter().filter(|event| is_due(event)).map(|event| event.id).collect();
            for ids in ids.chunks(usize::try_from(BATCH).unwrap_or(1)) {
                if batches == BATCHES {
                    self.is_all = false;
                    return Ok(());
                }
                let mut tx = self.state.db.write().await?;
                let events = ids.len() as u64;
                table::count(&mut tx, self.environment_id, &Removed { events, ..Removed::default() }).await?;
                if std::mem::take(&mut is_quiet) {
                    self.tell(&mut tx).await?;
                }
                let times = (before, impersonated_before);
                if table::delete_events(&mut tx, self.environment_id, times, ids).await? != events {
                    // Another server was faster: it tells of them. Whether it comes to the end, nobody knows here.
                    self.is_all = false;
                    return Ok(());
                }
                tx.commit().await?;
                self.removed += events;
                batches += 1;
                removed = true;
                tokio::task::yield_now().await;
            }
        }
        if removed {
            let mut tx = self.state.db.write().await?;
            index::count_again(&mut tx, self.environment_id, before).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn sessions(&mut self) -> ServiceResult<()> {
        let now = self.state.now();
        for (kind, days) in [
            (SessionKind::Password, self.days.sessions),
            (SessionKind::Impersonation, self.days.sessions.max(IMPERSONATIONS)),
        ] {
            for batch in 0..=BATCHES {
                if batch == BATCHES {
                    self.is_all = false;
                    break;
                }
                let mut tx = self.state.db.write().await?;
                let before = due_before(now, days);
                let sessions = table::delete_sessions(&mut tx, self.environment_id, kind, before, BATCH).await?;
                if sessions == 0 {
                    break;
                }
                table::count(&mut tx, self.environment_id, &Removed { sessions, ..Removed::default() }).await?;
                tx.commit().await?;
                self.removed += sessions;
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn failed_sign_ins(&mut self) -> ServiceResult<()> {
        let before = due_before(self.state.now(), self.days.failed_sign_ins);
        for _ in 0..BATCHES {
            let mut tx = self.state.db.write().await?;
            let rows = table::delete_failed_sign_ins(&mut tx, self.environment_id, before).await?;
            let Some(failed_sign_ins) = rows else { return Ok(()) };
            let removed = Removed { failed_sign_ins, ..Removed::default() };
            table::count(&mut tx, self.environment_id, &removed).await?;
            tx.commit().await?;
            self.removed += failed_sign_ins;
            tokio::task::yield_now().await;
        }
        self.is_all = false;
        Ok(())
    }

    /// Says in the trail what was removed since it was said last.
    async fn tell(&self, tx: &mut Tx) -> ServiceResult<()> {
        // Nothing that another server removes meanwhile is taken for told.
        let kept = table::hold(tx, self.environment_id).await?;
        if kept.untold.all() > 0 {
            let sentence = kept.untold.sentence(&self.days);
            audit::record(self.state, tx, Event::of(self.environment_id, action::DATA_REMOVED, sentence)).await?;
            table::told(tx, self.environment_id).await?;
        }
        Ok(())
    }

    async fn end(&self) -> ServiceResult<()> {
        let mut tx = self.state.db.write().await?;
        self.tell(&mut tx).await?;
        table::swept(&mut tx, self.environment_id, self.state.now()).await?;
        tx.commit().await?;
        Ok(())
    }
}
