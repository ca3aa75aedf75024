//! Taking events out of the trail: exactly what a filter finds, however many they are, some at a time.

use uuid::Uuid;

use super::{Asked, Event, asked, find::find, items, written};
use crate::model::audit::{AuditItem, AuditQuery, action};
use crate::server::db::audit::{self as table, AuditFilter};
use crate::server::error::ServiceResult;
use crate::server::service::caller::Caller;
use crate::server::service::registry::length;

/// Events that are read at once: what an export has in memory.
const AT_ONCE: i64 = 1_000;

/// An export on its way.
pub struct Export {
    caller: Caller,
    /// From where it is by now; `None` where everything was given.
    filter: Option<AuditFilter>,
    /// Its own event, which is not in it.
    own: Uuid,
}

/// Begins to take out what `query` finds, newest first, and writes down who did and what was asked for: before the first event
/// leaves, since nobody can say afterwards how many arrived.
///
/// # Errors
/// [`crate::server::error::ServiceError::Forbidden`] for those who see nothing of the environment,
/// [`crate::server::error::ServiceError::Invalid`] for what is too long to look for.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn begin(caller: Caller, query: &AuditQuery, format: &str) -> ServiceResult<Export> {
    caller.require_view()?;
    length::require("q", &query.q, length::SEARCH)?;
    let mut conn = caller.state.db.read().await?;
    let Asked { mut filter, .. } = asked(&mut conn, &caller, query).await?;
    drop(conn);
    filter.limit = AT_ONCE;
    let sentence = format!("{} exported the audit trail as {format}: {}", caller.actor.name(), said(query));
    let mut tx = caller.state.db.write().await?;
    let event = written(&caller.state, Event::of_caller(&caller, action::DATA_EXPORTED, sentence));
    table::insert(&mut tx, &event).await?;
    tx.commit().await?;
    Ok(Export { caller, filter: Some(filter), own: event.id })
}

impl Export {
    /// The next events; none where everything was given. What cannot be read is left out.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn next(&mut self) -> ServiceResult<Vec<AuditItem>> {
        while let Some(filter) = self.filter.take() {
            let mut conn = self.caller.state.db.read().await?;
            let found = find(&mut conn, &filter).await?;
            let is_full = i64::try_from(found.rows.len()).is_ok_and(|rows| rows >= filter.limit);
            let last = found.rows.last().map(|row| (row.occurred_at, row.id));
            // A full page goes on behind its last event, any other where the search stopped looking.
            let after = if is_full { last } else { found.stopped };
            self.filter = after.map(|place| AuditFilter { after: Some(place), ..filter });
            let mut events = items(&mut conn, found.rows).await?;
            events.retain(|event| event.id != self.own);
            if !events.is_empty() {
                return Ok(events);
            }
        }
        Ok(Vec::new())
    }
}

/// What was asked for, for whoever reads the event.
fn said(query: &AuditQuery) -> String {
    let AuditQuery { q, action, severity, account, only, from, to, .. } = query;
    let asked = [
        ("search", q),
        ("action", action),
        ("severity", severity),
        ("account", account),
        ("only", only),
        ("from", from),
        ("to", to),
    ];
    let asked: Vec<String> =
        asked.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}")).collect();
    if asked.is_empty() { "all of it".to_owned() } else { asked.join(", ") }
}
