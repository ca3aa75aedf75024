//! The versions of what is edited one at a time.

use uuid::Uuid;

use crate::server::db::{Conn, DbResult, fetch_optional};

/// What has a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioned {
    User,
    Account,
    Application,
    Role,
    Operator,
    Environment,
}

pub async fn of(conn: &mut Conn, what: Versioned, id: Uuid) -> DbResult<Option<i64>> {
    let sql = match what {
        Versioned::User => "SELECT version FROM users WHERE id = $1",
        Versioned::Account => "SELECT version FROM accounts WHERE id = $1",
        Versioned::Application => "SELECT version FROM applications WHERE id = $1",
        Versioned::Role => "SELECT version FROM roles WHERE id = $1",
        Versioned::Operator => "SELECT version FROM operators WHERE id = $1",
        Versioned::Environment => "SELECT version FROM environments WHERE id = $1",
    };
    let found: Option<(i64,)> = fetch_optional!(conn, sql, id)?;
    Ok(found.map(|(version,)| version))
}
