//! What every page of an environment shares: which environment it is, and the data of the frame around it.

use leptos::prelude::*;

use crate::model::operator::Shell;
use crate::ui::kit::loaded::Loading;

#[derive(Clone, Copy)]
pub struct Frame {
    /// The environment's word in the URL.
    pub environment: Memo<String>,
    pub shell: Loading<Shell>,
    /// The record that a page shows: the page's path, and the record's name.
    pub record: RwSignal<(String, String)>,
}

impl Frame {
    pub fn current() -> Self {
        expect_context::<Self>()
    }

    /// The path of one of the environment's pages: `users`, `audit`.
    pub fn path(self, page: &'static str) -> Signal<String> {
        Signal::derive(move || self.environment.with(|environment| format!("/{environment}/{page}")))
    }

    /// Says of which record the page at `path` is: the end of the breadcrumb.
    pub fn shows(self, path: String, name: String) {
        let record = (path, name);
        if *self.record.read_untracked() != record {
            self.record.set(record);
        }
    }

    /// Impersonations started or ended: the count in the navigation is to follow.
    pub fn refresh(self) {
        self.shell.refetch();
    }
}
