//! The users list by hand: the search box has the focus, and Enter in it opens the drawer of the first hit. With Control and
//! Enter in the drawer, a session is typed and started without reaching for the mouse.

use leptos::ev;
use leptos::prelude::*;

use crate::ui::kit::effect::effect;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlInputElement, KeyboardEvent};
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::{List, query_of};
use crate::rpc::users::ListUsers;
use crate::ui::kit::call::ask;

const SEARCH: &str = ".toolbar input[type=search]";

/// Listens for as long as the page is there.
pub fn keys(list: List) {
    let navigate = StoredValue::new(use_navigate());
    let go = Callback::new(move |url: String| {
        navigate.with_value(|navigate| {
            navigate(&url, NavigateOptions { scroll: false, ..NavigateOptions::default() });
        });
    });
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| pressed(list, go, &event));
        on_cleanup(move || handle.remove());
        // After the page itself has the focus. On a phone the keyboard would cover what one came to see.
        request_animation_frame(|| {
            let has_keys = window().match_media("(hover: hover)").ok().flatten().is_some_and(|query| query.matches());
            // Nor where one has come back to a place further down, which the box would take away.
            let is_at_top = window().scroll_y().is_ok_and(|y| y < 1.0);
            if has_keys && is_at_top && is_idle() {
                focus_search();
            }
        });
    });
}

fn pressed(list: List, go: Callback<String>, event: &KeyboardEvent) {
    let with_modifier = event.ctrl_key() || event.meta_key() || event.alt_key();
    if event.default_prevented() || event.is_composing() || with_modifier {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if event.key() != "Enter" {
        return;
    }
    let search = target.filter(|target| target.matches(SEARCH).unwrap_or_default());
    if let Some(search) = search.and_then(|search| search.dyn_into::<HtmlInputElement>().ok()) {
        event.prevent_default();
        open_first(list, go, &search.value());
    }
}

/// The drawer of the first hit for what is typed now, which may be more than what the list shows yet. Nothing typed hits
/// nobody: who came last is not whom one means.
fn open_first(list: List, go: Callback<String>, typed: &str) {
    let words = untrack(|| list.first_page()).with("q", typed);
    let environment = list.frame.environment.get_untracked();
    let path = list.path.get_untracked();
    if typed.trim().is_empty() {
        return go.run(words.without(&["q"]).on(&path));
    }
    let query = query_of(&words);
    spawn_local(async move {
        let found = ask(ListUsers { environment, query }).await;
        let first = found.ok().and_then(|page| page.rows.first().map(|user| user.id));
        let words = match first {
            Some(id) => words.with("impersonate", &id.to_string()),
            None => words,
        };
        // The page may have been left meanwhile.
        _ = go.try_run(words.on(&path));
    });
}

/// Nothing has the focus that somebody gave it.
fn is_idle() -> bool {
    let focused = document().active_element().map(|element| element.tag_name());
    !is_covered() && focused.is_none_or(|tag| tag == "BODY" || tag == "MAIN")
}

/// Whether a drawer, a menu or a panel lies above the list.
fn is_covered() -> bool {
    document().query_selector("dialog[open], :popover-open").ok().flatten().is_some()
}

fn focus_search() {
    if let Some(search) = document().query_selector(SEARCH).ok().flatten() {
        _ = search.unchecked_into::<HtmlInputElement>().focus();
    }
}
