//! Ending impersonations: a form that works without script, and the call that replaces it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use uuid::Uuid;

use super::component::icon::icon;
use super::component::toast::Toasts;
use super::frame::Frame;
use crate::api::impersonation::{End, end};
use crate::model::error::ApiError;
use crate::ui::erase::Erase;

/// The button *End session* for one session. `ended` runs once the server has ended it, or says that it is over anyway.
pub fn end_form(session_id: Uuid, label: &'static str, class: &'static str, ended: Callback<Uuid>) -> AnyView {
    let frame = Frame::current();
    let toasts = Toasts::current();
    let busy = RwSignal::new(false);
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match end(frame.environment.get_untracked(), session_id).await {
                Ok(()) => {
                    toasts.say("Session ended");
                    ended.run(session_id);
                    frame.refresh();
                }
                Err(ApiError::NotFound) => {
                    toasts.say("The session was already over");
                    ended.run(session_id);
                    frame.refresh();
                }
                Err(error) => toasts.warn(error.to_string()),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form method="post" action=End::url() on:submit=submit>
            <input type="hidden" name="environment" value=move || frame.environment.get()/>
            <input type="hidden" name="session_id" value=session_id.to_string()/>
            <button type="submit" class=class disabled=move || busy.get()>
                {icon("octagon-x")}
                <span>{move || if busy.get() { "Ending…" } else { label }}</span>
            </button>
        </form>
    }
    .erased()
}
