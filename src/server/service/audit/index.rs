//! Filling the index of the trail behind its newest events, so that writing an event costs nothing more.
//!
//! What was written lately becomes a small chunk; eight of those become a larger one, up to a full one. Each is made from the
//! events themselves, and read once it is whole. An event that came late, from a server whose clock is behind or was set
//! back, is put in when its chunk is made anew: into a larger one, or since it has less events than the trail. That is looked
//! at every quarter of an hour until the chunk's last event is a day old. Full chunks become groups in turn.

mod chunk;
mod group;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use self::chunk::Builder;
use crate::server::db::Tx;
use crate::server::db::audit::{self as table, AuditFilter, group as groups, index};
use crate::server::db::environment;
use crate::server::domain::trail::{CHUNK, Chunk, Place, Term};
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// What is younger may still have company to come: transactions that began earlier.
const LAG: TimeDelta = TimeDelta::seconds(10);
/// As many events are worth a chunk.
const LEAST: i64 = 256;
/// A chunk with as many is not put together with others, and none is meant to have more than as many: it has room for late ones.
const FULL: usize = 16_384;
const MOST: usize = 30_000;
/// So many of a level become one of the next.
const TOGETHER: usize = 8;
const LAST_LEVEL: i64 = 9;
/// How often a chunk is held against the trail again, and how old its last event is when that ends.
const COUNTED_AFTER: TimeDelta = TimeDelta::minutes(15);
const SETTLED: TimeDelta = TimeDelta::days(1);
/// How long whoever read a chunk when it was replaced may still read it.
const READ: TimeDelta = TimeDelta::minutes(1);
/// How long somebody has the index without a sign of life.
const CLAIM: TimeDelta = TimeDelta::minutes(2);
/// Events that are read at once, rows of one transaction, chunks that are counted in one run.
const PAGE: i64 = 500;
const ROWS: usize = 1_000;
const COUNTED: i64 = 8;

/// Brings the index of every environment up to date, as far as nobody else does. Gives how many events it put in: none where
/// nothing is left to do. An environment where it fails is logged and keeps none of the others from their turn.
///
/// # Errors
/// The last one, after all environments had their turn.
pub async fn run(state: &AppState) -> ServiceResult<u64> {
    let mut conn = state.db.read().await?;
    let environments = environment::all(&mut conn).await?;
    drop(conn);
    let (mut indexed, mut failed) = (0, None);
    for environment in environments {
        match of_environment(state, environment.id).await {
            Ok(events) => indexed += events,
            Err(error) => {
                let environment_id = environment.id;
                tracing::error!(%error, %environment_id, "the index of a trail could not be brought up to date");
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(indexed), Err)
}

async fn of_environment(state: &AppState, environment_id: Uuid) -> ServiceResult<u64> {
    if !is_due(state, environment_id).await? {
        return Ok(0);
    }
    let Some(mut work) = Work::begin(state, environment_id).await? else { return Ok(0) };
    let indexed = work.run().await?;
    work.end().await?;
    Ok(indexed)
}

/// Whether there is anything to do, as far as that is seen without having the index.
async fn is_due(state: &AppState, environment_id: Uuid) -> ServiceResult<bool> {
    let now = state.now();
    if next_part(state, environment_id).await?.is_some() || group::is_due(state, environment_id).await? {
        return Ok(true);
    }
    let mut conn = state.db.read().await?;
    Ok(groups::left_over(&mut conn, environment_id, now - READ).await?.is_some()
        || index::left_over(&mut conn, environment_id, now - READ).await?.is_some()
        || !index::uncounted(&mut conn, environment_id, now - COUNTED_AFTER, now, 1).await?.is_empty())
}

/// What the next chunk is of, where there is enough for one.
async fn next_part(state: &AppState, environment_id: Uuid) -> ServiceResult<Option<(Place, Place)>> {
    let mut conn = state.db.read().await?;
    let newest = index::chunks(&mut conn, environment_id, false, None, (None, None), 1).await?;
    let after = newest.first().map_or((DateTime::<Utc>::UNIX_EPOCH, Uuid::nil()), |chunk| chunk.last);
    let until = Some(state.now() - LAG);
    let rest = AuditFilter { environment_id, after: Some(after), until, ascending: true, ..AuditFilter::default() };
    if table::end_of_look(&mut conn, &rest, LEAST - 1).await?.is_none() {
        return Ok(None);
    }
    let most = i64::try_from(MOST).unwrap_or(i64::MAX) - 1;
    let last = match table::end_of_look(&mut conn, &rest, most).await? {
        Some(last) => Some(last),
        None => {
            table::end_of_look(&mut conn, &AuditFilter { after: None, up_to: Some(after), ascending: false, ..rest }, 0)
                .await?
        }
    };
    Ok(last.map(|last| (after, last)))
}

/// The index of one environment, which nobody else fills meanwhile.
struct Work<'a> {
    state: &'a AppState,
    environment_id: Uuid,
    claimed_until: DateTime<Utc>,
    /// Whether somebody else has it by now, since no sign of life came for too long.
    is_lost: bool,
}

impl<'a> Work<'a> {
    async fn begin(state: &'a AppState, environment_id: Uuid) -> ServiceResult<Option<Self>> {
        let now = state.now();
        let mut tx = state.db.write().await?;
        let is_claimed = index::claim(&mut tx, environment_id, now, now + CLAIM, now + CLAIM * 2).await?;
        tx.commit().await?;
        Ok(is_claimed.then_some(Self { state, environment_id, claimed_until: now + CLAIM, is_lost: false }))
    }

    async fn run(&mut self) -> ServiceResult<u64> {
        self.clear().await?;
        let mut indexed = 0;
        if let Some(part) = next_part(self.state, self.environment_id).await? {
            indexed = self.make(part, 0, &[]).await?;
            self.put_together().await?;
        }
        self.count().await?;
        Ok(indexed + self.group().await?)
    }

    async fn end(self) -> ServiceResult<()> {
        if !self.is_lost {
            let mut tx = self.state.db.write().await?;
            index::hold(&mut tx, self.environment_id, self.claimed_until, self.state.now()).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// A transaction of whoever has the index, and has it for longer by this; `None` where somebody else has it.
    async fn write(&mut self) -> ServiceResult<Option<Tx>> {
        let until = self.state.now() + CLAIM;
        let mut tx = self.state.db.write().await?;
        if self.is_lost || !index::hold(&mut tx, self.environment_id, self.claimed_until, until).await? {
            self.is_lost = true;
            return Ok(None);
        }
        self.claimed_until = until;
        Ok(Some(tx))
    }

    /// Deletes what nobody reads.
    async fn clear(&mut self) -> ServiceResult<()> {
        let limit = i64::try_from(ROWS).unwrap_or(i64::MAX);
        loop {
            let before = self.state.now() - READ;
            let mut conn = self.state.db.read().await?;
            let chunk = index::left_over(&mut conn, self.environment_id, before).await?;
            let group = groups::left_over(&mut conn, self.environment_id, before).await?;
            drop(conn);
            if chunk.is_none() && group.is_none() {
                return Ok(());
            }
            let Some(mut tx) = self.write().await? else { return Ok(()) };
            if let Some(chunk) = chunk {
                index::forget(&mut tx, chunk, limit).await?;
            }
            if let Some(group) = group {
                groups::forget(&mut tx, group, limit).await?;
            }
            tx.commit().await?;
            tokio::task::yield_now().await;
        }
    }

    /// Makes chunks of a part of the trail, for those that are `replaced`. Gives how many events they have.
    async fn make(&mut self, (mut after, last): (Place, Place), level: i64, replaced: &[i64]) -> ServiceResult<u64> {
        let mut made: Vec<Chunk> = Vec::new();
        loop {
            let (builder, is_all) = self.read((after, last)).await?;
            // One that is full ends with its last event; the rest is another's.
            let end = if is_all { last } else { builder.last().unwrap_or(last) };
            let level = if builder.len() >= FULL { LAST_LEVEL } else { level };
            let chunk = Chunk { id: 0, level, events: builder.len(), after, last: end, group: None };
            let Some(chunk) = self.store(chunk, builder).await? else { return Ok(0) };
            made.push(chunk);
            after = end;
            if is_all {
                break;
            }
        }
        let Some(mut tx) = self.write().await? else { return Ok(0) };
        if index::finish(&mut tx, &made, replaced, self.state.now()).await? {
            tx.commit().await?;
            return Ok(made.iter().map(|chunk| chunk.events as u64).sum());
        }
        Ok(0)
    }

    /// Reads events of a part until a chunk is full. Gives whether that were all.
    async fn read(&self, (mut after, last): (Place, Place)) -> ServiceResult<(Builder, bool)> {
        let mut builder = Builder::default();
        while builder.len() + usize::try_from(PAGE).unwrap_or_default() <= CHUNK {
            let mut conn = self.state.db.read().await?;
            let events = index::events(&mut conn, self.environment_id, (after, last), PAGE).await?;
            drop(conn);
            let Some(end) = events.last() else { return Ok((builder, true)) };
            after = (end.occurred_at, end.id);
            builder.add(&events);
            tokio::task::yield_now().await;
        }
        Ok((builder, false))
    }

    /// Writes a chunk that nobody reads yet.
    async fn store(&mut self, chunk: Chunk, builder: Builder) -> ServiceResult<Option<Chunk>> {
        let Some(mut tx) = self.write().await? else { return Ok(None) };
        let part = (chunk.after, chunk.last);
        let id = index::begin(&mut tx, self.environment_id, chunk.level, part, self.state.now()).await?;
        let (terms, events) = builder.finish();
        index::write_ids(&mut tx, id, &events).await?;
        tx.commit().await?;
        for rows in terms.chunks(ROWS) {
            let rows: Vec<(Term, Vec<u8>)> = rows.iter().map(|(term, places)| (*term, chunk::bytes(places))).collect();
            let Some(mut tx) = self.write().await? else { return Ok(None) };
            index::write_terms(&mut tx, id, &rows).await?;
            tx.commit().await?;
            tokio::task::yield_now().await;
        }
        Ok(Some(Chunk { id, ..chunk }))
    }

    /// Makes one chunk of the newest ones of a level, as long as there are enough of them.
    async fn put_together(&mut self) -> ServiceResult<()> {
        loop {
            let mut conn = self.state.db.read().await?;
            let newest =
                index::chunks(&mut conn, self.environment_id, false, None, (None, None), 4 * TOGETHER as i64).await?;
            drop(conn);
            let Some((part, level, replaced)) = together(&newest) else { return Ok(()) };
            if self.make(part, level, &replaced).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Holds chunks against the trail: again and again while late events may come, and after events were removed.
    async fn count(&mut self) -> ServiceResult<()> {
        let now = self.state.now();
        let mut conn = self.state.db.read().await?;
        let chunks = index::uncounted(&mut conn, self.environment_id, now - COUNTED_AFTER, now, COUNTED).await?;
        drop(conn);
        for chunk in chunks {
            let mut conn = self.state.db.read().await?;
            let events = index::count(&mut conn, self.environment_id, chunk.after, chunk.last).await?;
            drop(conn);
            if usize::try_from(events) == Ok(chunk.events) {
                let Some(mut tx) = self.write().await? else { return Ok(()) };
                if chunk.last.0 < now - SETTLED {
                    index::counted(&mut tx, chunk.id, now).await?;
                } else {
                    index::looked(&mut tx, chunk.id, now).await?;
                }
                tx.commit().await?;
            } else {
                self.make((chunk.after, chunk.last), chunk.level, &[chunk.id]).await?;
            }
        }
        Ok(())
    }
}

/// Which of the newest chunks, the newest first, become one: what it is of, its level, and their ids.
fn together(newest: &[Chunk]) -> Option<((Place, Place), i64, Vec<i64>)> {
    let level = newest.first()?.level;
    let mut alike: Vec<&Chunk> = newest.iter().take_while(|chunk| chunk.level == level).collect();
    if level == LAST_LEVEL || alike.len() < TOGETHER {
        return None;
    }
    alike.reverse();
    let mut events = 0;
    let fit = alike.iter().take_while(|chunk| {
        events += chunk.events;
        events <= MOST
    });
    let fit: Vec<&Chunk> = fit.copied().collect();
    let (first, last) = (fit.first()?, fit.last()?);
    (fit.len() > 1).then(|| ((first.after, last.last), level + 1, fit.iter().map(|chunk| chunk.id).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunks(shapes: &[(i64, usize)]) -> Vec<Chunk> {
        let place = |number: i64| (DateTime::from_timestamp(number, 0).unwrap_or_default(), Uuid::nil());
        let chunk = |(id, (level, events)): (i64, &(i64, usize))| Chunk {
            id,
            level: *level,
            events: *events,
            after: place(id),
            last: place(id + 1),
            group: None,
        };
        let mut chunks: Vec<Chunk> = (0..).zip(shapes).map(chunk).collect();
        chunks.reverse();
        chunks
    }

    #[test]
    fn eight_of_a_level_become_one_of_the_next_and_none_grows_too_large() {
        assert!(together(&chunks(&[(0, 300); 7])).is_none());
        let (part, level, ids) = together(&chunks(&[&[(1, 2_400)][..], &[(0, 300); 8]].concat())).expect("eight");
        assert_eq!((part.0.0.timestamp(), part.1.0.timestamp(), level), (1, 9, 1));
        assert_eq!(ids, [1, 2, 3, 4, 5, 6, 7, 8]);
        let (_, _, ids) = together(&chunks(&[(1, 10_000); 8])).expect("three of eight");
        assert_eq!(ids, [0, 1, 2]);
        assert!(together(&chunks(&[(LAST_LEVEL, 20_000); 9])).is_none());
    }
}
