//! A chunk of the index as it is made: which of its events have which terms.

use std::collections::HashMap;

use crate::server::domain::trail::{Indexed, Place, Places, Term, of_event};

#[derive(Default)]
pub struct Builder {
    terms: HashMap<Term, Vec<u16>>,
    events: Vec<Place>,
    /// Those of one event, kept for their room.
    own: Vec<Term>,
}

impl Builder {
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn last(&self) -> Option<Place> {
        self.events.last().copied()
    }

    /// Adds the events that come next in the trail. A chunk has no more places than a `u16`.
    pub fn add(&mut self, events: &[Indexed]) {
        for event in events {
            let Ok(place) = u16::try_from(self.events.len()) else { return };
            of_event(event, &mut self.own);
            for term in &self.own {
                self.terms.entry(*term).or_default().push(place);
            }
            self.events.push((event.occurred_at, event.id));
        }
    }

    /// The places of all terms, in the order in which they are stored, and the events.
    pub fn finish(self) -> (Vec<(Term, Vec<u16>)>, Vec<Place>) {
        let mut terms: Vec<_> = self.terms.into_iter().collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        (terms, self.events)
    }
}

/// Places as they are stored.
pub fn bytes(places: &[u16]) -> Vec<u8> {
    Places::encode(places)
}
