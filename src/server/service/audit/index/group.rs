//! Groups of chunks: four full ones that follow each other become one, four of those one of 16, and four of those one of 64, so that
//! what is rare is asked of a few. A chunk that is made anew is in none, and asked by itself; a group that has lost a quarter of its own is given up,
//! and what is left of it put together again.

use std::collections::{BTreeMap, VecDeque};

use uuid::Uuid;

use super::{LAST_LEVEL, ROWS, Work};
use crate::server::db::audit::group as table;
use crate::server::domain::trail::group::{GROUP, KEPT, add, each};
use crate::server::domain::trail::{Chunk, Term};
use crate::server::error::ServiceResult;
use crate::server::state::AppState;

/// Chunks of the groups that are made, the largest of which stays.
const SIZES: [usize; 3] = [4, 16, GROUP];
/// Rows of each that are read at once.
const PAGE: usize = 200;

/// What becomes a part of a group: a group, or a chunk that is in none, with the chunks that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    group: Option<i64>,
    /// Their ids, and their numbers in the group.
    chunks: Vec<(i64, usize)>,
}

/// Whether there is a group to be made, as far as that is seen without having the index.
pub async fn is_due(state: &AppState, environment_id: Uuid) -> ServiceResult<bool> {
    let mut conn = state.db.read().await?;
    if !table::are_alone(&mut conn, environment_id, LAST_LEVEL, SIZES[0] as i64).await? {
        return Ok(false);
    }
    Ok(together(&pieces(&table::chunks(&mut conn, environment_id, LAST_LEVEL).await?)).is_some())
}

impl Work<'_> {
    /// Makes a group where there is enough for one. Gives of how many events.
    pub(super) async fn group(&mut self) -> ServiceResult<u64> {
        let mut conn = self.state.db.read().await?;
        let chunks = table::chunks(&mut conn, self.environment_id, LAST_LEVEL).await?;
        let sizes = table::sizes(&mut conn, self.environment_id).await?;
        drop(conn);
        let left = |group| chunks.iter().filter(|chunk| chunk.group.is_some_and(|(of, _)| of == group)).count() as i64;
        if let Some((group, _)) = sizes.into_iter().find(|(group, size)| left(*group) * 4 < size * 3) {
            let Some(mut tx) = self.write().await? else { return Ok(0) };
            table::dissolve(&mut tx, self.environment_id, group, self.state.now()).await?;
            tx.commit().await?;
            return Ok(left(group).unsigned_abs());
        }
        let all = pieces(&chunks);
        let Some(together) = together(&all) else { return Ok(0) };
        self.make_group(together).await?;
        let is_in = |chunk: &&Chunk| together.iter().flat_map(|piece| &piece.chunks).any(|(id, _)| *id == chunk.id);
        Ok(chunks.iter().filter(is_in).map(|chunk| chunk.events as u64).sum())
    }

    async fn make_group(&mut self, pieces: &[Piece]) -> ServiceResult<()> {
        let ids: Vec<i64> = pieces.iter().flat_map(|piece| &piece.chunks).map(|(id, _)| *id).collect();
        let Some(mut tx) = self.write().await? else { return Ok(()) };
        let group = table::begin(&mut tx, self.environment_id, ids.len() as i64, self.state.now()).await?;
        tx.commit().await?;
        let mut sources = Vec::new();
        let mut first = 0;
        for piece in pieces {
            sources.push(Source::of(piece, first));
            first += piece.chunks.len();
        }
        while let Some(rows) = self.next_terms(&mut sources).await? {
            for rows in rows.chunks(ROWS) {
                let Some(mut tx) = self.write().await? else { return Ok(()) };
                table::write_terms(&mut tx, group, rows).await?;
                tx.commit().await?;
                tokio::task::yield_now().await;
            }
        }
        let Some(mut tx) = self.write().await? else { return Ok(()) };
        for replaced in pieces.iter().filter_map(|piece| piece.group) {
            table::dissolve(&mut tx, self.environment_id, replaced, self.state.now()).await?;
        }
        table::finish(&mut tx, group, &ids, self.state.now()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What all sources have of the terms that come next; `None` behind the last.
    async fn next_terms(&self, sources: &mut [Source]) -> ServiceResult<Option<Vec<(Term, Vec<u8>)>>> {
        let mut conn = self.state.db.read().await?;
        for source in sources.iter_mut().filter(|source| source.rows.is_empty()) {
            let Some(from) = source.next else { continue };
            let rows = match source.of {
                Of::Chunk(id) => table::of_chunk(&mut conn, id, from, KEPT as i64, PAGE as i64).await?,
                Of::Group(id) => table::of_group(&mut conn, id, from, PAGE as i64).await?,
            };
            source.next = rows.last().filter(|_| rows.len() == PAGE).map(|(term, _)| term.saturating_add(1));
            source.rows = rows.into();
        }
        drop(conn);
        if sources.iter().all(|source| source.rows.is_empty()) {
            return Ok(None);
        }
        // As far as each of them is known.
        let known = |source: &Source| source.rows.back().filter(|_| source.next.is_some()).map(|(term, _)| *term);
        let end = sources.iter().filter_map(known).min().unwrap_or(Term::MAX);
        let mut terms: BTreeMap<Term, Vec<u8>> = BTreeMap::new();
        for source in sources {
            while let Some((term, places)) = source.rows.pop_front_if(|(term, _)| *term <= end) {
                source.put(terms.entry(term).or_default(), &places);
            }
        }
        Ok(Some(terms.into_iter().collect()))
    }
}

/// What rows of a group are made from.
struct Source {
    of: Of,
    /// By the numbers that its chunks had, those that they have now.
    numbers: BTreeMap<usize, usize>,
    rows: VecDeque<(Term, Vec<u8>)>,
    /// From where there may be more to read.
    next: Option<Term>,
}

enum Of {
    Chunk(i64),
    Group(i64),
}

impl Source {
    /// The first chunk of `piece` has the number `first` now.
    fn of(piece: &Piece, first: usize) -> Self {
        let of = match (piece.group, piece.chunks.as_slice()) {
            (Some(group), _) => Of::Group(group),
            (None, chunks) => Of::Chunk(chunks.first().map(|(id, _)| *id).unwrap_or_default()),
        };
        let numbers = (first..).zip(&piece.chunks).map(|(now, (_, before))| (*before, now)).collect();
        Self { of, numbers, rows: VecDeque::new(), next: Some(Term::MIN) }
    }

    fn put(&self, row: &mut Vec<u8>, places: &[u8]) {
        let chunks = match self.of {
            Of::Chunk(_) => vec![(0, places)],
            Of::Group(_) => each(places),
        };
        for (before, places) in chunks {
            // Of a chunk that was made anew nothing is left.
            if let Some(now) = self.numbers.get(&before) {
                add(row, *now, places);
            }
        }
    }
}

/// What there is, in the order of the trail.
fn pieces(chunks: &[Chunk]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for chunk in chunks {
        let group = chunk.group.map(|(group, _)| group);
        let number = chunk.group.map(|(_, number)| number).unwrap_or_default();
        match pieces.last_mut().filter(|last| group.is_some() && last.group == group) {
            Some(last) => last.chunks.push((chunk.id, number)),
            None => pieces.push(Piece { group, chunks: vec![(chunk.id, number)] }),
        }
    }
    pieces
}

/// Which of them become one: those that follow each other and fill one of a size.
fn together(pieces: &[Piece]) -> Option<&[Piece]> {
    let of_size = |size: usize, begin: usize| {
        let (mut end, mut all, mut largest) = (begin, 0, 0);
        let smaller = |end: usize| pieces.get(end).map(|piece| piece.chunks.len()).filter(|next| *next < size);
        while let Some(next) = smaller(end).filter(|next| all + next <= size) {
            (end, all, largest) = (end + 1, all + next, largest.max(next));
        }
        // To write the most of it anew for a little is worth nothing.
        ((all == size || smaller(end).is_some()) && largest * 2 <= all).then(|| &pieces[begin..end])
    };
    SIZES.into_iter().find_map(|size| (0..pieces.len()).find_map(|begin| of_size(size, begin)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sizes: &[usize]) -> Vec<Piece> {
        let piece = |(id, size): (i64, &usize)| Piece {
            group: (*size > 1).then_some(id),
            chunks: (0..*size).map(|number| (id * 100 + number as i64, number)).collect(),
        };
        (0..).zip(sizes).map(piece).collect()
    }

    fn joined(sizes: &[usize]) -> Vec<usize> {
        let pieces = of(sizes);
        together(&pieces).map(|some| some.iter().map(|piece| piece.chunks.len()).collect()).unwrap_or_default()
    }

    #[test]
    fn four_of_a_size_become_one_of_the_next() {
        assert!(joined(&[64, 16, 4, 1, 1, 1]).is_empty());
        assert_eq!(joined(&[64, 16, 4, 1, 1, 1, 1]), [1; 4]);
        assert_eq!(joined(&[64, 16, 4, 4, 4, 4, 1]), [4; 4]);
        assert_eq!(joined(&[64, 16, 16, 16, 16]), [16; 4]);
        assert!(joined(&[64, 64, 64, 64]).is_empty());
    }

    #[test]
    fn what_stands_between_goes_with_the_others_and_nothing_is_written_anew_for_a_little() {
        assert_eq!(joined(&[4, 4, 1, 4, 4]), [4, 4, 1, 4]);
        assert_eq!(joined(&[16, 15, 1, 16, 16]), [16, 15, 1, 16, 16]);
        for sizes in [&[1, 63, 64, 4][..], &[1, 15, 4, 64], &[3, 1], &[1], &[]] {
            assert!(joined(sizes).is_empty(), "{sizes:?}");
        }
    }
}
