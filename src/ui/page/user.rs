//! One user: who they are, where they belong, what runs in their name, and stepping in.

mod accounts;
mod profile;
mod timeline;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use crate::model::operator::Shell;
use crate::model::text::isolated;
use crate::model::user::UserDetail;
use crate::rpc::users::GetUser;
use crate::ui::impersonate::{self as stepping_in, Drafts, Opening, drawer};
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::live::Live;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{Loading, given, kept, loaded_quietly, loading};
use crate::ui::kit::state::{nothing, page_skeleton};

#[component]
pub fn UserPage() -> impl IntoView {
    let frame = Frame::current();
    let params = use_params_map();
    let words = use_words();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<Uuid>().ok())));
    let user: Loading<UserDetail> =
        loading(move || (frame.environment.get(), id.get()), |(environment, id)| of(environment, id));
    let page = UserSections {
        frame,
        path: Memo::new(move |_| address(frame, id.get())),
        ended: Callback::new(move |_| user.refetch()),
    };
    Live::current().changed(Callback::new(move |()| user.refetch()));
    let opening = Opening {
        environment: frame.environment,
        target: Memo::new(move |_| id.get().filter(|_| words.with(is_open))),
        close_url: page.path,
        drafts: Drafts::of_page(),
        prefilled: true,
        changed: Callback::new(move |()| user.refetch()),
    };
    view! {
        <Title text="User"/>
        {kept(user, page_skeleton, move |user| sections(page, user))}
        {drawer(opening)}
    }
    .erased()
}

/// What the page shows at this address.
pub fn needs(environment: String, id: &str, words: &Words) -> Vec<Need> {
    let id = id.parse::<Uuid>().ok();
    let drawer = id.filter(|_| is_open(words)).map(|id| stepping_in::needs(environment.clone(), id));
    [Need::of(of(environment, id))].into_iter().chain(drawer).collect()
}

/// The user's name, where the server draws the page.
pub fn name(environment: String, id: &str) -> Option<String> {
    given(&of(environment, id.parse().ok())).map(|user| user.name)
}

/// What is no id is nobody's: the server says so, with the status that belongs to it.
fn of(environment: String, id: Option<Uuid>) -> GetUser {
    GetUser { environment, user_id: id.unwrap_or_default() }
}

/// Whether the address opens the drawer.
fn is_open(words: &Words) -> bool {
    !words.get("impersonate").is_empty()
}

/// Where this page is.
#[derive(Clone, Copy)]
pub struct UserSections {
    pub frame: Frame,
    pub path: Memo<String>,
    /// Runs when a session in the timeline was ended from there.
    pub ended: Callback<Uuid>,
}

fn address(frame: Frame, id: Option<Uuid>) -> String {
    let users = frame.path("users").get();
    id.map_or(users.clone(), |id| format!("{users}/{id}"))
}

fn sections(page: UserSections, user: Signal<UserDetail>) -> AnyView {
    let head = move || {
        let user = user.read();
        page.frame.shows(address(page.frame, Some(user.id)), user.name.clone());
        view! {
            <Title text=isolated(&user.name)/>
            {profile::head(&user)}
        }
        .erased()
    };
    let facts = move || {
        let user = user.read();
        profile::facts(&user, Now::of(user.now))
    };
    view! {
        {head}
        <div class="columns">
            <div class="column">
                {move || accounts::accounts(page.frame, &user.read())}
                {timeline::timeline(page, user)}
            </div>
            <div class="column aside">
                {move || impersonate(page, &user.read())}
                {loaded_quietly(page.frame.shell, move |shell| edit(page, &shell))}
                {facts}
            </div>
        </div>
    }
    .erased()
}

/// Leads to the page that changes the user, which only the server draws.
fn edit(page: UserSections, shell: &Shell) -> AnyView {
    if !shell.roles.can_edit() {
        return nothing();
    }
    let href = move || format!("{}/edit", page.path.get());
    view! { <a class="button wide" rel="external" href=href>"Edit user"</a> }.erased()
}

/// The section that the guide sends operators to.
fn impersonate(page: UserSections, user: &UserDetail) -> AnyView {
    let href = move || Words::default().with("impersonate", "1").on(&page.path.get());
    let button = match user.impersonation {
        Some(denial) => view! {
            <button type="button" class="button primary wide" disabled=true aria-describedby="impersonation-denial">
                {icon("venetian-mask")}
                <span>"Impersonate"</span>
            </button>
            <p class="denial" id="impersonation-denial">
                {icon("ban")}
                <span>{denial.sentence()}</span>
            </p>
        }
        .erased(),
        None => view! {
            <a class="button primary wide" id=format!("impersonate-{}", user.id) href=href data-noscroll="true">
                {icon("venetian-mask")}
                <span>"Impersonate"</span>
            </a>
        }
        .erased(),
    };
    view! {
        <section class="card section" aria-labelledby="impersonate-title">
            <h2 class="section-title amber" id="impersonate-title">
                {icon("venetian-mask")}
                <span>"Impersonate user"</span>
            </h2>
            <p class="dim">
                "Opens a session as this user in a new tab: in an account and application you choose, for a stated reason, for an hour at most. The user sees it and can end it."
            </p>
            {button}
        </section>
    }
    .erased()
}
