//! What happened with the user, newest first: sign-ins, impersonations, and what else is in the audit trail. Each is told
//! once: a session stands for the events of its beginning and its end. The list changes by itself, so an item belongs to its
//! session for as long as it is there: what has the focus in it stays that session's.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use super::UserSections;
use crate::model::audit::{AuditItem, action};
use crate::model::device::describe;
use crate::model::session::{SessionItem, SessionKind};
use crate::model::user::UserDetail;
use crate::ui::component::badge::ticket as ticket_badge;
use crate::ui::component::end_session::{end_form, reopen_form};
use crate::ui::component::time::{ago, countdown};
use crate::ui::kit::address::Words;
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::rows::{Row, rows};
use crate::ui::kit::state::{empty, nothing};
use crate::ui::page::audit::words::{action_label, actor};

/// Events that a session in the list tells already.
const TOLD: [&str; 7] = [
    action::IMPERSONATION_STARTED,
    action::IMPERSONATION_OPENED,
    action::IMPERSONATION_REOPENED,
    action::IMPERSONATION_ENDED,
    action::USER_SIGNED_IN,
    action::USER_SIGNED_OUT,
    action::SESSION_REVOKED,
];

/// One item of the list.
#[derive(Clone)]
struct Moment {
    is_live: bool,
    at: DateTime<Utc>,
    what: What,
}

#[derive(Clone)]
enum What {
    Session(SessionItem),
    Event(AuditItem),
}

impl Moment {
    fn all(user: &UserDetail) -> Vec<Self> {
        let is_told = |event: &AuditItem| {
            TOLD.contains(&event.action.as_str())
                && user.sessions.iter().any(|session| Some(session.id) == event.session_id)
        };
        let sessions = user.sessions.iter().map(|session| Self {
            is_live: session.is_live(user.now),
            at: session.started_at,
            what: What::Session(session.clone()),
        });
        let events = user.events.iter().filter(|event| !is_told(event)).map(|event| Self {
            is_live: false,
            at: event.occurred_at,
            what: What::Event(event.clone()),
        });
        let mut all: Vec<Self> = sessions.chain(events).collect();
        all.sort_by_key(|moment| Reverse((moment.is_live, moment.at)));
        all
    }

    /// What it is, and what of it can change.
    fn key(&self) -> String {
        match &self.what {
            What::Session(session) => format!("{} {} {:?}", session.id, self.is_live, session.account_name),
            What::Event(event) => event.id.to_string(),
        }
    }
}

pub fn timeline(page: UserSections, user: Signal<UserDetail>) -> AnyView {
    let is_empty = Memo::new(move |_| user.with(|user| user.sessions.is_empty() && user.events.is_empty()));
    let content = move || if is_empty.get() { nothing_yet() } else { list(page, user) };
    let is_cut = Memo::new(move |_| user.read().has_earlier);
    let cut = move || {
        is_cut.get().then(|| view! { <p class="dim timeline-cut">"What happened before is in the audit trail."</p> })
    };
    let all = move || Words::default().with("q", &user.read().email).on(&page.frame.path("audit").get());
    view! {
        <section class="card section flush" aria-labelledby="timeline-title">
            <h2 class="section-title" id="timeline-title">
                <span>"Sessions and activity"</span>
                <a class="section-link" href=all>
                    <span>"In the audit trail"</span>
                    {icon("arrow-right")}
                </a>
            </h2>
            {content}
            {cut}
        </section>
    }
    .erased()
}

fn nothing_yet() -> AnyView {
    empty(
        "history",
        "Nothing has happened yet",
        "Sign-ins, impersonations and changes of this user appear here.",
        nothing(),
    )
}

fn list(page: UserSections, user: Signal<UserDetail>) -> AnyView {
    let item = move |moment: Moment| {
        let user = user.read_untracked();
        let now = Now::of(user.now);
        match moment.what {
            What::Session(item) => session(page, &user, &item, now),
            What::Event(item) => event(page, &item, now),
        }
    };
    let drawn = move |moment: Moment| Row::new(moment.key(), move || item(moment));
    view! {
        <ul class="timeline">
            {rows(move || user.with(Moment::all).into_iter().map(drawn).collect())}
        </ul>
    }
    .erased()
}

fn session(page: UserSections, user: &UserDetail, session: &SessionItem, now: Now) -> AnyView {
    let is_live = session.is_live(now.base());
    let impersonated = session.kind == SessionKind::Impersonation;
    let story = format!("/{}/sessions/{}", page.frame.environment.get_untracked(), session.id);
    let (glyph, title, beneath) = if impersonated {
        let operator = session.operator_name.clone().unwrap_or_else(|| "an operator".to_owned());
        let reason = session.reason.clone().unwrap_or_default();
        let ticket = session.ticket.clone().map(ticket_badge);
        (
            "venetian-mask",
            view! { "Impersonated by " <bdi>{operator}</bdi> }.erased(),
            view! { <span class="dim reason" title=reason.clone()><bdi>{reason.clone()}</bdi> " " {ticket}</span> }
                .erased(),
        )
    } else {
        let device = session.user_agent.as_deref().and_then(describe);
        let from = [device, session.ip_address.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        ("key-round", "Own sign-in".erased(), view! { <span class="dim truncate">{from}</span> }.erased())
    };
    let state = if is_live {
        let left = impersonated.then(|| view! { {countdown(session.expires_at, now, "0:00")} " left" });
        view! { <span class="status good">"Live"</span> <span class="dim">{left}</span> }.erased()
    } else {
        let reason = session.end_reason.map_or("expired", |reason| reason.label());
        view! { <span>{ago(session.started_at, now)}</span> <span class="dim">{reason}</span> }.erased()
    };
    let is_own = session.operator_id == Some(user.asked_by);
    // A user can have several: the place tells them apart.
    let whom = match &session.application_name {
        Some(application) => format!("{} in {application}", user.name),
        None => user.name.clone(),
    };
    let buttons = (is_live && impersonated && (is_own || user.can_end_any)).then(|| {
        view! {
            <div class="moment-buttons">
                {is_own.then(|| reopen_form(session.id, &whom, "button small"))}
                {end_form(session.id, "End", &whom, "button small danger", page.ended)}
            </div>
        }
    });
    let place = place(session.account_name.as_deref(), session.application_name.as_deref());
    view! {
        <li class="moment" class:impersonated=impersonated && is_live>
            {icon(glyph)}
            <div class="stacked">
                <a class="row-link truncate" href=story rel="external">{title}</a>
                {beneath}
            </div>
            {place}
            <div class="stacked moment-when">{state}</div>
            {buttons}
        </li>
    }
    .erased()
}

fn event(page: UserSections, event: &AuditItem, now: Now) -> AnyView {
    let href = Words::default().with("event", &event.id.to_string()).on(&page.frame.path("audit").get_untracked());
    let glyph = if event.is_impersonated() { "venetian-mask" } else { "history" };
    let place = place(event.account_name.as_deref(), event.application_name.as_deref());
    view! {
        <li class="moment">
            {icon(glyph)}
            <div class="stacked">
                <a class="row-link truncate" href=href title=event.description.clone()>{action_label(&event.action)}</a>
                <span class="dim truncate">{actor(event)}</span>
            </div>
            {place}
            <div class="stacked moment-when">
                <span>{ago(event.occurred_at, now)}</span>
            </div>
        </li>
    }
    .erased()
}

/// Account and application, a line each.
fn place(account: Option<&str>, application: Option<&str>) -> AnyView {
    let line = |text: Option<&str>, class| {
        text.map(|text| view! { <span class=class dir="auto" title=text.to_owned()>{text.to_owned()}</span> })
    };
    view! { <div class="stacked moment-where">{line(account, "truncate")} {line(application, "dim truncate")}</div> }
        .erased()
}
