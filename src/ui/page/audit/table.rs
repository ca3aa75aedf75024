//! The events as rows, those of one impersonation in one that unfolds. What was done inside an impersonation is marked, with
//! both people, the reason and the ticket.

use leptos::prelude::*;

use super::List;
use super::detail::row_id;
use super::words::{action_label, actor};
use crate::model::audit::{AuditItem, AuditPage, AuditQuery, Severity};
use crate::model::time::{day, exact, machine, seconds};
use crate::ui::component::badge::{severity, ticket as ticket_badge};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::pager::pager;
use crate::ui::kit::state::{empty, empty_because, nothing};

pub fn table(list: List, page: AuditPage) -> AnyView {
    if page.rows.is_empty() {
        return none(list, &page);
    }
    let step = |cursor: &Option<String>| cursor.as_ref().map(|cursor| list.and("cursor", cursor));
    let (previous, next) = (step(&page.previous), step(&page.next));
    let count = page.rows.len();
    let mut summary =
        if count == 1 { "1 event on this page".to_owned() } else { format!("{count} events on this page") };
    if let Some(until) = page.searched_until {
        let way = if page.searched_onward { "up to" } else { "back to" };
        summary += &format!(", looked for {way} {}", exact(until));
    }
    let groups = grouped(page.rows).into_iter().map(|group| session(list, group)).collect_view();
    view! {
        <div class="card table-card">
            <table class="table audit-table" aria-label="Audit trail">
                <thead>
                    <tr>
                        <th scope="col" class="col-time">"Time"</th>
                        <th scope="col" class="col-action">"What happened"</th>
                        <th scope="col" class="col-actor">"Who"</th>
                        <th scope="col" class="col-account">"Account"</th>
                        <th scope="col" class="col-severity">"Severity"</th>
                        <th scope="col" class="col-address">"Address"</th>
                    </tr>
                </thead>
                {groups}
            </table>
            {pager(summary, previous, next, ("Newer", "Older"))}
        </div>
    }
    .erased()
}

/// The events of a page, those of one impersonation together where its newest one stands. A session that began on an older
/// page has its beginning there.
fn grouped(events: Vec<AuditItem>) -> Vec<Vec<AuditItem>> {
    let mut groups: Vec<Vec<AuditItem>> = Vec::new();
    for event in events {
        let same = |group: &&mut Vec<AuditItem>| {
            event.is_impersonated()
                && event.session_id.is_some()
                && group.first().is_some_and(|first| first.is_impersonated() && first.session_id == event.session_id)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(event),
            None => groups.push(vec![event]),
        }
    }
    groups
}

/// One event, or the newest one of a session with the others folded away beneath it. The fold needs no script.
fn session(list: List, events: Vec<AuditItem>) -> AnyView {
    let (others, gravest) = (events.len() - 1, gravest(&events));
    let mut events = events.into_iter();
    let first = events.next().map(|event| row(list, event, false, others, gravest));
    let others = events.map(|event| {
        let own = event.severity;
        row(list, event, true, 0, own)
    });
    view! { <tbody>{first} {others.collect_view()}</tbody> }.erased()
}

/// How severe a fold is: as its gravest event, which else nobody would see who does not unfold it.
fn gravest(events: &[AuditItem]) -> Severity {
    events.iter().map(|event| event.severity).max().unwrap_or(Severity::Info)
}

fn row(list: List, event: AuditItem, folded: bool, others: usize, shown: Severity) -> AnyView {
    let why_shown = (others > 0)
        .then(|| format!("The gravest of these {} events is {}.", others + 1, shown.label().to_lowercase()));
    let id = event.id;
    let impersonated = event.is_impersonated();
    let why = (impersonated && !folded && (event.reason.is_some() || event.ticket.is_some())).then(|| {
        let reason = event.reason.clone().unwrap_or_default();
        view! {
            <span class="reason dim" title=reason.clone()>
                <bdi>{reason.clone()}</bdi>
                " "
                {event.ticket.clone().map(ticket_badge)}
            </span>
        }
    });
    let fold = (others > 0).then(|| {
        let events = if others == 1 { "1 more event".to_owned() } else { format!("{others} more events") };
        view! {
            <details class="fold">
                <summary>{events}</summary>
            </details>
        }
    });
    view! {
        <tr class:impersonated=impersonated class:folded=folded class:selected=move || list.open.get() == Some(id)>
            <td class="col-time">
                <time datetime=machine(event.occurred_at) title=exact(event.occurred_at) class="stacked">
                    <span>{seconds(event.occurred_at)}</span>
                    <span class="dim">{day(event.occurred_at)}</span>
                </time>
            </td>
            <td class="col-action">
                <div class="stacked">
                    <a
                        class="row-link"
                        id=row_id(id)
                        href=move || list.and("event", &id.to_string())
                        data-noscroll="true"
                    >
                        {action_label(&event.action)}
                    </a>
                    <span class="dim sentence" dir="auto" title=event.description.clone()>{event.description.clone()}</span>
                </div>
                {fold}
            </td>
            <td class="col-actor">
                <div class="with-icon">
                    {impersonated.then(|| icon("venetian-mask"))}
                    <div class="stacked">
                        <span class="wrap">{people(&event)}</span>
                        {why}
                    </div>
                </div>
            </td>
            <td class="col-account">
                <span class="truncate" dir="auto" title=event.account_name.clone()>{event.account_name.clone()}</span>
            </td>
            <td class="col-severity" title=why_shown>{severity(shown)}</td>
            <td class="col-address dim">{event.ip_address.clone()}</td>
        </tr>
    }
    .erased()
}

/// Who did it and, where that is somebody else and no impersonation says it already, about whom.
fn people(event: &AuditItem) -> AnyView {
    let user = event.user_name.clone().or_else(|| event.user_email.clone());
    let about = user.filter(|user| !event.is_impersonated() && *user != event.actor_name);
    view! {
        {actor(event)}
        {about.map(|user| view! { <span class="dim">" · " <bdi>{user}</bdi></span> })}
    }
    .erased()
}

fn none(list: List, page: &AuditPage) -> AnyView {
    let query = list.query.get_untracked();
    let content = if let (Some(until), Some(previous), true) =
        (page.searched_until, &page.previous, page.searched_onward)
    {
        let newer = view! { <a class="button" href=list.and("cursor", previous)>"Look further on"</a> }.erased();
        let text =
            format!("Nothing that matches happened until {}. Newer events were not looked through yet.", exact(until));
        empty_because("search", "No event found so far", text, newer)
    } else if let (Some(until), Some(next)) = (page.searched_until, &page.next) {
        let older = view! { <a class="button" href=list.and("cursor", next)>"Look further back"</a> }.erased();
        let text =
            format!("Nothing that matches happened since {}. Older events were not looked through yet.", exact(until));
        empty_because("search", "No event found so far", text, older)
    } else if query.is_filtered() {
        let clear = view! { <a class="button" href=list.path>"Clear search and filters"</a> }.erased();
        let others = AuditQuery { q: String::new(), cursor: String::new(), ..query.clone() }.is_filtered();
        let text = page.searched.nothing(
            "No event of a user, a session, an operator, a request, an account or an application has the id",
            "No event has all of this in it:",
            others,
        );
        empty_because("search", "No event found", text, clear)
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
