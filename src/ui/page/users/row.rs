//! One user in the list. What is here is on the page fifty times: a row is markup as text, and says nothing twice that it
//! need not.

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use uuid::Uuid;

use super::List;
use crate::model::denial::Denial;
use crate::model::text::isolated;
use crate::model::time::{exact, relative};
use crate::model::user::{UserItem, UserStatus};
use crate::ui::component::avatar;
use crate::ui::component::markup::Markup;
use crate::ui::component::number::grouped;

/// What begins the addresses of a table's rows, made once for all of them.
#[derive(Clone)]
pub struct Links {
    path: String,
    impersonate: String,
}

impl Links {
    /// Of the list as it is now: other words or another environment bring another table.
    pub fn of(list: List) -> Self {
        // From the list's own path, so that only the words are there fifty times.
        let words = list.words.get_untracked().on("");
        let separator = if words.contains('?') { '&' } else { '?' };
        Self { path: list.path.get_untracked() + "/", impersonate: format!("{words}{separator}impersonate=") }
    }
}

/// The rows of a table, as markup. Its one place for clicks, the chosen row and passing time is the table's body, which reads
/// from the rows themselves what it has to know of them (`drawn`). Cells have their look by their
/// place, and no end tags, which HTML can do without.
pub fn rows(
    users: &[UserItem],
    links: &Links,
    denial: Option<Denial>,
    chosen: Option<Uuid>,
    now: DateTime<Utc>,
) -> String {
    users
        .iter()
        .fold(Markup::with_capacity(ROW * users.len()), |markup, user| {
            row(markup, links, user, denial.or_else(|| row_denial(user)), chosen == Some(user.id), now)
        })
        .done()
}

/// Bytes of a row, more than most have.
const ROW: usize = 900;

fn row(
    markup: Markup,
    links: &Links,
    user: &UserItem,
    denial: Option<Denial>,
    is_chosen: bool,
    now: DateTime<Utc>,
) -> Markup {
    let id = user.id.to_string();
    let markup = markup.tag(if is_chosen { "<tr class=\"selected\"><td>" } else { "<tr><td>" });
    let markup = account(person(markup, links, user, &id).tag("<td>"), user)
        .tag("<td>")
        .tag(status(user.status))
        .tag("<td>")
        .tag(mfa(user.mfa_enrolled));
    let markup = match user.last_visit_at {
        Some(then) => markup.tag("<td title=\"").text(&exact(then)).tag("\">").text(&relative(then, now)),
        None => markup.tag("<td>never"),
    };
    let markup = markup.tag("<td class=\"number\">").text(&grouped(user.visits)).tag("<td>");
    actions(markup, links, user, &id, denial)
}

fn person(markup: Markup, links: &Links, user: &UserItem, id: &str) -> Markup {
    avatar::markup(markup.tag("<div class=\"person\">"), user.id, &user.name, user.picture_url.as_deref())
        .tag("<a class=\"person-name\" href=\"")
        .text(&links.path)
        .text(id)
        .tag("\"")
        .title_if_longer(&user.name, 24)
        .tag(">")
        .text(&user.name)
        .tag("</a><span")
        .title_if_longer(&user.email, 30)
        .tag(">")
        .text(&user.email)
        .tag("</span></div>")
}

fn account(markup: Markup, user: &UserItem) -> Markup {
    let others = user.other_accounts > 0;
    let mut markup = markup.tag(if others { "<div>" } else { "" });
    if let Some(name) = &user.main_account {
        markup = markup.tag("<span").title_if_longer(name, 20).tag(">").text(name).tag("</span>");
    }
    if others {
        let more = user.other_accounts.to_string();
        let noun = if user.other_accounts == 1 { " more account\">+" } else { " more accounts\">+" };
        markup = markup.tag("<b class=\"badge outline\" title=\"").text(&more).tag(noun).text(&more).tag("</b></div>");
    }
    markup
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
        "<span role=\"img\" title=\"None known\">–</span>"
    }
}

/// *Impersonate*, and the button on which the list's one menu hangs. The browser opens that by itself, by `popovertarget`.
fn actions(markup: Markup, links: &Links, user: &UserItem, id: &str, denial: Option<Denial>) -> Markup {
    let markup = match denial {
        Some(denial) => markup
            .tag("<button class=\"row-action\" disabled title=\"")
            .text(denial.sentence())
            .tag("\">Impersonate</button>"),
        None => markup
            .tag("<a class=\"row-action\" data-noscroll href=\"")
            .text(&links.impersonate)
            .text(id)
            .tag("\" aria-label=\"Impersonate ")
            .text(&isolated(&user.name))
            .tag("\">Impersonate</a>"),
    };
    markup
        .tag("<button class=\"icon-button more\" popovertarget=\"user-menu\" aria-label=\"Actions for ")
        .text(&isolated(&user.name))
        .tag("\"></button>")
}

/// What can be said from the row alone. The drawer and the server look closer.
pub fn row_denial(user: &UserItem) -> Option<Denial> {
    match user.status {
        UserStatus::Locked => Some(Denial::TargetLocked),
        UserStatus::Invited => Some(Denial::TargetUnverified),
        UserStatus::Active => user.main_account.is_none().then_some(Denial::NoAccount),
    }
}
