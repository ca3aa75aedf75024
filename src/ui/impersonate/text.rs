//! Reason and ticket. Both are the browser's own inputs: what was typed is never set, cut or lost by this page.

use leptos::html::{Input, Textarea};
use leptos::prelude::*;

use super::state::State;
use crate::model::impersonation::{REASON_MAX, REASON_MIN, TICKET_MAX};
use crate::model::text::written;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::field::{field_error, label};

pub fn reason(state: State) -> AnyView {
    state.form.names("reason");
    let area = NodeRef::<Textarea>::new();
    effect(move || {
        if let Some(area) = area.get() {
            state.reason.set(area.value());
            _ = area.focus();
        }
    });
    let length = Memo::new(move |_| state.reason.with(|reason| written(reason).chars().count()));
    let too_long = move || state.too_long_by().is_some();
    let error = move || match state.too_long_by() {
        Some(by) => Some(format!("Too long by {by}. {REASON_MAX} characters are the most.")),
        None => state.form.error_of("reason"),
    };
    let is_linked = state.asked.with_value(|asked| asked.contains("reason="));
    view! {
        <div class="field">
            {label("impersonate-reason", "Reason", "required")}
            <textarea
                class="input"
                id="impersonate-reason"
                name="reason"
                rows="3"
                required=true
                dir="auto"
                placeholder="What are you going to look at, and why?"
                aria-invalid=move || error().is_some().to_string()
                aria-describedby="impersonate-reason-error impersonate-reason-hint"
                autofocus=true
                node_ref=area
                inner_html=escaped(&state.reason.get_untracked())
                on:input=move |event| {
                    state.reason.set(event_target_value(&event));
                    state.form.touched("reason");
                    state.keep_draft();
                }
            ></textarea>
            {field_error("impersonate-reason-error", error)}
            <div class="field-foot">
                <p class="hint" id="impersonate-reason-hint">
                    {is_linked.then_some("A link wrote this: see that it is true. ")}
                    {format!("At least {REASON_MIN} letters or digits; a ticket number will do. ")}
                    {audience(state)}
                </p>
                <span class="counter needs-script" class:bad=too_long>{move || format!("{} / {REASON_MAX}", length.get())}</span>
            </div>
        </div>
    }
    .erased()
}

/// Who will read the reason.
fn audience(state: State) -> AnyView {
    let name = state.first_name();
    let hidden = state.drawer.with_value(|drawer| drawer.hidden_from_account_audit);
    if hidden {
        return view! { "Shown in the audit trail and to " <bdi>{name}</bdi> ". The account’s own log does not show it." }.erased();
    }
    let account = move || state.with_account(|account| account.map(|account| account.name.clone()).unwrap_or_default());
    view! {
        "Shown in the audit trail, in the log of "
        <bdi>{account}</bdi>
        " and to "
        <bdi>{name}</bdi>
        "."
    }
    .erased()
}

pub fn ticket(state: State) -> AnyView {
    state.form.names("ticket");
    let input = NodeRef::<Input>::new();
    effect(move || {
        if let Some(input) = input.get() {
            state.ticket.set(input.value());
        }
    });
    let error = move || {
        let length = state.ticket.with(|ticket| written(ticket).chars().count());
        if length > TICKET_MAX {
            return Some(format!("Too long: {length} characters of {TICKET_MAX}."));
        }
        state.form.error_of("ticket")
    };
    view! {
        <div class="field">
            {label("impersonate-ticket", "Ticket", "optional")}
            <input
                class="input"
                id="impersonate-ticket"
                name="ticket"
                placeholder="e.g. SUP-4821"
                autocomplete="off"
                aria-invalid=move || error().is_some().to_string()
                aria-describedby="impersonate-ticket-error"
                node_ref=input
                value=state.ticket.get_untracked()
                on:input=move |event| {
                    state.ticket.set(event_target_value(&event));
                    state.form.touched("ticket");
                    state.keep_draft();
                }
            />
            {field_error("impersonate-ticket-error", error)}
        </div>
    }
    .erased()
}

/// A textarea's text for `inner_html`: an empty child would hydrate as a space.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
