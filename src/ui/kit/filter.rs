//! Filters of a list: a GET form whose words are the page's address. Without script it is sent with its button; with script
//! each change moves on to the new address.

use std::time::Duration;

use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{HtmlElement, HtmlFormElement};
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::words_of;
use crate::ui::kit::icon::icon;

/// Moves to the address that the form describes. `replace` while typing, so that Back leads out of the search.
#[derive(Clone, Copy)]
pub struct Filters {
    path: Signal<String>,
    go: Callback<(String, bool)>,
}

impl Filters {
    pub fn new(path: Signal<String>) -> Self {
        let navigate = use_navigate();
        let navigate = StoredValue::new(navigate);
        let go = Callback::new(move |(url, replace): (String, bool)| {
            navigate.with_value(|navigate| {
                navigate(&url, NavigateOptions { replace, scroll: false, ..NavigateOptions::default() });
            });
        });
        Self { path, go }
    }

    pub fn path(self) -> Signal<String> {
        self.path
    }

    /// Moves to an address of the same list.
    pub fn to(self, url: String) {
        self.go.run((url, false));
    }

    /// What finds an account is no part of the list's address: with script it is found in place.
    fn send(self, form: &HtmlFormElement, replace: bool) {
        self.go.run((words_of(form).without(&["find"]).on(&self.path.get_untracked()), replace));
    }

    pub fn submitted(self, event: SubmitEvent) {
        event.prevent_default();
        if let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) {
            // A panel from which the form was sent has done its work.
            if let Some(panel) = form.query_selector(":popover-open").ok().flatten() {
                _ = panel.unchecked_into::<HtmlElement>().hide_popover();
            }
            self.send(&form, false);
        }
    }

    /// For the `change` event of a select, date or checkbox in the form.
    pub fn changed(self, event: leptos::ev::Event) {
        if let Some(form) = form_of(&event) {
            self.send(&form, false);
        }
    }
}

fn form_of(event: &leptos::ev::Event) -> Option<HtmlFormElement> {
    let element = event.target()?.dyn_into::<leptos::web_sys::Element>().ok()?;
    element.closest("form").ok().flatten()?.dyn_into().ok()
}

/// The search box: moves on a quarter of a second after the last key. Follows the address, but never while being typed into.
pub fn search_box(filters: Filters, label: &'static str, value: Memo<String>) -> AnyView {
    let input = NodeRef::<Input>::new();
    let waiting = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |form: HtmlFormElement| {
        let send = move || {
            // Whoever was faster, by Enter, is there already.
            let typed = input.try_get_untracked().flatten().map(|input| input.value());
            if typed.is_some() && typed != value.try_get_untracked() {
                filters.send(&form, true);
            }
        };
        let send = set_timeout_with_handle(send, Duration::from_millis(250));
        if let Some(Some(before)) = waiting.try_update_value(|waiting| std::mem::replace(waiting, send.ok())) {
            before.clear();
        }
    };
    follow(input, value);
    view! {
        <label class="search">
            {icon("search")}
            <span class="visually-hidden">{label}</span>
            <input
                type="search"
                name="q"
                class="input"
                placeholder=label
                maxlength="200"
                autocomplete="off"
                spellcheck="false"
                value=value.get_untracked()
                node_ref=input
                on:input=move |event| {
                    if let Some(form) = form_of(event.as_ref()) {
                        typed(form);
                    }
                }
            />
        </label>
    }
    .erased()
}

/// Keeps an input at `value` where that changes elsewhere: a chip removed, Back pressed.
pub fn follow(input: NodeRef<Input>, value: Memo<String>) {
    let mut before = None::<String>;
    effect(move || {
        let value = value.get();
        if before.replace(value.clone()).is_some_and(|before| before != value)
            && let Some(input) = input.get_untracked()
        {
            let focused = document().active_element().is_some_and(|active| active.is_same_node(Some(input.as_ref())));
            if !focused {
                input.set_value(&value);
            }
        }
    });
}

/// A select that looks like a chip: dashed while it filters nothing, filled with a cross behind it while it does.
pub fn select_filter(
    filters: Filters,
    name: &'static str,
    label: &'static str,
    glyph: &'static str,
    value: Memo<String>,
    clear: Memo<String>,
    options: AnyView,
) -> AnyView {
    view! {
        <span class="filter" class:active=move || !value.read().is_empty()>
            <label>
                {icon(glyph)}
                <span class="visually-hidden">{label}</span>
                <select
                    name=name
                    prop:value=move || value.get()
                    on:change=move |event| filters.changed(event)
                >
                    <option value="" selected=value.read_untracked().is_empty()>{label}</option>
                    {options}
                </select>
            </label>
            {clear_link(value, clear, label)}
        </span>
    }
    .erased()
}

/// The cross behind an active filter.
pub fn clear_link(value: Memo<String>, clear: Memo<String>, label: &'static str) -> AnyView {
    view! {
        {move || {
            (!value.read().is_empty())
                .then(|| {
                    view! {
                        <a
                            class="filter-clear"
                            href=move || clear.get()
                            data-noscroll="true"
                            aria-label=format!("Remove filter: {label}")
                        >
                            {icon("x")}
                        </a>
                    }
                })
        }}
    }
    .erased()
}

/// Sends the form where script does not.
pub fn apply_button() -> AnyView {
    view! { <button type="submit" class="button small without-script">"Apply"</button> }.erased()
}
