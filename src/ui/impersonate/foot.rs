//! The note on when the session ends, and the buttons.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::state::State;
use crate::model::impersonation::MINUTES_WITHOUT_KEEP_ALIVE;
use crate::ui::component::dialog::close_dialog;
use crate::ui::component::icon::icon;
use crate::ui::component::state::alert;
use crate::ui::component::time::hours_and_minutes;
use crate::ui::erase::Erase;

pub fn note(state: State) -> AnyView {
    let minutes = move || state.with_application(|application| application.map(|application| application.minutes));
    let ends = move |minutes: i64| {
        let end = hours_and_minutes(state.now.minutes() + TimeDelta::minutes(minutes), state.hydrated.get());
        format!("Ends at {end}, in {minutes} minutes.")
    };
    let short = move |minutes: i64| {
        (minutes == MINUTES_WITHOUT_KEEP_ALIVE).then(|| {
            let name = state
                .with_application(|application| application.map(|application| application.name.clone()))
                .unwrap_or_default();
            view! { " " <bdi>{name}</bdi> " does not keep sessions alive, so it is short." }
        })
    };
    view! {
        {move || {
            minutes()
                .map(|minutes| {
                    view! {
                        <div class="notice amber">
                            {icon("timer")}
                            <p>
                                <strong>{move || ends(minutes)}</strong>
                                " It cannot be extended."
                                {short(minutes)}
                                " "
                                <bdi>{state.first_name()}</bdi>
                                " sees it among their sessions and can end it at any time."
                            </p>
                        </div>
                    }
                })
        }}
    }
    .erased()
}

pub fn foot(state: State) -> AnyView {
    let denied = Memo::new(move |_| state.denial());
    view! {
        <footer class="drawer-foot">
            {move || state.other_error().map(alert)}
            {move || {
                denied
                    .get()
                    .map(|denial| {
                        view! {
                            <p class="drawer-denial" id="impersonate-denial">
                                {icon("ban")}
                                <span>{denial.sentence()}</span>
                            </p>
                        }
                    })
            }}
            <div class="drawer-buttons">
                <a class="button" href=move || state.opening.close_url.get() on:click=close_dialog>"Cancel"</a>
                <button
                    class="button primary"
                    type="submit"
                    form=super::FORM
                    disabled=move || denied.read().is_some() || state.busy.get()
                    aria-describedby=move || denied.read().map(|_| "impersonate-denial")
                >
                    <span>{move || if state.busy.get() { "Starting…" } else { "Start session" }}</span>
                    {icon("external-link")}
                </button>
            </div>
        </footer>
    }
    .erased()
}
