//! Which version of something an edit is about: who has seen an older one decides nothing about what somebody else made of it
//! meanwhile.

use uuid::Uuid;

use crate::server::db::Conn;
use crate::server::db::version::{self as table, Versioned};
use crate::server::error::{ServiceError, ServiceResult};

/// What was made or changed, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub id: Uuid,
    /// 1 of what is new, and one more with each edit. An edit that changes nothing makes no other version.
    pub version: i64,
}

/// What is there now. The row is held until the transaction ends, where that matters.
pub async fn written(conn: &mut Conn, what: Versioned, id: Uuid) -> ServiceResult<Written> {
    let version = table::of(conn, what, id).await?.ok_or(ServiceError::NotFound)?;
    Ok(Written { id, version })
}

/// Whether what is about to be changed is what the caller saw; without a version that was seen, whatever there is now is.
///
/// # Errors
/// [`ServiceError::Conflict`] where it is another version by now. The transaction is not to be committed then.
pub async fn require_seen(conn: &mut Conn, what: Versioned, id: Uuid, seen: Option<i64>) -> ServiceResult<()> {
    let Some(seen) = seen else { return Ok(()) };
    let now = written(conn, what, id).await?.version;
    if now == seen { Ok(()) } else { Err(ServiceError::Conflict { seen, now }) }
}
