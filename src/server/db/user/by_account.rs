//! The list of users by the name of their main account. That is the name of another record, so it is read in two parts: who has
//! one, account by account, and who has none.

use super::{LISTED, ListedUser, UserFilter, and_of_status, conditions, has_few_of_status};
use crate::server::db::page::SortValue;
use crate::server::db::{Conn, DbResult, built};

#[derive(Clone, Copy, PartialEq)]
enum Part {
    With,
    Without,
}

/// One page of users; those without an account are the last of all.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Vec<ListedUser>> {
    let parts = if filter.descending { [Part::Without, Part::With] } else { [Part::With, Part::Without] };
    let first = filter.after.as_ref().map(|(value, _)| part_of(value));
    let mut rows = Vec::new();
    for part in parts.into_iter().skip_while(|part| first.is_some_and(|first| first != *part)) {
        let limit = filter.limit - rows.len() as i64;
        if limit > 0 {
            rows.extend(read(conn, filter, part, limit).await?);
        }
    }
    Ok(rows)
}

/// In which part a place of the list is: see [`ListedUser::sort_value`].
fn part_of(value: &SortValue) -> Part {
    if matches!(value, SortValue::Text(_)) { Part::With } else { Part::Without }
}

async fn read(conn: &mut Conn, filter: &UserFilter, part: Part, limit: i64) -> DbResult<Vec<ListedUser>> {
    let sqlite = conn.is_sqlite();
    let few_of_status = sqlite && has_few_of_status(conn, filter).await?;
    let few = filter.seqs.is_some() || few_of_status;
    let (order, direction) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
    let mut sql = conn.build(LISTED);
    match part {
        Part::With => {
            // Account by account, unless few users are looked at anyway: SQLite joins in the order that CROSS says.
            let join = if sqlite && !few { "CROSS JOIN" } else { "JOIN" };
            sql.push(format_args!(
                " FROM accounts a {join} users u ON u.active_account_id = a.id WHERE a.environment_id = "
            ));
            sql.bind(filter.environment_id).push(" AND ");
            conditions(&mut sql, filter, sqlite);
        }
        Part::Without => {
            sql.push(" FROM users u LEFT JOIN accounts a ON a.id = u.active_account_id WHERE u.active_account_id IS NULL AND ");
            conditions(&mut sql, filter, sqlite && few);
        }
    }
    if few_of_status {
        and_of_status(&mut sql, filter);
    }
    if let Some((value, id)) = filter.after.as_ref().filter(|(value, _)| part_of(value) == part) {
        if let SortValue::Text(name) = value {
            sql.push(format_args!(" AND a.sort_name {order}= ")).bind(name);
            sql.push(format_args!(" AND (a.sort_name {order} ")).bind(name).push(" OR");
        } else {
            sql.push(" AND (FALSE OR");
        }
        sql.push(format_args!(" u.id {order} ")).bind(id).push(")");
    }
    sql.push(" ORDER BY ");
    if part == Part::With {
        sql.push(format_args!("a.sort_name {direction}, "));
    }
    sql.push(format_args!("u.id {direction} LIMIT {limit}"));
    built!(sql, fetch_all)
}
