//! A list whose rows stay while the data around them changes: what has the focus in one stays where it is. One type of row for
//! all lists: what keeps them in order would be in the browser module for each.

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;

/// A row that is drawn where no row with its key is there yet.
pub struct Row {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Row {
    /// `key` says which row it is, and in what it differs from an earlier one that it is to replace.
    pub fn new(key: String, draw: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self { key, draw: Box::new(draw) }
    }
}

pub fn rows(all: impl Fn() -> Vec<Row> + Send + Sync + 'static) -> AnyView {
    boxed(Box::new(all))
}

fn boxed(all: Box<dyn Fn() -> Vec<Row> + Send + Sync>) -> AnyView {
    view! { <For each=all key=|row| row.key.clone() children=|row: Row| (row.draw)()/> }.erased()
}
