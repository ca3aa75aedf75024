//! One session's whole story: who, as whom, where, why, everything that happened, how it ended, and who was told.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};
use uuid::Uuid;

use super::at::At;
use super::form::Question;
use super::parts::{ago, badge, copyable, facts, flush_section, icon, moment, notice, page_head, status};
use crate::model::application::LogoutState;
use crate::model::audit::AuditItem;
use crate::model::device::describe;
use crate::server::domain::session::Session;
use crate::server::portal::done::Done;
use crate::server::service::impersonation;
use crate::server::service::session::story::{Story, story};
use crate::ui::page::audit::words::action_label;

pub async fn page(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match story(&at.caller, id).await {
        Ok(story) => {
            let title = title(&story.session);
            let content = told(&at, &story, &title);
            at.page(&title, content).await
        }
        Err(error) => at.failed(error).await,
    }
}

fn title(session: &Session) -> String {
    match &session.operator_name {
        Some(operator) => format!("{operator} as {}", session.user_name),
        None => session.user_name.clone(),
    }
}

fn told(at: &At, story: &Story, title: &str) -> Markup {
    let session = &story.session;
    let lead = html! {
        @match story.ended() {
            Some((ended, reason)) => {
                (status("", "Over")) " " span.dim { (reason.label()) ", " (ago(story.now, ended)) }
            }
            None => { (status("good", "Running")) " " span.dim { "until " (moment(session.expires_at)) } }
        }
    };
    html! {
        (page_head(title, lead, end(at, story)))
        div.columns {
            div.column { (events(at, story)) (deliveries(at, story)) }
            div.column.aside { (who(at, story)) }
        }
    }
}

fn end(at: &At, story: &Story) -> Markup {
    if !story.may_end {
        return html! {};
    }
    let session = &story.session;
    Question {
        id: "end",
        button: html! { "End session" },
        class: "button danger",
        title: "End this session?",
        text: html! { p { "Every tab of it is signed out at once, and its application is told." } },
        action: &at.path(&format!("sessions/{}/end", session.id)),
        fields: html! {},
        go: "End session",
    }
    .drawn()
}

fn who(at: &At, story: &Story) -> Markup {
    let session = &story.session;
    let none = || html! { span.dim { "None" } };
    let user = html! {
        a.link href=(at.path(&format!("users/{}", session.user_id))) rel="external" { bdi { (session.user_name) } }
        br; span.dim { bdi { (session.user_email) } }
    };
    let kind = if session.is_impersonation() { "Impersonation" } else { "The user’s own" };
    let named = |name: &Option<String>| name.as_ref().map_or_else(none, |name| html! { bdi { (name) } });
    let mut known = vec![("Kind", html! { (kind) }), ("User", user)];
    if session.is_impersonation() {
        known.push(("Operator", named(&session.operator_name)));
        known.push(("Reason", named(&session.reason)));
        known.push(("Ticket", named(&session.ticket)));
        known.push(("Mode", html! { (session.mode.label()) }));
    }
    known.push(("Account", named(&session.account_name)));
    known.push(("Application", named(&session.application_name)));
    known.push(("Begun", html! { (ago(story.now, session.created_at)) }));
    known.push(("Ends at the latest", html! { (moment(session.expires_at)) }));
    known.push(("Session id", copyable(&session.id.to_string(), "session id")));
    html! {
        section.card.section.impersonated[session.is_impersonation()] aria-labelledby="who-title" {
            h2.section-title #who-title { "Session" }
            (facts(known))
            @if session.is_impersonation() && session.hidden_from_account {
                (notice("info", html! { "It is kept out of the account’s own audit log." }))
            }
        }
    }
}

fn events(at: &At, story: &Story) -> Markup {
    let count = html! { span.count { (story.events.len()) } };
    flush_section(
        "events-title",
        "What happened",
        count,
        html! {
            @if story.events.is_empty() {
                p.list-note { (icon("info")) span { "Its events are past their days, or it began before there was a trail." } }
            }
            ol.story {
                @for event in &story.events { (happened(at, story, event)) }
            }
            @if story.more {
                p.list-note {
                    (icon("info"))
                    span { "These are the first " (story.events.len()) ". " a.link href=(at.path(&format!("audit?q={}", story.session.id))) rel="external" { "All of them in the audit trail" } }
                }
            }
        },
    )
}

fn happened(at: &At, story: &Story, event: &AuditItem) -> Markup {
    let from = event.user_agent.as_deref().and_then(describe);
    html! {
        li.story-event {
            span.story-time { (moment(event.occurred_at)) }
            div {
                a.row-link href=(at.path(&format!("audit?q={}&event={}", story.session.id, event.id))) rel="external" { (action_label(&event.action)) }
                @if event.severity != crate::model::audit::Severity::Info { " " (badge("medium", event.severity.label())) }
                p.dim { bdi { (event.description) } }
                @if event.ip_address.is_some() || from.is_some() {
                    p.dim {
                        @if let Some(address) = &event.ip_address { (address) }
                        @if let (Some(_), Some(_)) = (&event.ip_address, &from) { " · " }
                        @if let Some(from) = &from { (from) }
                    }
                }
            }
        }
    }
}

fn deliveries(at: &At, story: &Story) -> Markup {
    if story.told.is_empty() {
        return html! {};
    }
    let count = html! { span.count { (story.told.len()) } };
    flush_section(
        "told-title",
        "Applications told of its end",
        count,
        html! {
            ul.story {
                @for told in &story.told {
                    li.story-event {
                        span.story-time { (moment(told.at)) }
                        div {
                            a.row-link href=(at.path(&format!("applications/{}", told.application_id))) rel="external" { bdi { (told.application_name) } }
                            " " (status(mark(told.state), told.state.label()))
                            @if let Some(error) = &told.last_error { p.dim { bdi { (error) } } }
                            @if told.attempts > 1 { p.dim { (told.attempts) " attempts" } }
                        }
                    }
                }
            }
        },
    )
}

fn mark(state: LogoutState) -> &'static str {
    match state {
        LogoutState::Delivered => "good",
        LogoutState::Failed => "bad",
        LogoutState::Sending | LogoutState::Retrying => "open",
        LogoutState::Off | LogoutState::Unused => "",
    }
}

pub async fn end_one(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match impersonation::end(&at.caller, id).await {
        Ok(()) => at.done(&format!("sessions/{id}"), Done::new("The session was ended.")),
        Err(error) => at.failed(error).await,
    }
}
