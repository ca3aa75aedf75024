//! Accounts, memberships, roles and which applications an account has.

pub mod list;
pub mod sizes;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::search::{indexed_keys, query};
use super::word::Stored;
use super::{Conn, DbError, DbResult, Tx, built, execute, expect_one, fetch_all, fetch_known, fetch_optional, read_as};
use crate::model::application::LoginMethod;
use crate::server::domain::application::AssignedApplication;
use crate::server::platform::text::Word;

#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccountRecord {
    pub id: Uuid,
    pub external_id: String,
    pub name: String,
}

/// A user's membership with the account it is of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccountMembership {
    pub account_id: Uuid,
    pub external_id: String,
    pub name: String,
    pub disabled_at: Option<DateTime<Utc>>,
}

#[derive(sqlx::FromRow)]
struct AssignedApplicationRow {
    account_id: Uuid,
    application_id: Uuid,
    client_id: String,
    name: String,
    login_method: Stored<LoginMethod>,
    app_url: String,
    login_url: String,
    keep_session_alive: bool,
    is_default: bool,
}

impl TryFrom<AssignedApplicationRow> for AssignedApplication {
    type Error = DbError;

    fn try_from(row: AssignedApplicationRow) -> DbResult<Self> {
        Ok(Self {
            account_id: row.account_id,
            application_id: row.application_id,
            client_id: row.client_id,
            name: row.name,
            login_method: row.login_method.known("applications", "login_method", row.application_id)?,
            app_url: row.app_url,
            login_url: row.login_url,
            keep_session_alive: row.keep_session_alive,
            is_default: row.is_default,
        })
    }
}

read_as!(AssignedApplicationRow => AssignedApplication);

pub async fn by_external_id(
    conn: &mut Conn,
    environment_id: Uuid,
    external_id: &str,
) -> DbResult<Option<AccountRecord>> {
    fetch_optional!(
        conn,
        "SELECT id, external_id, name FROM accounts WHERE environment_id = $1 AND external_id = $2",
        environment_id,
        external_id
    )
}

/// The first accounts that have all of `words` in name or external id, in the order of their names.
pub async fn search(conn: &mut Conn, environment_id: Uuid, words: &[Word], limit: i64) -> DbResult<Vec<AccountRecord>> {
    let mut sql = conn.build("SELECT a.id, a.external_id, a.name FROM accounts a WHERE a.environment_id = ");
    sql.bind(environment_id).and_has("a", words);
    // A plan for any word would walk all names for a rare one.
    sql.push(" ORDER BY a.sort_name, a.id LIMIT ").bind(limit).planned_anew();
    built!(sql, fetch_all)
}

/// The ids of some accounts that have all of `words` in name or external id, `limit` of them at most, in no order.
pub async fn named(conn: &mut Conn, environment_id: Uuid, words: &[Word], limit: i64) -> DbResult<Vec<Uuid>> {
    // What the index does not know is checked in the rows that it finds.
    let keys: Vec<Vec<String>> = words.iter().filter_map(indexed_keys).collect();
    if keys.is_empty() || !conn.is_sqlite() {
        let found = search(conn, environment_id, words, limit).await?;
        return Ok(found.into_iter().map(|account| account.id).collect());
    }
    let mut sql = conn.build(
        "SELECT a.id FROM accounts_search CROSS JOIN account_texts t ON t.seq = accounts_search.rowid
         CROSS JOIN accounts a ON a.id = t.account_id WHERE accounts_search MATCH ",
    );
    sql.bind(query(&keys)).push(" AND a.environment_id = ").bind(environment_id).and_has("a", words);
    sql.push(" LIMIT ").bind(limit);
    let rows: Vec<(Uuid,)> = built!(sql, fetch_all)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The user's memberships, by account name.
pub async fn memberships(conn: &mut Conn, user_id: Uuid) -> DbResult<Vec<AccountMembership>> {
    fetch_all!(
        conn,
        "SELECT m.account_id, a.external_id, a.name, m.disabled_at
         FROM memberships m JOIN accounts a ON a.id = m.account_id WHERE m.user_id = $1 ORDER BY a.sort_name, a.id",
        user_id
    )
}

/// A user's membership as one application sees it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ApplicationMembership {
    pub account_id: Uuid,
    pub external_id: String,
    pub name: String,
    /// Whether the account has the application.
    pub has_application: bool,
}

/// The user's memberships that are not disabled, by account name.
pub async fn memberships_with(
    conn: &mut Conn,
    user_id: Uuid,
    application_id: Uuid,
) -> DbResult<Vec<ApplicationMembership>> {
    fetch_all!(
        conn,
        "SELECT m.account_id, a.external_id, a.name, EXISTS (SELECT 1 FROM account_applications aa
             WHERE aa.account_id = m.account_id AND aa.application_id = $2) AS has_application
         FROM memberships m JOIN accounts a ON a.id = m.account_id
         WHERE m.user_id = $1 AND m.disabled_at IS NULL ORDER BY a.sort_name, a.id",
        user_id,
        application_id
    )
}

/// What the user may do in one account: the keys of its roles there, and the permissions that they add up to.
pub async fn rights(conn: &mut Conn, user_id: Uuid, account_id: Uuid) -> DbResult<(Vec<String>, Vec<String>)> {
    let rows: Vec<(String, Option<String>)> = fetch_all!(
        conn,
        "SELECT r.key, p.permission FROM membership_roles mr JOIN roles r ON r.id = mr.role_id
           LEFT JOIN role_permissions p ON p.role_id = mr.role_id
         WHERE mr.user_id = $1 AND mr.account_id = $2 ORDER BY r.key",
        user_id,
        account_id
    )?;
    let (mut roles, permissions): (Vec<String>, BTreeSet<Option<String>>) = rows.into_iter().unzip();
    roles.dedup();
    Ok((roles, permissions.into_iter().flatten().collect()))
}

/// The user's roles in all accounts: account, role key, role name.
pub async fn membership_roles(conn: &mut Conn, user_id: Uuid) -> DbResult<Vec<(Uuid, String, String)>> {
    fetch_all!(
        conn,
        "SELECT mr.account_id, r.key, r.name FROM membership_roles mr JOIN roles r ON r.id = mr.role_id
         WHERE mr.user_id = $1 ORDER BY r.key",
        user_id
    )
}

/// The permissions that the user's roles in one account add up to.
pub async fn permissions(conn: &mut Conn, user_id: Uuid, account_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT DISTINCT p.permission FROM membership_roles mr JOIN role_permissions p ON p.role_id = mr.role_id
         WHERE mr.user_id = $1 AND mr.account_id = $2 ORDER BY p.permission",
        user_id,
        account_id
    )?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}

/// The applications of every account that the user is a member of, the default one of each account first.
pub async fn applications_of_user(conn: &mut Conn, user_id: Uuid) -> DbResult<Vec<AssignedApplication>> {
    fetch_known!(
        conn,
        "SELECT aa.account_id, p.id AS application_id, p.client_id, p.name, p.login_method, p.app_url, p.login_url,
           p.keep_session_alive, aa.is_default
         FROM memberships m
         JOIN account_applications aa ON aa.account_id = m.account_id
         JOIN applications p ON p.id = aa.application_id
         WHERE m.user_id = $1 ORDER BY aa.is_default DESC, p.sort_name, p.id",
        user_id
    )
}

pub async fn set_active(tx: &mut Tx, user_id: Uuid, account_id: Uuid) -> DbResult<u64> {
    execute!(tx, "UPDATE users SET active_account_id = $2 WHERE id = $1", user_id, account_id)
}

/// Removes an account with its memberships and what it has of applications.
pub async fn delete(tx: &mut Tx, environment_id: Uuid, id: Uuid) -> DbResult<()> {
    let deleted = execute!(tx, "DELETE FROM accounts WHERE environment_id = $1 AND id = $2", environment_id, id)?;
    expect_one("accounts", deleted)
}

/// Permissions that somebody holds in an account.
pub async fn permissions_in(conn: &mut Conn, account_id: Uuid) -> DbResult<Vec<String>> {
    let rows: Vec<(String,)> = fetch_all!(
        conn,
        "SELECT DISTINCT rp.permission FROM membership_roles mr JOIN role_permissions rp ON rp.role_id = mr.role_id
         WHERE mr.account_id = $1",
        account_id
    )?;
    Ok(rows.into_iter().map(|(permission,)| permission).collect())
}
