//! What is asked before a search: how common words are, and whether an index has few for them.

use uuid::Uuid;

use super::few::having;
use crate::server::db::{Conn, DbResult, built, fetch_one, search};

/// Places of the table that a sample is taken at, and rows that are looked at in each.
const PLACES: i64 = 64;
const ROWS: i64 = 64;
/// Rows of a sample at most.
const SAMPLED: i64 = 2_048;

/// What some users of the environment are found by, and which of some places all over the table each is from, in their order.
pub async fn sample(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(i64, String)>> {
    // Each by itself: SQLite reads the whole table for both at once.
    let (first, last): (i64, i64) = fetch_one!(
        conn,
        "SELECT coalesce((SELECT min(seq) FROM users), 0), coalesce((SELECT max(seq) FROM users), 0)"
    )?;
    // Not all of a place: the places behind it have their share.
    let each = SAMPLED / PLACES;
    let mut sql = conn.build("");
    for place in 0..PLACES {
        let begin = first + (last - first) / PLACES * place;
        sql.push(if place == 0 { "" } else { " UNION ALL " });
        // SQLite would take the index of the environment.
        let plus = if sql.is_sqlite() { "+" } else { "" };
        sql.push(format_args!(
            "SELECT * FROM (SELECT CAST({place} AS BIGINT), search_text FROM users WHERE {plus}environment_id = "
        ));
        sql.bind(environment_id);
        sql.push(" AND seq >= ").bind(begin).push(" AND seq < ").bind(begin + ROWS);
        sql.push(format_args!(" ORDER BY seq LIMIT {each}) AS p{place}"));
    }
    built!(sql, fetch_all)
}

/// The numbers of the rows that the search index has with these parts of words, where these are no more than `few`: see
/// [`super::filter::UserFilter::numbers`]. SQLite's index is one for all environments.
pub async fn few_with(
    conn: &mut Conn,
    environment_id: Uuid,
    parts: &[Vec<String>],
    few: i64,
) -> DbResult<Option<String>> {
    let mut sql = conn.build("SELECT count(*), ");
    if sql.is_sqlite() {
        sql.push("json_group_array(seq) FROM (SELECT rowid AS seq FROM users_search WHERE users_search MATCH ");
        sql.bind(search::query(parts));
    } else {
        sql.push(
            "coalesce(CAST(array_agg(seq) AS TEXT), '{}') FROM (SELECT u.seq FROM users u WHERE u.environment_id = ",
        );
        sql.bind(environment_id);
        having(&mut sql, "u", parts);
    }
    sql.push(format_args!(" LIMIT {}) AS found", few + 1));
    let (count, numbers): (i64, String) = built!(sql, fetch_one)?;
    Ok((count <= few).then_some(numbers))
}

/// Whether the accounts have no more than `few` members together.
pub async fn few_members(conn: &mut Conn, account_ids: &[Uuid], few: i64) -> DbResult<bool> {
    let mut sql = conn.build("SELECT count(*) FROM (SELECT 1 AS one FROM memberships m WHERE m.account_id IN (");
    // The order is that of an index: PostgreSQL would read the table until it has as many.
    sql.bind_all(account_ids).push(format_args!(") ORDER BY m.account_id, m.user_id LIMIT {}) AS counted", few + 1));
    let (count,): (i64,) = built!(sql, fetch_one)?;
    Ok(count <= few)
}
