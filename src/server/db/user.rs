//! Users: the list by key, and one user.

mod by_account;

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::build::Statement;
use super::page::SortValue;
use super::search;
use super::{Conn, DbResult, Tx, built, execute, expect_one, fetch_all, fetch_optional, fetch_scalar};
use crate::model::user::{UserSort, UserStatus};
use crate::server::platform::clock::from_micros;
use crate::server::platform::text::Word;

#[derive(Clone, sqlx::FromRow)]
pub struct UserRecord {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub email: String,
    pub email_verified: bool,
    pub name: String,
    pub picture_url: Option<String>,
    pub password_hash: Option<String>,
    pub mfa_enrolled: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub active_account_id: Option<Uuid>,
    pub last_login_at: Option<DateTime<Utc>>,
    pub last_visit_us: i64,
    pub visits: i64,
    pub created_at: DateTime<Utc>,
    /// The user's own sessions from before this are over.
    pub sessions_end_before: Option<DateTime<Utc>>,
    /// One more with each edit.
    pub version: i64,
}

/// Without the hash, at which a password can be guessed.
impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, environment_id, email, locked_at, .. } = self;
        let mut record = f.debug_struct("UserRecord");
        record.field("id", id).field("environment_id", environment_id).field("email", email);
        record.field("locked_at", locked_at).finish_non_exhaustive()
    }
}

impl UserRecord {
    pub fn status(&self) -> UserStatus {
        status(self.locked_at, self.email_verified)
    }

    pub fn last_visit_at(&self) -> Option<DateTime<Utc>> {
        visited(self.last_visit_us)
    }
}

/// Locked outweighs invited.
pub fn status(locked_at: Option<DateTime<Utc>>, email_verified: bool) -> UserStatus {
    match (locked_at, email_verified) {
        (Some(_), _) => UserStatus::Locked,
        (None, false) => UserStatus::Invited,
        (None, true) => UserStatus::Active,
    }
}

/// The time of the last visit, from its stored microseconds.
pub fn visited(last_visit_us: i64) -> Option<DateTime<Utc>> {
    (last_visit_us > 0).then(|| from_micros(last_visit_us))
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, environment_id, email, email_verified, name, picture_url, password_hash, mfa_enrolled, locked_at, ",
            "active_account_id, last_login_at, last_visit_us, visits, created_at, sessions_end_before, version FROM users ",
            $rest
        )
    };
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<UserRecord>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND id = $2"), environment_id, id)
}

/// `email` in its stored spelling: see [`crate::server::platform::text::spellings`] for those to try.
pub async fn by_email(conn: &mut Conn, environment_id: Uuid, email: &str) -> DbResult<Option<UserRecord>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND email = $2"), environment_id, email)
}

/// The user, who then stays as it is until the transaction ends: whoever changes it waits. Signing in goes on to change it, too:
/// two who only shared it would wait for each other. SQLite's writers wait for each other anyway.
pub async fn held(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<Option<UserRecord>> {
    const ROW: &str = select!("WHERE environment_id = $1 AND id = $2");
    const ROW_HELD: &str = select!("WHERE environment_id = $1 AND id = $2 FOR NO KEY UPDATE");
    let sql = if tx.is_sqlite() { ROW } else { ROW_HELD };
    fetch_optional!(tx, sql, environment_id, id)
}

/// Stores a password that the user chose, who thereby showed to have the address. From then on all sessions that an earlier
/// password began are over.
pub async fn set_password(tx: &mut Tx, id: Uuid, password_hash: &str, now: DateTime<Utc>) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE users SET password_hash = $2, email_verified = TRUE, sessions_end_before = $3, version = version + 1
         WHERE id = $1",
        id,
        password_hash,
        now
    )?;
    expect_one("users", changed)
}

/// The user's own sessions that began before are over, whether each has been ended or not.
pub async fn end_sessions_before(tx: &mut Tx, id: Uuid, time: DateTime<Utc>) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE users SET sessions_end_before = $2 WHERE id = $1", id, time)?;
    expect_one("users", changed)
}

/// Notes a sign-in of the user's own: never called for an impersonation.
pub async fn record_login(tx: &mut Tx, id: Uuid, now: DateTime<Utc>, new_day: bool) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE users SET last_login_at = $2, last_visit_us = $3, visits = visits + $4 WHERE id = $1",
        id,
        now,
        now.timestamp_micros(),
        i64::from(new_day)
    )?;
    expect_one("users", changed)
}

/// A row of the list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedUser {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub picture_url: Option<String>,
    pub email_verified: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub mfa_enrolled: bool,
    pub main_account_id: Option<Uuid>,
    pub main_account: Option<String>,
    pub account_sort_name: Option<String>,
    pub accounts: i64,
    pub sort_name: String,
    pub last_visit_us: i64,
    pub visits: i64,
    pub created_at: DateTime<Utc>,
}

impl ListedUser {
    pub fn sort_value(&self, sort: UserSort) -> SortValue {
        match sort {
            UserSort::Name => SortValue::Text(self.sort_name.clone()),
            UserSort::Email => SortValue::Text(self.email.clone()),
            UserSort::LastVisit => SortValue::Number(self.last_visit_us),
            UserSort::Visits => SortValue::Number(self.visits),
            UserSort::Created => SortValue::Time(self.created_at),
            UserSort::Account => self.account_sort_name.clone().map_or(SortValue::Number(0), SortValue::Text),
            UserSort::Status => SortValue::Number(rank(status(self.locked_at, self.email_verified))),
        }
    }
}

/// Where a status stands among others: as the column `status_rank` has it.
fn rank(status: UserStatus) -> i64 {
    match status {
        UserStatus::Active => 0,
        UserStatus::Invited => 1,
        UserStatus::Locked => 2,
    }
}

/// Which users, in which order, from where.
#[derive(Clone, Debug)]
pub struct UserFilter {
    pub environment_id: Uuid,
    /// One user only.
    pub id: Option<Uuid>,
    /// What name and e-mail must have, all of it.
    pub words: Vec<Word>,
    /// Those whom [`few_with`] found for them.
    pub seqs: Option<Vec<i64>>,
    /// Accounts that have all the words in their name or id: their members are found too.
    pub named_accounts: Vec<Uuid>,
    pub account_id: Option<Uuid>,
    pub status: Option<UserStatus>,
    pub excluded_domains: Vec<String>,
    pub sort: UserSort,
    pub descending: bool,
    /// Rows strictly after this one in the order that is asked for.
    pub after: Option<(SortValue, Uuid)>,
    pub limit: i64,
}

fn column(sort: UserSort) -> &'static str {
    match sort {
        UserSort::Name => "u.sort_name",
        UserSort::Email => "u.email",
        UserSort::LastVisit => "u.last_visit_us",
        UserSort::Visits => "u.visits",
        UserSort::Created => "u.created_at",
        UserSort::Account => "a.sort_name",
        UserSort::Status => "u.status_rank",
    }
}

/// Adds the conditions of `filter` but for the page's beginning.
/// With `otherwise` SQLite, which knows no numbers, is kept from walking all users: what else is asked for leads to fewer.
fn conditions(sql: &mut Statement<'_>, filter: &UserFilter, otherwise: bool) {
    let plus = if otherwise { "+" } else { "" };
    sql.push(plus).push("u.environment_id = ").bind(filter.environment_id);
    if let Some(id) = filter.id {
        sql.push(" AND u.id = ").bind(id);
    }
    and_found(sql, filter);
    if let Some(account_id) = filter.account_id {
        sql.push(" AND EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = ").bind(account_id);
        sql.push(" AND m.user_id = u.id)");
    }
    if let Some(status) = filter.status {
        sql.push(" AND u.status_rank = ").bind(rank(status));
    }
    if !filter.excluded_domains.is_empty() {
        // One list: SQLite's parser gives up on a thousand conditions inside each other.
        sql.push(" AND u.email_domain NOT IN (").bind_all(&filter.excluded_domains).push(")");
    }
}

/// What has the words, or is in an account that has them. Where [`few_with`] found few, they are all that is looked at. Where
/// it found many, so does a walk in the order of the list: it has its page before it is far.
fn and_found(sql: &mut Statement<'_>, filter: &UserFilter) {
    match (&filter.seqs, filter.named_accounts.is_empty()) {
        (Some(seqs), true) => {
            in_list(sql.push(" AND u.seq"), seqs).and_has("u", &search::phrases(&filter.words).1);
        }
        (Some(seqs), false) => {
            members(sql.push(" AND u.id IN ("), filter).push(" UNION SELECT s.id FROM users s WHERE s.seq");
            in_list(sql, seqs).and_has("s", &search::phrases(&filter.words).1).push(")");
        }
        (None, true) => {
            sql.and_has("u", &filter.words);
        }
        (None, false) => {
            members(sql.push(" AND (u.id IN ("), filter);
            sql.push(") OR (TRUE").and_has("u", &filter.words).push("))");
        }
    }
}

/// The users who are in the accounts that have the words.
fn members<'s, 'c>(sql: &'s mut Statement<'c>, filter: &UserFilter) -> &'s mut Statement<'c> {
    sql.push("SELECT m.user_id FROM memberships m WHERE m.account_id IN (").bind_all(&filter.named_accounts).push(")")
}

/// `IN` a list that is of another length each time.
fn in_list<'s, 'c>(sql: &'s mut Statement<'c>, seqs: &[i64]) -> &'s mut Statement<'c> {
    // PostgreSQL knows no empty list.
    sql.push(if seqs.is_empty() { " IN (NULL" } else { " IN (" }).bind_all(seqs).push(")").used_once()
}

/// Beyond that many users a walk in the order of the list is as good.
const FEW: i64 = 1000;

/// The users of an environment whose name and e-mail have the words, where an index knows them and they are few. PostgreSQL
/// uses its trigram index by itself, unless the members of accounts count too: neither database finds what is in one index or
/// in another without walking all users.
pub async fn few_with(
    conn: &mut Conn,
    environment_id: Uuid,
    words: &[Word],
    with_members: bool,
) -> DbResult<Option<Vec<i64>>> {
    let rows: Option<Vec<(i64,)>> = match (conn.is_sqlite(), search::phrases(words).0) {
        (true, Some(phrases)) => indexed(conn, environment_id, &phrases).await?,
        (false, Some(_)) if with_members => {
            let mut sql = conn.build("SELECT s.seq FROM users s WHERE s.environment_id = ");
            sql.bind(environment_id).and_has("s", words).push(format_args!(" LIMIT {}", FEW + 1));
            Some(built!(sql, fetch_all)?)
        }
        _ => None,
    };
    let few = rows.filter(|rows| rows.len() as i64 <= FEW);
    Ok(few.map(|rows| rows.into_iter().map(|(seq,)| seq).collect()))
}

/// The users whom the trigram index of SQLite finds. It is one for all environments: `None` where others have so many that
/// this one's cannot be told from them quickly.
async fn indexed(conn: &mut Conn, environment_id: Uuid, phrases: &str) -> DbResult<Option<Vec<(i64,)>>> {
    const OF_ALL: i64 = 10_000;
    let rows: Vec<(i64,)> = fetch_all!(
        conn,
        "SELECT u.seq FROM (SELECT rowid AS seq FROM users_search WHERE users_search MATCH $1 LIMIT $2) AS f
         CROSS JOIN users u ON u.seq = f.seq WHERE u.environment_id = $3 LIMIT $4",
        phrases,
        OF_ALL,
        environment_id,
        FEW + 1
    )?;
    let beyond: Option<(i64,)> = fetch_optional!(
        conn,
        "SELECT rowid FROM users_search WHERE users_search MATCH $1 LIMIT 1 OFFSET $2",
        phrases,
        OF_ALL
    )?;
    Ok(beyond.is_none().then_some(rows))
}

/// Whether so few have the status that is asked for that they are better found by it than by a walk in the order of the list.
async fn has_few_of_status(conn: &mut Conn, filter: &UserFilter) -> DbResult<bool> {
    let Some(status) = filter.status.filter(|_| filter.seqs.is_none()) else { return Ok(false) };
    let beyond: Option<(i64,)> = fetch_optional!(
        conn,
        "SELECT 1 FROM users WHERE environment_id = $1 AND status_rank = $2 LIMIT 1 OFFSET $3",
        filter.environment_id,
        rank(status),
        FEW
    )?;
    Ok(beyond.is_none())
}

/// Leads to the users of a status by its index.
fn and_of_status(sql: &mut Statement<'_>, filter: &UserFilter) {
    let Some(status) = filter.status else { return };
    sql.push(" AND u.id IN (SELECT s.id FROM users s WHERE s.environment_id = ").bind(filter.environment_id);
    sql.push(" AND s.status_rank = ").bind(rank(status)).push(")");
}

const LISTED: &str = "SELECT u.id, u.name, u.email, u.picture_url, u.email_verified, u.locked_at, u.mfa_enrolled,
    a.id AS main_account_id, a.name AS main_account, a.sort_name AS account_sort_name,
    (SELECT count(*) FROM memberships m WHERE m.user_id = u.id) AS accounts,
    u.sort_name, u.last_visit_us, u.visits, u.created_at";

/// One page of users.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Vec<ListedUser>> {
    if filter.sort == UserSort::Account {
        return by_account::list(conn, filter).await;
    }
    let few_of_status = conn.is_sqlite() && has_few_of_status(conn, filter).await?;
    let mut sql = conn.build(LISTED);
    sql.push(" FROM users u LEFT JOIN accounts a ON a.id = u.active_account_id WHERE ");
    let otherwise = sql.is_sqlite() && filter.seqs.is_some() || few_of_status;
    conditions(&mut sql, filter, otherwise);
    if few_of_status {
        and_of_status(&mut sql, filter);
    }
    let column = column(filter.sort);
    let (comparison, direction) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some((value, id)) = &filter.after {
        sql.push(format_args!(" AND ({column}, u.id) {comparison} ("));
        match value {
            SortValue::Text(text) => sql.bind(text),
            SortValue::Number(number) => sql.bind(number),
            SortValue::Time(time) => sql.bind(time),
        };
        sql.push(", ").bind(id).push(")");
    }
    sql.push(format_args!(" ORDER BY {column} {direction}, u.id {direction} LIMIT {}", filter.limit));
    built!(sql, fetch_all)
}

/// How many users match, counted up to `limit` and no further.
pub async fn count(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<i64> {
    let mut sql = conn.build("SELECT count(*) FROM (SELECT 1 AS one FROM users u WHERE ");
    let otherwise = sql.is_sqlite() && filter.seqs.is_some();
    conditions(&mut sql, filter, otherwise);
    sql.push(format_args!(" LIMIT {limit}) AS counted"));
    let (count,) = built!(sql, fetch_one)?;
    Ok(count)
}

/// All users of an environment, counted up to `limit` and no further.
pub async fn count_all(conn: &mut Conn, environment_id: Uuid, limit: i64) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(*) FROM (SELECT 1 AS one FROM users WHERE environment_id = $1 LIMIT $2) AS counted",
        environment_id,
        limit
    )
}

/// The user whom an id means that stands in a log: its own, or that of one of its sessions.
pub async fn behind_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<Uuid>> {
    let row: Option<(Uuid,)> = fetch_optional!(
        conn,
        "SELECT id FROM users WHERE environment_id = $1 AND id = $2
         UNION SELECT user_id FROM sessions WHERE environment_id = $1 AND id = $2",
        environment_id,
        id
    )?;
    Ok(row.map(|(id,)| id))
}
