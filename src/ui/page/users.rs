//! The users of an environment: search, filters, sort and pages, all of it in the address.

mod body;
mod drawn;
mod hand;
mod menu;
mod row;
mod table;
mod toolbar;

use leptos::prelude::*;

use crate::model::operator::Roles;
use crate::model::user::{UserQuery, UsersPage as Page};
use crate::rpc::users::ListUsers;
use crate::ui::component::number::{amount, grouped};
use crate::ui::impersonate::{self, Drafts, Opening, drawer};
use crate::ui::kit::address::Words;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::list::{self, Shape};
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{loaded_quietly, loading};

type List = list::List<UserQuery>;

static SHAPE: Shape<UserQuery> = Shape {
    page: "users",
    title: "Users",
    opens: "impersonate",
    over: &["impersonate", "__err", "__path"],
    // The server's cursor, how many rows come before it, and what finds an account.
    turned: &["cursor", "before", "find"],
    makes: Some(("New user", Roles::can_edit)),
    query: query_of,
};

#[component]
pub fn UsersPage() -> impl IntoView {
    let list = List::at(&SHAPE);
    let users = loading(
        move || (list.frame.environment.get(), list.query.get()),
        |(environment, query)| ListUsers { environment, query },
    );
    let opening = Opening {
        environment: list.frame.environment,
        target: list.open,
        close_url: Memo::new(move |_| list.closed()),
        drafts: Drafts::of_page(),
        prefilled: false,
        changed: Callback::new(|()| {}),
    };
    hand::keys(list);
    let lead = view! { <p class="dim page-count">{loaded_quietly(users, |page| counted(&page))}</p> };
    view! {
        {list.view(lead.erased(), toolbar::toolbar(list, users), users, move |page| table::table(list, page))}
        {drawer(opening)}
    }
    .erased()
}

/// What the page shows at this address.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    let drawer = SHAPE.open_at(words).map(|user| impersonate::needs(environment.clone(), user));
    let users = Need::lighter(ListUsers { environment, query: SHAPE.query_at(words) }, Page::without_rows);
    [users].into_iter().chain(drawer).collect()
}

fn query_of(words: &Words) -> UserQuery {
    let word = |name| words.get(name).to_owned();
    UserQuery {
        q: word("q"),
        account: word("account"),
        find: word("find"),
        status: word("status"),
        exclude: word("exclude"),
        sort: word("sort"),
        cursor: word("cursor"),
    }
}

fn counted(page: &Page) -> AnyView {
    let people = if page.total == 1 { "person" } else { "people" };
    if page.is_filtered {
        return format!("{} of {} {people}", amount(page.matching), grouped(page.total)).erased();
    }
    let accounts = page.accounts.total;
    let noun = if accounts == 1 { "account" } else { "accounts" };
    format!("{} {people} in {} {noun}", grouped(page.total), grouped(accounts)).erased()
}
