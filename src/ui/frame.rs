//! What every page of an environment shares: which environment it is, and the data of the frame around it.

use leptos::prelude::*;

use super::component::loaded::Loading;
use crate::model::operator::Shell;

#[derive(Clone, Copy)]
pub struct Frame {
    /// The environment's word in the URL.
    pub environment: Memo<String>,
    pub shell: Loading<Shell>,
}

impl Frame {
    pub fn current() -> Self {
        expect_context::<Self>()
    }

    /// The path of one of the environment's pages: `users`, `audit`.
    pub fn path(self, page: &'static str) -> Signal<String> {
        Signal::derive(move || self.environment.with(|environment| format!("/{environment}/{page}")))
    }

    /// Impersonations started or ended: the count in the navigation is to follow.
    pub fn refresh(self) {
        self.shell.refetch();
    }
}
