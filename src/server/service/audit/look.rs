//! Looking through the trail itself, in either direction: what the index does not have yet, and what it does not know. In steps,
//! each longer than the one before, so that what happened of late is found at once, and for one page only so far, since ten
//! million events are not read for it.

use crate::server::db::audit::{self as table, AuditFilter};
use crate::server::db::{Conn, DbResult};
use crate::server::domain::event::TrailEntry;
use crate::server::domain::trail::Place;

/// What was found.
#[derive(Debug)]
pub struct FoundEvents {
    pub rows: Vec<TrailEntry>,
    /// The event at which the look stopped, with less than was asked for, though there are more behind it.
    pub stopped: Option<Place>,
}

/// The first events of `filter`, as many as it asks for, among so many of the trail as `steps` have together.
pub async fn look(conn: &mut Conn, filter: &AuditFilter, steps: &[i64]) -> DbResult<FoundEvents> {
    look_to(conn, filter, steps, None).await
}

/// [`look`] that goes no further than to a place, and with that. Where it came there, it stopped there.
pub async fn look_to(
    conn: &mut Conn,
    filter: &AuditFilter,
    steps: &[i64],
    edge: Option<Place>,
) -> DbResult<FoundEvents> {
    let mut filter = filter.clone();
    let wanted = usize::try_from(filter.limit).unwrap_or_default();
    let ascending = filter.ascending;
    let is_beyond = |place: Place, edge: Place| if ascending { place >= edge } else { place <= edge };
    let mut rows = Vec::new();
    for step in steps {
        let end = table::end_of_look(conn, &all_of(&filter), *step).await?;
        let is_at_edge = edge.is_some_and(|edge| end.is_none_or(|end| is_beyond(end, edge)));
        filter.up_to = if is_at_edge { edge } else { end };
        // As many in each step, so that the statement is the same and its plan kept.
        rows.extend(table::list(conn, &filter).await?);
        rows.truncate(wanted);
        if rows.len() == wanted || filter.up_to.is_none() {
            return Ok(FoundEvents { rows, stopped: None });
        }
        filter.after = filter.up_to;
        if is_at_edge {
            break;
        }
    }
    Ok(FoundEvents { rows, stopped: filter.after })
}

/// What is looked through: all that an index leads to.
fn all_of(filter: &AuditFilter) -> AuditFilter {
    AuditFilter {
        environment_id: filter.environment_id,
        account_id: filter.account_id,
        from: filter.from,
        until: filter.until,
        after: filter.after,
        ascending: filter.ascending,
        ..AuditFilter::default()
    }
}
