//! Sessions that run: in place of the form right after a start, above it where the drawer is opened again. One whose time
//! is over says so, and offers to start again.

use chrono::TimeDelta;
use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::session::Running;
use super::state::State;
use crate::model::impersonation::Drawer;
use crate::rpc::impersonation::GetDrawer;
use crate::ui::component::dialog::{close_dialog, focus, focus_first};
use crate::ui::component::end_session::{end_form, reopen_form};
use crate::ui::component::time::{clock_time, countdown, time_of_day};
use crate::ui::kit::call::ask;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::rows::{Row, rows};

/// Follows what others end or start meanwhile: the user, the application, the same operator in another tab.
pub fn follow(state: State) {
    let (environment, user) = (state.opening.environment, state.drawer.with_value(|drawer| drawer.user_id));
    let changed = Callback::new(move |()| {
        spawn_local(async move {
            if let Some(environment) = environment.try_get_untracked()
                && let Ok(fresh) = ask(GetDrawer { environment, user_id: user }).await
            {
                take(state, &fresh);
            }
        });
    });
    state.live.changed(changed);
}

fn take(state: State, drawer: &Drawer) {
    let (fresh, now) = (&drawer.running, state.now.now_untracked());
    // The drawer may have been closed while the server was asked.
    state.running.try_update(|known| {
        for running in known.iter_mut().filter(|running| running.ended_at.is_none() && running.deadline > now) {
            match fresh.iter().find(|live| live.session_id == running.session_id) {
                // Of one that was started here, the server knows it exactly.
                Some(live) => running.started_at = live.started_at,
                None if drawer.is_over(running.start()) => running.ended_at = Some(now),
                None => {}
            }
        }
        for live in fresh.iter().rev() {
            if !known.iter().any(|running| running.session_id == live.session_id) {
                known.insert(0, Running::of(live));
            }
        }
    });
}

/// What the drawer shows after a start.
pub fn started(state: State) -> AnyView {
    // With the focus here, Enter closes what is done.
    effect(|| request_animation_frame(|| focus("impersonate-done")));
    view! {
        <div class="drawer-form">
            <div class="drawer-body">{list(state)}</div>
            <footer class="drawer-foot">
                <div class="drawer-buttons">
                    <button type="button" class="button" on:click=move |_| state.just_started.set(false)>
                        "Start another"
                    </button>
                    <a
                        class="button primary"
                        id="impersonate-done"
                        href=move || state.opening.close_url.get()
                        on:click=close_dialog
                    >
                        "Done"
                    </a>
                </div>
            </footer>
        </div>
    }
    .erased()
}

/// This operator's sessions of this user.
pub fn list(state: State) -> AnyView {
    let ended = Callback::new(move |session: Uuid| {
        let now = state.now.now_untracked();
        state.running.try_update(|all| {
            for running in all.iter_mut().filter(|running| running.session_id == session) {
                running.ended_at = Some(now);
            }
        });
        state.opening.changed.run(());
    });
    let drawn = move |running: Running| {
        let key = format!("{} {} {}", running.session_id, running.ended_at.is_some(), running.blocked_url.is_some());
        Row::new(key, move || card(state, running, ended))
    };
    let more = state.drawer.with_value(|drawer| drawer.oldest.is_some());
    view! {
        <div class="running-list" role="status">
            {rows(move || state.running.get().into_iter().map(drawn).collect())}
            {more.then(|| view! { <p class="dim">"More sessions run than these. All are on the page Impersonation."</p> })}
        </div>
    }
    .erased()
}

fn card(state: State, running: Running, ended: Callback<Uuid>) -> AnyView {
    let (deadline, ended_at) = (running.deadline, running.ended_at);
    let left = Memo::new(move |_| {
        let left = deadline - state.now.seconds();
        (ended_at.is_none() && left > TimeDelta::zero()).then_some(left < TimeDelta::minutes(1))
    });
    let name = state.drawer.with_value(|drawer| drawer.name.clone());
    // Several look alike: application, start and reason tell them apart.
    let (application, started_at, hydrated) = (running.application.clone(), running.started_at, state.hydrated);
    let reason = running.reason.clone();
    let label = move || {
        let state = if left.get().is_some() { "Running session" } else { "Ended session" };
        format!("{state} in {application}, started {}: {reason}", time_of_day(started_at, hydrated.get()))
    };
    let whom = format!("{name} in {}", running.application);
    let head = move || {
        if left.read().is_some() {
            let words = if left.get() == Some(true) { "Session ends in less than a minute" } else { "Session running" };
            view! {
                <strong>{words}</strong>
                {countdown(deadline, state.now, "")}
            }
            .erased()
        } else {
            view! { <strong>"Ended " {clock_time(ended_at.unwrap_or(deadline))}</strong> }.erased()
        }
    };
    let again = running.clone();
    let session_id = running.session_id;
    let buttons = move || {
        if left.read().is_some() {
            view! {
                {reopen_form(session_id, &whom, "button small")}
                {end_form(session_id, "End session", &whom, "button small danger", ended)}
            }
            .erased()
        } else {
            let again = again.clone();
            view! {
                <button type="button" class="button small" on:click=move |_| start_again(state, &again)>
                    {icon("refresh-cw")}
                    <span>"Start again"</span>
                </button>
            }
            .erased()
        }
    };
    view! {
        <section
            class="running"
            id=format!("running-{session_id}")
            class:impersonated=move || left.read().is_some()
            class:over=move || left.read().is_none()
            class:closing=move || left.get() == Some(true)
            aria-label=label
        >
            <header class="running-head">
                <span class="running-pulse" aria-hidden="true"></span>
                {head}
            </header>
            <dl class="facts">
                <dt>"As"</dt>
                <dd dir="auto">{name}</dd>
                <dt>"Account"</dt>
                <dd dir="auto">{running.account}</dd>
                <dt>"Application"</dt>
                <dd dir="auto">{running.application}</dd>
                <dt>"Until"</dt>
                <dd>{clock_time(deadline)}</dd>
                <dt>"Reason"</dt>
                <dd dir="auto">{running.reason}</dd>
            </dl>
            {running.blocked_url.map(|url| blocked(state, session_id, url))}
            <div class="running-buttons">{buttons}</div>
        </section>
    }
    .erased()
}

/// The tab that the browser did not open. The link works once: with its use it is gone, and *Open again* does the rest.
fn blocked(state: State, session_id: Uuid, url: String) -> AnyView {
    let used = move |_| {
        // After the click has done what it does: a link that is gone leads nowhere.
        set_timeout(
            move || {
                state.running.try_update(|all| {
                    for running in all.iter_mut().filter(|running| running.session_id == session_id) {
                        running.blocked_url = None;
                    }
                });
                // It had the focus.
                request_animation_frame(move || focus_first(&format!("#running-{session_id} button")));
            },
            std::time::Duration::from_millis(50),
        );
    };
    view! {
        <p class="notice bad">
            {icon("triangle-alert")}
            <span>"The browser did not open the tab. The link works once, within a minute."</span>
        </p>
        <a class="button primary wide" href=url target="_blank" rel="noopener external" on:click=used>
            <span>"Open the session"</span>
            {icon("external-link")}
        </a>
    }
    .erased()
}

/// Takes over what the ended session was: account, application, reason and ticket. Starting is one more press.
fn start_again(state: State, over: &Running) {
    state.running.update(|all| all.retain(|running| running.session_id != over.session_id));
    state.reason.set(over.reason.clone());
    state.ticket.set(over.ticket.clone());
    state.choose_again(&over.account_external_id, &over.client_id);
    state.just_started.set(false);
    state.show();
}
