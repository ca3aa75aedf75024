//! The users of an environment: search, filters, sort and pages, all of it in the address.

mod body;
mod hand;
mod menu;
mod row;
mod table;
mod toolbar;

use leptos::prelude::*;
use leptos_meta::Title;
use uuid::Uuid;

use crate::model::search::{ACCOUNTS_COUNTED, USERS_COUNTED, USERS_MATCHED};
use crate::model::user::{UserQuery, UsersPage as Page};
use crate::rpc::users::ListUsers;
use crate::ui::component::number::up_to;
use crate::ui::impersonate::{self, Drafts, Opening, drawer};
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{loaded_quietly, loaded_while, loading};
use crate::ui::kit::state::table_skeleton;

/// Words of the address that are not the list's own.
pub const DRAWER_WORDS: [&str; 3] = ["impersonate", "__err", "__path"];
/// Words that say which page of the list it is: the server's cursor, and how many rows come before it.
const PAGE_WORDS: [&str; 3] = ["cursor", "before", "find"];

#[component]
pub fn UsersPage() -> impl IntoView {
    let frame = Frame::current();
    let words = use_words();
    let list_words = Memo::new(move |_| words.get().without(&DRAWER_WORDS));
    let query = Memo::new(move |_| list_words.with(query_of));
    let users = loading(
        move || (frame.environment.get(), query.get()),
        |(environment, query)| ListUsers { environment, query },
    );
    let path = frame.path("users");
    let opening = Opening {
        environment: frame.environment,
        target: Memo::new(move |_| words.with(target_of)),
        close_url: Memo::new(move |_| list_words.with(|words| words.on(&path.get()))),
        drafts: Drafts::of_page(),
        prefilled: false,
        changed: Callback::new(|()| {}),
    };
    let list = List { environment: frame.environment, path, words: list_words, query, target: opening.target };
    let pending = RwSignal::new(false);
    hand::keys(list, frame.environment);

    view! {
        <Title text="Users"/>
        <header class="page-head">
            <div>
                <h1>"Users"</h1>
                <p class="dim page-count">{loaded_quietly(users, |page| counted(&page))}</p>
            </div>
        </header>
        {toolbar::toolbar(list, users)}
        <div class="pending-region" aria-busy=move || pending.get().to_string()>
            {loaded_while(users, table_skeleton, pending, move |page| table::table(list, page))}
        </div>
        {drawer(opening)}
    }
    .erased()
}

/// What the sections of the list need to make addresses.
#[derive(Clone, Copy)]
pub struct List {
    pub environment: Memo<String>,
    pub path: Signal<String>,
    /// The list's own words, without the drawer's.
    pub words: Memo<Words>,
    pub query: Memo<UserQuery>,
    /// The user for whom the drawer is open.
    pub target: Memo<Option<Uuid>>,
}

impl List {
    /// The list with one word changed, from its first page. An empty value removes the word.
    pub fn changed(self, name: &str, value: &str) -> String {
        self.words.get().without(&PAGE_WORDS).with(name, value).on(&self.path.get())
    }

    /// The same page of the list, with one word more.
    pub fn and(self, name: &str, value: &str) -> String {
        self.words.get().with(name, value).on(&self.path.get())
    }
}

/// What the page shows at this address.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    let query = query_of(&words.clone().without(&DRAWER_WORDS));
    let drawer = target_of(words).map(|user| impersonate::needs(environment.clone(), user));
    [Need::of(ListUsers { environment, query })].into_iter().chain(drawer).collect()
}

/// The user for whom the address opens the drawer.
fn target_of(words: &Words) -> Option<Uuid> {
    words.get("impersonate").parse().ok()
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
        let (matching, total) = (up_to(page.matching, USERS_MATCHED), up_to(page.total, USERS_COUNTED));
        return format!("{matching} of {total} {people}").erased();
    }
    let accounts = page.accounts.total;
    let noun = if accounts == 1 { "account" } else { "accounts" };
    format!("{} {people} in {} {noun}", up_to(page.total, USERS_COUNTED), up_to(accounts, ACCOUNTS_COUNTED)).erased()
}
