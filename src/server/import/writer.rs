//! What every kind of row needs when it is written.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{Kind, Reference};
use crate::server::db::Tx;
use crate::server::db::import as table;
use crate::server::service::audit::{self, Event};
use crate::server::state::AppState;

/// Rows on their way into the database.
pub struct Writer<'a> {
    pub state: &'a AppState,
    pub tx: &'a mut Tx,
    pub environment_id: Uuid,
    pub now: DateTime<Utc>,
    ids: HashMap<(Kind, String), Uuid>,
}

impl<'a> Writer<'a> {
    pub fn new(state: &'a AppState, tx: &'a mut Tx, environment_id: Uuid) -> Self {
        Self { state, tx, environment_id, now: state.now(), ids: HashMap::new() }
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
