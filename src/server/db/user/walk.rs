//! Users in the order of the list, read from an index that has this order, until a page is full. What else is asked for is
//! checked on the way, so this is for what many match.
//!
//! In the index the users of each status stand together: the list of all is as many walks at once as there are statuses, of
//! which the next row is taken each time.

mod segment;
mod steps;

use super::few::indexed;
use super::filter::{
    Counted, LISTED, Lead, ListedUser, Ranking, Tier, UserFilter, and_filtered, begins, bind_place, joined, members,
};
use super::rank;
use crate::model::user::{UserSort, UserStatus};
use crate::server::db::build::Statement;
use crate::server::db::{Conn, DbResult, built};
use segment::{Segment, segments};

/// So many whose address or name begins as it was typed are looked up, and not waited for on a walk.
const FEW: i64 = 1_000;
/// Rows that a count looks at, where it looks at rows.
const LOOKED_AT: i64 = 2_000;

/// One page; `None` where it is not full after as many rows as `filter` lets it look at.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Option<Vec<ListedUser>>> {
    let mut rows: Vec<ListedUser> = Vec::new();
    for segment in segments(filter) {
        if rows.len() as i64 >= filter.limit {
            break;
        }
        let few = match segment.tier {
            Some((tier, ranking)) => has_few(conn, filter, tier, ranking).await?,
            None => false,
        };
        let more = if few || !is_bounded(filter) {
            Some(read(conn, filter, &segment, few).await?)
        } else {
            steps::list(conn, filter, segment, filter.limit - rows.len() as i64).await?
        };
        let Some(more) = more else { return Ok(None) };
        rows.extend(more);
        rows.truncate(usize::try_from(filter.limit).unwrap_or_default());
    }
    Ok(Some(rows))
}

/// Whether a walk ends before its end where few match: in all but the smallest environments.
fn is_bounded(filter: &UserFilter) -> bool {
    filter.lead != Lead::Members && filter.look > 0
}

/// The index of an order: its column, and what the names of both indexes end with.
fn index_of(sort: UserSort) -> (&'static str, &'static str) {
    match sort {
        UserSort::Name | UserSort::Status => ("sort_name", "name"),
        UserSort::Email => ("email", "email"),
        UserSort::LastVisit => ("last_visit_us", "last_visit"),
        UserSort::Visits => ("visits", "visits"),
        UserSort::Created => ("created_at", "created"),
        UserSort::Account => ("account_sort", "account_name"),
    }
}

/// The first rows of a segment, as many as a page has.
async fn read(conn: &mut Conn, filter: &UserFilter, segment: &Segment<'_>, few: bool) -> DbResult<Vec<ListedUser>> {
    let tier = segment.tier.map_or(0, |(tier, _)| tier.number());
    let order = in_order(filter, filter.limit);
    let mut sql = conn.build(LISTED);
    let has_seq = has_seq(&sql, filter);
    let seq = if has_seq { "o.seq, " } else { "" };
    sql.push(format_args!(" FROM (SELECT {seq}o.v, o.id, CAST({tier} AS BIGINT) AS tier FROM ("));
    if filter.lead == Lead::Members && !matches!(segment.tier, Some((tier, _)) if tier != Tier::Rest) {
        members_and_found(&mut sql, filter, segment, &order);
    } else {
        merged(&mut sql, filter, segment, few, &order);
    }
    sql.push(") o");
    joined(&mut sql, filter, has_seq);
    built!(sql, fetch_all)
}

/// Whether the index that is walked has the numbers of SQLite's rows.
fn has_seq(sql: &Statement<'_>, filter: &UserFilter) -> bool {
    sql.is_sqlite() && filter.account_id.is_none() && filter.lead != Lead::Members
}

/// ` v, id` in the order in which they are read, and how many of them.
fn in_order(filter: &UserFilter, limit: i64) -> String {
    let way = if filter.descending { "DESC" } else { "ASC" };
    format!("ORDER BY v {way}, id {way} LIMIT {limit}")
}

/// All walks of the segment at once, in `order`.
fn merged(sql: &mut Statement<'_>, filter: &UserFilter, segment: &Segment<'_>, few: bool, order: &str) {
    if sql.is_sqlite() {
        // SQLite takes the next row of each part as it goes, where all have the order that is asked for.
        arms(sql, filter, segment, few, ("", " UNION ALL ", ""));
        sql.push(format_args!(" {order}"));
    } else {
        // PostgreSQL does so where each part has the order itself.
        sql.push("SELECT * FROM (");
        arms(sql, filter, segment, few, ("(", " UNION ALL ", &format!(" {order})")));
        sql.push(format_args!(") a {order}"));
    }
}

/// The walks, each with something before it, between it and the next, and behind it.
fn arms(sql: &mut Statement<'_>, filter: &UserFilter, segment: &Segment<'_>, few: bool, around: (&str, &str, &str)) {
    let (before, between, behind) = around;
    for (index, status) in segment.statuses.iter().enumerate() {
        sql.push(if index == 0 { "" } else { between }).push(before);
        arm(sql, filter, segment, *status, few);
        sql.push(behind);
    }
}

/// The walks through each of the accounts that have the words, and the users who have them: each once, for all of a page may be
/// in each.
fn members_and_found(sql: &mut Statement<'_>, filter: &UserFilter, segment: &Segment<'_>, order: &str) {
    for account_id in &filter.named_accounts {
        let one = UserFilter { account_id: Some(*account_id), words: Vec::new(), ..filter.clone() };
        for status in &segment.statuses {
            sql.push("SELECT * FROM (");
            arm(sql, &one, segment, *status, false);
            sql.push(format_args!(" {order}) w UNION "));
        }
    }
    let (column, _) = index_of(filter.sort);
    let plus = if sql.is_sqlite() { "+" } else { "" };
    sql.push(format_args!("SELECT u.{column} AS v, u.id AS id FROM users u WHERE {plus}u.environment_id = "));
    sql.bind(filter.environment_id);
    indexed(sql, "u", filter);
    sql.and_has("u", &filter.words);
    let ranks: Vec<String> = segment.statuses.iter().map(|status| rank(*status).to_string()).collect();
    sql.push(format_args!(" AND {plus}u.status_rank IN ({})", ranks.join(", ")));
    and_filtered(sql, filter, "u");
    if let Some((tier, ranking)) = segment.tier {
        and_in(sql, tier, ranking);
    }
    and_between(sql, filter, segment, ("u", "id"));
    sql.push(format_args!(" {order}"));
}

/// One walk: ` v, id` of the users of a status who are asked for.
fn arm(sql: &mut Statement<'_>, filter: &UserFilter, segment: &Segment<'_>, status: UserStatus, few: bool) {
    let source = Source::of(sql, filter, few);
    all_of(sql, filter, segment, status, (few, source.has_users));
    and_checked(sql, filter, &source);
    if let Some((tier, ranking)) = segment.tier {
        and_in(sql, tier, ranking);
    }
}

/// ` v, id` of all users of a status in the segment, whatever else is asked for.
fn all_of(
    sql: &mut Statement<'_>,
    filter: &UserFilter,
    segment: &Segment<'_>,
    status: UserStatus,
    (few, has_users): (bool, bool),
) {
    let (column, index) = index_of(filter.sort);
    // Where the beginning of an address or a name has few, the index of that leads to them.
    let led = sql.is_sqlite() && !few;
    let (alias, id) = match filter.account_id.filter(|_| !few) {
        Some(account_id) => {
            let hint = if led { format!(" INDEXED BY account_users_by_{index}") } else { String::new() };
            sql.push(format_args!("SELECT m.{column} AS v, m.user_id AS id FROM account_users m{hint}"));
            if has_users {
                join_users(sql);
            }
            sql.push(" WHERE m.account_id = ").bind(account_id);
            ("m", "user_id")
        }
        None => {
            let hint = if led { format!(" INDEXED BY users_by_{index}") } else { String::new() };
            let seq = if has_seq(sql, filter) { ", u.seq AS seq" } else { "" };
            sql.push(format_args!(
                "SELECT u.{column} AS v, u.id AS id{seq} FROM users u{hint} WHERE u.environment_id = "
            ));
            sql.bind(filter.environment_id);
            if let Some(account_id) = filter.account_id {
                sql.push(" AND EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = ").bind(account_id);
                sql.push(" AND m.user_id = u.id)");
            }
            ("u", "id")
        }
    };
    sql.push(format_args!(" AND {alias}.status_rank = {}", rank(status)));
    and_between(sql, filter, segment, (alias, id));
}

/// ` AND` the row is behind the segment's beginning, and not behind its end.
fn and_between(sql: &mut Statement<'_>, filter: &UserFilter, segment: &Segment<'_>, (alias, id): (&str, &str)) {
    let (column, _) = index_of(filter.sort);
    let (behind, before) = if filter.descending { ("<", ">=") } else { (">", "<=") };
    for (place, comparison) in [(&segment.after, behind), (&segment.up_to, before)] {
        if let Some((value, last)) = place {
            sql.push(format_args!(" AND ({alias}.{column}, {alias}.{id}) {comparison} ("));
            bind_place(sql, value);
            sql.push(", ").bind(*last).push(")");
        }
    }
}

/// Where it stands what is checked on the way.
struct Source {
    /// What words are looked for in.
    text: &'static str,
    /// The id of the user.
    id: &'static str,
    /// Whether the user's own row is read, as `u`.
    has_users: bool,
}

impl Source {
    /// SQLite has the text in each index that is walked. PostgreSQL would look the words up, and sort all that have them.
    fn of(sql: &Statement<'_>, filter: &UserFilter, few: bool) -> Self {
        let in_account = filter.account_id.is_some() && !few;
        let typed = filter.words.iter().any(|word| word.typed.is_some());
        let of_row = filter.ranking.is_some() || typed || !filter.excluded_domains.is_empty();
        let (text, of_text) = match (sql.is_sqlite(), in_account) {
            (true, true) => ("m.search_text", false),
            (true, false) => ("u.search_text", true),
            (false, _) => ("(u.search_text || '')", true),
        };
        let has_users = !in_account || of_row || (of_text && !filter.words.is_empty());
        Self { text, id: if in_account { "m.user_id" } else { "u.id" }, has_users }
    }
}

/// ` AND` what is checked on the way: the words, or an account that has them, and the domains.
fn and_checked(sql: &mut Statement<'_>, filter: &UserFilter, source: &Source) {
    if !filter.words.is_empty() {
        sql.push(" AND (TRUE").and_has_in(source.text, "u.name", &filter.words);
        if !filter.named_accounts.is_empty() {
            sql.push(" OR EXISTS (");
            members(sql, filter);
            sql.push(format_args!(" AND named.user_id = {})", source.id));
        }
        sql.push(")");
    }
    and_filtered(sql, filter, "u");
}

/// ` AND` the user is in this tier.
fn and_in(sql: &mut Statement<'_>, tier: Tier, ranking: &Ranking) {
    let (address, beginning, name) = match tier {
        Tier::Address => (Some(true), None, None),
        Tier::AddressBeginning => (Some(false), Some(true), None),
        Tier::NameBeginning => (None, Some(false), Some(true)),
        Tier::Rest => (None, Some(false), Some(false)),
    };
    if let Some(is) = address {
        sql.push(if is { " AND u.email = " } else { " AND u.email <> " }).bind(ranking.email.clone());
    }
    for (is, column, text) in [(beginning, "u.email", &ranking.email), (name, "u.sort_name", &ranking.name)] {
        if let Some(is) = is {
            sql.push(if is { " AND " } else { " AND NOT " });
            begins(sql, column, text);
        }
    }
}

/// Whether few users are in a tier at all: then they are looked up, and not waited for on a walk.
async fn has_few(conn: &mut Conn, filter: &UserFilter, tier: Tier, ranking: &Ranking) -> DbResult<bool> {
    if tier == Tier::Rest {
        return Ok(false);
    }
    let mut sql = conn.build("SELECT count(*) FROM (SELECT 1 AS one FROM users u WHERE u.environment_id = ");
    sql.bind(filter.environment_id);
    match tier {
        Tier::Address => drop(sql.push(" AND u.email = ").bind(ranking.email.clone())),
        Tier::AddressBeginning => begins(sql.push(" AND "), "u.email", &ranking.email),
        Tier::NameBeginning | Tier::Rest => {
            begins(sql.push(" AND u.status_rank IN (0, 1, 2) AND "), "u.sort_name", &ranking.name);
        }
    }
    sql.push(format_args!(" LIMIT {}) AS counted", FEW + 1));
    let (count,): (i64,) = built!(sql, fetch_one)?;
    Ok(count <= FEW)
}

/// How many match, of as many as are looked at for it.
pub async fn count(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<Counted> {
    if filter.lead == Lead::Members {
        return count_members(conn, filter, limit).await;
    }
    let checked = !filter.words.is_empty() || !filter.excluded_domains.is_empty();
    let most = if checked { LOOKED_AT } else { limit + 1 };
    let mut sql =
        conn.build("SELECT count(*), CAST(coalesce(sum(c.matches), 0) AS BIGINT) FROM (SELECT CASE WHEN TRUE");
    let source = Source::of(&sql, &UserFilter { ranking: None, ..filter.clone() }, false);
    and_checked(&mut sql, filter, &source);
    sql.push(" THEN 1 ELSE 0 END AS matches");
    scope(&mut sql, filter, &source);
    sql.push(format_args!(" LIMIT {most}) c"));
    let (looked_at, matching): (i64, i64) = built!(sql, fetch_one)?;
    let more = if checked { looked_at == most } else { matching > limit };
    Ok(Counted { matching: matching.min(limit), more: more || matching > limit })
}

/// ` FROM` all users, or the members of an account, of a status or of any.
fn scope(sql: &mut Statement<'_>, filter: &UserFilter, source: &Source) {
    let alias = match filter.account_id {
        Some(account_id) => {
            sql.push(format_args!(
                " FROM account_users m{}",
                if sql.is_sqlite() { " INDEXED BY account_users_by_created" } else { "" }
            ));
            if source.has_users {
                join_users(sql);
            }
            sql.push(" WHERE m.account_id = ").bind(account_id);
            "m"
        }
        None => {
            sql.push(format_args!(
                " FROM users u{} WHERE u.environment_id = ",
                if sql.is_sqlite() { " INDEXED BY users_by_created" } else { "" }
            ));
            sql.bind(filter.environment_id);
            "u"
        }
    };
    if let Some(status) = filter.status {
        sql.push(format_args!(" AND {alias}.status_rank = {}", rank(status)));
    }
}

/// ` JOIN` the users `u` whom `m` has, one by one as `m` is read: neither database is to read all users for it.
fn join_users(sql: &mut Statement<'_>) {
    sql.push(match sql.is_sqlite() {
        true => " CROSS JOIN users u ON u.id = m.user_id",
        false => " CROSS JOIN LATERAL (SELECT * FROM users WHERE id = m.user_id OFFSET 0) u",
    });
}

/// How many members the accounts have that have the words. Who else has them may be more.
async fn count_members(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<Counted> {
    let mut sql = conn.build("SELECT count(*) FROM (SELECT 1 AS one FROM account_users m WHERE m.account_id IN (");
    sql.bind_all(filter.named_accounts.clone()).push(")");
    // The orders are those of indexes: PostgreSQL would read the table until it has as many.
    let order = match filter.status {
        Some(status) => {
            sql.push(format_args!(" AND m.status_rank = {}", rank(status)));
            "m.account_id, m.status_rank, m.sort_name, m.user_id"
        }
        None => "m.account_id, m.user_id",
    };
    sql.push(format_args!(" ORDER BY {order} LIMIT {limit}) AS counted"));
    let (matching,): (i64,) = built!(sql, fetch_one)?;
    // Somebody may be a member of several, or of a domain that is left out.
    let sure = filter.named_accounts.len() == 1 && filter.excluded_domains.is_empty();
    Ok(Counted { matching: if sure { matching } else { 0 }, more: true })
}
