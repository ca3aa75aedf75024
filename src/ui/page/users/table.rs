//! The list itself: sortable heads, rows, and the links to the pages beside this one.

use leptos::prelude::*;

use super::menu::UserMenu;
use super::row::{Links, Rows, row};
use super::{List, grouped};
use crate::model::user::{PAGE_SIZE, UserSort, UsersPage};
use crate::ui::clock::Now;
use crate::ui::component::icon::icon;
use crate::ui::component::pager::pager;
use crate::ui::component::state::{empty, nothing};
use crate::ui::erase::Erase;

pub fn table(list: List, page: UsersPage) -> AnyView {
    if page.rows.is_empty() {
        return nobody(list, &page);
    }
    let summary = summary(list, &page);
    let step = |cursor: &Option<String>| cursor.as_ref().map(|cursor| list.and("cursor", cursor));
    let (previous, next) = (step(&page.previous), step(&page.next));
    let notice = page.impersonation.map(|denial| {
        view! {
            <p class="notice">
                {icon("info")}
                <span>"You cannot start impersonations here. " {denial.sentence()}</span>
            </p>
        }
    });
    let links = Links::of(list);
    let menu = UserMenu::new();
    let shared = Rows { list, links, menu, denial: page.impersonation, now: Now::of(page.now) };
    let rows = page.rows.into_iter().map(|user| row(shared, user)).collect_view();
    view! {
        {notice}
        <div class="card table-card">
            <table class="table users-table" aria-label="Users">
                <thead>
                    <tr>
                        {head(list, UserSort::Name, "User", "col-user")}
                        <th scope="col" class="col-account">"Main account"</th>
                        <th scope="col" class="col-status">"Status"</th>
                        <th scope="col" class="col-mfa">"MFA"</th>
                        {head(list, UserSort::LastVisit, "Last visit", "col-visit")}
                        {head(list, UserSort::Visits, "Visits", "col-visits number")}
                        <th scope="col" class="col-actions">
                            <span class="visually-hidden">"Actions"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {pager(summary, previous, next, ("Previous", "Next"))}
        </div>
        {menu.popover(links)}
    }
    .erased()
}

/// A head that sorts: the first click in the column's natural direction, the next the other way round.
fn head(list: List, sort: UserSort, label: &'static str, class: &'static str) -> AnyView {
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

/// What is on this page, as far as it is known: keys, not offsets, lead here.
fn summary(list: List, page: &UsersPage) -> String {
    let shown = page.rows.len();
    let many = page.matching >= 1_000;
    let matching = if many { "1,000+".to_owned() } else { grouped(page.matching) };
    let first = list.query.read_untracked().cursor.is_empty();
    if first {
        return format!("1–{shown} of {matching}");
    }
    if page.next.is_none() && !many && shown <= PAGE_SIZE {
        let last = page.matching;
        return format!("{}–{last} of {matching}", last - shown as i64 + 1);
    }
    format!("{shown} of {matching}")
}

fn nobody(list: List, page: &UsersPage) -> AnyView {
    if list.query.read_untracked().is_filtered() {
        let clear = view! { <a class="button" href=list.path>"Clear search and filters"</a> }.erased();
        let text = "No user matches. Try part of a name or of an e-mail address, or take a filter away.";
        return view! { <div class="card">{empty("search", "No user found", text, clear)}</div> }.erased();
    }
    if page.total > 0 {
        let first = view! { <a class="button" href=list.path>"To the first page"</a> }.erased();
        return view! { <div class="card">{empty("users", "This page is empty", "The list has changed since the link was made.", first)}</div> }
            .erased();
    }
    let text =
        "Import some with “understudy import --environment … users.csv”, or let an application sign its first user in.";
    view! { <div class="card">{empty("users", "No users yet", text, nothing())}</div> }.erased()
}
