//! The filters of the audit trail: one GET form.

use leptos::ev::Event;
use leptos::html::Input;
use leptos::prelude::*;

use super::List;
use super::presets::{offset_at, presets};
use super::words::GROUPS;
use crate::model::audit::{AuditPage, Severity};
use crate::ui::component::account_filter::{AccountFilter, account_filter, chosen_account, found_without_script};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, clear_link, follow, search_box, select_filter};
use crate::ui::kit::form::option as option_view;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::{Loading, kept_quietly, loaded_quietly};

pub fn toolbar(list: List, events: Loading<AuditPage>) -> AnyView {
    let filters = Filters::new(list.path);
    let (action, severity, only) = (list.word("action"), list.word("severity"), list.word("only"));
    let accounts = AccountFilter::of(*list, filters);

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

    let fields = view! {
            {search_box(filters, "Person, reason, ticket, address or id", list.word("q"))}
            {only_impersonated(filters, only)}
            {select_filter(filters, "action", "Action", "history", action, list.without("action"), actions)}
            {select_filter(filters, "severity", "Severity", "triangle-alert", severity, list.without("severity"), severities)}
            {account_filter(accounts, loaded_quietly(events, move |page| chosen_account(accounts, page.accounts.chosen)))}
            {dates(list, filters, events, [list.word("from"), list.word("to")], [list.word("from_offset"), list.word("to_offset")])}
    };
    let is_filtered = Signal::derive(move || list.query.read().is_filtered());
    view! {
        {list.toolbar(filters, fields.erased(), Some(is_filtered))}
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

/// The id of the panel of days.
const DATES: &str = "audit-dates";

/// First and last day, as the reader's calendar has them: script says by how much that clock differs from UTC as the days
/// begin and end, and without script they are days in UTC.
fn dates(
    list: List,
    filters: Filters,
    events: Loading<AuditPage>,
    days: [Memo<String>; 2],
    offsets: [Memo<String>; 2],
) -> AnyView {
    let [from, to] = days;
    let zone = Memo::new(move |_| offsets.iter().map(Memo::get).find(|offset| !offset.is_empty()).unwrap_or_default());
    let both = Memo::new(move |_| match (from.get(), to.get()) {
        (from, to) if from.is_empty() && to.is_empty() => String::new(),
        (from, to) if to.is_empty() => format!("From {from}"),
        (from, to) if from.is_empty() => format!("Until {to}"),
        (from, to) if from == to => from,
        (from, to) => format!("{from} to {to}"),
    });
    let clear = Memo::new(move |_| {
        list.words.get().without(&["cursor", "from", "to", "from_offset", "to_offset"]).on(&list.path.get())
    });
    let face = move || match both.get() {
        both if both.is_empty() => "Dates".to_owned(),
        both => format!("{both}, {}", zone_words(&zone.read())),
    };
    view! {
        <span class="filter" class:active=move || !both.read().is_empty()>
            <button type="button" class="filter-button" popovertarget=DATES>
                {icon("calendar")}
                <span class="truncate">{face}</span>
            </button>
            {clear_link(both, clear, "Dates")}
            <div class="menu filter-panel" popover="auto" id=DATES>
                {kept_quietly(events, move |page| presets(list, page, DATES))}
                {day(filters, ("from", "from_offset"), "First day", from, offsets[0])}
                {day(filters, ("to", "to_offset"), "Last day", to, offsets[1])}
                <p class="hint needs-script">"Days by your own clock, both included."</p>
                <p class="hint without-script">"Days in UTC, both included."</p>
                <button type="submit" class="button small">"Apply"</button>
            </div>
        </span>
    }
    .erased()
}

/// `UTC+1`, `UTC-3:30`, or `UTC` where nothing is said.
fn zone_words(offset: &str) -> String {
    let minutes: i32 = offset.parse().unwrap_or_default();
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

fn day(
    filters: Filters,
    (name, offset_name): (&'static str, &'static str),
    label: &'static str,
    value: Memo<String>,
    offset: Memo<String>,
) -> AnyView {
    let (input, hidden) = (NodeRef::<Input>::new(), NodeRef::<Input>::new());
    follow(input, value);
    follow(hidden, offset);
    let later = u64::from(name == "to");
    let changed = move |event: Event| {
        if let (Some(input), Some(hidden)) = (input.get_untracked(), hidden.get_untracked()) {
            let offset = offset_at(&input.value(), later).map(|minutes| minutes.to_string());
            hidden.set_value(&offset.unwrap_or_default());
        }
        filters.changed(event);
    };
    view! {
        <label class="label" for=name>{label}</label>
        <input
            class="input"
            id=name
            type="date"
            name=name
            value=value.get_untracked()
            node_ref=input
            on:change=changed
        />
        <input type="hidden" name=offset_name value=offset.get_untracked() node_ref=hidden/>
    }
    .erased()
}

#[cfg(test)]
mod tests {
    use super::zone_words;

    #[test]
    fn a_zone_is_named_by_how_far_it_is_from_utc() {
        for (offset, words) in [("", "UTC"), ("0", "UTC"), ("60", "UTC+1"), ("-210", "UTC-3:30"), ("345", "UTC+5:45")] {
            assert_eq!(zone_words(offset), words);
        }
    }
}
