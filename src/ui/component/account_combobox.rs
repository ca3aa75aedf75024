//! The field that finds an account: the combobox of WAI-ARIA's practices, with a list below it. What is typed is searched on
//! the server; the focus stays in the field, and the keys move through the list. Without script it is a text field, `find`,
//! of the form around it.
//!
//! What only the browser does is done to the elements themselves: views that react to each key would be five times the code.

use std::time::Duration;

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::html::{Input, Ul};
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, HtmlElement};

use crate::model::account::{ACCOUNTS_FOUND, AccountOption, FoundAccounts};
use crate::model::error::ApiError;
use crate::rpc::accounts::SearchAccounts;
use crate::ui::component::markup::Markup;
use crate::ui::kit::call::ask;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::state::failure;

/// The field's id. The list's is the same with `-list`, an option's with its number.
const ID: &str = "account-find";

/// So long nothing must be typed for the server to be asked.
const PAUSE: Duration = Duration::from_millis(150);

#[derive(Clone, Copy)]
struct Combobox {
    environment: Memo<String>,
    choose: Callback<String>,
    input: NodeRef<Input>,
    list: NodeRef<Ul>,
    /// What was asked last, and the answer. None where nothing was, or a choice was made.
    shown: RwSignal<Option<(Question, Result<FoundAccounts, ApiError>)>>,
    /// The option that Enter chooses, and whether the keys are in the list, where Home and End mean its ends.
    active: StoredValue<(Option<usize>, bool)>,
    waiting: StoredValue<Option<TimeoutHandle>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Question {
    environment: String,
    typed: String,
}

/// `choose` is given the external id of what was chosen. `typed` is what was sent without script.
pub fn account_combobox(environment: Memo<String>, typed: String, choose: Callback<String>) -> AnyView {
    let at = Combobox {
        environment,
        choose,
        input: NodeRef::new(),
        list: NodeRef::new(),
        shown: RwSignal::new(None),
        active: StoredValue::new((None, false)),
        waiting: StoredValue::new(None),
    };
    effect(move || at.show());
    view! {
        <label class="label" for=ID>"Account"</label>
        <input
            class="input"
            id=ID
            type="text"
            name="find"
            placeholder="Name or id"
            maxlength="200"
            autofocus=true
            autocomplete="off"
            autocapitalize="none"
            spellcheck="false"
            aria-controls="account-find-list"
            value=typed
            node_ref=at.input
            on:focus=move |_| at.focused()
            on:input=move |_| at.typed()
            on:keydown=move |event| at.pressed(&event)
        />
        <ul
            class="choices"
            id="account-find-list"
            role="listbox"
            aria-label="Accounts"
            hidden=true
            node_ref=at.list
            on:mousedown=|event| event.prevent_default()
            on:click=move |event| at.clicked(&event)
        ></ul>
        <p class="hint needs-script" role="status">{move || at.said()}</p>
        {move || at.failed()}
    }
    .erased()
}

impl Combobox {
    /// The list as it is now. First what makes the field a combobox, which it is with script only.
    fn show(self) {
        let (Some(input), Some(list)) = (self.input.get(), self.list.get()) else { return };
        self.environment.track();
        self.shown.track();
        let markup = self.found(options).unwrap_or_default();
        list.set_inner_html(&markup);
        list.set_scroll_top(0);
        list.set_hidden(markup.is_empty());
        for (name, value) in [
            ("role", "combobox"),
            ("aria-autocomplete", "list"),
            ("aria-expanded", if markup.is_empty() { "false" } else { "true" }),
        ] {
            _ = input.set_attribute(name, value);
        }
        let is_sought = !input.value().is_empty() && !markup.is_empty();
        self.activate(is_sought.then_some(0), false);
        // Who was here before the script.
        if self.shown.with_untracked(Option::is_none) && input.matches(":focus").unwrap_or_default() {
            self.look(false);
        }
    }

    fn said(self) -> String {
        self.shown.with(|shown| match shown {
            None => "Searching…".to_owned(),
            Some((question, Ok(found))) => counted(found, &question.typed),
            Some((_, Err(_))) => String::new(),
        })
    }

    fn failed(self) -> Option<AnyView> {
        let error = self.shown.with(|shown| shown.as_ref().and_then(|(_, answer)| answer.as_ref().err().cloned()));
        error.map(failure)
    }

    fn question(self) -> Option<Question> {
        let typed = self.input.try_get_untracked().flatten()?.value();
        Some(Question { environment: self.environment.get_untracked(), typed })
    }

    /// Whether what is shown answers what is asked now.
    fn is_current(self) -> bool {
        let now = self.question();
        self.shown.with_untracked(|shown| matches!(shown, Some((question, Ok(_))) if Some(question) == now.as_ref()))
    }

    /// What is shown, unless it is of an environment that was left.
    fn found<T>(self, read: impl FnOnce(&[AccountOption]) -> T) -> Option<T> {
        let here = self.environment.get_untracked();
        self.shown.with_untracked(|shown| match shown {
            Some((question, Ok(found))) if question.environment == here => Some(read(&found.accounts)),
            _ => None,
        })
    }

    fn focused(self) {
        if !self.is_current() {
            self.look(false);
        }
    }

    fn typed(self) {
        let soon = set_timeout_with_handle(move || self.focused(), PAUSE).ok();
        if let Some(Some(before)) = self.waiting.try_update_value(|waiting| std::mem::replace(waiting, soon)) {
            before.clear();
        }
    }

    /// Asks the server, and takes the first that it finds where somebody pressed Enter before the answer.
    fn look(self, take_first: bool) {
        let Some(question) = self.question() else { return };
        spawn_local(async move {
            let Question { environment, typed } = question.clone();
            let answer = ask(SearchAccounts { environment, typed }).await;
            // It may come behind that of a later question, or be asked no more.
            if self.question().as_ref() != Some(&question) {
                return;
            }
            let is_found = answer.is_ok();
            if self.shown.try_set(Some((question, answer))).is_none() && take_first && is_found {
                self.take(0);
            }
        });
    }

    fn take(self, place: usize) {
        let chosen = self.found(|found| found.get(place).map(|account| account.external_id.clone())).flatten();
        let (Some(external_id), Some(input)) = (chosen, self.input.get_untracked()) else { return };
        input.set_value("");
        self.shown.set(None);
        self.choose.run(external_id);
    }

    fn clicked(self, event: &MouseEvent) {
        let option = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let option = option.and_then(|target| target.closest("[role=option]").ok().flatten());
        let place = option.and_then(|option| option.id().rsplit('-').next()?.parse().ok());
        if let Some(place) = place {
            self.take(place);
        }
    }

    fn pressed(self, event: &KeyboardEvent) {
        if event.is_composing() || event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key() {
            return;
        }
        let (active, is_walking) = self.active.get_value();
        let count = self.found(<[_]>::len).unwrap_or_default();
        let to = match (event.key().as_str(), active) {
            ("Enter", active) => {
                event.prevent_default();
                match active {
                    Some(place) if self.is_current() => self.take(place),
                    _ if !self.is_current() => self.look(true),
                    _ => {}
                }
                return;
            }
            ("ArrowDown", Some(place)) => place + 1,
            ("ArrowDown", None) => 0,
            ("ArrowUp", Some(place)) if place > 0 => place - 1,
            ("ArrowUp", _) => count.saturating_sub(1),
            // Otherwise they are the text's.
            ("Home", _) if is_walking => 0,
            ("End", _) if is_walking => count.saturating_sub(1),
            _ => return,
        };
        event.prevent_default();
        self.activate(Some(if to < count { to } else { 0 }), true);
    }

    /// Marks an option as the one that Enter chooses, and brings it into sight.
    fn activate(self, place: Option<usize>, is_walking: bool) {
        let (Some(input), Some(list)) = (self.input.get_untracked(), self.list.get_untracked()) else { return };
        if let Some(before) = list.query_selector("[aria-selected=true]").ok().flatten() {
            _ = before.set_attribute("aria-selected", "false");
        }
        let option =
            place.and_then(|place| list.query_selector(&format!("li:nth-child({})", place + 1)).ok().flatten());
        self.active.set_value((place.filter(|_| option.is_some()), is_walking));
        let Some(option) = option else {
            _ = input.remove_attribute("aria-activedescendant");
            return;
        };
        _ = option.set_attribute("aria-selected", "true");
        _ = input.set_attribute("aria-activedescendant", &option.id());
        let option = option.unchecked_ref::<HtmlElement>();
        let (top, bottom) = (option.offset_top(), option.offset_top() + option.offset_height());
        if top < list.scroll_top() {
            list.set_scroll_top(top);
        } else if bottom > list.scroll_top() + list.client_height() {
            list.set_scroll_top(bottom - list.client_height());
        }
    }
}

fn options(accounts: &[AccountOption]) -> String {
    let mut markup = Markup::default();
    for (place, account) in accounts.iter().enumerate() {
        markup = markup
            .tag("<li class=\"menu-item\" role=\"option\" aria-selected=\"false\" id=\"account-find-")
            .text(&place.to_string());
        markup = face(markup.tag("\">"), account).tag("</li>");
    }
    markup.done()
}

/// Name and external id: two accounts of one name are told apart.
pub fn face(markup: Markup, account: &AccountOption) -> Markup {
    let markup = markup.tag("<span class=\"truncate\" dir=\"auto\">").text(&account.name).tag("</span>");
    if account.name == account.external_id {
        return markup;
    }
    markup.tag(" <span class=\"dim truncate\">").text(&account.external_id).tag("</span>")
}

/// How many were found. What is left out is said.
pub fn counted(found: &FoundAccounts, typed: &str) -> String {
    match found.accounts.len() {
        0 if typed.is_empty() => "There are no accounts yet.".to_owned(),
        // So little is looked for where words begin: everything has it somewhere.
        0 if typed.chars().count() < 3 => "Nothing found: no word of a name or id begins with this.".to_owned(),
        0 => "Nothing found: no account has this in its name or id.".to_owned(),
        _ if found.more => format!("More than {ACCOUNTS_FOUND} accounts: keep typing."),
        1 => "1 account.".to_owned(),
        count => format!("{count} accounts."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(count: usize) -> Vec<AccountOption> {
        (0..count).map(|n| AccountOption { external_id: format!("acme-{n}"), name: "Acme".into() }).collect()
    }

    #[test]
    fn what_was_found_is_counted_in_words() {
        let said = |count, more, typed| counted(&FoundAccounts { accounts: accounts(count), more }, typed);
        assert_eq!(said(0, false, ""), "There are no accounts yet.");
        assert_eq!(said(0, false, "er"), "Nothing found: no word of a name or id begins with this.");
        assert_eq!(said(0, false, "ern"), "Nothing found: no account has this in its name or id.");
        assert_eq!(said(1, false, "x"), "1 account.");
        assert_eq!(said(2, false, ""), "2 accounts.");
        assert_eq!(said(ACCOUNTS_FOUND, true, ""), "More than 50 accounts: keep typing.");
    }

    #[test]
    fn two_accounts_of_one_name_are_told_apart_and_an_id_that_is_the_name_is_said_once() {
        let markup = options(&accounts(2));
        assert!(markup.contains("acme-0") && markup.contains("acme-1"), "{markup}");
        let odd = AccountOption { external_id: "<b>".into(), name: "<b>".into() };
        let said = face(Markup::default(), &odd).done();
        assert_eq!(said, "<span class=\"truncate\" dir=\"auto\">&lt;b&gt;</span>");
    }
}
