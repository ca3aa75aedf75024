//! A walk in steps, each longer than the one before: a page that is found soon is read at once, and one that is not ends after as
//! many rows as it may look at.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::segment::Segment;
use super::{all_of, in_order, read};
use crate::model::user::{UserSort, UserStatus};
use crate::server::db::page::SortValue;
use crate::server::db::user::filter::{ListedUser, UserFilter};
use crate::server::db::{Conn, DbResult, built};

/// The first step, and how much longer each is than the one before.
const FIRST: i64 = 1 << 12;
const LONGER: i64 = 2;

/// The first rows of a segment, `limit` of them; `None` where these are not all and it has looked at as many as it may.
pub(super) async fn list(
    conn: &mut Conn,
    filter: &UserFilter,
    mut segment: Segment<'_>,
    limit: i64,
) -> DbResult<Option<Vec<ListedUser>>> {
    let mut rows: Vec<ListedUser> = Vec::new();
    let (mut step, mut left) = (FIRST, filter.look);
    while left > 0 {
        segment.up_to = end_of_step(conn, filter, &segment, step.min(left)).await?;
        rows.extend(read(conn, filter, &segment, false).await?);
        if rows.len() as i64 >= limit || segment.up_to.is_none() {
            return Ok(Some(rows));
        }
        segment.after = segment.up_to.take();
        left -= step;
        step *= LONGER;
    }
    Ok(None)
}

/// Where a status has `step` rows behind the segment's beginning: of the statuses the one where they are first, so that no more than
/// as many of each are looked at. `None` where none has as many.
async fn end_of_step(
    conn: &mut Conn,
    filter: &UserFilter,
    segment: &Segment<'_>,
    step: i64,
) -> DbResult<Option<(SortValue, Uuid)>> {
    // The active ones, who are the most as a rule, come first: of the others only those before that end are passed.
    let mut nearest = Segment { statuses: Vec::new(), tier: segment.tier, after: segment.after.clone(), up_to: None };
    for status in &segment.statuses {
        let end = end_of_status(conn, filter, &nearest, *status, step).await?;
        nearest.up_to = end.or(nearest.up_to);
    }
    Ok(nearest.up_to)
}

async fn end_of_status(
    conn: &mut Conn,
    filter: &UserFilter,
    segment: &Segment<'_>,
    status: UserStatus,
    step: i64,
) -> DbResult<Option<(SortValue, Uuid)>> {
    let mut sql = conn.build("");
    all_of(&mut sql, filter, segment, status, (false, false));
    sql.push(format_args!(" {} OFFSET ", in_order(filter, 1))).bind(step);
    Ok(match filter.sort {
        UserSort::Name | UserSort::Email | UserSort::Account | UserSort::Status => {
            let end: Option<(String, Uuid)> = built!(sql, fetch_optional)?;
            end.map(|(text, id)| (SortValue::Text(text), id))
        }
        UserSort::LastVisit | UserSort::Visits => {
            let end: Option<(i64, Uuid)> = built!(sql, fetch_optional)?;
            end.map(|(number, id)| (SortValue::Number(number), id))
        }
        UserSort::Created => {
            let end: Option<(DateTime<Utc>, Uuid)> = built!(sql, fetch_optional)?;
            end.map(|(time, id)| (SortValue::Time(time), id))
        }
    })
}
