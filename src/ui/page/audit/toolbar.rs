//! The filters of the audit trail: one GET form.

use leptos::html::Input;
use leptos::prelude::*;

use super::List;
use super::words::GROUPS;
use crate::model::audit::{AuditPage, Severity};
use crate::ui::component::account_filter::{AccountFilter, account_filter, found_without_script};
use crate::ui::component::filter::{Filters, apply_button, clear_link, follow, search_box, select_filter};
use crate::ui::component::form::option as option_view;
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::{Loading, loaded_quietly};
use crate::ui::erase::Erase;

pub fn toolbar(list: List, events: Loading<AuditPage>) -> AnyView {
    let filters = Filters::new(list.path);
    let word = move |name: &'static str| Memo::new(move |_| list.words.with(|words| words.get(name).to_owned()));
    let without = move |name: &'static str| Memo::new(move |_| list.changed(name, ""));
    let (action, severity, account, only) = (word("action"), word("severity"), word("account"), word("only"));
    let accounts = AccountFilter {
        filters,
        environment: list.frame.environment,
        account,
        find: word("find"),
        clear: without("account"),
        address: Callback::new(move |external_id: String| list.changed("account", &external_id)),
    };

    let mut groups = GROUPS.to_vec();
    let asked = action.get_untracked();
    let single = (!asked.is_empty() && !groups.iter().any(|(word, _)| *word == asked))
        .then(|| option_view(asked.clone(), super::words::action_label(&asked), true));
    let actions = groups
        .drain(..)
        .map(|(word, label)| option_view(word.to_owned(), label.to_owned(), *action.read_untracked() == word))
        .collect_view();
    let actions = view! {
        {single}
        {actions}
    }
    .erased();
    let severities = Severity::ALL
        .into_iter()
        .map(|option| {
            let selected = *severity.read_untracked() == option.as_str();
            option_view(option.as_str().to_owned(), option.label().to_owned(), selected)
        })
        .collect_view()
        .erased();

    view! {
        <form
            class="toolbar"
            method="get"
            action=list.path
            role="search"
            aria-label="Audit trail"
            on:submit=move |event| filters.submitted(event)
        >
            {search_box(filters, "Person, reason, ticket, address or id", word("q"))}
            {only_impersonated(filters, only)}
            {select_filter(filters, "action", "Action", "history", action, without("action"), actions)}
            {select_filter(filters, "severity", "Severity", "triangle-alert", severity, without("severity"), severities)}
            {loaded_quietly(events, move |page| account_filter(accounts, page.accounts))}
            {dates(list, filters, word("from"), word("to"))}
            {apply_button()}
            {move || {
                list.query
                    .read()
                    .is_filtered()
                    .then(|| view! { <a class="link" href=list.path data-noscroll="true">"Clear all"</a> })
            }}
        </form>
        {loaded_quietly(events, move |page| found_without_script(accounts, &page.accounts))}
    }
    .erased()
}

fn only_impersonated(filters: Filters, only: Memo<String>) -> AnyView {
    let on = move || *only.read() == "impersonated";
    view! {
        <label class="filter toggle amber" class:active=on>
            <input
                type="checkbox"
                name="only"
                value="impersonated"
                checked=*only.read_untracked() == "impersonated"
                prop:checked=on
                on:change=move |event| filters.changed(event)
            />
            {icon("venetian-mask")}
            <span>"Impersonated"</span>
        </label>
    }
    .erased()
}

fn dates(list: List, filters: Filters, from: Memo<String>, to: Memo<String>) -> AnyView {
    let both = Memo::new(move |_| match (from.get(), to.get()) {
        (from, to) if from.is_empty() && to.is_empty() => String::new(),
        (from, to) if to.is_empty() => format!("From {from}"),
        (from, to) if from.is_empty() => format!("Until {to}"),
        (from, to) if from == to => from,
        (from, to) => format!("{from} to {to}"),
    });
    let clear = Memo::new(move |_| list.words.get().without(&["cursor", "from", "to"]).on(&list.path.get()));
    let face = move || if both.read().is_empty() { "Dates".to_owned() } else { both.get() };
    view! {
        <span class="filter" class:active=move || !both.read().is_empty()>
            <button type="button" class="filter-button" popovertarget="audit-dates">
                {icon("calendar")}
                <span class="truncate">{face}</span>
            </button>
            {clear_link(both, clear, "Dates")}
            <div class="menu filter-panel" popover="auto" id="audit-dates">
                {day(filters, "from", "First day", from)}
                {day(filters, "to", "Last day", to)}
                <p class="hint">"Days in UTC, both included."</p>
                <button type="submit" class="button small">"Apply"</button>
            </div>
        </span>
    }
    .erased()
}

fn day(filters: Filters, name: &'static str, label: &'static str, value: Memo<String>) -> AnyView {
    let input = NodeRef::<Input>::new();
    follow(input, value);
    view! {
        <label class="label" for=name>{label}</label>
        <input
            class="input"
            id=name
            type="date"
            name=name
            value=value.get_untracked()
            node_ref=input
            on:change=move |event| filters.changed(event)
        />
    }
    .erased()
}
