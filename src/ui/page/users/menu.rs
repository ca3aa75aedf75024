//! The one menu of the list. It hangs on the button of whichever row opened it: fifty menus that are all alike would be half
//! of the page. All that it offers without script, opening the user and stepping in, are links of the row itself.

use leptos::prelude::*;

use super::drawn::Drawn;
use crate::model::text::isolated;
use crate::ui::component::copy::to_clipboard;
use crate::ui::component::menu;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;

/// The popover's id. The rows' buttons name it.
const MENU: &str = "user-menu";

/// Whom the menu is for.
#[derive(Clone)]
struct Chosen {
    id: String,
    name: String,
    email: String,
    href: String,
    /// The address of the drawer, or why this user cannot be impersonated.
    impersonate: Result<String, String>,
}

#[derive(Clone, Copy)]
pub struct UserMenu(RwSignal<Option<Chosen>>);

impl UserMenu {
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }

    /// A row's button was clicked: the browser opens the menu, and this says for whom.
    pub fn open_for(self, row: &Drawn) {
        let id = row.user_id();
        if self.0.with_untracked(|before| before.as_ref().is_none_or(|before| before.id != id)) {
            // Open at another row, the button's own doing would only close it.
            menu::close(MENU);
            let (name, email, href) = (row.name(), row.email(), row.href());
            self.0.set(Some(Chosen { id, name, email, href, impersonate: row.impersonate() }));
        }
    }

    /// The menu itself, once for the table.
    pub fn popover(self) -> AnyView {
        let label =
            move || self.0.with(|user| user.as_ref().map(|user| format!("Actions for {}", isolated(&user.name))));
        view! {
            <div class="menu" popover="auto" id=MENU role="group" aria-label=label>
                {move || self.0.get().map(items)}
            </div>
        }
        .erased()
    }
}

fn items(user: Chosen) -> AnyView {
    let impersonate = match user.impersonate {
        Err(denial) => view! {
            <button type="button" class="menu-item" disabled=true>
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user" <small>{denial}</small></span>
            </button>
        }
        .erased(),
        // The menu must not lie above the drawer that its item opens.
        Ok(href) => view! {
            <a class="menu-item" href=href data-noscroll="true" on:click=|_| menu::close(MENU)>
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user"</span>
            </a>
        }
        .erased(),
    };
    view! {
        <a class="menu-item" href=user.href>
            {icon("user")}
            <span class="menu-label">"Open user"</span>
        </a>
        {impersonate}
        {copy_item("Copy user id", "user id", user.id)}
        {copy_item("Copy e-mail", "e-mail", user.email)}
    }
    .erased()
}

fn copy_item(label: &'static str, what: &'static str, value: String) -> AnyView {
    let toasts = Toasts::current();
    let copy = move |_| {
        menu::close(MENU);
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
