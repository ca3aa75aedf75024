//! What an environment has of what it needs before anybody can be impersonated in it.

use uuid::Uuid;

use super::{Conn, DbResult, fetch_one};

/// Whether there is any of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct SetUp {
    pub application: bool,
    pub account: bool,
    pub users: bool,
    pub impersonation_on: bool,
    pub impersonated: bool,
}

/// In one statement, of which each part stops at the first row that it finds.
pub async fn set_up(conn: &mut Conn, environment_id: Uuid) -> DbResult<SetUp> {
    fetch_one!(
        conn,
        "SELECT EXISTS (SELECT 1 FROM applications WHERE environment_id = $1) AS application,
           EXISTS (SELECT 1 FROM accounts WHERE environment_id = $1) AS account,
           EXISTS (SELECT 1 FROM users WHERE environment_id = $1) AS users,
           EXISTS (SELECT 1 FROM impersonation_settings WHERE environment_id = $1 AND enabled) AS impersonation_on,
           (EXISTS (SELECT 1 FROM sessions
              WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at IS NULL)
            OR EXISTS (SELECT 1 FROM sessions
              WHERE environment_id = $1 AND kind = 'impersonation' AND ended_at IS NOT NULL)) AS impersonated",
        environment_id
    )
}
