//! Finding events by whatever a filter asks for, newest or oldest first, for about the same price wherever they are.
//!
//! The nearest events are looked at as they come: what is common is found there. Then the index says which events further away
//! may have all that is asked for, and these are looked at one by one. What is newer than the index, a few hundred events as a
//! rule, is looked through. How much one page looks at is bounded in each of these, and the page says where it stopped.

mod plan;

use std::collections::HashMap;

use self::plan::{Clauses, clauses, term_list};
use super::look::{FoundEvents, look, look_to};
use crate::server::db::audit::{self as table, AuditFilter, group, index};
use crate::server::db::{Conn, DbResult};
use crate::server::domain::event::TrailEntry;
use crate::server::domain::trail::group::each;
use crate::server::domain::trail::{CHUNK, Chunk, Place, Places, SLOT, Term};
use uuid::Uuid;

/// The nearest events, which are looked at first.
const NEAR: i64 = 400;
/// Events that one page looks through where there is no index.
const UNINDEXED: [i64; 2] = [1_000, 3_000];
/// Events of a user or a session that one page looks at for what else they must have.
const OF_ID: i64 = 1_000;
/// Chunks that one page asks at once, ever more, and at most together.
const GROUPS: [usize; 5] = [2, 8, 32, 128, 256];
const CHUNKS: usize = 2_048;
/// Chunks that are read first: what is asked for is mostly in these.
const FIRST_CHUNKS: usize = 24;
/// Terms times chunks that one page asks for.
const LOOKUPS: usize = 10_000;
/// Events that may be what is asked for and that one page looks at, and how many at once.
const CANDIDATES: usize = 1_536;
const AT_ONCE: usize = 64;

/// The first events of `filter`, as many as it asks for.
pub async fn find(conn: &mut Conn, filter: &AuditFilter) -> DbResult<FoundEvents> {
    if let Some(id) = filter.id {
        return of_id(conn, filter, id).await;
    }
    if !filter.is_picky() {
        return Ok(FoundEvents { rows: table::list(conn, filter).await?, stopped: None });
    }
    let mut found = look(conn, filter, &[NEAR]).await?;
    let Some(near) = found.stopped.take() else { return Ok(found) };
    let mut search = Search { filter: AuditFilter { after: Some(near), ..filter.clone() }, rows: found.rows };
    let stopped = search.beyond(conn, near).await?;
    Ok(FoundEvents { rows: search.rows, stopped })
}

/// What has an id, which is little as a rule; of a user with very many events the first of them.
async fn of_id(conn: &mut Conn, filter: &AuditFilter, id: Uuid) -> DbResult<FoundEvents> {
    let is_all = !filter.is_picky() && filter.account_id.is_none();
    let most = if is_all { filter.limit } else { OF_ID };
    let rows = table::with_id(conn, filter, id, most).await?;
    let is_full = is_all || i64::try_from(rows.len()).unwrap_or(i64::MAX) >= filter.limit;
    let stopped = if is_full { None } else { table::end_of_id(conn, filter, id, most).await? };
    Ok(FoundEvents { rows, stopped })
}

/// A search on its way: from where `filter` is by now, with what was found so far.
struct Search {
    filter: AuditFilter,
    rows: Vec<TrailEntry>,
}

impl Search {
    fn wanted(&self) -> usize {
        usize::try_from(self.filter.limit).unwrap_or_default().saturating_sub(self.rows.len())
    }

    /// What is beyond the nearest events. Gives where it stopped, if it did.
    async fn beyond(&mut self, conn: &mut Conn, near: Place) -> DbResult<Option<Place>> {
        let ascending = self.filter.ascending;
        let mut chunks = self.chunks(conn, near, FIRST_CHUNKS).await?;
        let clauses = clauses(&self.filter);
        if chunks.is_empty() || clauses.is_empty() {
            return self.look(conn, None).await;
        }
        // The newest events are not indexed yet: on the way back they come before the index, on the way up behind it.
        if let Some(newest) = chunks.first().map(|chunk| chunk.last).filter(|newest| !ascending && *newest < near) {
            let stopped = self.look(conn, Some(newest)).await?;
            if self.wanted() == 0 || stopped != Some(newest) {
                return Ok(stopped);
            }
            self.filter.after = stopped;
        }
        let mut budget = Budget::default();
        let clauses = cheapest(conn, &chunks, clauses).await?;
        let (mut seen, mut most) = (0, FIRST_CHUNKS);
        let mut newest = near;
        while let Some(last) = chunks.last() {
            let (edge, end) = (if ascending { last.last } else { last.after }, end_of(last, ascending));
            newest = newest.max(last.last);
            let stopped = self.indexed(conn, &chunks, &clauses, &mut budget).await?;
            if self.wanted() == 0 || stopped.is_some() {
                return Ok(stopped);
            }
            seen += chunks.len();
            if seen == CHUNKS {
                return Ok(Some(end));
            }
            if chunks.len() < most {
                break;
            }
            most = CHUNKS - seen;
            chunks = self.chunks(conn, edge, most).await?;
        }
        if !ascending {
            return Ok(None);
        }
        self.filter.after = Some(newest);
        self.look(conn, None).await
    }

    /// The nearest chunks beyond a place, as far as they are of the time that is asked for.
    async fn chunks(&self, conn: &mut Conn, beyond: Place, most: usize) -> DbResult<Vec<Chunk>> {
        let AuditFilter { environment_id, ascending, from, until, .. } = self.filter;
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        index::chunks(conn, environment_id, ascending, Some(beyond), (from, until), most).await
    }

    /// Looks through the trail itself, up to `edge` at the furthest.
    async fn look(&mut self, conn: &mut Conn, edge: Option<Place>) -> DbResult<Option<Place>> {
        // As many as for the whole page, so that the statement is the same.
        let found = look_to(conn, &self.filter, &UNINDEXED, edge).await?;
        let (wanted, enough) = (self.wanted(), found.rows.len() >= self.wanted());
        self.rows.extend(found.rows.into_iter().take(wanted));
        Ok(found.stopped.filter(|_| !enough))
    }

    /// Goes through chunks, the nearest first. Gives where it stopped before their end, if it did.
    async fn indexed(
        &mut self,
        conn: &mut Conn,
        chunks: &[Chunk],
        clauses: &Clauses,
        budget: &mut Budget,
    ) -> DbResult<Option<Place>> {
        let ascending = self.filter.ascending;
        let terms = term_list(clauses);
        let mut rest = chunks;
        while !rest.is_empty() {
            let size = GROUPS[budget.groups.min(GROUPS.len() - 1)];
            budget.groups += 1;
            let (group, others) = rest.split_at(size.min(rest.len()));
            let alone = group.iter().filter(|chunk| chunk.group.is_none()).count();
            if budget.looked_up + alone * terms.len() > LOOKUPS {
                return Ok(Some(begin_of(&group[0], ascending)));
            }
            rest = others;
            let mut found = known(conn, group, clauses, &terms, budget).await?;
            // What is common has a great many places in a group: one chunk's at a time are enough to go on with.
            let mut hits: Vec<(i64, usize)> = Vec::new();
            for (number, chunk) in group.iter().enumerate() {
                if let Some(terms) = found.remove(&chunk.id) {
                    self.add_hits(conn, chunk, clauses, &terms, &mut hits).await?;
                }
                let is_last = number + 1 == group.len();
                let ready = if is_last { hits.len() } else { hits.len() - hits.len() % AT_ONCE };
                let ready: Vec<(i64, usize)> = hits.drain(..ready).collect();
                for batch in ready.chunks(AT_ONCE) {
                    let ids = index::ids(conn, batch).await?;
                    let rows = if ids.is_empty() { Vec::new() } else { table::among(conn, &self.filter, &ids).await? };
                    let wanted = self.wanted();
                    self.rows.extend(rows.into_iter().take(wanted));
                    if self.wanted() == 0 {
                        return Ok(None);
                    }
                    budget.looked_at += batch.len();
                    if budget.looked_at >= CANDIDATES && !ids.is_empty() {
                        // Where none of these is left, it goes on to others.
                        let stopped = table::last_of(conn, &self.filter, &ids).await?;
                        if stopped.is_some() {
                            return Ok(stopped);
                        }
                    }
                }
            }
        }
        Ok(None)
    }

    /// Adds the events of a chunk that may be what is asked for, the nearest first.
    async fn add_hits(
        &self,
        conn: &mut Conn,
        chunk: &Chunk,
        clauses: &Clauses,
        terms: &HashMap<Term, Vec<u8>>,
        hits: &mut Vec<(i64, usize)>,
    ) -> DbResult<()> {
        let Some(mut places) = plan::places(clauses, terms) else { return Ok(()) };
        if let Some(part) = self.part(conn, chunk).await? {
            places.only(&part);
        }
        let places = places.to_vec().into_iter().map(|place| (chunk.id, place));
        if self.filter.ascending {
            hits.extend(places);
        } else {
            hits.extend(places.rev());
        }
        Ok(())
    }

    /// The places of a chunk that are in the time that is asked for, and beyond where the page begins; `None` for all.
    async fn part(&self, conn: &mut Conn, chunk: &Chunk) -> DbResult<Option<Places>> {
        let AuditFilter { from, until, after, ascending, .. } = self.filter;
        let begin = after.map(|(time, _)| time);
        let (least, most) = if ascending { (from.max(begin), until) } else { (from, earlier(until, begin)) };
        let is_cut = least.is_some_and(|least| chunk.after.0 <= least) || most.is_some_and(|most| chunk.last.0 >= most);
        if !is_cut {
            return Ok(None);
        }
        // What is beyond a chunk cuts nothing off it.
        let first = match least.filter(|least| chunk.after.0 <= *least) {
            Some(least) => index::slots_before(conn, chunk.id, |time| time < least).await?.saturating_sub(1) * SLOT,
            None => 0,
        };
        let end = match most.filter(|most| chunk.last.0 >= *most) {
            Some(most) => index::slots_before(conn, chunk.id, |time| time <= most).await? * SLOT,
            None => CHUNK,
        };
        Ok(Some(Places::between(first, end)))
    }
}

/// What one page has used of what it may.
#[derive(Default)]
struct Budget {
    /// Groups of chunks that were asked.
    groups: usize,
    /// Terms times chunks.
    looked_up: usize,
    /// Events.
    looked_at: usize,
}

/// What chunks have of these terms: of a group as much as it knows, and of its chunks, where that may be a hit, the rest.
async fn known(
    conn: &mut Conn,
    chunks: &[Chunk],
    clauses: &Clauses,
    terms: &[Term],
    budget: &mut Budget,
) -> DbResult<HashMap<i64, HashMap<Term, Vec<u8>>>> {
    let mut found: HashMap<i64, HashMap<Term, Vec<u8>>> = HashMap::new();
    let (grouped, alone): (Vec<&Chunk>, Vec<&Chunk>) = chunks.iter().partition(|chunk| chunk.group.is_some());
    let numbers: HashMap<(i64, usize), i64> =
        grouped.iter().filter_map(|chunk| Some((chunk.group?, chunk.id))).collect();
    let mut groups: Vec<i64> = numbers.keys().map(|(group, _)| *group).collect();
    groups.sort_unstable();
    groups.dedup();
    for (group, term, places) in group::terms(conn, &groups, terms).await? {
        for (number, places) in each(&places) {
            if let Some(chunk) = numbers.get(&(group, number)) {
                found.entry(*chunk).or_default().insert(term, places.to_vec());
            }
        }
    }
    // What a group does not know of its chunk has no bytes, and may be anywhere.
    found.retain(|_, terms| plan::places(clauses, terms).is_some());
    let (mut open, mut open_terms) = (Vec::new(), Vec::new());
    for (chunk, terms) in &found {
        let before = open_terms.len();
        open_terms.extend(terms.iter().filter(|(_, places)| places.is_empty()).map(|(term, _)| *term));
        open.extend((open_terms.len() > before).then_some(*chunk));
    }
    open.sort_unstable();
    open_terms.sort_unstable();
    open_terms.dedup();
    let alone: Vec<i64> = alone.into_iter().map(|chunk| chunk.id).collect();
    budget.looked_up += (groups.len() + alone.len()) * terms.len() + open.len() * open_terms.len();
    for (chunks, terms) in [(&alone, terms), (&open, &open_terms)] {
        for (chunk, term, places) in index::terms(conn, chunks, terms).await? {
            found.entry(chunk).or_default().insert(term, places);
        }
    }
    Ok(found)
}

/// What is worth asking of these chunks: how common each term is, shows one of them; the largest of the nearest shows it best.
async fn cheapest(conn: &mut Conn, chunks: &[Chunk], clauses: Clauses) -> DbResult<Clauses> {
    let Some(sample) = chunks.iter().take(16).max_by_key(|chunk| chunk.events) else { return Ok(clauses) };
    let known = index::terms(conn, &[sample.id], &term_list(&clauses)).await?;
    let counts: HashMap<Term, usize> =
        known.into_iter().map(|(_, term, bytes)| (term, Places::decode(&bytes).count())).collect();
    Ok(plan::cheapest(clauses, &counts))
}

/// The earlier of two times, where there are both.
fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// From where a page goes on behind a chunk, and from where it goes on with it.
fn end_of(chunk: &Chunk, ascending: bool) -> Place {
    if ascending { chunk.last } else { just_after(chunk.after) }
}

fn begin_of(chunk: &Chunk, ascending: bool) -> Place {
    if ascending { chunk.after } else { just_after(chunk.last) }
}

/// The place behind one: what comes before it is that and what is before that.
fn just_after((time, id): Place) -> Place {
    (time, Uuid::from_u128(id.as_u128().saturating_add(1)))
}
