//! The user's most recent audit events, leading to the whole trail.

use leptos::prelude::*;

use super::Place;
use crate::model::user::UserDetail;
use crate::ui::address::Words;
use crate::ui::clock::Now;
use crate::ui::component::icon::icon;
use crate::ui::component::state::{empty, nothing};
use crate::ui::component::time::ago;
use crate::ui::erase::Erase;
use crate::ui::page::audit::words::{action_label, actor};

pub fn events(page: Place, user: &UserDetail, now: Now) -> AnyView {
    let audit = page.frame.path("audit").get_untracked();
    let all = Words::default().with("q", &user.email).on(&audit);
    let content = if user.events.is_empty() {
        empty(
            "scroll-text",
            "Nothing recorded yet",
            "What this user does, and what is done to them, appears here.",
            nothing(),
        )
    } else {
        let items = user
            .events
            .iter()
            .map(|event| {
                let href = Words::default().with("event", &event.id.to_string()).on(&audit);
                view! {
                    <li class="event" class:impersonated=event.is_impersonated()>
                        <div class="stacked">
                            <a href=href>{action_label(&event.action)}</a>
                            <span class="dim truncate">{actor(event)}</span>
                        </div>
                        <span class="dim">{ago(event.occurred_at, now)}</span>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="event-list">{items}</ul> }.erased()
    };
    view! {
        <section class="card section flush" aria-labelledby="events-title">
            <h2 class="section-title" id="events-title">
                <span>"Recent activity"</span>
                <a class="section-link" href=all>
                    <span>"In the audit trail"</span>
                    {icon("arrow-right")}
                </a>
            </h2>
            {content}
        </section>
    }
    .erased()
}
