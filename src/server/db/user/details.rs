//! What a user has beside what lists show, and what only one user at a time changes.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, Tx, execute, expect_one, fetch_all, fetch_optional};
use crate::server::platform::text;

#[derive(Clone, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct UserDetails {
    pub metadata: Option<String>,
    pub locale: Option<String>,
    pub lock_reason: Option<String>,
}

/// What there is of a user: nothing, of most.
pub async fn of(conn: &mut Conn, user_id: Uuid) -> DbResult<UserDetails> {
    let found: Option<UserDetails> =
        fetch_optional!(conn, "SELECT metadata, locale, lock_reason FROM user_details WHERE user_id = $1", user_id)?;
    Ok(found.unwrap_or_default())
}

/// The external id, which no list shows.
pub async fn external_id(conn: &mut Conn, user_id: Uuid) -> DbResult<Option<String>> {
    let found: Option<(Option<String>,)> =
        fetch_optional!(conn, "SELECT external_id FROM users WHERE id = $1", user_id)?;
    Ok(found.and_then(|(id,)| id))
}

/// The user's roles in each account: external id of the account, and key of the role.
pub async fn role_keys(conn: &mut Conn, user_id: Uuid) -> DbResult<Vec<(String, String)>> {
    fetch_all!(
        conn,
        "SELECT a.external_id, r.key FROM membership_roles mr JOIN accounts a ON a.id = mr.account_id
           JOIN roles r ON r.id = mr.role_id WHERE mr.user_id = $1 ORDER BY a.external_id, r.key",
        user_id
    )
}

/// The roles that a form offers: key and name. An environment has some dozens.
pub async fn roles(conn: &mut Conn, environment_id: Uuid) -> DbResult<Vec<(String, String)>> {
    fetch_all!(
        conn,
        "SELECT key, name FROM roles WHERE environment_id = $1 ORDER BY name, key LIMIT 1000",
        environment_id
    )
}

pub async fn set(tx: &mut Tx, user_id: Uuid, details: &UserDetails) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO user_details (user_id, metadata, locale, lock_reason) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE
           SET metadata = excluded.metadata, locale = excluded.locale, lock_reason = excluded.lock_reason",
        user_id,
        details.metadata.as_deref(),
        details.locale.as_deref(),
        details.lock_reason.as_deref()
    )?;
    Ok(())
}

/// Who is let in again is locked for no reason any more.
pub async fn forget_lock_reason(tx: &mut Tx, user_id: Uuid) -> DbResult<u64> {
    execute!(tx, "UPDATE user_details SET lock_reason = NULL WHERE user_id = $1 AND lock_reason IS NOT NULL", user_id)
}

/// Gives a user another address, in its stored spelling.
///
/// # Errors
/// A unique violation where another user of the environment has it.
pub async fn set_email(tx: &mut Tx, user_id: Uuid, email: &str, name: &str) -> DbResult<()> {
    let changed = execute!(
        tx,
        "UPDATE users SET email = $2, email_domain = $3, search_text = $4, text_version = $5, email_conflict = NULL,
           version = version + 1 WHERE id = $1",
        user_id,
        email,
        text::domain_of(email),
        text::search_text(&[name, email]),
        text::VERSION
    )?;
    expect_one("users", changed)
}

/// An edit that changes nothing of the user's own row makes another version, too.
pub async fn next_version(tx: &mut Tx, user_id: Uuid) -> DbResult<()> {
    let changed = execute!(tx, "UPDATE users SET version = version + 1 WHERE id = $1", user_id)?;
    expect_one("users", changed)
}
