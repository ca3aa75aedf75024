//! The list itself: sortable heads, rows, and the links to the pages beside this one.

use leptos::prelude::*;

use super::List;
use super::body::body;
use super::menu::UserMenu;
use crate::model::search::Amount;
use crate::model::user::{PAGE_SIZE, UserSort, UsersPage};
use crate::ui::component::number::{amount, grouped};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::pager::pager;
use crate::ui::kit::state::{empty, empty_because, nothing};

pub fn table(list: List, page: UsersPage) -> AnyView {
    let shown = page.shown() as i64;
    if shown == 0 {
        return nobody(list, &page);
    }
    let before = before(list, &page);
    let summary = summary(before, &page);
    let step = |cursor: &Option<String>, before: Option<i64>| {
        let before = before.filter(|before| *before > 0).map(|before| before.to_string()).unwrap_or_default();
        let words = list.words.get().with("before", &before);
        cursor.as_ref().map(|cursor| words.with("cursor", cursor).on(&list.path.get()))
    };
    let previous = step(&page.previous, before.map(|before| (before - PAGE_SIZE as i64).max(0)));
    let next = step(&page.next, before.map(|before| before + shown));
    let notice = page.impersonation.map(|denial| {
        view! {
            <p class="notice">
                {icon("info")}
                <span>"You cannot start impersonations here. " {denial.sentence()}</span>
            </p>
        }
    });
    let left_out = page.searched.left_out().map(|text| {
        view! {
            <p class="notice">
                {icon("info")}
                <span>{text}</span>
            </p>
        }
    });
    let menu = UserMenu::new();
    let body = body(list, menu, &page);
    view! {
        {notice}
        {left_out}
        <div class="card table-card">
            <table class="table users-table" aria-label="Users">
                <thead>
                    <tr>
                        {head(list, UserSort::Name, "User", None)}
                        {head(list, UserSort::Account, "Main account", None)}
                        {head(list, UserSort::Status, "Status", None)}
                        <th scope="col" title="Second factors that are enrolled elsewhere. They are not asked for here yet.">
                            "MFA"
                        </th>
                        {head(list, UserSort::LastVisit, "Last visit", None)}
                        {head(list, UserSort::Visits, "Visits", Some("number"))}
                        <th scope="col">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                {body}
            </table>
            {pager(summary, previous, next, ("Previous", "Next"))}
        </div>
        {menu.popover()}
    }
    .erased()
}

/// A head that sorts: the first click in the column's natural direction, the next the other way round.
fn head(list: List, sort: UserSort, label: &'static str, class: Option<&'static str>) -> AnyView {
    let state = move || {
        let (current, descending) = list.query.read().order();
        (current == sort).then_some(descending)
    };
    let href = move || {
        let descending = state().map_or(sort.descends_by_default(), |descending| !descending);
        let word = if descending { "-".to_owned() + sort.as_str() } else { sort.as_str().to_owned() };
        list.changed("sort", &word)
    };
    let aria = move || state().map(|descending| if descending { "descending" } else { "ascending" });
    let arrow = move || state().map(|descending| icon(if descending { "arrow-down" } else { "arrow-up" }));
    view! {
        <th scope="col" class=class aria-sort=aria>
            <a class="sort" href=href data-noscroll="true">
                <span>{label}</span>
                {arrow}
            </a>
        </th>
    }
    .erased()
}

/// How many rows come before this page, as far as it is known: keys, not offsets, lead here, and the links count along.
/// The ends of the list are known in any case.
fn before(list: List, page: &UsersPage) -> Option<i64> {
    let shown = page.shown() as i64;
    if page.previous.is_none() {
        return Some(0);
    }
    if page.next.is_none()
        && let Amount::Exactly(matching) = page.matching
        && matching >= shown
    {
        return Some(matching - shown);
    }
    let said = list.words.with(|words| words.get("before").parse::<i64>().ok());
    let may_be = |before: i64| !page.matching.is_exact() || before + shown <= page.matching.number();
    said.filter(|before| *before > 0 && may_be(*before))
}

/// "51–100 of 340".
fn summary(before: Option<i64>, page: &UsersPage) -> String {
    let shown = page.shown() as i64;
    let matching = amount(page.matching);
    match before {
        Some(before) => format!("{}–{} of {matching}", grouped(before + 1), grouped(before + shown)),
        None => format!("{shown} of {matching}"),
    }
}

fn nobody(list: List, page: &UsersPage) -> AnyView {
    if list.query.read_untracked().is_filtered() {
        let clear = view! { <a class="button" href=list.path>"Clear search and filters"</a> }.erased();
        let query = list.query.read_untracked();
        let filtered = !(query.account.is_empty() && query.status.is_empty() && query.exclude.is_empty());
        let text = page.searched.nothing(
            "No user here, no session and no account of one has the id",
            "No user has all of this in name and e-mail, or in the name of an account:",
            filtered,
        );
        return view! { <div class="card">{empty_because("search", "No user found", text, clear)}</div> }.erased();
    }
    if page.total > 0 {
        let first = view! { <a class="button" href=list.path>"To the first page"</a> }.erased();
        return view! { <div class="card">{empty("users", "This page is empty", "The list has changed since the link was made.", first)}</div> }
            .erased();
    }
    let text = "Import them: “understudy import --help” names the columns that a file of users has.";
    view! { <div class="card">{empty("users", "No users yet", text, nothing())}</div> }.erased()
}
