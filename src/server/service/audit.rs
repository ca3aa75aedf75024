//! The audit trail: writing an event inside the transaction of what it reports, and reading.

mod day;
pub mod export;
pub mod failed_sign_in;
pub mod find;
pub mod index;
pub mod look;
pub mod notice;
mod sought;

use uuid::Uuid;

use self::day::midnight;
use self::find::find;
use self::look::FoundEvents;
use super::caller::{Caller, Origin};
use super::registry::names::Names;
use super::registry::{accounts, length};
use crate::model::audit::{AuditItem, AuditPage, AuditQuery, Severity, action};
use crate::model::mode::Mode;
use crate::model::search::Searched;
use crate::model::user::PAGE_SIZE;
use crate::server::db::audit::{self as table, AuditFilter};
use crate::server::db::page::{Bounded, Cursor, SortValue, Window};
use crate::server::db::{Conn, Statement, Tx, account, count};
use crate::server::domain::actor::{Actor, Operator};
use crate::server::domain::event::{AuditEvent, TrailEntry};
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::platform::request;
use crate::server::platform::text::{SEARCH_MAX, Search, sentence, storable};
use crate::server::state::AppState;

/// An event about to be written. Start with [`Event::of`] and add what is known.
#[derive(Clone, Debug)]
pub struct Event(AuditEvent);

impl Event {
    /// An event of the system itself, visible to operators only, as severe as its action usually is.
    pub fn of(environment_id: Uuid, action: &str, description: impl Into<String>) -> Self {
        Self::new(environment_id, action, action::severity(action), description)
    }

    /// [`Event::of`] for an action whose severity depends on what happened: one of those in its row of the table.
    pub fn new(environment_id: Uuid, action: &str, severity: Severity, description: impl Into<String>) -> Self {
        Self(AuditEvent::new(environment_id, action, severity, &Actor::System, description.into()))
    }

    /// An event of the caller's doing, in its environment.
    pub fn of_caller(caller: &Caller, action: &str, description: impl Into<String>) -> Self {
        Self::of(caller.environment.id, action, description).by(&caller.actor).from(&caller.origin)
    }

    pub fn by(mut self, actor: &Actor) -> Self {
        self.0.actor_kind = actor.kind();
        self.0.actor_id = actor.id();
        actor.name().clone_into(&mut self.0.actor_name);
        self
    }

    pub fn about_user(mut self, id: Uuid, name: &str, email: &str) -> Self {
        self.0.user_id = Some(id);
        self.0.user_name = Some(name.to_owned());
        self.0.user_email = Some(email.to_owned());
        self
    }

    /// The account in whose own log the event appears, unless `hidden`.
    pub fn in_account(mut self, id: Uuid, name: &str, hidden: bool) -> Self {
        self.0.account_id = Some(id);
        self.0.account_name = Some(name.to_owned());
        self.0.visible_to_account = !hidden;
        self
    }

    pub fn in_application(mut self, id: Uuid, name: &str) -> Self {
        self.0.application_id = Some(id);
        self.0.application_name = Some(name.to_owned());
        self
    }

    /// Everyone and everything involved in a session: user, account, application and, for an impersonation, the operator
    /// with the reason. What an impersonation hides from the account stays hidden for all of its events; what users do
    /// themselves is never hidden.
    pub fn in_session(mut self, session: &Session) -> Self {
        self = self.about_user(session.user_id, &session.user_name, &session.user_email);
        if let (Some(id), Some(name)) = (session.account_id, &session.account_name) {
            self = self.in_account(id, name, session.hidden_from_account && session.is_impersonation());
        }
        if let (Some(id), Some(name)) = (session.application_id, &session.application_name) {
            self = self.in_application(id, name);
        }
        self.0.session_id = Some(session.id);
        self = self.in_mode(session.mode);
        self.0.operator_id = session.operator_id;
        self.0.operator_name.clone_from(&session.operator_name);
        self.0.reason.clone_from(&session.reason);
        self.0.ticket.clone_from(&session.ticket);
        self
    }

    /// The session itself, where who else was involved does not matter.
    pub fn about_session(mut self, id: Uuid) -> Self {
        self.0.session_id = Some(id);
        self
    }

    pub fn for_reason(mut self, reason: &str, ticket: Option<&str>) -> Self {
        self.0.reason = Some(reason.to_owned());
        self.0.ticket = ticket.map(ToOwned::to_owned);
        self
    }

    pub fn impersonated_by(mut self, operator: &Operator, session_id: Uuid) -> Self {
        self.0.operator_id = Some(operator.id);
        self.0.operator_name = Some(operator.name.clone());
        self.0.session_id = Some(session_id);
        self
    }

    /// The mode of the session that it happened in.
    pub fn in_mode(mut self, mode: Mode) -> Self {
        self.0.mode = Some(mode);
        self
    }

    pub fn from(mut self, origin: &Origin) -> Self {
        self.0.ip_address.clone_from(&origin.ip_address);
        self.0.user_agent.clone_from(&origin.user_agent);
        self.0.request_id = Some(origin.request_id.clone()).filter(|id| !id.is_empty());
        self
    }
}

/// Writes an event in the transaction of what it reports: both happen or neither.
pub async fn record(state: &AppState, tx: &mut Tx, event: Event) -> ServiceResult<()> {
    table::insert(tx, &written(state, event)).await?;
    Ok(())
}

/// [`record`] as a statement of a batch.
pub fn put(state: &AppState, sql: &mut Statement<'_>, event: Event) {
    table::put(sql, &written(state, event));
}

/// The event as it is written down now.
fn written(state: &AppState, event: Event) -> AuditEvent {
    let mut row = event.0;
    row.id = state.new_id();
    row.occurred_at = state.now();
    row.request_id = row.request_id.or_else(request::id);
    debug_assert!(
        action::severities(&row.action).contains(&row.severity),
        "{} cannot be {}: see the table of actions",
        row.action,
        row.severity.as_str()
    );
    row
}

/// What a query asks of the trail, from its beginning.
struct Asked {
    filter: AuditFilter,
    search: Search,
    no_day: Option<String>,
}

async fn asked(conn: &mut Conn, caller: &Caller, query: &AuditQuery) -> ServiceResult<Asked> {
    let bounded = [("action", &query.action), ("account", &query.account), ("from", &query.from), ("to", &query.to)];
    for (field, text) in bounded {
        length::require(field, text, length::SEARCH)?;
    }
    let account_id = match query.account.as_str() {
        "" => None,
        external_id => {
            let known = account::by_external_id(conn, caller.environment.id, &storable(external_id)).await?;
            Some(known.map_or_else(Uuid::nil, |account| account.id))
        }
    };
    let search = Search::of(&query.q);
    let no_day = [&query.from, &query.to].into_iter().find(|day| !day.is_empty() && midnight(day, 0, "").is_none());
    let mut filter = AuditFilter {
        environment_id: caller.environment.id,
        // No action is that long, and no database compares with patterns of any length.
        action: Some(storable(query.action.trim()).chars().take(SEARCH_MAX).collect())
            .filter(|action: &String| !action.is_empty()),
        severity: Severity::parse(&query.severity),
        account_id,
        only_impersonated: query.only == "impersonated",
        from: midnight(&query.from, 0, &query.from_offset),
        until: midnight(&query.to, 1, &query.to_offset),
        ..AuditFilter::default()
    };
    if search.too_long || search.only_signs || no_day.is_some() {
        // Nothing can be found: no event has this id.
        filter.id = Some(Uuid::nil());
    } else {
        sought::seek(conn, &mut filter, &search).await?;
    }
    Ok(Asked { filter, search, no_day: no_day.cloned() })
}

/// The audit trail of the caller's environment.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn list(caller: &Caller, query: &AuditQuery) -> ServiceResult<AuditPage> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let Asked { mut filter, search, no_day } = asked(&mut conn, caller, query).await?;
    let cursor = Cursor::decode(&query.cursor);
    let total = count::of(&mut conn, caller.environment.id).await?.accounts;
    let accounts = accounts::choice(&mut conn, caller.environment.id, &query.find, &query.account, total).await?;
    place(&mut filter, cursor.as_ref());
    let FoundEvents { rows, stopped } = find(&mut conn, &filter).await?;
    let (rows, next, previous) = page(&mut conn, rows, cursor.as_ref()).await?;
    // Less than a page though there is more of the trail: the page beside it goes on where this one stopped looking.
    let onward = filter.ascending;
    let beyond = |way: bool| {
        let stopped = stopped.filter(|_| way == onward);
        stopped.map(|(time, id)| Cursor::at_time(way, time, id).encode())
    };
    Ok(AuditPage {
        rows,
        accounts,
        searched: Searched { no_day, ..search.said() },
        searched_until: stopped.map(|(time, _)| time),
        searched_onward: onward,
        next: next.or_else(|| beyond(false)),
        previous: previous.or_else(|| beyond(true)),
        now: caller.state.now(),
    })
}

/// The log of one account, as its own administrators see it: without what was hidden from it.
#[tracing::instrument(level = "debug", skip_all)]
pub async fn account_log(
    conn: &mut Conn,
    environment_id: Uuid,
    account_id: Uuid,
    cursor: &str,
) -> ServiceResult<(Vec<AuditItem>, Option<String>, Option<String>)> {
    let cursor = Cursor::decode(cursor);
    let mut filter = AuditFilter {
        environment_id,
        account_id: Some(account_id),
        only_visible_to_account: true,
        ..AuditFilter::default()
    };
    place(&mut filter, cursor.as_ref());
    let rows = table::list(conn, &filter).await?;
    page(conn, rows, cursor.as_ref()).await
}

/// The latest events about one user, and whether there are more than these.
pub async fn of_user(
    conn: &mut Conn,
    environment_id: Uuid,
    user_id: Uuid,
    limit: i64,
) -> ServiceResult<(Vec<AuditItem>, bool)> {
    let filter = AuditFilter { environment_id, user_id: Some(user_id), limit: limit + 1, ..AuditFilter::default() };
    let (rows, more) = Bounded::new(table::list(conn, &filter).await?, limit).apart();
    Ok((items(conn, rows).await?, more))
}

/// What happened in one session, oldest first, and whether there is more than this.
pub async fn of_session(
    conn: &mut Conn,
    environment_id: Uuid,
    session_id: Uuid,
    limit: i64,
) -> ServiceResult<(Vec<AuditItem>, bool)> {
    let filter = AuditFilter { environment_id, ascending: true, limit: limit + 1, ..AuditFilter::default() };
    let found = table::with_id(conn, &filter, session_id, limit + 1).await?;
    let (rows, more) = Bounded::new(found, limit).apart();
    Ok((items(conn, rows).await?, more))
}

#[tracing::instrument(level = "debug", skip_all)]
pub async fn get(caller: &Caller, event_id: Uuid) -> ServiceResult<AuditItem> {
    caller.require_view()?;
    let mut conn = caller.state.db.read().await?;
    let row = table::by_id(&mut conn, caller.environment.id, event_id).await?;
    let row = row.ok_or(ServiceError::NotFound)?;
    let names = Names::of(&mut conn, row.account_id, row.application_id).await?;
    Ok(item(row, &names))
}

/// Which page of the filtered events it is.
fn place(filter: &mut AuditFilter, cursor: Option<&Cursor>) {
    filter.after = cursor.and_then(|cursor| match cursor.value {
        SortValue::Time(time) => Some((time, cursor.id)),
        _ => None,
    });
    filter.ascending = cursor.is_some_and(|cursor| cursor.backwards);
    filter.limit = PAGE_SIZE as i64 + 1;
}

/// The rows of a page as it shows them, with the links to those beside it.
async fn page(
    conn: &mut Conn,
    rows: Vec<TrailEntry>,
    cursor: Option<&Cursor>,
) -> ServiceResult<(Vec<AuditItem>, Option<String>, Option<String>)> {
    let window = Window::new(rows, PAGE_SIZE, cursor);
    let edge = |row: Option<&TrailEntry>, backwards| {
        row.map(|row| Cursor::at_time(backwards, row.occurred_at, row.id).encode())
    };
    let next = edge(window.rows.last().filter(|_| window.has_next), false);
    let previous = edge(window.rows.first().filter(|_| window.has_previous), true);
    Ok((items(conn, window.rows).await?, next, previous))
}

/// Events as they are shown: accounts and applications are told apart from others of their names. What cannot be read is left out.
async fn items(conn: &mut Conn, entries: Vec<TrailEntry>) -> ServiceResult<Vec<AuditItem>> {
    let rows: Vec<AuditEvent> = entries.into_iter().filter_map(|entry| entry.event).collect();
    let accounts = rows.iter().filter_map(|row| row.account_id);
    let names = Names::of(conn, accounts, rows.iter().filter_map(|row| row.application_id)).await?;
    Ok(rows.into_iter().map(|row| item(row, &names)).collect())
}

fn item(row: AuditEvent, names: &Names) -> AuditItem {
    let in_sentence = [
        Some(row.actor_name.as_str()),
        row.operator_name.as_deref(),
        row.user_name.as_deref(),
        row.account_name.as_deref(),
        row.application_name.as_deref(),
    ];
    AuditItem {
        description: sentence(&row.description, &in_sentence),
        id: row.id,
        occurred_at: row.occurred_at,
        severity: row.severity,
        actor_kind: row.actor_kind,
        action: row.action,
        actor_id: row.actor_id,
        actor_name: row.actor_name,
        operator_id: row.operator_id,
        operator_name: row.operator_name,
        user_id: row.user_id,
        user_name: row.user_name,
        user_email: row.user_email,
        account_name: row.account_name.map(|name| names.told_apart(row.account_id, name)),
        application_name: row.application_name.map(|name| names.told_apart(row.application_id, name)),
        session_id: row.session_id,
        reason: row.reason,
        ticket: row.ticket,
        ip_address: row.ip_address,
        user_agent: row.user_agent,
        request_id: row.request_id,
        visible_to_account: row.visible_to_account,
        mode: row.mode,
    }
}
