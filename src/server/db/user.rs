//! Users: one of them by id or address, and their lists.

pub mod details;
mod few;
pub mod filter;
pub mod lead;
pub mod list;
pub mod several;
mod walk;

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, expect_one, fetch_optional};
use crate::model::user::UserStatus;
use crate::server::platform::clock::from_micros;

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

/// Where a status stands among others: as the column `status_rank` has it.
fn rank(status: UserStatus) -> i64 {
    match status {
        UserStatus::Active => 0,
        UserStatus::Invited => 1,
        UserStatus::Locked => 2,
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
