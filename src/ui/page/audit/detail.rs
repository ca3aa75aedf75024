//! One event with all its fields, in a drawer whose address can be shared. The arrow keys go through the list beside it.

use leptos::ev;
use leptos::prelude::*;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{Element, KeyboardEvent};
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use uuid::Uuid;

use super::List;
use super::words::{action_label, actor, kind};
use crate::model::audit::AuditItem;
use crate::model::device::describe;
use crate::model::time::{exact, machine};
use crate::rpc::audit::GetEvent;
use crate::ui::component::badge::severity;
use crate::ui::component::copy::copyable;
use crate::ui::component::dialog::{self, close_button};
use crate::ui::kit::address::Words;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{Loading, loaded_or, loading_some};
use crate::ui::kit::state::{error_view, nothing};

/// What the open drawer shows.
pub fn needs(environment: String, event_id: Uuid) -> Need {
    Need::of(GetEvent { environment, event_id })
}

pub fn detail(list: List) -> AnyView {
    let data = loading_some(
        move || (list.frame.environment.get(), list.open.get()),
        |(environment, event)| event.map(|event_id| GetEvent { environment, event_id }),
    );
    let close_url = Memo::new(move |_| list.closed());
    // From one event to the next the drawer stays.
    let is_open = Memo::new(move |_| list.open.read().is_some());
    view! { {move || is_open.get().then(|| open(list, data, close_url))} }.erased()
}

fn open(list: List, data: Loading<Option<AuditItem>>, close_url: Memo<String>) -> AnyView {
    keys(list);
    let content = loaded_or(
        data,
        nothing,
        move |event: Option<AuditItem>| match event {
            Some(event) if list.open.get_untracked() == Some(event.id) => {
                frame(close_url, Some(&event), body(list, &event))
            }
            _ => nothing(),
        },
        move |error| frame(close_url, None, error_view(error)),
    );
    // Where it is closed, the address names no event any more.
    let opener = Memo::new(move |last: Option<&String>| match (list.open.get(), last) {
        (None, Some(last)) => last.clone(),
        (event, _) => format!("#{}", row_id(event.unwrap_or_default())),
    });
    dialog::drawer("event-drawer", "Event", close_url, opener.into(), content)
}

/// The id of an event's link in the list.
pub fn row_id(event: Uuid) -> String {
    format!("event-{event}")
}

/// The arrow keys, or k and j, lead to the event above and below in the list, as long as the drawer is there.
fn keys(list: List) {
    let navigate = use_navigate();
    let go = Callback::new(move |url: String| {
        navigate(&url, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
    });
    effect(move || {
        let handle = window_event_listener(ev::keydown, move |event| {
            let Some(next) = step(&event).and_then(|step| beside(list.open.get_untracked()?, step)) else { return };
            event.prevent_default();
            go.run(untrack(|| list.and("event", &next)));
        });
        on_cleanup(move || handle.remove());
    });
}

#[derive(Clone, Copy)]
enum Step {
    Up,
    Down,
}

/// Where a key leads, unless it belongs to a field or to the browser.
fn step(event: &KeyboardEvent) -> Option<Step> {
    let is_plain = !(event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key());
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let fields = "input, textarea, select, [contenteditable]";
    let in_field = target.is_some_and(|target| target.closest(fields).ok().flatten().is_some());
    if !is_plain || in_field || event.is_composing() || event.default_prevented() {
        return None;
    }
    match event.key().as_str() {
        "ArrowUp" | "k" => Some(Step::Up),
        "ArrowDown" | "j" => Some(Step::Down),
        _ => None,
    }
}

/// The id of the event that stands beside this one in the list, folded away or not. Each fold is a body of the table.
fn beside(event: Uuid, step: Step) -> Option<String> {
    let row = document().get_element_by_id(&row_id(event))?.closest("tr").ok()??;
    let fold = row.parent_element()?;
    let other = match step {
        Step::Up => {
            let above = || fold.previous_element_sibling()?.last_element_child();
            row.previous_element_sibling().or_else(above)
        }
        Step::Down => {
            let below = || fold.next_element_sibling()?.first_element_child();
            row.next_element_sibling().or_else(below)
        }
    };
    let link = other?.query_selector(".row-link").ok()??;
    link.id().strip_prefix("event-").map(str::to_owned)
}

fn frame(close_url: Memo<String>, event: Option<&AuditItem>, body: AnyView) -> AnyView {
    let title = event.map_or_else(|| "Event".to_owned(), |event| action_label(&event.action));
    let eyebrow = if event.is_some_and(AuditItem::is_impersonated) {
        view! { <p class="eyebrow amber">{icon("venetian-mask")} <span>"Impersonated event"</span></p> }.erased()
    } else {
        view! { <p class="eyebrow">{icon("scroll-text")} <span>"Event"</span></p> }.erased()
    };
    view! {
        <div class="drawer-frame">
            <header class="drawer-head">
                <div class="drawer-title">
                    {eyebrow}
                    <h2>{title}</h2>
                    {event.map(|event| view! { <p class="dim">{event.description.clone()}</p> })}
                </div>
                {close_button(close_url)}
            </header>
            <div class="drawer-body">{body}</div>
        </div>
    }
    .erased()
}

/// What the browser is, with its own words on hover.
fn browser(event: &AuditItem) -> Option<AnyView> {
    let own = event.user_agent.clone()?;
    let said = describe(&own).unwrap_or_else(|| own.clone());
    Some(view! { <span class="wrap" title=own>{said}</span> }.erased())
}

/// The way to everything that happened in a session.
fn story(list: List, session: Uuid) -> AnyView {
    let href = format!("/{}/sessions/{session}", list.frame.environment.get_untracked());
    view! { <a class="link" href=href rel="external">"Its whole story"</a> }.erased()
}

fn body(list: List, event: &AuditItem) -> AnyView {
    let text = |value: &Option<String>| {
        value.clone().map(|value| view! { <span class="wrap" dir="auto">{value}</span> }.erased())
    };
    let id = |value: Option<Uuid>, what| value.map(|value| copyable(value.to_string(), what));
    let user = event.user_id.map(|user| {
        let href = format!("{}/{user}", list.frame.path("users").get_untracked());
        let name = event.user_name.clone().or_else(|| event.user_email.clone()).unwrap_or_else(|| user.to_string());
        view! { <a class="link" dir="auto" href=href>{name}</a> }.erased()
    });
    let moment = view! { <time datetime=machine(event.occurred_at)>{exact(event.occurred_at)}</time> }.erased();
    let same = Words::default().with("action", &event.action).on(&list.path.get_untracked());
    let action =
        view! { <a class="link" href=same title="All events of this kind"><code>{event.action.clone()}</code></a> };
    let seen = if event.visible_to_account { "Yes" } else { "No" };
    let seen = event.account_name.as_ref().map(|_| seen.erased());
    let facts = [
        ("Time", Some(moment)),
        ("Action", Some(action.erased())),
        ("Severity", Some(severity(event.severity))),
        ("Done by", Some(actor(event))),
        ("Kind of actor", Some(kind(event.actor_kind).erased())),
        ("Mode of the session", event.mode.map(|mode| mode.label().erased())),
        ("Reason", text(&event.reason)),
        ("Ticket", text(&event.ticket)),
        ("User", user),
        ("User’s e-mail", text(&event.user_email)),
        ("Account", text(&event.account_name)),
        ("In the account’s log", seen),
        ("Application", text(&event.application_name)),
        ("Address", text(&event.ip_address)),
        ("Browser", browser(event)),
        ("Event id", id(Some(event.id), "event id")),
        ("Session", event.session_id.map(|session| story(list, session))),
        ("Session id", id(event.session_id, "session id")),
        ("Actor id", id(event.actor_id, "actor id")),
        ("Operator id", id(event.operator_id, "operator id")),
        ("Request id", event.request_id.clone().map(|request| copyable(request, "request id"))),
    ];
    let facts = facts
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| view! { <dt>{name}</dt> <dd>{value}</dd> }))
        .collect_view();
    view! { <dl class="facts wide-facts">{facts}</dl> }.erased()
}
