//! What every kind of entry needs when it is written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::{Change, Protection};
use crate::model::audit::{Severity, action};
use crate::server::db::import::{self as table, Keyed};
use crate::server::db::{DbResult, Tx};
use crate::server::domain::actor::Actor;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::audit::{self, Event};
use crate::server::service::caller::{Caller, Origin};
use crate::server::state::AppState;

/// Entries on their way into the database.
pub struct DirectoryWriter<'a> {
    pub state: &'a AppState,
    pub tx: &'a mut Tx,
    pub environment_id: Uuid,
    pub now: DateTime<Utc>,
    pub actor: Actor,
    pub origin: Origin,
    /// How it came about, at the end of a sentence.
    how: String,
    /// Why, where somebody says so: it stands in the events.
    pub reason: Option<String>,
    /// What was allowed by name; everything, where nobody has to.
    allow: Option<&'a [Protection]>,
    /// All of it is to be new.
    makes: bool,
    /// What was not, and was left out: a sentence each.
    pub left_out: Vec<String>,
    ids: HashMap<(Keyed, String), Uuid>,
}

/// A row as it may be written, and what that changes.
pub struct Allowed<'r, R: Clone> {
    pub row: Cow<'r, R>,
    pub changes: Vec<Change>,
    /// Changes that nobody allowed, and that the row does not make any more.
    pub left_out: Vec<Change>,
}

impl<'a> DirectoryWriter<'a> {
    /// Of an import, in which `allow` was allowed by name.
    pub fn of_import(state: &'a AppState, tx: &'a mut Tx, environment_id: Uuid, allow: &'a [Protection]) -> Self {
        Self {
            state,
            tx,
            environment_id,
            now: state.now(),
            actor: Actor::System,
            origin: Origin::default(),
            how: "by an import".to_owned(),
            reason: None,
            allow: Some(allow),
            makes: false,
            left_out: Vec::new(),
            ids: HashMap::new(),
        }
    }

    /// Of somebody who says what to change, and means it.
    pub fn of_caller(caller: &'a Caller, tx: &'a mut Tx) -> Self {
        let how = match &caller.actor {
            Actor::System => "at the command line".to_owned(),
            Actor::Operator(_) | Actor::User(_) | Actor::Client(_) | Actor::Agent(_) => {
                format!("by {}", caller.actor.name())
            }
        };
        Self {
            state: &caller.state,
            tx,
            environment_id: caller.environment.id,
            now: caller.state.now(),
            actor: caller.actor.clone(),
            origin: caller.origin.clone(),
            how,
            reason: None,
            allow: None,
            makes: false,
            left_out: Vec::new(),
            ids: HashMap::new(),
        }
    }

    /// [`Self::of_caller`] of what is not there yet.
    pub fn of_maker(caller: &'a Caller, tx: &'a mut Tx) -> Self {
        Self { makes: true, ..Self::of_caller(caller, tx) }
    }

    /// Whether what is to be made is not there yet: somebody else may have made it since the caller looked.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for `field`, where the key is taken.
    pub fn require_new(&self, field: &str, key: &str, is_known: bool) -> ServiceResult<()> {
        if self.makes && is_known { Err(taken(field, key)) } else { Ok(()) }
    }

    /// The event of something that was done to `who`. An import says of most things only how many there were; of what somebody
    /// does by itself each has an event: one of `action`, where it has none of its own.
    pub fn event(&self, (what, about): &Change, who: &str, action: &str) -> Option<Event> {
        let (action, severity) = match what.facts().event {
            Some(event) => event,
            None if self.allow.is_none() => (action, Severity::Info),
            None => return None,
        };
        Some(self.event_of(action, severity, &what.sentence(who, about)))
    }

    /// The event of something that is new: an import has one for all of it.
    pub fn made(&self, who: &str, action: &str) -> Option<Event> {
        self.allow.is_none().then(|| self.event_of(action, action::severity(action), &format!("{who} was made")))
    }

    pub fn event_of(&self, action: &str, severity: Severity, what: &str) -> Event {
        let sentence = format!("{what} {}", self.how);
        let event = Event::new(self.environment_id, action, severity, sentence).by(&self.actor).from(&self.origin);
        match &self.reason {
            Some(reason) => event.for_reason(reason, None),
            None => event,
        }
    }

    /// What may be done of a row. Between the time when it was checked and now somebody may have been locked, or have
    /// chosen a password: what protects them then was not seen, and is not taken away. `keep` takes a change out of the row.
    pub fn allowed<'r, R: Clone>(
        &self,
        row: &'r R,
        compare: impl Fn(&R) -> Vec<Change>,
        keep: impl Fn(&mut R, &Change),
    ) -> Allowed<'r, R> {
        let changes = compare(row);
        let is_allowed = |asked: Protection| self.allow.is_none_or(|allow| allow.contains(&asked));
        let asks = |(what, _): &&Change| what.facts().asks.is_some_and(|asked| !is_allowed(asked));
        let left_out: Vec<Change> = changes.iter().filter(asks).cloned().collect();
        if left_out.is_empty() {
            return Allowed { row: Cow::Borrowed(row), changes, left_out };
        }
        let mut kept = row.clone();
        left_out.iter().for_each(|change| keep(&mut kept, change));
        Allowed { changes: compare(&kept), row: Cow::Owned(kept), left_out }
    }

    /// The event of a change that was left out.
    pub fn leave_out(&mut self, (what, about): &Change, who: &str) -> Event {
        let what = what.sentence(who, about);
        let sentence = format!(
            "An import left out that {what}: that was no change when the files were checked, and nobody allowed it"
        );
        self.left_out.push(sentence.clone());
        Event::of(self.environment_id, action::DATA_CHANGE_LEFT_OUT, sentence)
    }

    /// Looks up the ids behind keys of one kind.
    pub async fn learn<'k>(&mut self, keyed: Keyed, keys: impl Iterator<Item = &'k str>) -> DbResult<()> {
        let keys: HashSet<&str> = keys.collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let found = table::ids(self.tx, keyed, self.environment_id, &keys).await?;
        self.ids.extend(found.into_iter().map(|(key, id)| ((keyed, key), id)));
        Ok(())
    }

    /// The id behind a key that was learnt. Nothing where it was removed since it was checked: what refers to it goes, too.
    pub fn id(&self, keyed: Keyed, key: &str) -> Option<Uuid> {
        self.ids.get(&(keyed, key.to_owned())).copied()
    }

    pub async fn record(&mut self, event: Event) -> ServiceResult<()> {
        audit::record(self.state, self.tx, event).await
    }
}

/// The refusal of a key that something has already.
pub fn taken(field: &str, key: &str) -> ServiceError {
    ServiceError::invalid(field, format!("There is one with {key} already: choose another."))
}
