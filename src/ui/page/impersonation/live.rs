//! Sessions running now, with time left and ways to end them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use uuid::Uuid;

use crate::api::impersonation::{EndAll, end_all};
use crate::model::impersonation::{ImpersonationOverview, LiveImpersonation};
use crate::ui::clock::Now;
use crate::ui::component::badge::ticket as ticket_badge;
use crate::ui::component::form::{Call, post_form};
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::Loading;
use crate::ui::component::state::{alert, empty};
use crate::ui::component::time::{ago, countdown};
use crate::ui::component::toast::Toasts;
use crate::ui::end_session::{end_form, reopen_form};
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;

#[derive(Clone, Copy)]
pub struct Running {
    frame: Frame,
    end_all: Call,
    all_ended: Callback<u32>,
    ended: Callback<Uuid>,
}

impl Running {
    pub fn new(frame: Frame, overview: Loading<ImpersonationOverview>) -> Self {
        let toasts = Toasts::current();
        let all_ended = Callback::new(move |count: u32| {
            toasts.say(if count == 1 { "1 session ended".to_owned() } else { format!("{count} sessions ended") });
            overview.refetch();
            frame.refresh();
        });
        Self { frame, end_all: Call::to(EndAll::PATH), all_ended, ended: Callback::new(move |_| overview.refetch()) }
    }
}

pub fn section(live: Running, overview: &ImpersonationOverview) -> AnyView {
    let now = Now::of(overview.now);
    let (count, endable) = (overview.running, overview.endable);
    let shown = overview.live.len();
    let rest = (i64::try_from(shown).is_ok_and(|shown| shown < count) && shown > 0)
        .then(|| view! { <p class="dim">{format!("The newest {shown} of {count} are shown.")}</p> });
    let content = if overview.live.is_empty() {
        let users = view! { <a class="button" href=live.frame.path("users")>"Go to users"</a> }.erased();
        let text = if overview.settings.enabled {
            "Find a user and choose Impersonate. Sessions of all operators appear here while they run."
        } else {
            "Impersonation is turned off, so none can start."
        };
        empty("venetian-mask", "No live sessions", text, users)
    } else {
        let rows =
            overview.live.iter().map(|session| row(live, session.clone(), overview.asked_by, now)).collect_view();
        view! {
            <table class="table live-table" aria-labelledby="live-title">
                <thead>
                    <tr>
                        <th scope="col">"User"</th>
                        <th scope="col">"Operator"</th>
                        <th scope="col">"Account and application"</th>
                        <th scope="col">"Reason"</th>
                        <th scope="col">"Started"</th>
                        <th scope="col">"Time left"</th>
                        <th scope="col">
                            <span class="visually-hidden">"End"</span>
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        }
        .erased()
    };
    view! {
        <section class="card section flush" aria-labelledby="live-title">
            <div class="section-title">
                <h2 id="live-title">"Live sessions"</h2>
                <span class="count">{count.to_string()}</span>
                {(endable > 0).then(|| end_all_button(live, endable))}
            </div>
            {content}
            {rest}
        </section>
    }
    .erased()
}

fn row(live: Running, session: LiveImpersonation, asked_by: Uuid, now: Now) -> AnyView {
    let href = format!("{}/{}", live.frame.path("users").get_untracked(), session.user_id);
    let end = if session.can_end {
        end_form(session.session_id, "End", "button small danger", live.ended)
    } else {
        view! { <span class="dim" title="Its operator, an Owner or an Admin can end it">"Not yours"</span> }.erased()
    };
    view! {
        <tr class="impersonated">
            <td class="col-user">
                <div class="stacked">
                    <a class="truncate person-name" dir="auto" href=href title=session.user_name.clone()>{session.user_name.clone()}</a>
                    <span class="dim truncate" title=session.user_email.clone()>{session.user_email.clone()}</span>
                </div>
            </td>
            <td>
                <span class="truncate" dir="auto">{session.operator_name}</span>
            </td>
            <td>
                <div class="stacked">
                    <span class="truncate" dir="auto">{session.account_name}</span>
                    <span class="dim truncate" dir="auto">{session.application_name}</span>
                </div>
            </td>
            <td class="col-reason">
                <span class="reason" dir="auto" title=session.reason.clone()>{session.reason.clone()}</span>
                {session.ticket.map(ticket_badge)}
            </td>
            <td>{ago(session.started_at, now)}</td>
            <td class="number-left">{countdown(session.deadline, now, "ended")}</td>
            <td class="col-actions">
                <div class="row-actions">
                    {(session.operator_id == asked_by).then(|| reopen_form(session.session_id, "button small"))}
                    {end}
                </div>
            </td>
        </tr>
    }
    .erased()
}

/// *End all* asks once more, in a fold that needs no script.
fn end_all_button(live: Running, count: i64) -> AnyView {
    let call = live.end_all;
    let submitted = Callback::new(move |_| {
        call.run(end_all(live.frame.environment.get_untracked()), move |count| live.all_ended.run(count));
    });
    let sessions = if count == 1 { "this session".to_owned() } else { format!("all {count} sessions") };
    let fields = view! {
                    <input type="hidden" name="environment" value=move || live.frame.environment.get()/>
                    <div class="form-foot">
                        <button type="button" class="button small" popovertarget="end-all" popovertargetaction="hide">
                            "Keep them"
                        </button>
                        <button type="submit" class="button small danger solid">
                            {format!("End {sessions}")}
                        </button>
                    </div>
    };
    view! {
        <div class="section-link">
            <button type="button" class="button small danger" popovertarget="end-all">
                {icon("octagon-x")}
                <span>"End all"</span>
            </button>
            <div class="menu confirm" popover="auto" id="end-all" role="dialog" aria-labelledby="end-all-title">
                <h3 id="end-all-title">{format!("End {sessions}?")}</h3>
                <p class="dim">"They stop working at once, in every tab. What they did stays in the audit trail."</p>
                {move || call.failure().map(alert)}
                {post_form(EndAll::url(), "", submitted, fields.erased())}
            </div>
        </div>
    }
    .erased()
}
