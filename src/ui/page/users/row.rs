//! One user in the list, and what can be done with them from there.

use leptos::prelude::*;

use super::List;
use crate::model::impersonation::Denial;
use crate::model::user::{UserRow, UserStatus};
use crate::ui::clock::Now;
use crate::ui::component::avatar::avatar;
use crate::ui::component::badge::{mfa, status};
use crate::ui::component::copy::to_clipboard;
use crate::ui::component::icon::icon;
use crate::ui::component::menu::menu;
use crate::ui::component::time::ago;
use crate::ui::component::toast::Toasts;
use crate::ui::erase::Erase;

pub fn row(list: List, user: UserRow, environment_denial: Option<Denial>, now: Now) -> AnyView {
    let id = user.id;
    let denial = environment_denial.or_else(|| row_denial(&user));
    let href = move || format!("{}/{id}", list.path.read());
    let account = user.main_account.as_ref().map(|name| {
        view! { <span class="truncate" dir="auto" title=name.clone()>{name.clone()}</span> }
    });
    let others = (user.other_accounts > 0).then(|| {
        let more = user.other_accounts;
        let title = if more == 1 { "1 more account".to_owned() } else { format!("{more} more accounts") };
        view! { <span class="badge outline" title=title>{format!("+{more}")}</span> }
    });
    let last_visit =
        user.last_visit_at.map_or_else(|| view! { <span class="dim">"never"</span> }.erased(), |then| ago(then, now));
    view! {
        <tr class:selected=move || list.target.get() == Some(id)>
            <td class="col-user">
                <div class="person">
                    {avatar(id, &user.name, user.picture_url.as_deref(), false)}
                    <div class="person-text">
                        <a class="person-name truncate" dir="auto" href=href title=user.name.clone()>{user.name.clone()}</a>
                        <span class="person-email truncate" title=user.email.clone()>{user.email.clone()}</span>
                    </div>
                </div>
            </td>
            <td class="col-account">
                <div class="main-account">{account} {others}</div>
            </td>
            <td class="col-status">{status(user.status)}</td>
            <td class="col-mfa">{mfa(user.mfa_enrolled)}</td>
            <td class="col-visit">{last_visit}</td>
            <td class="col-visits number">
                {super::grouped(user.visits)}
                <span class="card-only">{if user.visits == 1 { " visit" } else { " visits" }}</span>
            </td>
            <td class="col-actions">
                <div class="row-actions">
                    {impersonate(list, &user, denial)}
                    {menu(
                        format!("menu-{id}"),
                        "icon-button",
                        format!("Actions for {}", user.name),
                        icon("ellipsis"),
                        items(list, &user, denial),
                    )}
                </div>
            </td>
        </tr>
    }
    .erased()
}

/// What can be said from the row alone. The drawer and the server look closer.
fn row_denial(user: &UserRow) -> Option<Denial> {
    match user.status {
        UserStatus::Locked => Some(Denial::TargetLocked),
        UserStatus::Invited => Some(Denial::TargetUnverified),
        UserStatus::Active => user.main_account.is_none().then_some(Denial::NoAccount),
    }
}

fn impersonate(list: List, user: &UserRow, denial: Option<Denial>) -> AnyView {
    let id = user.id;
    match denial {
        Some(denial) => view! {
            <button type="button" class="row-action" disabled=true title=denial.sentence()>
                {icon("venetian-mask")}
                <span>"Impersonate"</span>
            </button>
        }
        .erased(),
        None => view! {
            <a
                class="row-action"
                id=format!("impersonate-{id}")
                href=move || list.and("impersonate", &id.to_string())
                data-noscroll="true"
                aria-label=format!("Impersonate {}", user.name)
            >
                {icon("venetian-mask")}
                <span>"Impersonate"</span>
            </a>
        }
        .erased(),
    }
}

fn items(list: List, user: &UserRow, denial: Option<Denial>) -> AnyView {
    let id = user.id;
    let target = format!("menu-{id}");
    let impersonate = match denial {
        Some(denial) => view! {
            <button type="button" class="menu-item" disabled=true>
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user" <small>{denial.sentence()}</small></span>
            </button>
        }
        .erased(),
        None => view! {
            <a
                class="menu-item"
                href=move || list.and("impersonate", &id.to_string())
                data-noscroll="true"
                on:click=move |_| close(id)
            >
                {icon("venetian-mask")}
                <span class="menu-label">"Impersonate user"</span>
            </a>
        }
        .erased(),
    };
    view! {
        <a class="menu-item" href=move || format!("{}/{id}", list.path.read())>
            {icon("user")}
            <span class="menu-label">"Open user"</span>
        </a>
        {impersonate}
        {copy_item(target.clone(), "Copy user id", "user id", id.to_string())}
        {copy_item(target, "Copy e-mail", "e-mail", user.email.clone())}
    }
    .erased()
}

/// The menu must not lie above the drawer that its item opens.
fn close(id: uuid::Uuid) {
    use leptos::wasm_bindgen::JsCast;
    if let Some(menu) = document().get_element_by_id(&format!("menu-{id}")) {
        _ = menu.unchecked_into::<leptos::web_sys::HtmlElement>().hide_popover();
    }
}

fn copy_item(menu: String, label: &'static str, what: &'static str, value: String) -> AnyView {
    let toasts = Toasts::current();
    view! {
        <button
            type="button"
            class="menu-item needs-script"
            popovertarget=menu
            popovertargetaction="hide"
            on:click=move |_| to_clipboard(toasts, &value, what)
        >
            {icon("copy")}
            <span class="menu-label">{label}</span>
        </button>
    }
    .erased()
}
