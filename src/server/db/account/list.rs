//! Pages of accounts, and one of them. How many users each has and when something happened in it is kept, not counted: see
//! [`super::sizes`].

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::account_page::AccountSort;
use crate::server::db::page::SortValue;
use crate::server::db::{Conn, DbResult, built, fetch_all, fetch_optional, fetch_scalar};
use crate::server::platform::text::Word;

/// Which accounts, from where.
#[derive(Clone, Debug)]
pub struct AccountFilter {
    pub environment_id: Uuid,
    pub words: Vec<Word>,
    pub sort: AccountSort,
    pub descending: bool,
    /// Rows strictly beyond this one, in the order that is asked for.
    pub after: Option<(SortValue, Uuid)>,
    pub limit: i64,
}

/// An account in the list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListedAccount {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    sort_name: String,
    sort_users: i64,
    pub users: i64,
    pub active_us: i64,
    pub applications: i64,
}

impl ListedAccount {
    /// Where it stands in an order.
    pub fn place(&self, sort: AccountSort) -> SortValue {
        match sort {
            AccountSort::Name => SortValue::Text(self.sort_name.clone()),
            AccountSort::Users => SortValue::Number(self.sort_users),
            AccountSort::Activity => SortValue::Number(self.active_us),
        }
    }
}

/// A page of accounts. Their number of users is exact; their order is that of the last time at which writers' numbers were added
/// up.
pub async fn list(conn: &mut Conn, filter: &AccountFilter) -> DbResult<Vec<ListedAccount>> {
    let mut sql = conn.build(
        "SELECT a.id, a.external_id, a.name, a.sort_name, s.users AS sort_users, s.active_us,
           s.users + coalesce((SELECT CAST(sum(c.users) AS BIGINT) FROM account_size_changes c WHERE c.account_id = a.id), 0)
             AS users,
           (SELECT count(*) FROM account_applications aa WHERE aa.account_id = a.id) AS applications ",
    );
    let (from, column, id) = match filter.sort {
        AccountSort::Name => ("accounts a JOIN account_sizes s ON s.account_id = a.id WHERE a", "a.sort_name", "a.id"),
        AccountSort::Users => {
            ("account_sizes s JOIN accounts a ON a.id = s.account_id WHERE s", "s.users", "s.account_id")
        }
        AccountSort::Activity => {
            ("account_sizes s JOIN accounts a ON a.id = s.account_id WHERE s", "s.active_us", "s.account_id")
        }
    };
    sql.push(format_args!("FROM {from}.environment_id = ")).bind(filter.environment_id);
    sql.and_has("a", &filter.words);
    let (comparison, direction) = if filter.descending { ("<", "DESC") } else { (">", "ASC") };
    if let Some((value, after)) = &filter.after {
        sql.push(format_args!(" AND ({column}, {id}) {comparison} ("));
        match value {
            SortValue::Text(text) => sql.bind(text),
            SortValue::Number(number) => sql.bind(*number),
            SortValue::Time(time) => sql.bind(*time),
            SortValue::Ranked(part, _) => sql.bind(i64::from(*part)),
        };
        sql.push(", ").bind(*after).push(")");
    }
    sql.push(format_args!(" ORDER BY {column} {direction}, {id} {direction} LIMIT ")).bind(filter.limit).planned_anew();
    built!(sql, fetch_all)
}

/// An account with what its page says about it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SizedAccount {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub users: i64,
    pub active_us: i64,
}

/// The account that has this external id or, where none has, this id.
pub async fn of_key(conn: &mut Conn, environment_id: Uuid, key: &str) -> DbResult<Option<SizedAccount>> {
    const BY_KEY: &str = "SELECT a.id, a.external_id, a.name, a.version, a.created_at, s.active_us,
           s.users + coalesce((SELECT CAST(sum(c.users) AS BIGINT) FROM account_size_changes c WHERE c.account_id = a.id), 0)
             AS users
         FROM accounts a JOIN account_sizes s ON s.account_id = a.id WHERE a.environment_id = $1 AND a.external_id = $2";
    const BY_ID: &str = "SELECT a.id, a.external_id, a.name, a.version, a.created_at, s.active_us,
           s.users + coalesce((SELECT CAST(sum(c.users) AS BIGINT) FROM account_size_changes c WHERE c.account_id = a.id), 0)
             AS users
         FROM accounts a JOIN account_sizes s ON s.account_id = a.id WHERE a.environment_id = $1 AND a.id = $2";
    let found: Option<SizedAccount> = fetch_optional!(conn, BY_KEY, environment_id, key)?;
    match (found, Uuid::try_parse(key)) {
        (None, Ok(id)) => fetch_optional!(conn, BY_ID, environment_id, id),
        (found, _) => Ok(found),
    }
}

/// The applications of an account, the default one first: client id, name, whether it is the default, and the id.
pub async fn applications(conn: &mut Conn, account_id: Uuid) -> DbResult<Vec<(String, String, bool, Uuid)>> {
    fetch_all!(
        conn,
        "SELECT p.client_id, p.name, aa.is_default, p.id FROM account_applications aa JOIN applications p ON p.id = aa.application_id
         WHERE aa.account_id = $1 ORDER BY aa.is_default DESC, p.sort_name, p.id",
        account_id
    )
}

/// The first applications of the environment that an account does not have, by name.
pub async fn other_applications(
    conn: &mut Conn,
    environment_id: Uuid,
    account_id: Uuid,
    limit: i64,
) -> DbResult<Vec<(String, String, bool, Uuid)>> {
    fetch_all!(
        conn,
        "SELECT p.client_id, p.name, FALSE, p.id FROM applications p WHERE p.environment_id = $1 AND NOT EXISTS (
             SELECT 1 FROM account_applications aa WHERE aa.account_id = $2 AND aa.application_id = p.id)
         ORDER BY p.sort_name, p.id LIMIT $3",
        environment_id,
        account_id,
        limit
    )
}

/// How many impersonations run in an account.
pub async fn count_impersonations(
    conn: &mut Conn,
    environment_id: Uuid,
    account_id: Uuid,
    now: DateTime<Utc>,
) -> DbResult<i64> {
    fetch_scalar!(
        conn,
        "SELECT count(*) FROM sessions WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at IS NULL
           AND account_id = $2 AND expires_at > $3",
        environment_id,
        account_id,
        now
    )
}
