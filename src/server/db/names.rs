//! Names of accounts and applications. Several can have one name; what tells them apart is the key that others gave them.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Conn, DbResult, built};

/// What has a name and a key that others gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedTable {
    Accounts,
    Applications,
}

/// Those of `ids` whose names others of their kind and environment have too, with the keys that tell them apart.
pub async fn of_equal_names(conn: &mut Conn, what: NamedTable, ids: &[Uuid]) -> DbResult<HashMap<Uuid, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let (table, key) = match what {
        NamedTable::Accounts => ("accounts", "external_id"),
        NamedTable::Applications => ("applications", "client_id"),
    };
    let mut sql = conn.build("SELECT a.id, a.");
    sql.push(format_args!("{key} FROM {table} a WHERE a.id")).is_one_of(ids);
    // Without a sort key a row waits to be written anew, and is equal to all that do.
    sql.push(format_args!(
        " AND a.sort_name <> '' AND EXISTS (SELECT 1 FROM {table} b
           WHERE b.environment_id = a.environment_id AND b.sort_name = a.sort_name AND b.id <> a.id)"
    ));
    let rows: Vec<(Uuid, String)> = built!(sql, fetch_all)?;
    Ok(rows.into_iter().collect())
}
