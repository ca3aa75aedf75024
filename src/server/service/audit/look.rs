//! Looking through the trail for what no index leads to, in either direction: in steps, each longer than the one before, so that what happened
//! of late is found at once, and for one page only so far, since ten million events are not read for it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::db::audit::{self as table, AuditFilter};
use crate::server::db::{Conn, DbResult};
use crate::server::domain::event::TrailEntry;

/// Events that one page looks through: a step each.
pub const STEPS: [i64; 5] = [1_000, 4_000, 15_000, 30_000, 50_000];

/// What was found.
#[derive(Debug)]
pub struct FoundEvents {
    pub rows: Vec<TrailEntry>,
    /// The event at which the look stopped, with less than was asked for, though there are more behind it.
    pub stopped: Option<(DateTime<Utc>, Uuid)>,
}

/// The first events of `filter`, as many as it asks for, among so many of the trail as `steps` have together.
pub async fn look(conn: &mut Conn, filter: &AuditFilter, steps: &[i64]) -> DbResult<FoundEvents> {
    let mut filter = filter.clone();
    let wanted = usize::try_from(filter.limit).unwrap_or_default();
    let mut rows = Vec::new();
    for step in steps {
        filter.up_to = table::end_of_look(conn, &all_of(&filter), *step).await?;
        // As many in each step, so that the statement is the same and its plan kept.
        rows.extend(table::list(conn, &filter).await?);
        rows.truncate(wanted);
        if rows.len() == wanted || filter.up_to.is_none() {
            return Ok(FoundEvents { rows, stopped: None });
        }
        filter.after = filter.up_to;
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
