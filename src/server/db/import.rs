//! Reads and writes of what an environment has, many at a time, as an import needs it, or one: what is known behind keys, and
//! rows made or changed by their keys.
//!
//! On PostgreSQL the statements with long lists are planned each time they run.

mod account;
mod bulk;
mod known;
mod membership;
pub mod staging;
mod user;
mod write;

use std::collections::HashMap;

use uuid::Uuid;

use super::{Conn, DbResult, Raw, Tx, built, fetch_optional};
pub use account::{AccountUpsert, Assignment, add_assignments, insert_accounts, remove_assignments, upsert_account};
pub use bulk::{Bulk, relax};
pub use known::{
    KnownAccount, KnownApplication, KnownMembership, KnownRole, KnownUser, known_accounts, known_applications,
    known_roles, known_users,
};
pub use membership::{MembershipUpsert, add_memberships};
pub use user::{UserUpsert, insert_users, update_users};
pub use write::{
    ApplicationUpsert, RoleUpsert, delete_role, delete_user, remove_membership, remove_membership_role,
    replace_permissions, replace_redirect_uris, upsert_application, upsert_role,
};

/// Keys in one look-up.
const CHUNK: usize = 500;

/// What is known by a key of its own within an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keyed {
    Roles,
    Applications,
    Accounts,
}

/// Holds what is known by a key until the transaction ends: whoever changes it, or refers to it anew, waits. SQLite's writers
/// wait for each other anyway.
pub async fn hold(tx: &mut Tx, keyed: Keyed, environment_id: Uuid, key: &str) -> DbResult<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    let sql = match keyed {
        Keyed::Roles => "SELECT id FROM roles WHERE environment_id = $1 AND key = $2 FOR UPDATE",
        Keyed::Applications => "SELECT id FROM applications WHERE environment_id = $1 AND client_id = $2 FOR UPDATE",
        Keyed::Accounts => "SELECT id FROM accounts WHERE environment_id = $1 AND external_id = $2 FOR UPDATE",
    };
    let _held: Option<(Uuid,)> = fetch_optional!(tx, sql, environment_id, key)?;
    Ok(())
}

/// [`hold`] of an account that stays: who refers to it anew does not wait.
pub async fn hold_account(tx: &mut Tx, environment_id: Uuid, external_id: &str) -> DbResult<()> {
    if tx.is_sqlite() {
        return Ok(());
    }
    let _held: Option<(Uuid,)> = fetch_optional!(
        tx,
        "SELECT id FROM accounts WHERE environment_id = $1 AND external_id = $2 FOR NO KEY UPDATE",
        environment_id,
        external_id
    )?;
    Ok(())
}

/// The ids behind those of `keys` that exist.
pub async fn ids(
    conn: &mut Conn,
    keyed: Keyed,
    environment_id: Uuid,
    keys: &[&str],
) -> DbResult<HashMap<String, Uuid>> {
    let (select, key) = match keyed {
        Keyed::Roles => ("SELECT key, id FROM roles WHERE environment_id = ", "key"),
        Keyed::Applications => ("SELECT client_id, id FROM applications WHERE environment_id = ", "client_id"),
        Keyed::Accounts => ("SELECT external_id, id FROM accounts WHERE environment_id = ", "external_id"),
    };
    let mut found = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        let mut sql = conn.build(select);
        sql.bind(environment_id).push(format_args!(" AND {key}")).is_one_of(chunk).planned_anew();
        let rows: Vec<(String, Uuid)> = built!(sql, fetch_all)?;
        found.extend(rows);
    }
    Ok(found)
}

/// Tells PostgreSQL how large the tables have become that an import fills: the plans of its own checks of foreign keys, too,
/// are made anew then. SQLite looks things up by their indexes whatever the size.
pub async fn analyze(conn: &mut Conn) -> DbResult<()> {
    if let Raw::Postgres(c) = conn.raw() {
        sqlx::query("ANALYZE users, accounts, memberships, membership_roles").execute(c).await?;
    }
    Ok(())
}
