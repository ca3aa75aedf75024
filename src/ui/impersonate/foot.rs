//! The note on when the session ends, and the buttons.

use chrono::TimeDelta;
use leptos::prelude::*;

use super::state::State;
use crate::model::error::ApiError;
use crate::model::impersonation::MINUTES_WITHOUT_KEEP_ALIVE;
use crate::model::percent::encode;
use crate::ui::component::dialog::close_dialog;
use crate::ui::component::time::hours_and_minutes;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::icon::icon;
use crate::ui::kit::state;

pub fn note(state: State) -> AnyView {
    // What cannot begin does not end.
    let minutes = move || match state.denial() {
        Some(_) => None,
        None => state.with_application(|application| application.map(|application| application.minutes)),
    };
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
    let denied = Memo::new(move |_| state.denial().is_some());
    let too_long = Memo::new(move |_| state.too_long_by());
    let hint = move || match too_long.get() {
        Some(by) => view! { <p class="drawer-hint bad">{format!("Too long by {by}")}</p> }.erased(),
        None => {
            view! { <p class="drawer-hint needs-script"><kbd>"Ctrl"</kbd> " " <kbd>"↵"</kbd> " starts"</p> }.erased()
        }
    };
    view! {
        <footer class="drawer-foot">
            {move || state.form.other_error().map(|error| failure(state, error))}
            <div class="drawer-buttons">
                {hint}
                <a class="button" href=move || state.opening.close_url.get() on:click=close_dialog>"Cancel"</a>
                <button
                    class="button primary"
                    type="submit"
                    form=super::FORM
                    disabled=move || denied.get() || state.form.busy.get()
                    aria-describedby=move || denied.get().then_some("impersonate-denial")
                    aria-keyshortcuts="Control+Enter Meta+Enter"
                >
                    <span>{move || if state.form.busy.get() { "Starting…" } else { "Start session" }}</span>
                    {icon("external-link")}
                </button>
            </div>
        </footer>
    }
    .erased()
}

/// What went wrong and belongs to no field of the form. A sign-in that has ended is made good from here: what was typed is
/// kept, and there again afterwards.
fn failure(state: State, error: ApiError) -> AnyView {
    match error {
        ApiError::Unauthenticated => {
            let href = format!("/sign-in?return_to={}", encode(&state.return_to()));
            view! {
                <div class="notice bad" role="alert">
                    {icon("lock")}
                    <p>
                        "Your sign-in has ended. What you typed is kept. "
                        <a class="link" href=href>"Sign in again"</a>
                        " to go on here."
                    </p>
                </div>
            }
            .erased()
        }
        error => state::failure(error),
    }
}
