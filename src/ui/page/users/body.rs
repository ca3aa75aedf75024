//! The table's body: its rows are markup, and what moves in them is moved here: which row is chosen, how long ago a visit was,
//! and for whom the menu opens.

use leptos::ev::MouseEvent;
use leptos::html::Tbody;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;

use super::List;
use super::drawn::Drawn;
use super::menu::UserMenu;
use super::row::{Links, rows};
use crate::model::user::UsersPage;
use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::clock::Now;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;

pub fn body(list: List, menu: UserMenu, page: &UsersPage) -> AnyView {
    let body = NodeRef::<Tbody>::new();
    let now = Now::of(page.now);
    let markup = if IN_BROWSER && page.rows.is_empty() {
        // They came as markup, and are there.
        document().query_selector(".users-table tbody").ok().flatten().map(|body| body.inner_html()).unwrap_or_default()
    } else {
        rows(&page.rows, &Links::of(list), page.impersonation, list.open.get_untracked(), now.base())
    };
    effect(move || {
        let chosen = list.open.get();
        each(body, |row| {
            let is_chosen = chosen.is_some_and(|chosen| row.user_id() == chosen.to_string());
            _ = row.0.class_list().toggle_with_force("selected", is_chosen);
        });
    });
    let mut is_drawn = false;
    effect(move || {
        let now = now.minutes();
        if std::mem::replace(&mut is_drawn, true) {
            each(body, |row| row.pass_time(now));
        }
    });
    let clicked = move |event: MouseEvent| {
        if let Some(row) = row_of_menu(&event) {
            menu.open_for(&row);
        }
    };
    view! { <tbody node_ref=body inner_html=markup on:click=clicked></tbody> }.erased()
}

/// Every row, in their order.
fn each(body: NodeRef<Tbody>, mut see: impl FnMut(&Drawn)) {
    let Some(body) = body.get_untracked() else { return };
    let mut row = body.unchecked_ref::<Element>().first_element_child();
    while let Some(element) = row {
        row = element.next_element_sibling();
        see(&Drawn(element));
    }
}

/// The row whose menu a click opens, if it opens one.
fn row_of_menu(event: &MouseEvent) -> Option<Drawn> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest("[popovertarget]").ok().flatten()?;
    target.closest("tr").ok().flatten().map(Drawn)
}
