//! One user in the list. What is here is on the page fifty times: a row says nothing twice that it need not, and what does not
//! change in it is markup as text.

use leptos::prelude::*;
use uuid::Uuid;

use super::List;
use super::menu::{Chosen, UserMenu};
use crate::model::impersonation::Denial;
use crate::model::text::isolated;
use crate::model::user::{UserRow, UserStatus};
use crate::ui::clock::Now;
use crate::ui::component::avatar;
use crate::ui::component::markup::Markup;
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
        // From the list's own path, so that only the words are there fifty times.
        let words = list.words.get_untracked().on("");
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
    let last_visit = user
        .last_visit_at
        .map_or_else(|| view! { <span class="dim">"never"</span> }.erased(), |then| ago_in_row(then, now));
    let (person, account, actions) = (person(links, &user), account(&user), actions(links, &user, denial));
    let chosen = Chosen { id, name: user.name, email: user.email, denial };
    view! {
        <tr class:selected=move || list.target.get() == Some(id)>
            <td class="col-user" inner_html=person></td>
            <td class="col-account" inner_html=account></td>
            <td class="col-status" inner_html=status(user.status)></td>
            <td class="col-mfa" inner_html=mfa(user.mfa_enrolled)></td>
            <td class="col-visit">{last_visit}</td>
            <td class="col-visits number" inner_html=super::grouped(user.visits)></td>
            <td class="col-actions" inner_html=actions on:click=move |event| menu.clicked(&event, &chosen)></td>
        </tr>
    }
    .erased()
}

fn person(links: Links, user: &UserRow) -> String {
    avatar::markup(Markup::default().tag("<div class=\"person\">"), user.id, &user.name, user.picture_url.as_deref())
        .tag("<a class=\"person-name truncate\" href=\"")
        .text(&links.user(user.id))
        .tag("\"")
        .title_if_longer(&user.name, 24)
        .tag(">")
        .text(&user.name)
        .tag("</a><span class=\"person-email truncate\"")
        .title_if_longer(&user.email, 30)
        .tag(">")
        .text(&user.email)
        .tag("</span></div>")
        .done()
}

fn account(user: &UserRow) -> String {
    let others = user.other_accounts > 0;
    let mut markup = Markup::default().tag(if others { "<div class=\"main-account\">" } else { "" });
    if let Some(name) = &user.main_account {
        markup = markup.tag("<span class=\"truncate\"").title_if_longer(name, 16).tag(">").text(name).tag("</span>");
    }
    if others {
        let more = user.other_accounts.to_string();
        let noun = if user.other_accounts == 1 { " more account\">+" } else { " more accounts\">+" };
        markup = markup.tag("<span class=\"badge outline\" title=\"").text(&more).tag(noun).text(&more).tag("</span>");
    }
    markup.tag(if others { "</div>" } else { "" }).done()
}

fn status(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Active => "<span class=\"status good\">Active</span>",
        UserStatus::Invited => "<span class=\"status open\">Invited</span>",
        UserStatus::Locked => "<span class=\"status bad\">Locked</span>",
    }
}

/// Whether an import said that a second factor is enrolled elsewhere: a shield, or a dash. Both have words for those who do
/// not see them. It is not asked for here, so it is nothing good.
fn mfa(enrolled: bool) -> &'static str {
    if enrolled {
        "<span class=\"mfa enrolled\" role=\"img\" title=\"Enrolled elsewhere\"></span>"
    } else {
        "<span class=\"mfa\" role=\"img\" title=\"None known\">–</span>"
    }
}

/// *Impersonate*, and the button on which the list's one menu hangs. The browser opens that by itself, by `popovertarget`.
fn actions(links: Links, user: &UserRow, denial: Option<Denial>) -> String {
    let markup = Markup::default();
    let markup = match denial {
        Some(denial) => markup.tag("<button class=\"row-action\" disabled title=\"").text(denial.sentence()),
        None => markup
            .tag("<a class=\"row-action\" data-noscroll=\"true\" href=\"")
            .text(&links.impersonate(user.id))
            .tag("\" aria-label=\"Impersonate ")
            .text(&isolated(&user.name)),
    };
    markup
        .tag("\">Impersonate")
        .tag(if denial.is_some() { "</button>" } else { "</a>" })
        .tag("<button class=\"icon-button more\" popovertarget=\"user-menu\" aria-label=\"Actions for ")
        .text(&isolated(&user.name))
        .tag("\"></button>")
        .done()
}

/// What can be said from the row alone. The drawer and the server look closer.
fn row_denial(user: &UserRow) -> Option<Denial> {
    match user.status {
        UserStatus::Locked => Some(Denial::TargetLocked),
        UserStatus::Invited => Some(Denial::TargetUnverified),
        UserStatus::Active => user.main_account.is_none().then_some(Denial::NoAccount),
    }
}
