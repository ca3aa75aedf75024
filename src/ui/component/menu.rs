//! A button that opens a list of actions: the platform's popover, so that it works before and without script.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

use crate::ui::kit::erase::Erase;

/// `id` names the popover; items close it with `popovertarget` where they stay on the page. `label` names the list, and the
/// button too where its face is only an icon.
pub fn menu(id: String, class: &'static str, label: String, face: AnyView, items: AnyView) -> AnyView {
    let name = (class == "icon-button").then(|| label.clone());
    view! {
        <button type="button" class=class popovertarget=id.clone() aria-label=name.clone() title=name>
            {face}
        </button>
        <div class="menu" popover="auto" id=id role="group" aria-label=label>
            {items}
        </div>
    }
    .erased()
}

/// Closes the popover with this id: what was chosen in it is done.
pub fn close(id: &str) {
    if let Some(popover) = document().get_element_by_id(id) {
        _ = popover.unchecked_into::<HtmlElement>().hide_popover();
    }
}

/// Opens it.
pub fn open(id: &str) {
    if let Some(popover) = document().get_element_by_id(id) {
        _ = popover.unchecked_into::<HtmlElement>().show_popover();
    }
}
