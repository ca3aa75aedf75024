//! Which events, from where, as conditions of SQL.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::audit::Severity;
use crate::server::db::build::Statement;
use crate::server::db::search::{escaped, pattern};
use crate::server::domain::trail::Place;
use crate::server::platform::text::Word;

/// A word that is looked for, and the applications whose client ids have it: events hold only their names.
#[derive(Clone, Debug)]
pub struct Sought {
    pub word: Word,
    pub applications: Vec<Uuid>,
}

impl Sought {
    /// The parts of a text of which one must be in it. Events of older versions are found by their letters as they were typed:
    /// what is in the trail is never written anew.
    pub fn parts(&self) -> impl Iterator<Item = String> {
        let typed = self.word.typed.as_ref().map(|typed| typed.to_lowercase());
        self.word.keys().map(beginning).chain(typed)
    }
}

/// One or two letters mean the beginning of a word, as in [`pattern`].
fn beginning(key: &str) -> String {
    if key.chars().count() < 3 && key.is_ascii() { format!(" {key}") } else { key.to_owned() }
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
    pub after: Option<Place>,
    /// Rows up to this one and no further, in the order that is asked for.
    pub up_to: Option<Place>,
    /// Oldest first, for the page before.
    pub ascending: bool,
    pub limit: i64,
}

impl AuditFilter {
    /// Whether it asks for more than a time, an account, a user or an id, to which indexes lead in the order of the trail.
    pub fn is_picky(&self) -> bool {
        !self.words.is_empty()
            || self.operator_id.is_some()
            || self.action.is_some()
            || self.severity.is_some()
            || self.only_impersonated
    }

    pub(super) fn direction(&self) -> &'static str {
        if self.ascending { "ASC" } else { "DESC" }
    }
}

/// How rows are found, of which the conditions then hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In the order of the trail, by the index of the user, the account or the environment.
    InOrder,
    /// By their ids. SQLite, which knows no numbers, is kept from walking the trail for them.
    ById,
}

/// Adds the conditions of `filter` but for the words.
pub(super) fn conditions(sql: &mut Statement<'_>, filter: &AuditFilter, found: Found) {
    let (is_sqlite, by_id) = (sql.is_sqlite(), found == Found::ById);
    // What has a plus in front leads SQLite to no index.
    let plus = |is_other: bool| if is_sqlite && (by_id || is_other) { "+" } else { "" };
    let narrower = filter.account_id.is_some() || filter.user_id.is_some();
    sql.push(plus(narrower)).push("e.environment_id = ").bind(filter.environment_id);
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
        sql.push(" AND ").push(plus(filter.user_id.is_some())).push("e.account_id = ").bind(account_id);
    }
    if let Some(user_id) = filter.user_id {
        sql.push(" AND ").push(plus(false)).push("e.user_id = ").bind(user_id);
    }
    if filter.only_impersonated {
        sql.push(" AND e.operator_id IS NOT NULL");
    }
    if filter.only_visible_to_account {
        sql.push(" AND e.visible_to_account = TRUE");
    }
    of_time(sql, filter);
}

/// Adds when, and between which places: as one bound at each end, the nearer one, since SQLite begins at one bound of an index
/// and holds rows against the others one by one.
pub(super) fn of_time(sql: &mut Statement<'_>, filter: &AuditFilter) {
    let first = |time: Option<DateTime<Utc>>| time.map(|time| (time, Uuid::nil()));
    // With whether the place itself is left out.
    let (after, up_to) = (filter.after.map(|place| (place, true)), filter.up_to.map(|place| (place, false)));
    let (least, most) = if filter.ascending { (after, up_to) } else { (up_to, after) };
    let least = least.max(first(filter.from).map(|place| (place, false)));
    let until = first(filter.until).map(|place| (place, true));
    let most = [most, until].into_iter().flatten().min_by_key(|(place, is_left_out)| (*place, !is_left_out));
    for (bound, [without, with]) in [(least, [">", ">="]), (most, ["<", "<="])] {
        if let Some(((time, id), is_left_out)) = bound {
            let comparison = if is_left_out { without } else { with };
            sql.push(format_args!(" AND (e.occurred_at, e.id) {comparison} ("));
            sql.bind(time).push(", ").bind(id).push(")");
        }
    }
}

/// Adds that an event has all of `words`. Events of older versions are found by their letters as they were typed: what is in
/// the trail is never written anew.
pub(super) fn and_has(sql: &mut Statement<'_>, words: &[Sought]) {
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
pub(super) fn in_order(sql: &mut Statement<'_>, filter: &AuditFilter) {
    let direction = filter.direction();
    sql.push(format_args!(" ORDER BY e.occurred_at {direction}, e.id {direction} LIMIT "));
}
