//! Users of whom an index finds few: all of them are looked at, counted and sorted.

use super::filter::{LISTED, Lead, ListedUser, UserFilter, and_filtered, bind_place, in_order, joined, members};
use super::rank;
use crate::model::user::UserSort;
use crate::server::db::build::Statement;
use crate::server::db::page::SortValue;
use crate::server::db::{Conn, DbResult, built, search};

/// One page, and how many there are on all: they are looked at anyway.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Vec<ListedUser>> {
    let mut sql = conn.build(LISTED);
    let has_seq = sql.is_sqlite();
    let [seq, of_found] = if has_seq { ["u.seq, ", "f.seq, "] } else { [""; 2] };
    sql.push(format_args!(", p.matching FROM (SELECT {of_found}f.v, f.id, f.tier, f.matching FROM ("));
    // Where they are not few after all, to count them costs as much again.
    let matching = if filter.lead == Lead::Words { "count(*) OVER ()" } else { "CAST(NULL AS BIGINT)" };
    sql.push(format_args!("SELECT {seq}{} AS v, u.id AS id, {matching} AS matching, ", value_of(filter.sort)));
    match &filter.ranking {
        Some(ranking) => ranking.push(&mut sql, "u"),
        None => drop(sql.push("CAST(0 AS BIGINT)")),
    }
    sql.push(" AS tier");
    found(&mut sql, filter);
    sql.push(") f WHERE TRUE");
    after(&mut sql, filter);
    sql.push(" ORDER BY ");
    in_order(&mut sql, filter, "f");
    sql.push(format_args!(" LIMIT {}", filter.limit));
    joined(&mut sql, filter, has_seq);
    built!(sql, fetch_all)
}

/// How many there are on all pages, counted up to `limit` and no further.
pub async fn count(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<i64> {
    let mut sql = conn.build("SELECT count(*) FROM (SELECT 1 AS one");
    found(&mut sql, filter);
    sql.push(format_args!(" LIMIT {limit}) AS counted"));
    let (count,) = built!(sql, fetch_one)?;
    Ok(count)
}

/// What rows are sorted by. A status's users stand in the order of their names.
fn value_of(sort: UserSort) -> &'static str {
    match sort {
        UserSort::Name => "u.sort_name",
        UserSort::Email => "u.email",
        UserSort::LastVisit => "u.last_visit_us",
        UserSort::Visits => "u.visits",
        UserSort::Created => "u.created_at",
        UserSort::Account => "u.account_sort",
        UserSort::Status => "CAST(u.status_rank AS TEXT) || u.sort_name",
    }
}

/// ` FROM users u WHERE` they match.
fn found(sql: &mut Statement<'_>, filter: &UserFilter) {
    // SQLite, which knows no numbers, is kept from walking all users.
    let plus = if sql.is_sqlite() { "+" } else { "" };
    sql.push(format_args!(" FROM users u WHERE {plus}u.environment_id = ")).bind(filter.environment_id);
    if let Some(id) = filter.id {
        sql.push(" AND u.id = ").bind(id);
    }
    and_led(sql, filter);
    if let Some(account_id) = filter.account_id {
        sql.push(" AND EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = ").bind(account_id);
        sql.push(" AND m.user_id = u.id)");
    }
    if let Some(status) = filter.status {
        sql.push(format_args!(" AND {plus}u.status_rank = {}", rank(status)));
    }
    and_filtered(sql, filter, "u");
}

/// The rows that the search index has, and the members of accounts that have the words.
fn and_led(sql: &mut Statement<'_>, filter: &UserFilter) {
    if filter.named_accounts.is_empty() {
        indexed(sql, "u", filter);
        sql.and_has("u", &filter.words);
        return;
    }
    sql.push(" AND u.id IN (");
    members(sql, filter);
    sql.push(" UNION SELECT s.id FROM users s WHERE ");
    let plus = if sql.is_sqlite() { "+" } else { "" };
    sql.push(format_args!("{plus}s.environment_id = ")).bind(filter.environment_id);
    indexed(sql, "s", filter);
    sql.and_has("s", &filter.words).push(")");
}

/// ` AND` the search index has the parts of the words in the row of `alias`.
pub(super) fn indexed(sql: &mut Statement<'_>, alias: &str, filter: &UserFilter) {
    match &filter.numbers {
        Some(numbers) if sql.is_sqlite() => {
            sql.push(format_args!(" AND {alias}.seq IN (SELECT value FROM json_each("))
                .bind(numbers.clone())
                .push("))");
        }
        Some(numbers) => {
            sql.push(format_args!(" AND {alias}.seq = ANY(CAST(")).bind(numbers.clone()).push(" AS BIGINT[]))");
        }
        None => having(sql, alias, &filter.parts),
    }
}

/// [`indexed`] that asks the search index.
pub(super) fn having(sql: &mut Statement<'_>, alias: &str, parts: &[Vec<String>]) {
    if parts.is_empty() {
        return;
    }
    if sql.is_sqlite() {
        sql.push(format_args!(" AND {alias}.seq IN (SELECT rowid FROM users_search WHERE users_search MATCH "));
        sql.bind(search::query(parts)).push(")");
        return;
    }
    for keys in parts {
        sql.push(" AND (FALSE");
        for key in keys {
            sql.push(format_args!(" OR {alias}.search_text LIKE ")).bind(format!("%{}%", search::escaped(key)));
            sql.push(" ESCAPE '\\'");
        }
        sql.push(")");
    }
}

/// ` AND` the row of `f` is behind the page's beginning.
fn after(sql: &mut Statement<'_>, filter: &UserFilter) {
    let Some((value, id)) = &filter.after else { return };
    let comparison = if filter.descending { "<" } else { ">" };
    let tier = if let SortValue::Ranked(tier, _) = value { i64::from(*tier) } else { 0 };
    let beyond = if filter.backwards { "<" } else { ">" };
    sql.push(format_args!(" AND (f.tier {beyond} {tier} OR f.tier = {tier} AND (f.v, f.id) {comparison} ("));
    bind_place(sql, value);
    sql.push(", ").bind(*id).push("))");
}
