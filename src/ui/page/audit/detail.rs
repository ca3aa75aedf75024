//! One event with all its fields, in a drawer whose address can be shared.

use leptos::prelude::*;
use uuid::Uuid;

use super::List;
use super::words::{action_label, actor, kind};
use crate::api::audit::GetEvent;
use crate::model::audit::AuditItem;
use crate::model::device::describe;
use crate::ui::address::Words;
use crate::ui::component::badge::severity;
use crate::ui::component::copy::copyable;
use crate::ui::component::dialog::{self, close_button};
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::ahead::Need;
use crate::ui::component::loaded::{Loading, loaded_or, loading_some};
use crate::ui::component::state::{error_view, nothing};
use crate::ui::component::time::{exact, machine};
use crate::ui::erase::Erase;

/// What the open drawer shows.
pub fn needs(environment: String, event_id: Uuid) -> Need {
    Need::of(GetEvent { environment, event_id })
}

pub fn detail(list: List) -> AnyView {
    let data = loading_some(
        move || (list.frame.environment.get(), list.event.get()),
        |(environment, event)| event.map(|event_id| GetEvent { environment, event_id }),
    );
    let close_url = Memo::new(move |_| list.words.with(|words| words.on(&list.path.get())));
    view! { {move || list.event.get().map(|event| open(list, event, data, close_url))} }.erased()
}

fn open(list: List, id: Uuid, data: Loading<Option<AuditItem>>, close_url: Memo<String>) -> AnyView {
    let content = loaded_or(
        data,
        nothing,
        move |event: Option<AuditItem>| match event {
            Some(event) if event.id == id => frame(close_url, Some(&event), body(list, &event)),
            _ => nothing(),
        },
        move |error| frame(close_url, None, error_view(error)),
    );
    dialog::drawer("event-drawer", "Event", close_url, format!("#event-{id}"), content)
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
