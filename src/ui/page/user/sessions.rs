//! The user's login sessions. Impersonations stand among them, marked, with who and why.

use leptos::prelude::*;

use crate::model::session::{SessionItem, SessionKind};
use crate::model::user::UserDetail;
use crate::ui::clock::Now;
use crate::ui::component::badge::badge;
use crate::ui::component::icon::icon;
use crate::ui::component::state::{empty, nothing};
use crate::ui::component::time::{ago, countdown};
use crate::ui::erase::Erase;

pub fn sessions(user: &UserDetail, now: Now) -> AnyView {
    let content = if user.sessions.is_empty() {
        empty(
            "key-round",
            "No sessions yet",
            "Sign-ins of this user and impersonations of them appear here.",
            nothing(),
        )
    } else {
        let rows = user.sessions.iter().map(|session| row(session, now)).collect_view();
        view! {
            <table class="table session-table" aria-labelledby="sessions-title">
                <thead>
                    <tr>
                        <th scope="col">"Session"</th>
                        <th scope="col">"Where"</th>
                        <th scope="col">"Started"</th>
                        <th scope="col">"State"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .erased()
    };
    view! {
        <section class="card section flush" aria-labelledby="sessions-title">
            <h2 class="section-title" id="sessions-title">
                <span>"Login sessions"</span>
                <span class="count">{user.sessions.len().to_string()}</span>
            </h2>
            {content}
        </section>
    }
    .erased()
}

fn row(session: &SessionItem, now: Now) -> AnyView {
    let impersonated = session.kind == SessionKind::Impersonation;
    let place = [session.account_name.clone(), session.application_name.clone()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    let device = session.user_agent.clone().unwrap_or_default();
    view! {
        <tr class:impersonated=impersonated>
            <td>{who(session)}</td>
            <td>
                <div class="stacked">
                    <span class="truncate" dir="auto" title=place.clone()>{place.clone()}</span>
                    <span class="dim truncate" title=device>{session.ip_address.clone()}</span>
                </div>
            </td>
            <td>{ago(session.started_at, now)}</td>
            <td>{state(session, now)}</td>
        </tr>
    }
    .erased()
}

fn who(session: &SessionItem) -> AnyView {
    if session.kind == SessionKind::Password {
        return view! {
            <div class="with-icon">
                {icon("key-round")}
                <span>"Own sign-in"</span>
            </div>
        }
        .erased();
    }
    let operator = session.operator_name.clone().unwrap_or_else(|| "an operator".to_owned());
    let reason = session.reason.clone().unwrap_or_default();
    let ticket = session.ticket.clone().map(|ticket| badge("outline", ticket));
    view! {
        <div class="with-icon">
            {icon("venetian-mask")}
            <div class="stacked">
                <span>"Impersonated by " <bdi>{operator}</bdi></span>
                <span class="dim reason" dir="auto" title=reason.clone()>{reason.clone()} {ticket}</span>
            </div>
        </div>
    }
    .erased()
}

fn state(session: &SessionItem, now: Now) -> AnyView {
    if session.is_live(now.base()) {
        let left = (session.kind == SessionKind::Impersonation).then(|| {
            view! { <span class="dim">{countdown(session.expires_at, now, "expired")} " left"</span> }
        });
        return view! {
            <div class="stacked">
                <span class="status good">"Live"</span>
                {left}
            </div>
        }
        .erased();
    }
    let reason = session.end_reason.map_or("expired", |reason| reason.label());
    let when = session.ended_at.map(|ended| ago(ended, now));
    view! {
        <div class="stacked">
            <span class="status">"Ended"</span>
            <span class="dim">{reason} " " {when}</span>
        </div>
    }
    .erased()
}
