//! Pages of users. Which rows are read is decided by what leads to them, never by how many users there are:
//!
//! - the order of the list ([`super::walk`]), where it has a page of matches before it is far: of all users, of those of a
//!   status, of the members of an account, for each order by an index of its own;
//! - the matches themselves ([`super::few`]), where an index finds them and they are few.

use super::filter::{Counted, Lead, ListedUser, UserFilter};
use super::{few, walk};
use crate::server::db::{Conn, DbResult};

/// One page of users.
pub async fn list(conn: &mut Conn, filter: &UserFilter) -> DbResult<Vec<ListedUser>> {
    if filter.id.is_some() || filter.lead == Lead::Words {
        return few::list(conn, filter).await;
    }
    match walk::list(conn, filter).await? {
        Some(rows) => Ok(rows),
        None => few::list(conn, filter).await,
    }
}

/// How many users match, as far as it is known after looking at few of them. Counts no further than to `limit`.
pub async fn count(conn: &mut Conn, filter: &UserFilter, limit: i64) -> DbResult<Counted> {
    let unfiltered = filter.account_id.is_none() && filter.status.is_none() && filter.excluded_domains.is_empty();
    if filter.lead == Lead::Many && unfiltered {
        return Ok(Counted { matching: limit, more: true });
    }
    // The index has them all, and is asked for as many as are counted.
    let indexed = filter.lead == Lead::Order && unfiltered && !filter.parts.is_empty();
    if filter.id.is_some() || filter.lead == Lead::Words || indexed {
        let matching = few::count(conn, filter, limit + 1).await?;
        return Ok(Counted { matching: matching.min(limit), more: matching > limit });
    }
    walk::count(conn, filter, limit).await
}
