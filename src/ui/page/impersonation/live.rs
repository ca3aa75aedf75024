//! Sessions running now, with time left and ways to end them. The list changes by itself, so a row belongs to its session for
//! as long as it is there: what has the focus in it stays that session's.

use leptos::prelude::*;
use uuid::Uuid;

use crate::model::impersonation::{ImpersonationOverview, LiveImpersonation};
use crate::rpc::impersonation::EndAll;
use crate::ui::component::badge::ticket as ticket_badge;
use crate::ui::component::end_session::{end_form, reopen_form};
use crate::ui::component::menu;
use crate::ui::component::time::{ago, countdown};
use crate::ui::component::toast::Toasts;
use crate::ui::kit::address::Words;
use crate::ui::kit::call::{Text, read};
use crate::ui::kit::clock::Now;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Form;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::Loading;
use crate::ui::kit::pager::pager;
use crate::ui::kit::rows::{Row, rows};
use crate::ui::kit::state::empty;

#[derive(Clone, Copy)]
pub struct Running {
    frame: Frame,
    end_all: Form,
    all_ended: Callback<u32>,
    ended: Callback<Uuid>,
}

impl Running {
    pub fn new(frame: Frame, overview: Loading<ImpersonationOverview>) -> Self {
        let toasts = Toasts::current();
        let all_ended = Callback::new(move |count: u32| {
            toasts.say(if count == 1 { "1 session ended".to_owned() } else { format!("{count} sessions ended") });
            menu::close("end-all");
            overview.refetch();
            frame.refresh();
        });
        Self { frame, end_all: Form::to::<EndAll>(), all_ended, ended: Callback::new(move |_| overview.refetch()) }
    }
}

pub fn section(live: Running, overview: Signal<ImpersonationOverview>) -> AnyView {
    let count = Memo::new(move |_| overview.read().running);
    let endable = Memo::new(move |_| overview.read().endable);
    let can_end_any = Memo::new(move |_| endable.get() > 0);
    let is_empty = Memo::new(move |_| overview.read().live.is_empty());
    let is_enabled = Memo::new(move |_| overview.read().settings.enabled);
    let beside = Memo::new(move |_| {
        let overview = overview.read();
        (overview.previous.clone(), overview.next.clone(), overview.live.len())
    });
    let pages = move || {
        let (previous, next, shown) = beside.get();
        let step = |cursor: Option<String>| {
            cursor.map(|cursor| Words::default().with("cursor", &cursor).on(&live.frame.path("impersonation").get()))
        };
        (previous.is_some() || next.is_some()).then(|| {
            pager(format!("{shown} of {} sessions", count.get()), step(previous), step(next), ("Newer", "Older"))
        })
    };
    view! {
        <section class="card section flush" aria-labelledby="live-title">
            <div class="section-title">
                <h2 id="live-title">"Live sessions"</h2>
                <span class="count">{move || count.get().to_string()}</span>
                {move || can_end_any.get().then(|| end_all_button(live, endable))}
            </div>
            {move || if is_empty.get() { none(live, is_enabled.get()) } else { table(live, overview) }}
            {pages}
        </section>
    }
    .erased()
}

fn none(live: Running, is_enabled: bool) -> AnyView {
    let users = view! { <a class="button" href=live.frame.path("users")>"Go to users"</a> }.erased();
    let text = if is_enabled {
        "Find a user and choose Impersonate. Sessions of all operators appear here while they run."
    } else {
        "Impersonation is turned off, so none can start."
    };
    empty("venetian-mask", "No live sessions", text, users)
}

fn table(live: Running, overview: Signal<ImpersonationOverview>) -> AnyView {
    let drawn = move |session: LiveImpersonation| {
        let key = format!("{} {} {}", session.session_id, session.can_end, session.account_name);
        Row::new(key, move || row(live, session, overview))
    };
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
            <tbody>
                {rows(move || overview.read().live.iter().cloned().map(drawn).collect())}
            </tbody>
        </table>
    }
    .erased()
}

fn row(live: Running, session: LiveImpersonation, overview: Signal<ImpersonationOverview>) -> AnyView {
    let (asked_by, now) = overview.with_untracked(|overview| (overview.asked_by, Now::of(overview.now)));
    let href = format!("{}/{}", live.frame.path("users").get_untracked(), session.user_id);
    let end = if session.can_end {
        end_form(session.session_id, "End", &session.user_name, "button small danger", live.ended)
    } else {
        view! { <span class="dim" title="Its operator, an Owner or an Admin can end it">"Not yours"</span> }.erased()
    };
    let reopen =
        (session.operator_id == asked_by).then(|| reopen_form(session.session_id, &session.user_name, "button small"));
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
                    {reopen}
                    {end}
                </div>
            </td>
        </tr>
    }
    .erased()
}

/// *End all* asks once more, in a fold that needs no script. The question stays open while sessions come and go, and says how
/// many it is about now.
fn end_all_button(live: Running, endable: Memo<i64>) -> AnyView {
    let form = live.end_all;
    let ended = Callback::new(move |text: Text| live.all_ended.run(read(&text).unwrap_or_default()));
    let sessions = move || match endable.get() {
        1 => "this session".to_owned(),
        count => format!("all {count} sessions"),
    };
    let fields = view! {
                    <input type="hidden" name="environment" value=move || live.frame.environment.get()/>
                    <div class="form-foot">
                        <button type="button" class="button small" popovertarget="end-all" popovertargetaction="hide">
                            "Keep them"
                        </button>
                        <button type="submit" class="button small danger solid">
                            {move || format!("End {}", sessions())}
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
                <h3 id="end-all-title">{move || format!("End {}?", sessions())}</h3>
                <p class="dim">"They stop working at once, in every tab. What they did stays in the audit trail."</p>
                {form.failure()}
                {form.view("", fields.erased(), ended)}
            </div>
        </div>
    }
    .erased()
}
