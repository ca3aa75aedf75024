//! The index of the trail: its chunks, the places of their terms, and the ids of their events.
//!
//! Nothing here is written with an event: see `service/audit/index`. All of it can be made anew from the trail.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::evenly;
use crate::model::audit::ActorKind;
use crate::server::db::word::Stored;
use crate::server::db::{Conn, DbResult, Tx, built, execute, fetch_all, fetch_optional, fetch_scalar};
use crate::server::domain::trail::{CHUNK, Chunk, Indexed, Place, SLOT, Term};

/// Rows with ids that a chunk can have.
const SLOTS: i64 = (CHUNK / SLOT) as i64;
/// Of which one in so many tells where to look for others.
const PART: usize = 16;
/// Rows of one statement.
const ROWS: usize = 500;

#[derive(sqlx::FromRow)]
pub(super) struct ChunkRow {
    id: i64,
    level: i64,
    events: i64,
    after_at: DateTime<Utc>,
    after_id: Uuid,
    last_at: DateTime<Utc>,
    last_id: Uuid,
    group_id: Option<i64>,
    group_place: Option<i64>,
}

impl From<ChunkRow> for Chunk {
    fn from(row: ChunkRow) -> Self {
        Self {
            id: row.id,
            level: row.level,
            events: usize::try_from(row.events).unwrap_or(CHUNK).min(CHUNK),
            after: (row.after_at, row.after_id),
            last: (row.last_at, row.last_id),
            group: row.group_id.zip(row.group_place.and_then(|place| usize::try_from(place).ok())),
        }
    }
}

pub(super) const COLUMNS: &str = "SELECT id, level, events, after_at, after_id, last_at, last_id, group_id, group_place \
                                  FROM audit_chunks WHERE state = 'ready' AND environment_id = ";

/// Chunks of the environment that have events beyond `from` in this direction, and some of that time, from there.
pub async fn chunks(
    conn: &mut Conn,
    environment_id: Uuid,
    ascending: bool,
    from: Option<Place>,
    time: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    limit: i64,
) -> DbResult<Vec<Chunk>> {
    let mut sql = conn.build(COLUMNS);
    sql.bind(environment_id);
    let (edge, direction) =
        if ascending { ("(last_at, last_id) >", "ASC") } else { ("(after_at, after_id) <", "DESC") };
    if let Some((time, id)) = from {
        sql.push(format_args!(" AND {edge} (")).bind(time).push(", ").bind(id).push(")");
    }
    if let Some(from) = time.0 {
        sql.push(" AND last_at >= ").bind(from);
    }
    if let Some(until) = time.1 {
        sql.push(" AND after_at < ").bind(until);
    }
    sql.push(format_args!(" ORDER BY last_at {direction}, last_id {direction} LIMIT ")).bind(limit);
    let rows: Vec<ChunkRow> = built!(sql, fetch_all)?;
    Ok(rows.into_iter().map(Chunk::from).collect())
}

/// The places of terms: chunk, term and bytes. What is not there has none.
pub async fn terms(conn: &mut Conn, chunks: &[i64], terms: &[Term]) -> DbResult<Vec<(i64, Term, Vec<u8>)>> {
    if chunks.is_empty() || terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build("SELECT chunk_id, term, places FROM audit_terms WHERE chunk_id IN (");
    sql.bind_all(evenly(chunks)).push(") AND term IN (").bind_all(evenly(terms)).push(")");
    built!(sql, fetch_all)
}

/// How many rows with ids of a chunk begin at a time that `is_before`, which holds for the first of them and for none behind. The
/// rows are large: only every sixteenth is looked at, and then those between two of these.
pub async fn slots_before(conn: &mut Conn, chunk: i64, is_before: impl Fn(DateTime<Utc>) -> bool) -> DbResult<usize> {
    let first = chunk * SLOTS;
    let parts = first_times(conn, (first..first + SLOTS).step_by(PART)).await?;
    let before = parts.partition_point(|(_, time)| is_before(*time));
    let Some((part, _)) = before.checked_sub(1).and_then(|last| parts.get(last)) else { return Ok(0) };
    let rows = first_times(conn, (*part..).take(PART)).await?;
    Ok((before - 1) * PART + rows.partition_point(|(_, time)| is_before(*time)))
}

/// The first times of these rows, as far as there are such.
async fn first_times(conn: &mut Conn, slots: impl Iterator<Item = i64>) -> DbResult<Vec<(i64, DateTime<Utc>)>> {
    let mut sql = conn.build("SELECT slot, first_at FROM audit_slots WHERE slot IN (");
    sql.bind_all(slots).push(") ORDER BY slot");
    built!(sql, fetch_all)
}

/// The ids of events by their chunks and places there, in this order. An event whose id is not kept is left out.
pub async fn ids(conn: &mut Conn, places: &[(i64, usize)]) -> DbResult<Vec<Uuid>> {
    let slot_of = |(chunk, place): (i64, usize)| chunk * SLOTS + i64::try_from(place / SLOT).unwrap_or_default();
    let mut slots: Vec<i64> = places.iter().copied().map(slot_of).collect();
    slots.sort_unstable();
    slots.dedup();
    if slots.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build("SELECT slot, ids FROM audit_slots WHERE slot IN (");
    sql.bind_all(evenly(&slots)).push(") ORDER BY slot");
    let rows: Vec<(i64, Vec<u8>)> = built!(sql, fetch_all)?;
    let id = |place: &(i64, usize)| {
        let row = rows.binary_search_by_key(&slot_of(*place), |(slot, _)| *slot).ok()?;
        let at = place.1 % SLOT * 16;
        Uuid::from_slice(rows.get(row)?.1.get(at..at + 16)?).ok()
    };
    Ok(places.iter().filter_map(id).collect())
}

#[derive(sqlx::FromRow)]
struct IndexedRow {
    id: Uuid,
    occurred_at: DateTime<Utc>,
    action: String,
    severity: String,
    actor_kind: Stored<ActorKind>,
    actor_id: Option<Uuid>,
    operator_id: Option<Uuid>,
    account_id: Option<Uuid>,
    application_id: Option<Uuid>,
    search_text: String,
}

/// What the index reads of the first `limit` events between two places, the last one with them.
pub async fn events(conn: &mut Conn, environment_id: Uuid, part: (Place, Place), limit: i64) -> DbResult<Vec<Indexed>> {
    let ((after, after_id), (last, last_id)) = part;
    let rows: Vec<IndexedRow> = fetch_all!(
        conn,
        "SELECT id, occurred_at, action, severity, actor_kind, actor_id, operator_id, account_id, application_id, search_text
         FROM audit_events WHERE environment_id = $1 AND (occurred_at, id) > ($2, $3) AND (occurred_at, id) <= ($4, $5)
         ORDER BY occurred_at, id LIMIT $6",
        environment_id,
        after,
        after_id,
        last,
        last_id,
        limit
    )?;
    let indexed = |row: IndexedRow| Indexed {
        actor_kind: row.actor_kind.known("audit_events", "actor_kind", row.id).ok(),
        id: row.id,
        occurred_at: row.occurred_at,
        action: row.action,
        severity: row.severity,
        actor_id: row.actor_id,
        operator_id: row.operator_id,
        account_id: row.account_id,
        application_id: row.application_id,
        search_text: row.search_text,
    };
    Ok(rows.into_iter().map(indexed).collect())
}

/// How many events there are between two places by now, the last one with them.
pub async fn count(conn: &mut Conn, environment_id: Uuid, after: Place, last: Place) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT COUNT(*) FROM audit_events
         WHERE environment_id = $1 AND (occurred_at, id) > ($2, $3) AND (occurred_at, id) <= ($4, $5)",
        environment_id,
        after.0,
        after.1,
        last.0,
        last.1
    )
}

/// Takes the index of an environment for itself until a time, where nobody has it now. Nobody has it for longer than to
/// `latest`: what says so was written by a clock that was ahead. Gives whether it did.
pub async fn claim(
    tx: &mut Tx,
    environment_id: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    latest: DateTime<Utc>,
) -> DbResult<bool> {
    let taken = execute!(
        tx,
        "INSERT INTO audit_index_claims (environment_id, claimed_until) VALUES ($1, $3)
         ON CONFLICT (environment_id) DO UPDATE SET claimed_until = excluded.claimed_until
         WHERE audit_index_claims.claimed_until <= $2 OR audit_index_claims.claimed_until > $4",
        environment_id,
        now,
        until,
        latest
    )?;
    Ok(taken == 1)
}

/// Has the index for longer, or not any more. Gives whether it was still one's own, and nobody else's since.
pub async fn hold(tx: &mut Tx, environment_id: Uuid, held: DateTime<Utc>, until: DateTime<Utc>) -> DbResult<bool> {
    let kept = execute!(
        tx,
        "UPDATE audit_index_claims SET claimed_until = $3 WHERE environment_id = $1 AND claimed_until = $2",
        environment_id,
        held,
        until
    )?;
    Ok(kept == 1)
}

/// A chunk that nobody reads yet. Its events and where it ends are said by [`finish`].
pub async fn begin(
    tx: &mut Tx,
    environment_id: Uuid,
    level: i64,
    (after, last): (Place, Place),
    now: DateTime<Utc>,
) -> DbResult<i64> {
    fetch_scalar!(
        tx,
        "INSERT INTO audit_chunks (environment_id, state, changed_at, level, events, after_at, after_id, last_at, last_id)
         VALUES ($1, 'building', $2, $3, 0, $4, $5, $6, $7) RETURNING id",
        environment_id,
        now,
        level,
        after.0,
        after.1,
        last.0,
        last.1
    )
}

/// Writes the places of terms of a chunk.
pub async fn write_terms(tx: &mut Tx, chunk: i64, terms: &[(Term, Vec<u8>)]) -> DbResult<()> {
    for rows in terms.chunks(ROWS) {
        let mut sql = tx.build("INSERT INTO audit_terms (chunk_id, term, places) ");
        sql.values(rows, |row, (term, places)| {
            row.bind(chunk).bind(*term).bind(places);
        });
        if rows.len() < ROWS {
            sql.used_once();
        }
        built!(sql, execute)?;
    }
    Ok(())
}

/// Writes the ids of a chunk's events, the first one first.
pub async fn write_ids(tx: &mut Tx, chunk: i64, events: &[Place]) -> DbResult<()> {
    let slots: Vec<(i64, &[Place])> = (chunk * SLOTS..).zip(events.chunks(SLOT)).collect();
    for rows in slots.chunks(ROWS) {
        let mut sql = tx.build("INSERT INTO audit_slots (slot, first_at, ids) ");
        sql.values(rows, |row, (slot, events)| {
            let ids: Vec<u8> = events.iter().flat_map(|(_, id)| id.into_bytes()).collect();
            row.bind(*slot).bind(events[0].0).bind(ids);
        });
        sql.used_once();
        built!(sql, execute)?;
    }
    Ok(())
}

/// From now on the chunks that were made are read, and those that they stand for are not. One without events is none. Gives
/// whether all of these were there.
pub async fn finish(tx: &mut Tx, made: &[Chunk], replaced: &[i64], now: DateTime<Utc>) -> DbResult<bool> {
    for chunk in made {
        let state = if chunk.events == 0 { "gone" } else { "ready" };
        execute!(
            tx,
            "UPDATE audit_chunks SET state = $2, level = $3, events = $4, changed_at = $5, last_at = $6, last_id = $7
             WHERE id = $1 AND state = 'building'",
            chunk.id,
            state,
            chunk.level,
            i64::try_from(chunk.events).unwrap_or_default(),
            now,
            chunk.last.0,
            chunk.last.1
        )?;
    }
    let mut gone = 0;
    for id in replaced {
        let sql = "UPDATE audit_chunks SET state = 'gone', changed_at = $2 WHERE id = $1 AND state = 'ready'";
        gone += execute!(tx, sql, *id, now)?;
    }
    Ok(gone == replaced.len() as u64)
}

/// Chunks that are still held against the trail and were not since `before`, the oldest first. What was made later than now
/// was made by a clock that was ahead, and is among them.
pub async fn uncounted(
    conn: &mut Conn,
    environment_id: Uuid,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> DbResult<Vec<Chunk>> {
    let rows: Vec<ChunkRow> = fetch_all!(
        conn,
        "SELECT id, level, events, after_at, after_id, last_at, last_id, group_id, group_place FROM audit_chunks
         WHERE environment_id = $1 AND state = 'ready' AND counted_at IS NULL AND (changed_at < $2 OR changed_at > $3)
         ORDER BY last_at LIMIT $4",
        environment_id,
        before,
        now,
        limit
    )?;
    Ok(rows.into_iter().map(Chunk::from).collect())
}

/// A chunk has as many events as there are by now. More may come: it is held against the trail again.
pub async fn looked(tx: &mut Tx, chunk: i64, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "UPDATE audit_chunks SET changed_at = $2 WHERE id = $1 AND state = 'ready'", chunk, now)
}

/// A chunk has as many events as there are, and no more are waited for.
pub async fn counted(tx: &mut Tx, chunk: i64, now: DateTime<Utc>) -> DbResult<u64> {
    execute!(tx, "UPDATE audit_chunks SET counted_at = $2 WHERE id = $1", chunk, now)
}

/// Chunks with events of before this are counted again: some of these were removed.
pub async fn count_again(tx: &mut Tx, environment_id: Uuid, before: DateTime<Utc>) -> DbResult<u64> {
    execute!(
        tx,
        "UPDATE audit_chunks SET counted_at = NULL, changed_at = $3
         WHERE environment_id = $1 AND state = 'ready' AND counted_at IS NOT NULL AND after_at < $2",
        environment_id,
        before,
        DateTime::<Utc>::UNIX_EPOCH
    )
}

/// The chunk in which a place is, is made anew by whoever fills the index next: an event of it was written otherwise. Gives where
/// it ends, if there is one.
pub async fn make_again(tx: &mut Tx, environment_id: Uuid, (time, id): Place) -> DbResult<Option<Place>> {
    let found: Option<(i64, DateTime<Utc>, Uuid)> = fetch_optional!(
        tx,
        "SELECT id, last_at, last_id FROM audit_chunks
         WHERE environment_id = $1 AND state = 'ready' AND (last_at, last_id) >= ($2, $3) ORDER BY last_at, last_id LIMIT 1",
        environment_id,
        time,
        id
    )?;
    let Some((chunk, last, last_id)) = found else { return Ok(None) };
    // It never has so few events as this: see `uncounted`.
    execute!(
        tx,
        "UPDATE audit_chunks SET events = 0, counted_at = NULL, changed_at = $2 WHERE id = $1",
        chunk,
        DateTime::<Utc>::UNIX_EPOCH
    )?;
    Ok(Some((last, last_id)))
}

/// A chunk that nobody reads: it was replaced before this, or is half of what somebody else began. Whoever asks has the index.
pub async fn left_over(conn: &mut Conn, environment_id: Uuid, before: DateTime<Utc>) -> DbResult<Option<i64>> {
    let row: Option<(i64,)> = fetch_optional!(
        conn,
        "SELECT id FROM audit_chunks WHERE environment_id = $1 AND (state = 'building' OR (state = 'gone' AND changed_at < $2))
         LIMIT 1",
        environment_id,
        before
    )?;
    Ok(row.map(|(id,)| id))
}

/// Deletes so many rows of a chunk at most, and the chunk once it has none. Gives how many went.
pub async fn forget(tx: &mut Tx, chunk: i64, limit: i64) -> DbResult<u64> {
    let deleted = execute!(
        tx,
        "DELETE FROM audit_terms WHERE chunk_id = $1 AND term IN
           (SELECT term FROM audit_terms WHERE chunk_id = $1 ORDER BY term LIMIT $2)",
        chunk,
        limit
    )?;
    if deleted == limit.unsigned_abs() {
        return Ok(deleted);
    }
    let (first, end) = (chunk * SLOTS, (chunk + 1) * SLOTS);
    execute!(tx, "DELETE FROM audit_slots WHERE slot >= $1 AND slot < $2", first, end)?;
    execute!(tx, "DELETE FROM audit_chunks WHERE id = $1", chunk)?;
    Ok(deleted)
}
