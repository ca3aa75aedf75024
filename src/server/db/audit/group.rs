//! Groups of chunks in the index of the trail: what they have of each term, and which chunks they are of. See
//! `service/audit/index/group`.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::evenly;
use super::index::{COLUMNS, ChunkRow};
use crate::server::db::{Conn, DbResult, Tx, built, execute, fetch_all, fetch_optional, fetch_scalar};
use crate::server::domain::trail::{Chunk, Term};

/// Rows of one statement.
const ROWS: usize = 500;

/// What groups have of terms: group, term and bytes. What is not there has no chunk of the group.
pub async fn terms(conn: &mut Conn, groups: &[i64], terms: &[Term]) -> DbResult<Vec<(i64, Term, Vec<u8>)>> {
    if groups.is_empty() || terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = conn.build("SELECT group_id, term, places FROM audit_group_terms WHERE group_id IN (");
    sql.bind_all(evenly(groups)).push(") AND term IN (").bind_all(evenly(terms)).push(")");
    built!(sql, fetch_all)
}

/// Whether as many chunks of a level are in no group.
pub async fn are_alone(conn: &mut Conn, environment_id: Uuid, level: i64, many: i64) -> DbResult<bool> {
    let alone: i64 = fetch_scalar!(
        conn,
        "SELECT count(*) FROM (SELECT 1 AS one FROM audit_chunks
           WHERE environment_id = $1 AND group_id IS NULL AND level = $2 AND state = 'ready' LIMIT $3) AS alone",
        environment_id,
        level,
        many
    )?;
    Ok(alone >= many)
}

/// All chunks of a level, the oldest first.
pub async fn chunks(conn: &mut Conn, environment_id: Uuid, level: i64) -> DbResult<Vec<Chunk>> {
    let mut sql = conn.build(COLUMNS);
    sql.bind(environment_id).push(" AND level = ").bind(level).push(" ORDER BY last_at, last_id");
    let rows: Vec<ChunkRow> = built!(sql, fetch_all)?;
    Ok(rows.into_iter().map(Chunk::from).collect())
}

/// The groups that are in use, each with how many chunks it was made of.
pub async fn sizes(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(i64, i64)>> {
    fetch_all!(
        conn,
        "SELECT id, chunks FROM audit_groups WHERE environment_id = $1 AND state = 'ready'",
        environment_id
    )
}

/// The places that a chunk has from a term on, as many terms as `limit`; none of letters where they take more bytes than `kept`.
pub async fn of_chunk(
    conn: &mut Conn,
    chunk: i64,
    from: Term,
    kept: i64,
    limit: i64,
) -> DbResult<Vec<(Term, Vec<u8>)>> {
    fetch_all!(
        conn,
        "SELECT term, CASE WHEN length(places) > $3 AND term >= 0 THEN $4 ELSE places END FROM audit_terms
         WHERE chunk_id = $1 AND term >= $2 ORDER BY term LIMIT $5",
        chunk,
        from,
        kept,
        Vec::<u8>::new(),
        limit
    )
}

/// What a group has from a term on, as many terms as `limit`.
pub async fn of_group(conn: &mut Conn, group: i64, from: Term, limit: i64) -> DbResult<Vec<(Term, Vec<u8>)>> {
    fetch_all!(
        conn,
        "SELECT term, places FROM audit_group_terms WHERE group_id = $1 AND term >= $2 ORDER BY term LIMIT $3",
        group,
        from,
        limit
    )
}

/// A group that nobody reads yet.
pub async fn begin(tx: &mut Tx, environment_id: Uuid, chunks: i64, now: DateTime<Utc>) -> DbResult<i64> {
    fetch_scalar!(
        tx,
        "INSERT INTO audit_groups (environment_id, state, changed_at, chunks) VALUES ($1, 'building', $2, $3) RETURNING id",
        environment_id,
        now,
        chunks
    )
}

pub async fn write_terms(tx: &mut Tx, group: i64, terms: &[(Term, Vec<u8>)]) -> DbResult<()> {
    for rows in terms.chunks(ROWS) {
        let mut sql = tx.build("INSERT INTO audit_group_terms (group_id, term, places) ");
        sql.values(rows, |row, (term, places)| {
            row.bind(group).bind(*term).bind(places);
        });
        if rows.len() < ROWS {
            sql.used_once();
        }
        built!(sql, execute)?;
    }
    Ok(())
}

/// From now on these chunks, as far as there still are such, are known by the group, in this order.
pub async fn finish(tx: &mut Tx, group: i64, chunks: &[i64], now: DateTime<Utc>) -> DbResult<()> {
    for (place, chunk) in (0_i64..).zip(chunks) {
        execute!(tx, "UPDATE audit_chunks SET group_id = $2, group_place = $3 WHERE id = $1", *chunk, group, place)?;
    }
    let sql = "UPDATE audit_groups SET state = 'ready', changed_at = $2 WHERE id = $1 AND state = 'building'";
    execute!(tx, sql, group, now)?;
    Ok(())
}

/// Chunks are known by this group no more.
pub async fn dissolve(tx: &mut Tx, environment_id: Uuid, group: i64, now: DateTime<Utc>) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE audit_chunks SET group_id = NULL, group_place = NULL WHERE environment_id = $1 AND group_id = $2",
        environment_id,
        group
    )?;
    execute!(tx, "UPDATE audit_groups SET state = 'gone', changed_at = $2 WHERE id = $1", group, now)?;
    Ok(())
}

/// A group that nobody reads, as with [`super::index::left_over`].
pub async fn left_over(conn: &mut Conn, environment_id: Uuid, before: DateTime<Utc>) -> DbResult<Option<i64>> {
    let row: Option<(i64,)> = fetch_optional!(
        conn,
        "SELECT id FROM audit_groups WHERE environment_id = $1 AND (state = 'building' OR (state = 'gone' AND changed_at < $2))
         LIMIT 1",
        environment_id,
        before
    )?;
    Ok(row.map(|(id,)| id))
}

/// Deletes so many rows of a group at most, and the group once it has none. Gives how many went.
pub async fn forget(tx: &mut Tx, group: i64, limit: i64) -> DbResult<u64> {
    let deleted = execute!(
        tx,
        "DELETE FROM audit_group_terms WHERE group_id = $1 AND term IN
           (SELECT term FROM audit_group_terms WHERE group_id = $1 ORDER BY term LIMIT $2)",
        group,
        limit
    )?;
    if deleted < limit.unsigned_abs() {
        execute!(tx, "DELETE FROM audit_groups WHERE id = $1", group)?;
    }
    Ok(deleted)
}
