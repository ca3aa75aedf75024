//! The number that changes with every change of environments, applications, redirect URIs and signing keys.

use super::{Conn, DbResult, fetch_scalar};

pub async fn version(conn: &mut Conn) -> DbResult<i64> {
    fetch_scalar!(conn, "SELECT version FROM configuration_version")
}
