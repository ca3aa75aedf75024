//! Users as requests name them.

use uuid::Uuid;

use crate::server::db::Conn;
use crate::server::db::user::{self as table, UserRecord};
use crate::server::error::ServiceResult;
use crate::server::platform::text;

/// The user with this address, however it is spelt.
pub async fn by_email(conn: &mut Conn, environment_id: Uuid, typed: &str) -> ServiceResult<Option<UserRecord>> {
    for spelling in text::spellings(typed) {
        if let Some(row) = table::by_email(conn, environment_id, &spelling).await? {
            return Ok(Some(row));
        }
    }
    Ok(None)
}
