//! The table's body: its rows are markup, and what moves in them is moved here: which row is chosen, how long ago a visit was,
//! and for whom the menu opens.

use std::sync::Arc;

use leptos::ev::MouseEvent;
use leptos::html::Tbody;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};

use super::List;
use super::menu::{Chosen, UserMenu};
use super::row::{Links, row_denial, rows};
use crate::model::denial::Denial;
use crate::model::time::relative;
use crate::model::user::UserItem;
use crate::ui::kit::clock::Now;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;

/// `denial` is why nobody at all can be impersonated here, if so.
pub fn body(
    list: List,
    links: Links,
    menu: UserMenu,
    users: Arc<Vec<UserItem>>,
    denial: Option<Denial>,
    now: Now,
) -> AnyView {
    let body = NodeRef::<Tbody>::new();
    let markup = rows(&users, links, denial, list.open.get_untracked(), now.base());
    let users = StoredValue::new(users);
    effect(move || {
        let chosen = list.open.get();
        each(body, users, |row, user| {
            _ = row.class_list().toggle_with_force("selected", chosen == Some(user.id));
        });
    });
    let mut is_drawn = false;
    effect(move || {
        let now = now.minutes();
        if std::mem::replace(&mut is_drawn, true) {
            each(body, users, |row, user| {
                let cell = row.query_selector(".col-visit span").ok().flatten();
                if let (Some(cell), Some(then)) = (cell, user.last_visit_at) {
                    cell.set_text_content(Some(&relative(then, now)));
                }
            });
        }
    });
    let clicked = move |event: MouseEvent| {
        let Some(place) = row_of_menu(&event) else { return };
        let chosen = users.with_value(|users| users.get(place).map(|user| chosen(user, denial)));
        if let Some(chosen) = chosen {
            menu.open_for(chosen);
        }
    };
    view! { <tbody node_ref=body inner_html=markup on:click=clicked></tbody> }.erased()
}

fn chosen(user: &UserItem, denial: Option<Denial>) -> Chosen {
    let denial = denial.or_else(|| row_denial(user));
    Chosen { id: user.id, name: user.name.clone(), email: user.email.clone(), denial }
}

/// Every row with its user, in their order.
fn each(body: NodeRef<Tbody>, users: StoredValue<Arc<Vec<UserItem>>>, mut see: impl FnMut(&Element, &UserItem)) {
    let Some(body) = body.get_untracked() else { return };
    let mut row = body.unchecked_ref::<HtmlElement>().first_element_child();
    users.with_value(|users| {
        for user in users.iter() {
            let Some(element) = row.take() else { break };
            see(&element, user);
            row = element.next_element_sibling();
        }
    });
}

/// Which row's menu a click opens, if it opens one.
fn row_of_menu(event: &MouseEvent) -> Option<usize> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest("[popovertarget]").ok().flatten()?;
    let mut row = target.closest("tr").ok().flatten()?;
    let mut place = 0;
    while let Some(before) = row.previous_element_sibling() {
        (row, place) = (before, place + 1);
    }
    Some(place)
}
