//! The frame of an environment's pages: navigation, bar, and the page between them.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map};

use super::address::Words;
use super::component::avatar::avatar;
use super::component::dialog;
use super::component::form::{Call, post_form};
use super::component::icon::{icon, mark};
use super::component::loaded::ahead::Need;
use super::component::loaded::{loaded_quietly, loading};
use super::component::menu::menu;
use super::frame::Frame;
use super::theme::theme_switch;
use crate::api::operator::{GetShell, SignOut, sign_out};
use crate::model::environment::Environment;
use crate::model::operator::Shell;
use crate::ui::erase::Erase;

/// A page of an environment in the navigation: word in the URL, icon, name.
type Place = (&'static str, &'static str, &'static str);

/// The pages as the navigation groups them.
const GROUPS: [(&str, &[Place]); 3] = [
    (
        "Management",
        &[
            ("users", "users", "Users"),
            ("applications", "app-window", "Applications"),
            ("impersonation", "venetian-mask", "Impersonation"),
        ],
    ),
    ("Monitoring", &[("audit", "scroll-text", "Audit trail")]),
    ("Settings", &[("keys", "fingerprint", "Keys")]),
];

/// What the frame shows.
pub fn needs(environment: String) -> Need {
    Need::of(GetShell { environment })
}

#[component]
pub fn EnvironmentLayout() -> impl IntoView {
    let params = use_params_map();
    let environment = Memo::new(move |_| params.with(|params| params.get("environment").unwrap_or_default()));
    let shell = loading(move || environment.get(), |environment| GetShell { environment });
    let frame = Frame { environment, shell };
    provide_context(frame);

    let pathname = use_location().pathname;
    let section = Memo::new(move |_| pathname.with(|path| path.split('/').nth(2).unwrap_or_default().to_owned()));
    let deeper = Memo::new(move |_| pathname.with(|path| path.split('/').nth(3).is_some_and(|part| !part.is_empty())));
    announce_navigation(pathname);

    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
        <div class="shell">
            {sidebar(frame, section)}
            <div class="stage">
                {top_bar(frame, section, deeper)}
                <main id="main" class="content" tabindex="-1">
                    <Outlet/>
                </main>
            </div>
        </div>
    }
    .erased()
}

/// A page change inside the application moves the focus to the new content and puts the navigation sheet away, as a page
/// load would.
fn announce_navigation(pathname: Memo<String>) {
    Effect::new(move |before: Option<String>| {
        let path = pathname.get();
        if before.is_some_and(|before| before != path) {
            close_sheet();
            dialog::focus("main");
        }
        path
    });
}

fn close_sheet() {
    if let Some(sidebar) = document().get_element_by_id("navigation") {
        _ = sidebar.unchecked_into::<HtmlElement>().hide_popover();
    }
}

fn sidebar(frame: Frame, section: Memo<String>) -> AnyView {
    let same_page = |event: MouseEvent| {
        let link = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if link.and_then(|link| link.closest("a").ok().flatten()).is_some() {
            close_sheet();
        }
    };
    view! {
        <aside class="sidebar" id="navigation" aria-label="Portal" popover="auto" on:click=same_page>
            <a class="brand" href=frame.path("users")>
                {mark()}
                <span>"Understudy"</span>
            </a>
            {loaded_quietly(frame.shell, move |shell| switcher(&shell, section))}
            <nav class="nav" aria-label="Main">
                {GROUPS.into_iter().map(|(name, pages)| nav_group(frame, section, name, pages)).collect_view()}
            </nav>
            {loaded_quietly(frame.shell, |shell| operator(&shell))}
        </aside>
    }
    .erased()
}

fn nav_group(frame: Frame, section: Memo<String>, name: &'static str, pages: &'static [Place]) -> AnyView {
    let links = pages
        .iter()
        .map(|(page, glyph, label)| {
            let page = *page;
            view! {
                <li>
                    <a href=frame.path(page) aria-current=move || (*section.read() == page).then_some("page")>
                        {icon(glyph)}
                        <span>{*label}</span>
                        {(page == "impersonation").then(|| loaded_quietly(frame.shell, |shell| live_count(&shell)))}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <h2 class="nav-heading">{name}</h2>
        <ul>{links}</ul>
    }
    .erased()
}

fn live_count(shell: &Shell) -> AnyView {
    let live = shell.live_impersonations;
    (live > 0).then(|| view! { <span class="badge amber">{live.to_string()} " live"</span> }).erased()
}

fn switcher(shell: &Shell, section: Memo<String>) -> AnyView {
    let current = shell.environment.slug.clone();
    let face = view! {
        <span class="switcher-dot" aria-hidden="true"></span>
        <span class="switcher-text">
            <span class="switcher-label">"Environment "</span>
            <span class="switcher-name">{shell.environment.name.clone()}</span>
        </span>
        {icon("chevrons-up-down")}
    }
    .erased();
    let items = shell
        .environments
        .iter()
        .map(|Environment { slug, name }| {
            let is_current = *slug == current;
            let slug = slug.clone();
            let href = move || {
                format!("/{slug}/{}", if section.read().is_empty() { "users".to_owned() } else { section.get() })
            };
            view! {
                <a class="menu-item" href=href aria-current=is_current.then_some("true")>
                    <span class="menu-label">{name.clone()}</span>
                    {is_current.then(|| view! { <span class="menu-check">{icon("check")}</span> })}
                </a>
            }
        })
        .collect_view()
        .erased();
    view! { <div class="switcher">{menu("environments".to_owned(), "switcher-button", "Environments".to_owned(), face, items)}</div> }
        .erased()
}

fn operator(shell: &Shell) -> AnyView {
    let call = Call::to(SignOut::PATH);
    let submitted = Callback::new(move |_: Words| call.run(sign_out(), |()| {}));
    let roles = shell.roles.labels();
    view! {
        <div class="operator">
            {avatar(shell.operator_id, &shell.operator_name, None, false)}
            <div class="operator-text">
                <span class="truncate" title=shell.operator_email.clone()>
                    <bdi>{shell.operator_name.clone()}</bdi>
                </span>
                <span class="dim truncate" title=roles.clone()>{roles.clone()}</span>
            </div>
            {sign_out_form(shell.ending_with_sign_out, submitted)}
        </div>
    }
    .erased()
}

/// Signing out ends what was started from here: where something runs, it is said before.
fn sign_out_form(ending: i64, submitted: Callback<Words>) -> AnyView {
    if ending == 0 {
        let button = view! {
            <button class="icon-button" type="submit" aria-label="Sign out" title="Sign out">
                {icon("log-out")}
            </button>
        };
        return post_form(SignOut::url(), "", submitted, button.erased());
    }
    let sessions = if ending == 1 { "1 running session".to_owned() } else { format!("{ending} running sessions") };
    let buttons = view! {
        <div class="form-foot">
            <button type="button" class="button small" popovertarget="sign-out" popovertargetaction="hide">
                "Stay"
            </button>
            <button type="submit" class="button small danger solid">"Sign out"</button>
        </div>
    };
    view! {
        <button type="button" class="icon-button" popovertarget="sign-out" aria-label="Sign out" title="Sign out">
            {icon("log-out")}
        </button>
        <div class="menu confirm" popover="auto" id="sign-out" role="dialog" aria-labelledby="sign-out-title">
            <h3 id="sign-out-title">"Sign out?"</h3>
            <p class="dim">{format!("{sessions} will end: you started {} from here.", if ending == 1 { "it" } else { "them" })}</p>
            {post_form(SignOut::url(), "", submitted, buttons.erased())}
        </div>
    }
    .erased()
}

fn top_bar(frame: Frame, section: Memo<String>, deeper: Memo<bool>) -> AnyView {
    let place = move || {
        let section = section.get();
        let found = GROUPS.into_iter().find_map(|(name, pages)| {
            pages.iter().find(|(page, ..)| *page == section).map(|(page, _, label)| (name, *page, *label))
        });
        found.map(|(name, page, label)| {
            let last = if deeper.get() {
                view! {
                    <li>
                        <a href=frame.path(page)>{label}</a>
                    </li>
                    <li aria-current="page">{if page == "users" { "Profile" } else { "Details" }}</li>
                }
                .erased()
            } else {
                view! { <li aria-current="page">{label}</li> }.erased()
            };
            view! {
                <li>{name}</li>
                {last}
            }
        })
    };
    view! {
        <header class="top-bar">
            <button type="button" class="icon-button menu-button" popovertarget="navigation" aria-label="Navigation">
                {icon("menu")}
            </button>
            <nav aria-label="Breadcrumb">
                <ol class="breadcrumb">
                    {loaded_quietly(frame.shell, |shell| view! { <li>{shell.environment.name}</li> }.erased())}
                    {place}
                </ol>
            </nav>
            {theme_switch()}
        </header>
    }
    .erased()
}
