//! What every kind of row needs when it is written.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::change::{Change, Protection};
use super::{Kind, Reference};
use crate::model::audit::action;
use crate::server::db::{Tx, import as table};
use crate::server::service::audit::{self, Event};
use crate::server::state::AppState;

/// Rows on their way into the database.
pub struct Writer<'a> {
    pub state: &'a AppState,
    pub tx: &'a mut Tx,
    pub environment_id: Uuid,
    pub now: DateTime<Utc>,
    /// What was allowed by name.
    allow: &'a [Protection],
    /// What was not, and was left out: a sentence each.
    pub left_out: Vec<String>,
    ids: HashMap<(Kind, String), Uuid>,
}

/// A row as it may be written, and what that changes.
pub struct Allowed<'r, R: Clone> {
    pub row: Cow<'r, R>,
    pub changes: Vec<Change>,
    /// Changes that nobody allowed, and that the row does not make any more.
    pub left_out: Vec<Change>,
}

impl<'a> Writer<'a> {
    pub fn new(state: &'a AppState, tx: &'a mut Tx, environment_id: Uuid, allow: &'a [Protection]) -> Self {
        Self { state, tx, environment_id, now: state.now(), allow, left_out: Vec::new(), ids: HashMap::new() }
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
        let asks = |(what, _): &&Change| what.facts().asks.is_some_and(|asked| !self.allow.contains(&asked));
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

    /// Looks up the ids of what `references` of one kind name.
    pub async fn learn(&mut self, kind: Kind, references: &[Reference<'_>]) -> anyhow::Result<()> {
        let Some(keyed) = kind.keyed() else { return Ok(()) };
        let keys: HashSet<&str> =
            references.iter().filter(|reference| reference.kind == kind).map(|reference| reference.key).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let found = table::ids(self.tx, keyed, self.environment_id, &keys).await?;
        self.ids.extend(found.into_iter().map(|(key, id)| ((kind, key), id)));
        Ok(())
    }

    /// The id behind a key that was learnt. Nothing where it was removed since it was checked: what refers to it goes, too.
    pub fn id(&self, kind: Kind, key: &str) -> Option<Uuid> {
        self.ids.get(&(kind, key.to_owned())).copied()
    }

    pub async fn record(&mut self, event: Event) -> anyhow::Result<()> {
        audit::record(self.state, self.tx, event).await?;
        Ok(())
    }
}
