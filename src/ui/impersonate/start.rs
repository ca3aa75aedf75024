//! Starting: the tab is opened inside the click, before the server is asked, since later a browser takes it for a pop-up.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsValue;
use leptos::web_sys::{Window, js_sys::Reflect};

use super::state::{Running, State};
use crate::api::impersonation::start;
use crate::model::error::ApiError;
use crate::model::impersonation::{HandOff, StartImpersonation, validate_reason, validate_ticket};
use crate::ui::component::dialog::focus;

pub fn submitted(state: State, event: SubmitEvent) {
    event.prevent_default();
    if state.busy.get_untracked() || untrack(|| state.denial()).is_some() {
        return;
    }
    let request = StartImpersonation {
        environment: state.opening.environment.get_untracked(),
        user_id: state.drawer.with_value(|drawer| drawer.user_id),
        account: state.account.get_untracked(),
        application: state.application.get_untracked(),
        reason: state.reason.get_untracked(),
        ticket: state.ticket.get_untracked(),
    };
    let valid = validate_reason(&request.reason).map(drop).and_then(|()| validate_ticket(&request.ticket).map(drop));
    if let Err(error) = valid {
        return refused(state, error);
    }
    state.error.set(None);
    state.busy.set(true);
    let tab = open_tab();
    let State { frame, toasts, .. } = state;
    spawn_local(async move {
        match start(request).await {
            Ok(hand_off) => {
                let shown = tab.is_some_and(|tab| tab.location().replace(&hand_off.url).is_ok());
                if started(state, hand_off, shown).is_none() {
                    // The drawer was closed meanwhile; the session runs all the same.
                    toasts.say("Session started");
                }
                frame.refresh();
            }
            Err(error) => {
                if let Some(tab) = tab {
                    _ = tab.close();
                }
                if state.busy.try_set(false).is_none() {
                    refused(state, error);
                } else {
                    toasts.warn(error.to_string());
                }
            }
        }
    });
}

/// An empty tab that cannot reach back to this one, or nothing where the browser refused it.
fn open_tab() -> Option<Window> {
    let tab = window().open_with_url_and_target("about:blank", "_blank").ok().flatten()?;
    _ = Reflect::set(&tab, &JsValue::from_str("opener"), &JsValue::NULL);
    if let Some(document) = tab.document() {
        document.set_title("Starting the session…");
        if let Some(body) = document.body() {
            body.set_text_content(Some("Starting the session…"));
        }
    }
    Some(tab)
}

fn refused(state: State, error: ApiError) {
    let field = match &error {
        ApiError::Invalid { field, .. } if field == "ticket" => "impersonate-ticket",
        _ => "impersonate-reason",
    };
    state.error.set(Some(error));
    focus(field);
}

/// Shows the running session, where the drawer is still there to show it.
fn started(state: State, hand_off: HandOff, shown: bool) -> Option<()> {
    state.busy.try_set(false).is_none().then_some(())?;
    let account = untrack(|| state.with_account(|account| account.map(|account| account.name.clone())));
    let application =
        untrack(|| state.with_application(|application| application.map(|application| application.name.clone())));
    let running = Running {
        session_id: hand_off.session_id,
        account: account.unwrap_or_default(),
        application: application.unwrap_or_default(),
        reason: state.reason.get_untracked().trim().to_owned(),
        deadline: hand_off.deadline,
        blocked_url: (!shown).then_some(hand_off.url),
    };
    state.running.update(|sessions| sessions.insert(0, running));
    state.opening.draft.set_value(None);
    state.reason.set(String::new());
    state.ticket.set(String::new());
    state.just_started.set(true);
    state.opening.changed.run(());
    Some(())
}
