//! The audit trail. Rows are only ever added: triggers refuse everything else.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::build::Statement;
use super::search::{escaped, pattern};
use super::word::{Stored, known_or_none};
use super::{Conn, DbError, DbResult, Tx, built, fetch_optional, on, read_as};
use crate::model::audit::{ActorKind, Severity};
use crate::model::mode::Mode;
use crate::server::domain::event::{AuditEvent, TrailEntry};
use crate::server::platform::text::Word;

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

/// Binds the columns of a row to a query, in their order.
macro_rules! bind {
    (($query:expr, $row:expr) $($column:ident),*) => { $query$(.bind(&$row.$column))* };
}

/// What a search looks through is written and never read: it is the first value.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let columns = with_columns!(names!());
    let placeholders: Vec<String> = (1..=columns.len() + 1).map(|number| format!("${number}")).collect();
    let (columns, placeholders) = (columns.join(", "), placeholders.join(", "));
    format!("INSERT INTO audit_events (search_text, {columns}) VALUES ({placeholders})")
});

pub async fn insert(tx: &mut Tx, row: &AuditEvent) -> DbResult<()> {
    on!(tx, c => {
        let query = sqlx::query(INSERT.as_str()).bind(row.search_text());
        with_columns!(bind!(query, row)).execute(c).await.map(drop)
    })?;
    Ok(())
}

/// A word that is looked for, and the applications whose client ids have it: events hold only their names.
#[derive(Clone, Debug)]
pub struct Sought {
    pub word: Word,
    pub applications: Vec<Uuid>,
}

/// Which events, from where.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub environment_id: Uuid,
    /// What an event must have, all of it.
    pub words: Vec<Sought>,
    /// The id of a session, a user, a request or the event.
    pub id: Option<Uuid>,
    /// Whoever did it or is behind it.
    pub operator_id: Option<Uuid>,
    /// An action, or the part before its dot.
    pub action: Option<String>,
    pub severity: Option<Severity>,
    pub account_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub only_impersonated: bool,
    pub only_visible_to_account: bool,
    pub from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
    /// Rows strictly beyond this one, in the order that is asked for.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Rows up to this one and no further, in the order that is asked for.
    pub up_to: Option<(DateTime<Utc>, Uuid)>,
    /// Oldest first, for the page before.
    pub ascending: bool,
    pub limit: i64,
}

/// Adds the conditions of `filter` but for the words.
fn conditions(sql: &mut Statement<'_>, filter: &AuditFilter) {
    // By an id only a few rows are met: SQLite, which knows no numbers, is kept from walking the whole trail for them.
    let plus = if sql.is_sqlite() && filter.id.is_some() { "+" } else { "" };
    sql.push(plus).push("e.environment_id = ").bind(filter.environment_id);
    if let Some(id) = filter.id {
        sql.push(" AND e.id IN (SELECT id FROM audit_events WHERE session_id = ").bind(id);
        sql.push(" UNION SELECT id FROM audit_events WHERE user_id = ").bind(id);
        sql.push(" UNION SELECT id FROM audit_events WHERE request_id IN (");
        sql.bind_all([id.to_string(), id.simple().to_string()]).push(")");
        sql.push(" UNION SELECT id FROM audit_events WHERE id = ").bind(id).push(")");
    }
    if let Some(id) = filter.operator_id {
        sql.push(" AND (e.operator_id = ").bind(id).push(" OR e.actor_id = ").bind(id).push(")");
    }
    if let Some(action) = &filter.action {
        sql.push(" AND (e.action = ").bind(action).push(" OR e.action LIKE ");
        sql.bind(format!("{}.%", action.replace(['%', '_', '\\'], ""))).push(")");
    }
    if let Some(severity) = filter.severity {
        sql.push(" AND e.severity = ").bind(severity);
    }
    if let Some(account_id) = filter.account_id {
        sql.push(" AND e.account_id = ").bind(account_id);
    }
    if let Some(user_id) = filter.user_id {
        sql.push(" AND e.user_id = ").bind(user_id);
    }
    if filter.only_impersonated {
        sql.push(" AND e.operator_id IS NOT NULL");
    }
    if filter.only_visible_to_account {
        sql.push(" AND e.visible_to_account = TRUE");
    }
    if let Some(from) = filter.from {
        sql.push(" AND e.occurred_at >= ").bind(from);
    }
    if let Some(until) = filter.until {
        sql.push(" AND e.occurred_at < ").bind(until);
    }
    let (beyond, up_to) = if filter.ascending { (">", "<=") } else { ("<", ">=") };
    for (comparison, place) in [(beyond, filter.after), (up_to, filter.up_to)] {
        if let Some((time, id)) = place {
            sql.push(format_args!(" AND (e.occurred_at, e.id) {comparison} ("));
            sql.bind(time).push(", ").bind(id).push(")");
        }
    }
}

/// Adds that an event has all of `words`. Events of older versions are found by their letters as they were typed: what is in
/// the trail is never written anew.
fn and_has(sql: &mut Statement<'_>, words: &[Sought]) {
    for Sought { word, applications } in words {
        let typed = word.typed.as_ref().map(|typed| format!("%{}%", escaped(&typed.to_lowercase())));
        for (index, pattern) in word.keys().map(pattern).chain(typed).enumerate() {
            sql.push(if index == 0 { " AND (" } else { " OR " });
            sql.push("e.search_text LIKE ").bind(pattern).push(" ESCAPE '\\'");
        }
        if !applications.is_empty() {
            sql.push(" OR e.application_id IN (").bind_all(applications).push(")");
        }
        sql.push(")");
    }
}

/// Adds the order of `filter`, up to how many rows are read.
fn in_order(sql: &mut Statement<'_>, filter: &AuditFilter) {
    let direction = if filter.ascending { "ASC" } else { "DESC" };
    sql.push(format_args!(" ORDER BY e.occurred_at {direction}, e.id {direction} LIMIT "));
}

/// One page of the trail.
pub async fn list(conn: &mut Conn, filter: &AuditFilter) -> DbResult<Vec<TrailEntry>> {
    let mut sql = conn.build(select!("FROM audit_events e WHERE "));
    conditions(&mut sql, filter);
    and_has(&mut sql, &filter.words);
    in_order(&mut sql, filter);
    sql.push(filter.limit);
    let rows: Vec<AuditRow> = built!(sql, fetch_all)?;
    let places: Vec<_> = rows.iter().map(|row| (row.occurred_at, row.id)).collect();
    let events = known_or_none(rows.into_iter().map(AuditEvent::try_from))?;
    Ok(places.into_iter().zip(events).map(|((occurred_at, id), event)| TrailEntry { occurred_at, id, event }).collect())
}

/// The event that is `steps` rows away in the order of `filter`, whatever its words: how far one look goes.
pub async fn end_of_look(conn: &mut Conn, filter: &AuditFilter, steps: i64) -> DbResult<Option<(DateTime<Utc>, Uuid)>> {
    let mut sql = conn.build("SELECT e.occurred_at, e.id FROM audit_events e WHERE ");
    conditions(&mut sql, filter);
    in_order(&mut sql, filter);
    sql.push("1 OFFSET ").bind(steps);
    built!(sql, fetch_optional)
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<AuditEvent>> {
    fetch_optional!(conn, select!("FROM audit_events WHERE environment_id = $1 AND id = $2"), environment_id, id)
}
