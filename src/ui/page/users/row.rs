//! One user in the list. What is here is on the page fifty times: a row says nothing twice that it need not.

use leptos::prelude::*;
use uuid::Uuid;

use super::List;
use super::menu::{Chosen, UserMenu};
use crate::model::impersonation::Denial;
use crate::model::user::{UserRow, UserStatus};
use crate::ui::clock::Now;
use crate::ui::component::avatar::avatar;
use crate::ui::component::badge::{mfa, status};
use crate::ui::component::icon::icon;
use crate::ui::component::time::ago_in_row;
use crate::ui::erase::Erase;

/// What begins the addresses of a table's rows, made once for all of them.
#[derive(Clone, Copy)]
pub struct Links {
    path: StoredValue<String>,
    impersonate: StoredValue<String>,
}

impl Links {
    /// Of the list as it is now: other words or another environment bring another table.
    pub fn of(list: List) -> Self {
        let path = list.path.get_untracked();
        let words = list.words.get_untracked().on(&path);
        let separator = if words.contains('?') { '&' } else { '?' };
        Self { path: StoredValue::new(path), impersonate: StoredValue::new(format!("{words}{separator}impersonate=")) }
    }

    pub fn user(self, id: Uuid) -> String {
        self.path.with_value(|path| format!("{path}/{id}"))
    }

    /// The list with the drawer for this user.
    pub fn impersonate(self, id: Uuid) -> String {
        self.impersonate.with_value(|words| format!("{words}{id}"))
    }
}

/// What all rows of a table share.
#[derive(Clone, Copy)]
pub struct Rows {
    pub list: List,
    pub links: Links,
    pub menu: UserMenu,
    /// Why nobody at all can be impersonated here, if so.
    pub denial: Option<Denial>,
    pub now: Now,
}

pub fn row(rows: Rows, user: UserRow) -> AnyView {
    let id = user.id;
    let Rows { list, links, menu, now, .. } = rows;
    let denial = rows.denial.or_else(|| row_denial(&user));
    let account = user.main_account.as_ref().map(|name| {
        view! { <span class="truncate" dir="auto" title=when_long(name, 16)>{name.clone()}</span> }
    });
    let others = (user.other_accounts > 0).then(|| {
        let more = user.other_accounts;
        let title = if more == 1 { "1 more account".to_owned() } else { format!("{more} more accounts") };
        view! { <span class="badge outline" title=title>{format!("+{more}")}</span> }
    });
    let last_visit = user
        .last_visit_at
        .map_or_else(|| view! { <span class="dim">"never"</span> }.erased(), |then| ago_in_row(then, now));
    view! {
        <tr class:selected=move || list.target.get() == Some(id)>
            <td class="col-user">
                <div class="person">
                    {avatar(id, &user.name, user.picture_url.as_deref(), false)}
                    <div class="person-text">
                        <a class="person-name truncate" dir="auto" href=links.user(id) title=when_long(&user.name, 24)>{user.name.clone()}</a>
                        <span class="person-email truncate" title=when_long(&user.email, 30)>{user.email.clone()}</span>
                    </div>
                </div>
            </td>
            <td class="col-account">
                <div class="main-account">{account} {others}</div>
            </td>
            <td class="col-status">{status(user.status)}</td>
            <td class="col-mfa">{mfa(user.mfa_enrolled)}</td>
            <td class="col-visit">{last_visit}</td>
            <td class="col-visits number">{super::grouped(user.visits)}</td>
            <td class="col-actions">
                <div class="row-actions">
                    {impersonate(links, &user, denial)}
                    {menu.button(Chosen { id, name: user.name, email: user.email, denial })}
                </div>
            </td>
        </tr>
    }
    .erased()
}

/// The whole text for the pointer, where a column may cut it off.
fn when_long(text: &str, length: usize) -> Option<String> {
    (text.chars().count() > length).then(|| text.to_owned())
}

/// What can be said from the row alone. The drawer and the server look closer.
fn row_denial(user: &UserRow) -> Option<Denial> {
    match user.status {
        UserStatus::Locked => Some(Denial::TargetLocked),
        UserStatus::Invited => Some(Denial::TargetUnverified),
        UserStatus::Active => user.main_account.is_none().then_some(Denial::NoAccount),
    }
}

fn impersonate(links: Links, user: &UserRow, denial: Option<Denial>) -> AnyView {
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
                href=links.impersonate(id)
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
