//! The filters above the list: one GET form.

use leptos::html::Input;
use leptos::prelude::*;

use super::List;
use crate::model::operator::Shell;
use crate::model::user::{UserQuery, UserSort, UserStatus, UsersPage};
use crate::ui::component::account_filter::{AccountFilter, account_filter, chosen_account, found_without_script};
use crate::ui::component::markup::Markup;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, clear_link, follow, search_box, select_filter};
use crate::ui::kit::form::option as option_view;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::{Loading, loaded_quietly};
use crate::ui::kit::state::nothing;

pub fn toolbar(list: List, users: Loading<UsersPage>) -> AnyView {
    let filters = Filters::new(list.path);
    let (q, status) = (list.word("q"), list.word("status"));
    let accounts = AccountFilter::of(*list, filters);

    let statuses = UserStatus::ALL
        .into_iter()
        .map(|option| {
            let selected = *status.read_untracked() == option.as_str();
            option_view(option.as_str().to_owned(), option.label().to_owned(), selected)
        })
        .collect_view()
        .erased();

    let fields = view! {
            {search_box(filters, "Name, e-mail, account or id", q)}
            {account_filter(accounts, loaded_quietly(users, move |page| chosen_account(accounts, page.accounts.chosen)))}
            {select_filter(filters, "status", "Status", "circle-dot", status, list.without("status"), statuses)}
            {excluded(filters, list.word("exclude"), list.without("exclude"))}
            {order(list, filters)}
            {loaded_quietly(list.frame.shell, move |shell| several(list, &shell))}
    };
    let is_filtered = Signal::derive(move || list.query.read().is_filtered());
    view! {
        {list.toolbar(filters, fields.erased(), Some(is_filtered))}
        {loaded_quietly(users, move |page| found_without_script(accounts, &page.accounts))}
    }
    .erased()
}

/// Where several users are changed at once: a page that only the server draws.
fn several(list: List, shell: &Shell) -> AnyView {
    if !shell.roles.can_edit() {
        return nothing();
    }
    let path = list.frame.path("users");
    view! {
        <a class="button small" rel="external" href=move || format!("{}/bulk", path.get())>"Change several"</a>
    }
    .erased()
}

/// The order of the list, for phones: where rows are cards there are no heads to sort by. Elsewhere it is out of sight and
/// keeps the order when a filter changes.
fn order(list: List, filters: Filters) -> AnyView {
    let word = |sort: UserSort, descending: bool| match (sort, descending) {
        (UserSort::LastVisit, true) => String::new(),
        (sort, true) => "-".to_owned() + sort.as_str(),
        (sort, false) => sort.as_str().to_owned(),
    };
    let chosen = Memo::new(move |_| {
        let (sort, descending) = list.query.read().order();
        word(sort, descending)
    });
    let mut options = Markup::default();
    for sort in UserSort::ALL {
        for descending in [sort.descends_by_default(), !sort.descends_by_default()] {
            let value = word(sort, descending);
            let selected = if *chosen.read_untracked() == value { "\" selected>" } else { "\">" };
            let option = options.tag("<option value=\"").text(&value).tag(selected);
            options = option.text(sort.label(descending)).tag("</option>");
        }
    }
    view! {
        <span class="filter sort-choice">
            <label>
                {icon("arrow-down")}
                <span class="visually-hidden">"Sort by"</span>
                <select
                    name="sort"
                    prop:value=move || chosen.get()
                    on:change=move |event| filters.changed(event)
                    inner_html=options.done()
                ></select>
            </label>
        </span>
    }
    .erased()
}

/// Domains to leave out: a text field in a fold, since it is rarely used and long when it is.
fn excluded(filters: Filters, exclude: Memo<String>, clear: Memo<String>) -> AnyView {
    let input = NodeRef::<Input>::new();
    follow(input, exclude);
    let face = move || {
        let domains = UserQuery { exclude: exclude.get(), ..UserQuery::default() }.excluded_domains();
        match (domains.len(), domains.first()) {
            (1, Some(domain)) => format!("Without {domain}"),
            (0, _) => "Exclude domains".to_owned(),
            (count, _) => format!("Without {count} domains"),
        }
    };
    view! {
        <span class="filter" class:active=move || !exclude.read().is_empty()>
            <button type="button" class="filter-button" popovertarget="exclude-domains">
                {icon("filter-x")}
                <span class="truncate">{face}</span>
            </button>
            {clear_link(exclude, clear, "Exclude domains")}
            <div class="menu filter-panel" popover="auto" id="exclude-domains">
                <label class="label" for="exclude">"Leave out these e-mail domains"</label>
                <input
                    class="input"
                    id="exclude"
                    name="exclude"
                    placeholder="example.com, test.example"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    value=exclude.get_untracked()
                    node_ref=input
                    on:change=move |event| filters.changed(event)
                />
                <p class="hint">"Separated by commas."</p>
                <button type="submit" class="button small">"Apply"</button>
            </div>
        </span>
    }
    .erased()
}
