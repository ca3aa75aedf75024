//! The frame of an environment's pages: navigation, bar, and the page between them.

mod operator;

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::Element;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_params_map};
use leptos_router::location::Location;

use crate::model::environment::EnvironmentOption;
use crate::model::operator::{Roles, Shell};
use crate::rpc::operator::GetShell;
use crate::ui::component::dialog;
use crate::ui::component::menu::{self, menu};
use crate::ui::component::theme::theme_switch;
use crate::ui::frame::title::document_title;
use crate::ui::kit::address::Words;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::{icon, mark};
use crate::ui::kit::live::Live;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{Here, kept_quietly, loaded_quietly, loading};
use crate::ui::page;

/// A page of an environment in the navigation: word in the URL, icon, name.
type NavigationItem = (&'static str, &'static str, &'static str);

/// The pages as the navigation groups them.
const GROUPS: [(&str, &[NavigationItem]); 3] = [
    (
        "Management",
        &[
            ("users", "users", "Users"),
            ("accounts", "building-2", "Accounts"),
            ("applications", "app-window", "Applications"),
            ("roles", "shield-check", "Roles"),
            ("impersonation", "venetian-mask", "Impersonation"),
        ],
    ),
    ("Monitoring", &[("overview", "circle-dot", "Overview"), ("audit", "scroll-text", "Audit trail")]),
    (
        "Settings",
        &[
            ("operators", "user", "Operators"),
            ("environments", "circle-dot", "Environments"),
            ("keys", "fingerprint", "Keys"),
        ],
    ),
];

/// Pages that only the server draws: what leads there is a new document.
const MANAGED: [&str; 5] = ["overview", "accounts", "roles", "operators", "environments"];

/// The page of the navigation that leads to those of this word.
fn listed_as(word: &str) -> &str {
    if word == "sessions" { "impersonation" } else { word }
}

/// Who sees a page in the navigation that is not everybody's.
fn restricted(page: &str) -> Option<fn(Roles) -> bool> {
    match page {
        "operators" => Some(Roles::can_administer),
        "environments" => Some(Roles::can_unprotect),
        _ => None,
    }
}

fn is_managed(page: &str) -> bool {
    MANAGED.contains(&page)
}

/// What the frame shows.
pub fn needs(environment: String) -> Need {
    Need::of(GetShell { environment })
}

#[component]
pub fn EnvironmentLayout() -> impl IntoView {
    let params = use_params_map();
    let environment = Memo::new(move |_| params.with(|params| params.get("environment").unwrap_or_default()));
    let shell = loading(move || environment.get(), |environment| GetShell { environment });
    let location = use_location();
    let pathname = location.pathname;
    let named = untrack(|| page::record(&environment.get(), &pathname.get()).map(|name| (pathname.get(), name)));
    let frame = Frame { environment, shell, record: RwSignal::new(named.unwrap_or_default()) };
    provide_context(frame);
    provide_context(Here(environment));
    let live = Live::current();
    live.follow(environment);
    live.changed(Callback::new(move |()| frame.refresh()));
    let first = environment.get_untracked();
    let titled = move |page: String| {
        let environment = environment.try_get_untracked().unwrap_or_else(|| first.clone());
        document_title(format!("{page} · {}", spelled(&environment)))
    };

    let section =
        Memo::new(move |_| pathname.with(|path| listed_as(path.split('/').nth(2).unwrap_or_default()).to_owned()));
    let deeper = Memo::new(move |_| pathname.with(|path| path.split('/').nth(3).is_some_and(|part| !part.is_empty())));
    announce_navigation(pathname);

    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
        <Title formatter=titled/>
        <div class="shell">
            {sidebar(frame, live, section)}
            <div class="stage">
                {top_bar(frame, Trail::new(location, section, deeper))}
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
    let mut before = None::<String>;
    effect(move || {
        let path = pathname.get();
        if before.replace(path.clone()).is_some_and(|before| before != path) {
            close_sheet();
            dialog::focus("main");
        }
    });
}

/// With it the choice of an environment, which lies above it.
fn close_sheet() {
    menu::close(ENVIRONMENTS);
    menu::close("navigation");
}

/// The id of the switcher's list.
const ENVIRONMENTS: &str = "environments";

/// The colour of an environment, so that nobody works in production for want of looking: the one that was chosen; or else one
/// for whatever is production by its name, and for the others one of six, by their places among each other.
fn hue(all: &[EnvironmentOption], environment: &str) -> &'static str {
    if let Some(colour) = all.iter().find(|one| one.slug == environment).and_then(|one| one.colour) {
        return colour.hue();
    }
    if is_production(environment) {
        return "production";
    }
    let place = all.iter().filter(|one| !is_production(&one.slug)).position(|one| one.slug == environment);
    ["1", "2", "3", "4", "5", "6"][place.unwrap_or_default() % 6]
}

fn is_production(environment: &str) -> bool {
    environment.split(['-', '_', '.']).any(|part| matches!(part, "production" | "prod" | "live"))
}

/// An environment's word as a title says it. Its name is known only once the frame's data is there, too late for a title.
fn spelled(environment: &str) -> String {
    if environment.len() <= 3 {
        return environment.to_uppercase();
    }
    let mut chars = environment.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn sidebar(frame: Frame, live: Live, section: Memo<String>) -> AnyView {
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
            {kept_quietly(frame.shell, move |shell| switcher(shell, section))}
            <nav class="nav" aria-label="Main">
                {GROUPS.into_iter().map(|(name, pages)| nav_group(frame, live, section, name, pages)).collect_view()}
            </nav>
            {kept_quietly(frame.shell, move |shell| operator::operator(frame, shell))}
        </aside>
    }
    .erased()
}

fn nav_group(
    frame: Frame,
    live: Live,
    section: Memo<String>,
    name: &'static str,
    pages: &'static [NavigationItem],
) -> AnyView {
    let links = pages
        .iter()
        .map(|(page, glyph, label)| {
            let page = *page;
            let link = move || {
                view! {
                <li>
                    <a href=frame.path(page) rel=is_managed(page).then_some("external") aria-current=move || (*section.read() == page).then_some("page")>
                        {icon(glyph)}
                        <span>{*label}</span>
                        {(page == "impersonation").then(|| loaded_quietly(frame.shell, move |shell| live_count(&shell, live)))}
                    </a>
                </li>
            }
                .erased()
            };
            match restricted(page) {
                None => link(),
                Some(may) => loaded_quietly(frame.shell, move |shell| may(shell.roles).then(link).erased()),
            }
        })
        .collect_view();
    view! {
        <h2 class="nav-heading">{name}</h2>
        <ul>{links}</ul>
    }
    .erased()
}

/// As the page was made, and then as it changes.
fn live_count(shell: &Shell, live: Live) -> AnyView {
    let first = shell.live_impersonations;
    live.begin_at(&shell.live_mark);
    view! {
        {move || {
            let count = live.count.get().unwrap_or(first);
            (count > 0).then(|| view! { <span class="badge amber">{count.to_string()} " live"</span> })
        }}
    }
    .erased()
}

fn switcher(shell: Signal<Shell>, section: Memo<String>) -> AnyView {
    let name = move || match shell.read().environment.name.as_str() {
        "" => "Choose one".to_owned(),
        name => name.to_owned(),
    };
    let face = view! {
        <span class="switcher-dot" aria-hidden="true"></span>
        <span class="switcher-text">
            <span class="switcher-label">"Environment "</span>
            <span class="switcher-name">{name}</span>
        </span>
        {icon("chevrons-up-down")}
    }
    .erased();
    // The shell is asked for anew whenever a session starts or ends: whoever is choosing is not to notice.
    let choice = Memo::new(move |_| shell.with(|shell| (shell.environment.slug.clone(), shell.environments.clone())));
    let items = move || choice.with(|(current, all)| environments(current, all, section));
    // Where there is no environment there are no pages of one to go to.
    let class = move || match shell.with(|shell| shell.environment.name.is_empty()) {
        true => "switcher none".to_owned(),
        false => choice.with(|(current, all)| format!("switcher env-{}", hue(all, current))),
    };
    view! { <div class=class>{menu(ENVIRONMENTS.to_owned(), "switcher-button", "Environments".to_owned(), face, items.erased())}</div> }
        .erased()
}

fn environments(current: &str, all: &[EnvironmentOption], section: Memo<String>) -> AnyView {
    all.iter()
        .map(|EnvironmentOption { slug, name, .. }| {
            let is_current = slug == current;
            let slug = slug.clone();
            let class = format!("menu-item env-{}", hue(all, &slug));
            let href = move || {
                format!("/{slug}/{}", if section.read().is_empty() { "users".to_owned() } else { section.get() })
            };
            let rel = move || is_managed(&section.read()).then_some("external");
            view! {
                <a class=class href=href rel=rel aria-current=is_current.then_some("true")>
                    <span class="switcher-dot" aria-hidden="true"></span>
                    <span class="menu-label">{name.clone()}</span>
                    {is_current.then(|| view! { <span class="menu-check">{icon("check")}</span> })}
                </a>
            }
        })
        .collect_view()
        .erased()
}

/// Where the page is, and the list that led to it.
#[derive(Clone, Copy)]
struct Trail {
    path: Memo<String>,
    section: Memo<String>,
    deeper: Memo<bool>,
    /// Section and words of the list that was seen last: going up leads back to it as it was.
    list: RwSignal<(String, String)>,
}

impl Trail {
    fn new(location: Location, section: Memo<String>, deeper: Memo<bool>) -> Self {
        let list = RwSignal::new(Default::default());
        let (path, search) = (location.pathname, location.search);
        effect(move || {
            let words = search.with(|search| Words::parse(search)).without(&OF_DRAWERS);
            if !deeper.get() {
                list.set((section.get(), words.on("")));
            }
        });
        Self { path, section, deeper, list }
    }

    /// The address of the list `page`, as it was seen last.
    fn up(self, frame: Frame, page: &'static str) -> Signal<String> {
        let path = frame.path(page);
        Signal::derive(move || {
            let words = self.list.with(|(section, words)| if section == page { words.clone() } else { String::new() });
            path.get() + &words
        })
    }
}

/// Words of an address that open a drawer or report an error.
const OF_DRAWERS: [&str; 4] = ["impersonate", "event", "__err", "__path"];

fn top_bar(frame: Frame, trail: Trail) -> AnyView {
    let place = move || {
        let section = trail.section.get();
        let found = GROUPS.into_iter().find_map(|(name, pages)| {
            pages.iter().find(|(page, ..)| *page == section).map(|(page, _, label)| (name, *page, *label))
        });
        found.map(|(name, page, label)| {
            let last = if trail.deeper.get() {
                view! {
                    <li>
                        <a href=trail.up(frame, page) rel=is_managed(page).then_some("external")>{label}</a>
                    </li>
                    <li aria-current="page">
                        <bdi class="truncate">{move || record(frame, trail, page)}</bdi>
                    </li>
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
    let environment = |shell: Shell| {
        (!shell.environment.name.is_empty()).then(|| view! { <li>{shell.environment.name}</li> }).erased()
    };
    view! {
        <header class="top-bar">
            <button type="button" class="icon-button menu-button" popovertarget="navigation" aria-label="Navigation">
                {icon("menu")}
            </button>
            <nav aria-label="Breadcrumb">
                <ol class="breadcrumb">
                    {loaded_quietly(frame.shell, environment)}
                    {place}
                </ol>
            </nav>
            <button type="button" class="palette-button needs-script" data-palette="">
                {icon("search")}
                <span>"Find anything"</span>
                <kbd>"Ctrl K"</kbd>
            </button>
            {theme_switch()}
        </header>
    }
    .erased()
}

/// The name of the page's record, once it is known.
fn record(frame: Frame, trail: Trail, page: &str) -> String {
    let (path, name) = frame.record.get();
    if path == trail.path.get() {
        return name;
    }
    if page == "users" { "Profile".to_owned() } else { "Details".to_owned() }
}
