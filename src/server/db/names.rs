//! Names of accounts and applications. Several can have one name; what tells them apart is the key that others gave them.

use std::collections::HashMap;

use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::search::{Statement, Value, bound};
use super::{Conn, DbResult, on};

/// What has a name and a key that others gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    Accounts,
    Applications,
}

/// Those of `ids` whose names others of their kind and environment have too, with the keys that tell them apart.
pub async fn of_equal_names(conn: &mut Conn, what: Named, ids: &[Uuid]) -> DbResult<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (table, key) = match what {
        Named::Accounts => ("accounts", "external_id"),
        Named::Applications => ("applications", "client_id"),
    };
    let mut sql = Statement::new(&format!("SELECT a.id, a.{key} FROM {table} a WHERE a.id IN ("));
    sql.bind_all(ids.iter().copied().map(Value::Id));
    // Without a sort key a row waits to be written anew, and is equal to all that do.
    sql.push(&format!(
        ") AND a.sort_name <> '' AND EXISTS (SELECT 1 FROM {table} b
           WHERE b.environment_id = a.environment_id AND b.sort_name = a.sort_name AND b.id <> a.id)"
    ));
    let Statement { text, values } = sql;
    let rows: Vec<(Uuid, String)> =
        on!(conn, c => bound!(sqlx::query_as(AssertSqlSafe(text)), &values).fetch_all(c).await)?;
    Ok(rows.into_iter().collect())
}
