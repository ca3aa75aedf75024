//! Choosing an account among thousands: the first few, a search by name or id, and how many there are. Each choice is a link,
//! so that it works without script, where the search is sent with the form.

use std::time::Duration;

use leptos::html::Input;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::model::account::{ACCOUNTS_MATCHED, AccountChoice, AccountOption};
use crate::model::text::isolated;
use crate::rpc::accounts::SearchAccounts;
use crate::ui::component::number::{grouped, up_to};
use crate::ui::kit::call::ask;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, clear_link};
use crate::ui::kit::icon::icon;
use crate::ui::kit::list::ListPlace;

/// Where the filter stands.
#[derive(Clone, Copy)]
pub struct AccountFilter {
    pub filters: Filters,
    pub environment: Memo<String>,
    /// External id of the chosen account; empty for all.
    pub account: Memo<String>,
    /// What is looked for where no script does it.
    pub find: Memo<String>,
    /// The list without the filter.
    pub clear: Memo<String>,
    /// The list with the account of this external id.
    pub address: Callback<String, String>,
}

impl AccountFilter {
    /// The filter of a list.
    pub fn of(list: ListPlace, filters: Filters) -> Self {
        Self {
            filters,
            environment: list.frame.environment,
            account: list.word("account"),
            find: list.word("find"),
            clear: list.without("account"),
            address: Callback::new(move |external_id: String| list.changed("account", &external_id)),
        }
    }
}

pub fn account_filter(at: AccountFilter, choice: AccountChoice) -> AnyView {
    let face = choice.chosen.clone().map(|account| told_apart(&account));
    let face = move || match face.clone() {
        Some(face) => face,
        None if at.account.read().is_empty() => "Account".to_owned(),
        None => at.account.get(),
    };
    let shown = RwSignal::new(choice);
    let input = NodeRef::<Input>::new();
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let look = move || {
        let environment = at.environment.get_untracked();
        let Some(typed) = input.get_untracked().map(|input| input.value()) else { return };
        spawn_local(async move {
            // What could not be found out leaves what is shown.
            let call = SearchAccounts { environment, typed: typed.clone(), cursor: String::new() };
            let Ok(found) = ask(call).await else { return };
            let current = input.get_untracked().is_some_and(|input| input.value() == typed);
            if current {
                shown.try_update(|shown| *shown = AccountChoice { chosen: shown.chosen.take(), ..found });
            }
        });
    };
    let typed = move || {
        let soon = set_timeout_with_handle(look, Duration::from_millis(200));
        if let Some(Some(before)) = waiting.try_update_value(|waiting| std::mem::replace(waiting, soon.ok())) {
            before.clear();
        }
    };
    let more = move |_| {
        let environment = at.environment.get_untracked();
        let typed = input.get_untracked().map(|input| input.value()).unwrap_or_default();
        let Some(cursor) = shown.with_untracked(|shown| shown.next.clone()) else { return };
        spawn_local(async move {
            let Ok(behind) = ask(SearchAccounts { environment, typed, cursor: cursor.clone() }).await else { return };
            shown.try_update(|shown| {
                if shown.next.as_ref() == Some(&cursor) {
                    shown.found.extend(behind.found);
                    shown.next = behind.next;
                }
            });
        });
    };
    let first = move || {
        let found = shown.with_untracked(|shown| shown.found.first().map(|account| account.external_id.clone()));
        if let Some(external_id) = found {
            at.filters.to(at.address.run(external_id));
        }
    };
    view! {
        <span class="filter" class:active=move || !at.account.read().is_empty()>
            <button type="button" class="filter-button" popovertarget="account-choice">
                {icon("building-2")}
                <span class="truncate" dir="auto">{face}</span>
            </button>
            {clear_link(at.account, at.clear, "Account")}
            <div class="menu filter-panel account-choice" popover="auto" id="account-choice">
                <label class="label" for="account-find">"Account"</label>
                <input
                    class="input"
                    id="account-find"
                    type="text"
                    name="find"
                    placeholder="Name or id"
                    maxlength="200"
                    autocomplete="off"
                    spellcheck="false"
                    value=at.find.get_untracked()
                    node_ref=input
                    on:input=move |_| typed()
                    on:keydown=move |event| {
                        if event.key() == "Enter" {
                            event.prevent_default();
                            first();
                        }
                    }
                />
                {move || list(at, &shown.read())}
                <p class="hint" role="status">{move || counted(&shown.read())}</p>
                {move || {
                    shown
                        .read()
                        .next
                        .is_some()
                        .then(|| {
                            view! {
                                <button type="button" class="button small needs-script" on:click=more>
                                    "Show more"
                                </button>
                            }
                        })
                }}
                <button type="submit" class="button small without-script">"Search"</button>
            </div>
            <input
                type="hidden"
                name="account"
                value=move || at.account.get()
                disabled=move || at.account.read().is_empty()
            />
        </span>
    }
    .erased()
}

fn list(at: AccountFilter, choice: &AccountChoice) -> AnyView {
    let links = choice
        .found
        .iter()
        .map(|account| {
            let external_id = account.external_id.clone();
            let current = (*at.account.read_untracked() == external_id).then_some("true");
            let href = at.address.run(external_id.clone());
            view! {
                <a
                    class="menu-item"
                    href=href
                    data-noscroll="true"
                    aria-current=current
                >
                    <span class="truncate" dir="auto">{account.name.clone()}</span>
                    <span class="dim truncate">{external_id}</span>
                </a>
            }
        })
        .collect_view();
    view! { <div class="account-list">{links}</div> }.erased()
}

/// What a search without script found, below the filters.
pub fn found_without_script(at: AccountFilter, choice: &AccountChoice) -> AnyView {
    if at.find.read_untracked().is_empty() {
        return ().erased();
    }
    view! {
        <div class="card account-found without-script" role="status">
            <p class="hint">{counted(choice)}</p>
            {list(at, choice)}
        </div>
    }
    .erased()
}

fn counted(choice: &AccountChoice) -> String {
    let shown = choice.found.len() as i64;
    match choice.matching {
        _ if choice.total == 0 => "There are no accounts yet.".to_owned(),
        0 => format!("None of {} accounts has this in its name or id.", grouped(choice.total)),
        matching if matching == choice.total && matching > shown => {
            format!("{shown} of {} shown, type to narrow.", grouped(matching))
        }
        matching if matching > shown => {
            format!("{shown} of {} shown, type to narrow.", up_to(matching, ACCOUNTS_MATCHED))
        }
        1 => "1 account.".to_owned(),
        matching => format!("{} accounts.", grouped(matching)),
    }
}

fn told_apart(account: &AccountOption) -> String {
    if account.name == account.external_id {
        return account.name.clone();
    }
    format!("{} ({})", isolated(&account.name), account.external_id)
}
