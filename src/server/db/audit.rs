//! The audit trail. Rows are only ever added: triggers refuse everything else.

use chrono::{DateTime, Utc};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Conn, DbResult, Tx, execute, fetch_optional, on};

/// An event as it is stored and read.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AuditRow {
    pub id: Uuid,
    pub environment_id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub action: String,
    pub severity: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub actor_name: String,
    pub operator_id: Option<Uuid>,
    pub operator_name: Option<String>,
    pub user_id: Option<Uuid>,
    pub user_name: Option<String>,
    pub user_email: Option<String>,
    pub account_id: Option<Uuid>,
    pub account_name: Option<String>,
    pub application_id: Option<Uuid>,
    pub application_name: Option<String>,
    pub session_id: Option<Uuid>,
    pub reason: Option<String>,
    pub ticket: Option<String>,
    pub description: String,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub visible_to_account: bool,
}

impl AuditRow {
    /// What substring search looks through, in lower case.
    fn search_text(&self) -> String {
        let parts = [
            Some(&self.action),
            Some(&self.actor_name),
            self.operator_name.as_ref(),
            self.user_name.as_ref(),
            self.user_email.as_ref(),
            self.account_name.as_ref(),
            self.application_name.as_ref(),
            self.reason.as_ref(),
            self.ticket.as_ref(),
            Some(&self.description),
            self.ip_address.as_ref(),
        ];
        parts.into_iter().flatten().map(|part| part.to_lowercase()).collect::<Vec<_>>().join("\n")
    }
}

pub async fn insert(tx: &mut Tx, row: &AuditRow) -> DbResult<()> {
    execute!(
        tx,
        "INSERT INTO audit_events (id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, operator_id,
           operator_name, user_id, user_name, user_email, account_id, account_name, application_id, application_name, session_id,
           reason, ticket, description, ip_address, user_agent, request_id, visible_to_account, search_text)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)",
        row.id,
        row.environment_id,
        row.occurred_at,
        &row.action,
        &row.severity,
        &row.actor_kind,
        row.actor_id,
        &row.actor_name,
        row.operator_id,
        &row.operator_name,
        row.user_id,
        &row.user_name,
        &row.user_email,
        row.account_id,
        &row.account_name,
        row.application_id,
        &row.application_name,
        row.session_id,
        &row.reason,
        &row.ticket,
        &row.description,
        &row.ip_address,
        &row.user_agent,
        &row.request_id,
        row.visible_to_account,
        row.search_text()
    )?;
    Ok(())
}

const COLUMNS: &str =
    "id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, operator_id,
  operator_name, user_id, user_name, user_email, account_id, account_name, application_id, application_name, session_id,
  reason, ticket, description, ip_address, user_agent, request_id, visible_to_account";

/// Which events, from where.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    pub environment_id: Uuid,
    /// Lower-case substring; empty for all.
    pub search: String,
    /// An action, or the part before its dot.
    pub action: Option<String>,
    pub severity: Option<&'static str>,
    pub account_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
    pub only_impersonated: bool,
    pub only_visible_to_account: bool,
    pub from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub until: Option<DateTime<Utc>>,
    /// Rows strictly beyond this one, in the order that is asked for.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// Oldest first, for the page before.
    pub ascending: bool,
    pub limit: i64,
}

/// One page of events. Only constants and placeholder numbers are put together: no text of the caller reaches the SQL.
pub async fn list(conn: &mut Conn, filter: &AuditFilter) -> DbResult<Vec<AuditRow>> {
    let mut sql = format!("SELECT {COLUMNS} FROM audit_events WHERE environment_id = $1");
    let mut placeholders = 1;
    let mut next = || {
        placeholders += 1;
        placeholders
    };
    if !filter.search.is_empty() {
        sql += &format!(" AND search_text LIKE ${} ESCAPE '\\'", next());
    }
    if filter.action.is_some() {
        let (equal, prefix) = (next(), next());
        sql += &format!(" AND (action = ${equal} OR action LIKE ${prefix})");
    }
    if filter.severity.is_some() {
        sql += &format!(" AND severity = ${}", next());
    }
    if filter.account_id.is_some() {
        sql += &format!(" AND account_id = ${}", next());
    }
    if filter.user_id.is_some() {
        sql += &format!(" AND user_id = ${}", next());
    }
    if filter.only_impersonated {
        sql += " AND operator_id IS NOT NULL";
    }
    if filter.only_visible_to_account {
        sql += " AND visible_to_account = TRUE";
    }
    if filter.from.is_some() {
        sql += &format!(" AND occurred_at >= ${}", next());
    }
    if filter.until.is_some() {
        sql += &format!(" AND occurred_at < ${}", next());
    }
    let (comparison, direction) = if filter.ascending { (">", "ASC") } else { ("<", "DESC") };
    if filter.after.is_some() {
        let (time, id) = (next(), next());
        sql += &format!(" AND (occurred_at, id) {comparison} (${time}, ${id})");
    }
    sql += &format!(" ORDER BY occurred_at {direction}, id {direction} LIMIT {}", filter.limit);
    let rows = on!(conn, c => {
        let mut query = sqlx::query_as(AssertSqlSafe(sql)).bind(filter.environment_id);
        if !filter.search.is_empty() {
            let escaped = filter.search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            query = query.bind(format!("%{escaped}%"));
        }
        if let Some(action) = &filter.action {
            query = query.bind(action).bind(format!("{}.%", action.replace(['%', '_', '\\'], "")));
        }
        if let Some(severity) = filter.severity {
            query = query.bind(severity);
        }
        if let Some(account_id) = filter.account_id {
            query = query.bind(account_id);
        }
        if let Some(user_id) = filter.user_id {
            query = query.bind(user_id);
        }
        if let Some(from) = filter.from {
            query = query.bind(from);
        }
        if let Some(until) = filter.until {
            query = query.bind(until);
        }
        if let Some((time, id)) = filter.after {
            query = query.bind(time).bind(id);
        }
        query.fetch_all(c).await
    })?;
    Ok(rows)
}

pub async fn by_id(conn: &mut Conn, environment_id: Uuid, id: Uuid) -> DbResult<Option<AuditRow>> {
    fetch_optional!(
        conn,
        "SELECT id, environment_id, occurred_at, action, severity, actor_kind, actor_id, actor_name, operator_id,
           operator_name, user_id, user_name, user_email, account_id, account_name, application_id, application_name, session_id,
           reason, ticket, description, ip_address, user_agent, request_id, visible_to_account
         FROM audit_events WHERE environment_id = $1 AND id = $2",
        environment_id,
        id
    )
}
