//! Rows whose text is kept in the form of an older version, and rows whose address another row has.
//!
//! The conditions name the version as a number, as the partial indexes do: see [`crate::server::platform::text::VERSION`].

use uuid::Uuid;

use super::names::NamedTable;
use super::{Conn, DbResult, Tx, execute, fetch_all, fetch_scalar};

/// A user as it was written by an older version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StaleUser {
    pub seq: i64,
    pub id: Uuid,
    pub environment_id: Uuid,
    pub email: String,
    pub name: String,
}

/// What comes of a user's text.
pub struct UserText<'a> {
    pub email: &'a str,
    pub email_domain: &'a str,
    pub email_conflict: Option<&'a str>,
    pub name: &'a str,
    pub sort_name: &'a str,
    pub search_text: &'a str,
    pub version: i64,
}

/// At most `limit` stale users behind `after`.
pub async fn stale_users(conn: &mut Conn, after: i64, limit: i64) -> DbResult<Vec<StaleUser>> {
    fetch_all!(
        conn,
        "SELECT seq, id, environment_id, email, name FROM users WHERE text_version < 2 AND seq > $1 ORDER BY seq LIMIT $2",
        after,
        limit
    )
}

/// Whether a user other than `id` has this address, in its stored spelling.
pub async fn is_taken(conn: &mut Conn, environment_id: Uuid, email: &str, id: Uuid) -> DbResult<bool> {
    let others: i64 = fetch_scalar!(
        conn,
        "SELECT count(*) FROM users WHERE environment_id = $1 AND email = $2 AND id <> $3",
        environment_id,
        email,
        id
    )?;
    Ok(others > 0)
}

/// Writes what comes of a user's text, unless the text itself changed since it was read.
pub async fn refresh_user(tx: &mut Tx, before: &StaleUser, after: &UserText<'_>) -> DbResult<()> {
    execute!(
        tx,
        "UPDATE users SET email = $4, email_domain = $5, email_conflict = $6, name = $7, sort_name = $8, search_text = $9,
           text_version = $10
         WHERE id = $1 AND email = $2 AND name = $3",
        before.id,
        &before.email,
        &before.name,
        after.email,
        after.email_domain,
        after.email_conflict,
        after.name,
        after.sort_name,
        after.search_text,
        after.version
    )?;
    Ok(())
}

/// An account or an application as it was written by an older version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StaleNamed {
    pub id: Uuid,
    /// External id or client id.
    pub key: String,
    pub name: String,
}

pub async fn stale_named(conn: &mut Conn, what: NamedTable, limit: i64) -> DbResult<Vec<StaleNamed>> {
    const ACCOUNTS: &str =
        "SELECT id, external_id AS key, name FROM accounts WHERE text_version < 2 ORDER BY id LIMIT $1";
    const APPLICATIONS: &str =
        "SELECT id, client_id AS key, name FROM applications WHERE text_version < 2 ORDER BY id LIMIT $1";
    fetch_all!(conn, if what == NamedTable::Accounts { ACCOUNTS } else { APPLICATIONS }, limit)
}

/// Writes what comes of the text, unless the name itself changed since it was read.
pub async fn refresh_named(
    tx: &mut Tx,
    what: NamedTable,
    before: &StaleNamed,
    sort_name: &str,
    search_text: &str,
    version: i64,
) -> DbResult<()> {
    const ACCOUNTS: &str =
        "UPDATE accounts SET sort_name = $3, search_text = $4, text_version = $5 WHERE id = $1 AND name = $2";
    const APPLICATIONS: &str =
        "UPDATE applications SET sort_name = $3, search_text = $4, text_version = $5 WHERE id = $1 AND name = $2";
    let sql = if what == NamedTable::Accounts { ACCOUNTS } else { APPLICATIONS };
    execute!(tx, sql, before.id, &before.name, sort_name, search_text, version)?;
    Ok(())
}

/// How many users are still to be written anew.
pub async fn count_stale(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT count(*) FROM users WHERE text_version < 2")
}

/// Operators with their addresses. There are few of them.
pub async fn operators(conn: &mut Conn) -> DbResult<Vec<(Uuid, String)>> {
    fetch_all!(conn, "SELECT id, email FROM operators WHERE removed_at IS NULL ORDER BY created_at, id")
}

pub async fn set_operator_email(tx: &mut Tx, id: Uuid, email: &str) -> DbResult<()> {
    execute!(tx, "UPDATE operators SET email = $2 WHERE id = $1", id, email)?;
    Ok(())
}

/// A user whose address could not be written as it should be.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Conflict {
    pub environment: String,
    pub id: Uuid,
    pub email: String,
    /// The spelling that it should have; empty where it is no address.
    pub email_conflict: String,
}

/// At most `limit` users with such an address.
pub async fn conflicts(conn: &mut Conn, limit: i64) -> DbResult<Vec<Conflict>> {
    fetch_all!(
        conn,
        "SELECT e.slug AS environment, u.id, u.email, u.email_conflict
         FROM users u JOIN environments e ON e.id = u.environment_id
         WHERE u.email_conflict IS NOT NULL ORDER BY u.environment_id, u.id LIMIT $1",
        limit
    )
}
