//! The one menu of the list. It hangs on the button of whichever row opened it: fifty menus that are all alike would be half
//! of the page. All that it offers without script, opening the user and stepping in, are links of the row itself.

use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;
use uuid::Uuid;

use super::row::Links;
use crate::model::denial::Denial;
use crate::model::text::isolated;
use crate::ui::component::copy::to_clipboard;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;

/// The popover's id. The rows' buttons name it.
const MENU: &str = "user-menu";

/// Whom the menu is for.
#[derive(Clone)]
pub struct Chosen {
    pub id: Uuid,
    pub name: String,
    pub email: String,
    /// Why this user cannot be impersonated, as far as the list knows.
    pub denial: Option<Denial>,
}

#[derive(Clone, Copy)]
pub struct UserMenu(RwSignal<Option<Chosen>>);

impl UserMenu {
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// A row's button was clicked: the browser opens the menu, and this says for whom.
    pub fn open_for(self, user: Chosen) {
        if self.0.with_untracked(|before| before.as_ref().is_none_or(|before| before.id != user.id)) {
            // Open at another row, the button's own doing would only close it.
            close();
            self.0.set(Some(user));
        }
    }

    /// The menu itself, once for the table.
    pub fn popover(self, links: Links) -> AnyView {
        let label =
            move || self.0.with(|user| user.as_ref().map(|user| format!("Actions for {}", isolated(&user.name))));
        view! {
            <div class="menu" popover="auto" id=MENU role="group" aria-label=label>
                {move || self.0.get().map(|user| items(links, user))}
            </div>
        }
        .erased()
    }
}

fn close() {
    if let Some(menu) = document().get_element_by_id(MENU) {
        _ = menu.unchecked_into::<HtmlElement>().hide_popover();
    }
}

fn items(links: Links, user: Chosen) -> AnyView {
    let impersonate = match user.denial {
        Some(denial) => view! {
            <button type="button" class="menu-item" disabled=true>
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user" <small>{denial.sentence()}</small></span>
            </button>
        }
        .erased(),
        // The menu must not lie above the drawer that its item opens.
        None => view! {
            <a class="menu-item" href=links.impersonate(user.id) data-noscroll="true" on:click=|_| close()>
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user"</span>
            </a>
        }
        .erased(),
    };
    view! {
        <a class="menu-item" href=links.user(user.id)>
            {icon("user")}
            <span class="menu-label">"Open user"</span>
        </a>
        {impersonate}
        {copy_item("Copy user id", "user id", user.id.to_string())}
        {copy_item("Copy e-mail", "e-mail", user.email)}
    }
    .erased()
}

fn copy_item(label: &'static str, what: &'static str, value: String) -> AnyView {
    let toasts = Toasts::current();
    let copy = move |_| {
        close();
        to_clipboard(toasts, &value, what);
    };
    view! {
        <button type="button" class="menu-item" on:click=copy>
            {icon("copy")}
            <span class="menu-label">{label}</span>
        </button>
    }
    .erased()
}
