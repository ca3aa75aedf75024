//! What was typed into the drawer and not sent, kept for as long as the tab is open: a reload, or a sign-in that has ended
//! and is made good, loses none of it.

use leptos::prelude::*;
use leptos::web_sys::Storage;
use uuid::Uuid;

use crate::ui::address::Words;

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn key(user: Uuid) -> String {
    format!("draft:{user}")
}

pub fn keep(user: Uuid, reason: &str, ticket: &str) {
    let words = Words::default().with("reason", reason).with("ticket", ticket);
    // A browser that keeps nothing loses a draft at a reload, and no more.
    _ = storage().map(|storage| storage.set_item(&key(user), &words.on("")));
}

/// Reason and ticket, empty where nothing was kept.
pub fn kept(user: Uuid) -> (String, String) {
    let text = storage().and_then(|storage| storage.get_item(&key(user)).ok().flatten()).unwrap_or_default();
    let words = Words::parse(&text);
    (words.get("reason").to_owned(), words.get("ticket").to_owned())
}

pub fn drop(user: Uuid) {
    _ = storage().map(|storage| storage.remove_item(&key(user)));
}
