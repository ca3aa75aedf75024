//! The events as rows. What was done inside an impersonation is marked, with both people and the reason.

use leptos::prelude::*;

use super::List;
use super::words::{action_label, actor};
use crate::model::audit::{AuditItem, AuditPage};
use crate::ui::component::badge::severity;
use crate::ui::component::icon::icon;
use crate::ui::component::pager::pager;
use crate::ui::component::state::{empty, nothing};
use crate::ui::component::time::{day, exact, machine, seconds};
use crate::ui::erase::Erase;

pub fn table(list: List, page: AuditPage) -> AnyView {
    if page.rows.is_empty() {
        return none(list);
    }
    let step = |cursor: &Option<String>| cursor.as_ref().map(|cursor| list.and("cursor", cursor));
    let (previous, next) = (step(&page.previous), step(&page.next));
    let count = page.rows.len();
    let summary = if count == 1 { "1 event on this page".to_owned() } else { format!("{count} events on this page") };
    let rows = page.rows.into_iter().map(|event| row(list, event)).collect_view();
    view! {
        <div class="card table-card">
            <table class="table audit-table" aria-label="Audit trail">
                <thead>
                    <tr>
                        <th scope="col" class="col-time">"Time"</th>
                        <th scope="col" class="col-actor">"Actor"</th>
                        <th scope="col" class="col-action">"Action"</th>
                        <th scope="col" class="col-target">"User"</th>
                        <th scope="col" class="col-account">"Account"</th>
                        <th scope="col" class="col-severity">"Severity"</th>
                        <th scope="col" class="col-address">"Address"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            {pager(summary, previous, next, ("Newer", "Older"))}
        </div>
    }
    .erased()
}

fn row(list: List, event: AuditItem) -> AnyView {
    let id = event.id;
    let impersonated = event.is_impersonated();
    let reason = event.reason.clone().map(|reason| {
        view! { <span class="reason dim" dir="auto" title=reason.clone()>{reason.clone()}</span> }
    });
    let target = event.user_name.clone().or_else(|| event.user_email.clone());
    let email = event.user_email.clone();
    view! {
        <tr class:impersonated=impersonated class:selected=move || list.event.get() == Some(id)>
            <td class="col-time">
                <time datetime=machine(event.occurred_at) title=exact(event.occurred_at) class="stacked">
                    <span>{seconds(event.occurred_at)}</span>
                    <span class="dim">{day(event.occurred_at)}</span>
                </time>
            </td>
            <td class="col-actor">
                <div class="with-icon">
                    {impersonated.then(|| icon("venetian-mask"))}
                    <div class="stacked">
                        <span class="truncate">{actor(&event)}</span>
                        {reason}
                    </div>
                </div>
            </td>
            <td class="col-action">
                <a
                    class="row-link"
                    id=format!("event-{id}")
                    href=move || list.and("event", &id.to_string())
                    data-noscroll="true"
                    title=event.description.clone()
                >
                    {action_label(&event.action)}
                </a>
            </td>
            <td class="col-target">
                <span class="truncate" dir="auto" title=email>{target}</span>
            </td>
            <td class="col-account">
                <span class="truncate" dir="auto">{event.account_name.clone()}</span>
            </td>
            <td class="col-severity">{severity(event.severity)}</td>
            <td class="col-address dim">{event.ip_address.clone()}</td>
        </tr>
    }
    .erased()
}

fn none(list: List) -> AnyView {
    let query = list.query.get_untracked();
    let content = if query.is_filtered() {
        let clear = view! { <a class="button" href=list.path>"Clear search and filters"</a> }.erased();
        empty(
            "search",
            "No event found",
            "Nothing that happened matches. Take a filter away or widen the dates.",
            clear,
        )
    } else if query.cursor.is_empty() {
        empty(
            "scroll-text",
            "Nothing has happened yet",
            "Sign-ins, impersonations and changes appear here as they happen.",
            nothing(),
        )
    } else {
        let first = view! { <a class="button" href=list.path>"To the newest events"</a> }.erased();
        empty("scroll-text", "No older events", "This is the beginning of the trail.", first)
    };
    view! { <div class="card">{content}</div> }.erased()
}
