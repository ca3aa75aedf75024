//! Users: the list by key, and one user.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_optional, fetch_scalar, on};
use crate::model::user::{UserSort, UserStatus};
use crate::server::clock::from_micros;

#[derive(Clone, Debug, sqlx::FromRow)]
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
            "active_account_id, last_login_at, last_visit_us, visits, created_at FROM users ",
            $rest
        )
    };
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<UserRecord>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND id = $2"), environment_id, id)
}

/// `email` in lower case, as it is stored.
pub async fn by_email(conn: &mut Conn, environment_id: Uuid, email: &str) -> DbResult<Option<UserRecord>> {
    fetch_optional!(conn, select!("WHERE environment_id = $1 AND email = $2"), environment_id, email)
}

/// Notes a sign-in of the user's own: never called for an impersonation.
/// Stores a password that the user chose, who thereby showed to have the address.
pub async fn set_password(tx: &mut Tx, id: Uuid, password_hash: &str) -> DbResult<()> {
    let changed =
        execute!(tx, "UPDATE users SET password_hash = $2, email_verified = TRUE WHERE id = $1", id, password_hash)?;
    expect_one("users", changed)
}

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
pub struct UserListRow {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    pub picture_url: Option<String>,
    pub email_verified: bool,
    pub locked_at: Option<DateTime<Utc>>,
    pub mfa_enrolled: bool,
    pub main_account: Option<String>,
    pub accounts: i64,
    pub sort_name: String,
    pub last_visit_us: i64,
    pub visits: i64,
    pub created_at: DateTime<Utc>,
}

/// The sort value of a row: where a page by key begins.
#[derive(Clone, Debug, PartialEq)]
pub enum SortValue {
    Text(String),
    Number(i64),
    Time(DateTime<Utc>),
}

impl UserListRow {
    pub fn sort_value(&self, sort: UserSort) -> SortValue {
        match sort {
            UserSort::Name => SortValue::Text(self.sort_name.clone()),
            UserSort::Email => SortValue::Text(self.email.clone()),
            UserSort::LastVisit => SortValue::Number(self.last_visit_us),
            UserSort::Visits => SortValue::Number(self.visits),
            UserSort::Created => SortValue::Time(self.created_at),
        }
    }
}

/// Which users, in which order, from where.
#[derive(Clone, Debug)]
pub struct UserFilter {
    pub environment_id: Uuid,
    /// Lower-case substring of name or e-mail; empty for all.
    pub search: String,
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
    }
}

/// The conditions of `filter` but for the page's beginning, with placeholders in the order in which [`bind`] binds them.
/// Only constants and placeholder numbers are put together here: no text of the caller reaches the SQL.
fn conditions(filter: &UserFilter, sqlite: bool) -> (String, usize) {
    let mut sql = "u.environment_id = $1".to_owned();
    let mut next = 2;
    if !filter.search.is_empty() {
        // A trigram index answers from three characters on; below that only a scan can.
        if sqlite && filter.search.chars().count() >= 3 {
            sql += &format!(" AND u.seq IN (SELECT rowid FROM users_search WHERE users_search MATCH ${next})");
        } else {
            sql += &format!(" AND u.search_text LIKE ${next} ESCAPE '\\'");
        }
        next += 1;
    }
    if filter.account_id.is_some() {
        sql += &format!(" AND EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = ${next} AND m.user_id = u.id)");
        next += 1;
    }
    sql += match filter.status {
        None => "",
        Some(UserStatus::Active) => " AND u.locked_at IS NULL AND u.email_verified = TRUE",
        Some(UserStatus::Invited) => " AND u.locked_at IS NULL AND u.email_verified = FALSE",
        Some(UserStatus::Locked) => " AND u.locked_at IS NOT NULL",
    };
    for _ in &filter.excluded_domains {
        sql += &format!(" AND u.email_domain <> ${next}");
        next += 1;
    }
    (sql, next)
}

/// The search text as the index takes it: a phrase for FTS5, a pattern for LIKE.
fn search_argument(search: &str, sqlite: bool) -> String {
    if sqlite && search.chars().count() >= 3 {
        format!("\"{}\"", search.replace('"', "\"\""))
    } else {
        let escaped = search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{escaped}%")
    }
}

macro_rules! bind {
    ($query:expr, $filter:expr, $sqlite:expr) => {{
        let mut query = $query.bind($filter.environment_id);
        if !$filter.search.is_empty() {
            query = query.bind(search_argument(&$filter.search, $sqlite));
        }
        if let Some(account_id) = $filter.account_id {
            query = query.bind(account_id);
        }
        for domain in &$filter.excluded_domains {
            query = query.bind(domain);
        }
        query
    }};
}

/// One page of users.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Vec<UserListRow>> {
    let sqlite = conn.is_sqlite();
    let (mut conditions, next) = conditions(filter, sqlite);
    let column = column(filter.sort);
    let (comparison, direction) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
    if filter.after.is_some() {
        conditions += &format!(" AND ({column}, u.id) {comparison} (${next}, ${})", next + 1);
    }
    let sql = format!(
        "SELECT u.id, u.name, u.email, u.picture_url, u.email_verified, u.locked_at, u.mfa_enrolled, a.name AS main_account,
                (SELECT count(*) FROM memberships m WHERE m.user_id = u.id) AS accounts,
                u.sort_name, u.last_visit_us, u.visits, u.created_at
         FROM users u LEFT JOIN accounts a ON a.id = u.active_account_id
         WHERE {conditions} ORDER BY {column} {direction}, u.id {direction} LIMIT {}",
        filter.limit
    );
    let rows = on!(conn, c => {
        let mut query = bind!(sqlx::query_as(AssertSqlSafe(sql)), filter, sqlite);
        if let Some((value, id)) = &filter.after {
            query = match value {
                SortValue::Text(text) => query.bind(text),
                SortValue::Number(number) => query.bind(number),
                SortValue::Time(time) => query.bind(time),
            };
            query = query.bind(id);
        }
        query.fetch_all(c).await
    })?;
    Ok(rows)
}

/// How many users match, counted up to `limit` and no further.
pub async fn count(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<i64> {
    let sqlite = conn.is_sqlite();
    let (conditions, _) = conditions(filter, sqlite);
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 AS one FROM users u WHERE {conditions} LIMIT {limit}) AS counted");
    let count = on!(conn, c => bind!(sqlx::query_scalar(AssertSqlSafe(sql)), filter, sqlite).fetch_one(c).await)?;
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
