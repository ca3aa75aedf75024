//! Sessions that run: in place of the form right after a start, above it where the drawer is opened again.

use leptos::prelude::*;
use uuid::Uuid;

use super::state::{Running, State};
use crate::ui::component::icon::icon;
use crate::ui::component::time::{clock_time, countdown};
use crate::ui::end_session::end_form;
use crate::ui::erase::Erase;

/// What the drawer shows after a start.
pub fn started(state: State) -> AnyView {
    view! {
        <div class="drawer-form">
            <div class="drawer-body">{list(state)} {none_left(state)}</div>
            <footer class="drawer-foot">
                <div class="drawer-buttons">
                    <button type="button" class="button" on:click=move |_| state.just_started.set(false)>
                        "Start another"
                    </button>
                    <a class="button primary" href=move || state.opening.close_url.get() on:click=crate::ui::component::dialog::close_dialog>
                        "Done"
                    </a>
                </div>
            </footer>
        </div>
    }
    .erased()
}

fn none_left(state: State) -> AnyView {
    view! {
        {move || {
            state
                .running
                .read()
                .is_empty()
                .then(|| {
                    view! {
                        <p class="notice" role="status">
                            {icon("circle-slash")}
                            <span>"The session has ended. The other tab no longer works as this user."</span>
                        </p>
                    }
                })
        }}
    }
    .erased()
}

/// This operator's sessions of this user.
pub fn list(state: State) -> AnyView {
    let ended = Callback::new(move |session: Uuid| {
        state.running.update(|sessions| sessions.retain(|running| running.session_id != session));
        state.opening.changed.run(());
    });
    view! {
        <div class="running-list" role="status">
            <For
                each=move || state.running.get()
                key=|running| running.session_id
                children=move |running| card(state, running, ended)
            />
        </div>
    }
    .erased()
}

fn card(state: State, running: Running, ended: Callback<Uuid>) -> AnyView {
    let name = state.drawer.with_value(|drawer| drawer.name.clone());
    let blocked = running.blocked_url.map(|url| {
        view! {
            <p class="notice bad">
                {icon("triangle-alert")}
                <span>"The browser did not open the tab. The link works once, within a minute."</span>
            </p>
            <a class="button primary wide" href=url target="_blank" rel="noopener external">
                <span>"Open the session"</span>
                {icon("external-link")}
            </a>
        }
    });
    view! {
        <section class="running impersonated" aria-label="Running session">
            <header class="running-head">
                <span class="running-pulse" aria-hidden="true"></span>
                <strong>"Session running"</strong>
                {countdown(running.deadline, state.now, "time is up")}
            </header>
            <dl class="facts">
                <dt>"As"</dt>
                <dd dir="auto">{name}</dd>
                <dt>"Account"</dt>
                <dd dir="auto">{running.account}</dd>
                <dt>"Application"</dt>
                <dd dir="auto">{running.application}</dd>
                <dt>"Until"</dt>
                <dd>{clock_time(running.deadline)}</dd>
                <dt>"Reason"</dt>
                <dd dir="auto">{running.reason}</dd>
            </dl>
            {blocked}
            {end_form(running.session_id, "End session", "button small danger", ended)}
        </section>
    }
    .erased()
}
