//! The filter of a list by account, of which there may be thousands: a chip whose panel has the field that finds one. Without
//! script the search is sent with the list's form, and what it found stands below the filters, as links.

use leptos::prelude::*;

use crate::model::account::{AccountChoice, AccountOption};
use crate::model::text::isolated;
use crate::ui::component::account_combobox::{account_combobox, counted, face};
use crate::ui::component::markup::Markup;
use crate::ui::component::menu;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, clear_link};
use crate::ui::kit::icon::icon;
use crate::ui::kit::list::ListPlace;

/// The panel's id.
const PANEL: &str = "account-choice";

/// Where the filter stands.
#[derive(Clone, Copy)]
pub struct AccountFilter {
    filters: Filters,
    environment: Memo<String>,
    /// External id of the chosen account; empty for all.
    account: Memo<String>,
    /// What is looked for where no script does it.
    find: Memo<String>,
    /// The list without the filter.
    clear: Memo<String>,
    /// The list with the account of this external id.
    address: Callback<String, String>,
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

/// Which account the filter has, as far as the list's data knows it.
pub fn chosen_account(at: AccountFilter, chosen: Option<AccountOption>) -> AnyView {
    (move || {
        let account = Some(at.account.get()).filter(|account| !account.is_empty())?;
        // The data may still be those of another account.
        Some(match chosen.as_ref().filter(|chosen| chosen.external_id == account) {
            Some(chosen) => told_apart(chosen),
            None => account,
        })
    })
    .erased()
}

/// `chosen` comes from [`chosen_account`]: it is drawn anew with the list's data, and the rest stays, whatever becomes of them.
pub fn account_filter(at: AccountFilter, chosen: AnyView) -> AnyView {
    let choose = Callback::new(move |external_id: String| {
        menu::close(PANEL);
        at.filters.to(at.address.run(external_id));
    });
    view! {
        <span class="filter" class:active=move || !at.account.read().is_empty()>
            <button type="button" class="filter-button" popovertarget=PANEL>
                {icon("building-2")}
                <span class:visually-hidden=move || !at.account.read().is_empty()>"Account"</span>
                <span class="truncate" dir="auto">{chosen}</span>
            </button>
            {clear_link(at.account, at.clear, "Account")}
            <div class="menu filter-panel account-choice" popover="auto" id=PANEL>
                {account_combobox(at.environment, at.find.get_untracked(), choose)}
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

/// What a search without script found, below the filters.
pub fn found_without_script(at: AccountFilter, choice: &AccountChoice) -> AnyView {
    let Some(found) = &choice.found else { return ().erased() };
    let mut links = Markup::default();
    for account in &found.accounts {
        links = links.tag("<a class=\"menu-item\" href=\"").text(&at.address.run(account.external_id.clone()));
        links = face(links.tag("\">"), account).tag("</a>");
    }
    view! {
        <div class="card account-found without-script">
            <p class="hint" role="status">{counted(found, &at.find.read_untracked())}</p>
            <div class="choices" inner_html=links.done()></div>
        </div>
    }
    .erased()
}

fn told_apart(account: &AccountOption) -> String {
    if account.name == account.external_id {
        return account.name.clone();
    }
    format!("{} ({})", isolated(&account.name), account.external_id)
}
