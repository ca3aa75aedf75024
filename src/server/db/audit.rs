//! The audit trail. Rows are only ever added: triggers refuse everything else.

mod filter;
pub mod group;
pub mod index;

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::word::{Stored, known_or_none};
use super::{Conn, DbError, DbResult, Statement, Tx, built, fetch_optional, read_as};
use crate::model::audit::{ActorKind, Severity};
use crate::model::mode::Mode;
use crate::server::domain::event::{AuditEvent, TrailEntry};
use crate::server::domain::trail::Place;
pub use filter::{AuditFilter, Sought};
use filter::{Found, and_has, conditions, in_order, of_time};

#[derive(sqlx::FromRow)]
struct AuditRow {
    id: Uuid,
    environment_id: Uuid,
    occurred_at: DateTime<Utc>,
    action: String,
    severity: Stored<Severity>,
    actor_kind: Stored<ActorKind>,
    actor_id: Option<Uuid>,
    actor_name: String,
    operator_id: Option<Uuid>,
    operator_name: Option<String>,
    user_id: Option<Uuid>,
    user_name: Option<String>,
    user_email: Option<String>,
    account_id: Option<Uuid>,
    account_name: Option<String>,
    application_id: Option<Uuid>,
    application_name: Option<String>,
    session_id: Option<Uuid>,
    reason: Option<String>,
    ticket: Option<String>,
    description: String,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    visible_to_account: bool,
    mode: Option<Stored<Mode>>,
}

impl TryFrom<AuditRow> for AuditEvent {
    type Error = DbError;

    fn try_from(row: AuditRow) -> DbResult<Self> {
        Ok(Self {
            id: row.id,
            environment_id: row.environment_id,
            occurred_at: row.occurred_at,
            action: row.action,
            severity: row.severity.known("audit_events", "severity", row.id)?,
            actor_kind: row.actor_kind.known("audit_events", "actor_kind", row.id)?,
            actor_id: row.actor_id,
            actor_name: row.actor_name,
            operator_id: row.operator_id,
            operator_name: row.operator_name,
            user_id: row.user_id,
            user_name: row.user_name,
            user_email: row.user_email,
            account_id: row.account_id,
            account_name: row.account_name,
            application_id: row.application_id,
            application_name: row.application_name,
            session_id: row.session_id,
            reason: row.reason,
            ticket: row.ticket,
            description: row.description,
            ip_address: row.ip_address,
            user_agent: row.user_agent,
            request_id: row.request_id,
            visible_to_account: row.visible_to_account,
            mode: row.mode.map(|word| word.known("audit_events", "mode", row.id)).transpose()?,
        })
    }
}

read_as!(AuditRow => AuditEvent);

/// Hands the columns that are written and read to a macro, behind what is given: they are named here and as fields, and nowhere
/// else.
macro_rules! with_columns {
    ($use:ident!($($given:tt)*)) => {
        $use!(
            ($($given)*) id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, operator_id,
            operator_name, user_id, user_name, user_email, account_id, account_name, application_id, application_name,
            session_id, reason, ticket, description, ip_address, user_agent, request_id, visible_to_account, mode
        )
    };
}

/// `SELECT` of the columns, and what follows.
macro_rules! select {
    ($rest:literal) => { with_columns!(select!($rest)) };
    (($rest:literal) $first:ident $(, $column:ident)*) => {
        concat!("SELECT ", stringify!($first), $(", ", stringify!($column),)* " ", $rest)
    };
}

/// The names of the columns.
macro_rules! names {
    (() $($column:ident),*) => { [$(stringify!($column)),*] };
}

/// Binds the columns of a row to a list of values, in their order.
macro_rules! bind {
    (($list:expr, $row:expr) $($column:ident),*) => { $($list.bind(&$row.$column);)* };
}

/// What a search looks through is written and never read: it is the first value.
static INSERT: LazyLock<String> =
    LazyLock::new(|| format!("INSERT INTO audit_events (search_text, {}) ", with_columns!(names!()).join(", ")));

pub async fn insert(tx: &mut Tx, row: &AuditEvent) -> DbResult<()> {
    let mut sql = tx.build("");
    put(&mut sql, row);
    built!(sql, execute)?;
    Ok(())
}

/// [`insert`] as a statement of a [`Batch`](super::Batch).
pub fn put(sql: &mut Statement<'_>, row: &AuditEvent) {
    sql.push(INSERT.as_str()).values([row], |list, row| {
        list.bind(row.search_text());
        with_columns!(bind!(list, row));
    });
}

/// One page of the trail, found by walking it in its order: by the index of the user, the account or the environment. What asks
/// for more reads as far as it has to: see [`AuditFilter::is_picky`] and `up_to`.
pub async fn list(conn: &mut Conn, filter: &AuditFilter) -> DbResult<Vec<TrailEntry>> {
    let mut sql = conn.build(select!("FROM audit_events e WHERE "));
    conditions(&mut sql, filter, Found::InOrder);
    and_has(&mut sql, &filter.words);
    in_order(&mut sql, filter);
    sql.push(filter.limit);
    entries(built!(sql, fetch_all)?)
}

/// Those of `ids` that `filter` asks for, in its order.
pub async fn among(conn: &mut Conn, filter: &AuditFilter, ids: &[Uuid]) -> DbResult<Vec<TrailEntry>> {
    let mut sql = conn.build(select!("FROM audit_events e WHERE e.id IN ("));
    sql.bind_all(evenly(ids)).push(") AND ");
    conditions(&mut sql, filter, Found::ById);
    and_has(&mut sql, &filter.words);
    in_order(&mut sql, filter);
    sql.push(filter.limit);
    entries(built!(sql, fetch_all)?)
}

/// The last of `ids` in the order of `filter` that there still is.
pub async fn last_of(conn: &mut Conn, filter: &AuditFilter, ids: &[Uuid]) -> DbResult<Option<Place>> {
    let mut sql = conn.build("SELECT e.occurred_at, e.id FROM audit_events e WHERE e.id IN (");
    sql.bind_all(evenly(ids)).push(")");
    in_order(&mut sql, &AuditFilter { ascending: !filter.ascending, ..AuditFilter::default() });
    sql.push("1");
    built!(sql, fetch_optional)
}

/// The events that have `id` and that `filter` asks for: of a session, a user, a request, or the event itself. Of a session and
/// of a user only the first `most` are looked at: see [`end_of_id`].
pub async fn with_id(conn: &mut Conn, filter: &AuditFilter, id: Uuid, most: i64) -> DbResult<Vec<TrailEntry>> {
    let mut sql = conn.build(select!("FROM audit_events e WHERE e.id "));
    // PostgreSQL would read the whole table for as many ids as it believes that these are.
    let (begin, end) = if sql.is_sqlite() { ("IN (", ") AND ") } else { ("= ANY (ARRAY(", ")) AND ") };
    sql.push(begin);
    for column in OF_MANY {
        sql.push(format_args!("SELECT id FROM (SELECT e.id FROM audit_events e WHERE e.{column} = ")).bind(id);
        of_time(&mut sql, filter);
        in_order(&mut sql, filter);
        sql.push(most).push(format_args!(") AS of_{column} UNION "));
    }
    sql.push("SELECT id FROM audit_events WHERE request_id IN (");
    sql.bind_all([id.to_string(), id.simple().to_string()]).push(") UNION SELECT ").bind(id).push(end);
    conditions(&mut sql, filter, Found::ById);
    and_has(&mut sql, &filter.words);
    in_order(&mut sql, filter);
    sql.push(filter.limit);
    entries(built!(sql, fetch_all)?)
}

/// The columns by which an id can have more events than are looked at.
const OF_MANY: [&str; 2] = ["session_id", "user_id"];

/// Where [`with_id`] stopped looking: the first event of a session or user behind which there are others.
pub async fn end_of_id(conn: &mut Conn, filter: &AuditFilter, id: Uuid, most: i64) -> DbResult<Option<Place>> {
    let mut ends: Vec<Place> = Vec::new();
    for column in OF_MANY {
        let mut sql = conn.build("SELECT e.occurred_at, e.id FROM audit_events e WHERE ");
        sql.push(format_args!("e.{column} = ")).bind(id);
        of_time(&mut sql, filter);
        in_order(&mut sql, filter);
        sql.push("1 OFFSET ").bind(most - 1);
        let end: Option<Place> = built!(sql, fetch_optional)?;
        ends.extend(end);
    }
    Ok(if filter.ascending { ends.into_iter().min() } else { ends.into_iter().max() })
}

/// Rows with their places; an event is left out where a word of it is not known.
fn entries(rows: Vec<AuditRow>) -> DbResult<Vec<TrailEntry>> {
    let places: Vec<_> = rows.iter().map(|row| (row.occurred_at, row.id)).collect();
    let events = known_or_none(rows.into_iter().map(AuditEvent::try_from))?;
    Ok(places.into_iter().zip(events).map(|((occurred_at, id), event)| TrailEntry { occurred_at, id, event }).collect())
}

/// `values`, the last one as often as it takes for a statement of one of a few lengths, whose plan is kept.
fn evenly<T: Copy>(values: &[T]) -> impl Iterator<Item = T> {
    let length = [4, 16, 64, 256].into_iter().find(|length| *length >= values.len()).unwrap_or(values.len());
    values.iter().copied().chain(values.last().copied().into_iter().cycle()).take(length)
}

/// The event that is `steps` rows away in the order of `filter`, whatever its words: how far one look goes.
pub async fn end_of_look(conn: &mut Conn, filter: &AuditFilter, steps: i64) -> DbResult<Option<Place>> {
    let mut sql = conn.build("SELECT e.occurred_at, e.id FROM audit_events e WHERE ");
    conditions(&mut sql, filter, Found::InOrder);
    in_order(&mut sql, filter);
    sql.push("1 OFFSET ").bind(steps);
    built!(sql, fetch_optional)
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<AuditEvent>> {
    fetch_optional!(conn, select!("FROM audit_events WHERE environment_id = $1 AND id = $2"), environment_id, id)
}
