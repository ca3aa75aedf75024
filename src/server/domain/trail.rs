//! The index of the audit trail: what it knows an event by, and how it keeps which events of a chunk have what.
//!
//! Events follow each other by time and id; an index of a database has them in that order for one filter at a time. This one has
//! the trail in chunks of up to [`CHUNK`] events, and for each chunk and term the places of the events that have the term. So
//! what has several terms at once is found by laying places over each other, chunk by chunk, from whichever end is asked for.
//! Chunks that are full are known by groups too, up to 64 in each: what is rare is asked of these.

pub mod group;
mod places;
mod terms;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::model::audit::ActorKind;
pub use places::Places;
pub use terms::{Fact, Term, grams, of_event};

/// Events of one chunk at most.
pub const CHUNK: usize = 32_768;
/// Events whose ids are kept in one row.
pub const SLOT: usize = 64;

/// Where an event stands in the trail.
pub type Place = (DateTime<Utc>, Uuid);

/// What the index reads of an event.
#[derive(Clone, Debug)]
pub struct Indexed {
    pub id: Uuid,
    pub occurred_at: DateTime<Utc>,
    pub action: String,
    pub severity: String,
    /// None for a word of a newer version.
    pub actor_kind: Option<ActorKind>,
    pub actor_id: Option<Uuid>,
    pub operator_id: Option<Uuid>,
    pub account_id: Option<Uuid>,
    pub application_id: Option<Uuid>,
    pub search_text: String,
}

/// A part of the trail that is indexed: what comes after one place, up to and with another.
#[derive(Clone, Debug)]
pub struct Chunk {
    pub id: i64,
    pub level: i64,
    pub events: usize,
    pub after: Place,
    pub last: Place,
    /// The group that it is in, and its number there.
    pub group: Option<(i64, usize)>,
}
