//! A button that opens a list of actions: the platform's popover, so that it works before and without script.

use leptos::prelude::*;

use crate::ui::erase::Erase;

/// `id` names the popover; items close it with `popovertarget` where they stay on the page.
pub fn menu(id: String, class: &'static str, label: String, face: AnyView, items: AnyView) -> AnyView {
    view! {
        <button type="button" class=class popovertarget=id.clone() aria-label=label.clone() title=label.clone()>
            {face}
        </button>
        <div class="menu" popover="auto" id=id role="group" aria-label=label>
            {items}
        </div>
    }
    .erased()
}
