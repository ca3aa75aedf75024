//! Starting: the tab is opened inside the click, before the server is asked, since later a browser takes it for a pop-up.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::js_sys::Reflect;
use leptos::web_sys::{Document, Element, HtmlElement, HtmlFormElement, KeyboardEvent, Window};

use super::session::Running;
use super::state::State;
use crate::model::error::ApiError;
use crate::model::impersonation::{HandOff, StartImpersonation, validate_reason, validate_ticket};
use crate::model::validate::Checks;
use crate::rpc::impersonation::Start;
use crate::ui::component::dialog::focus;
use crate::ui::kit::call::{fields_of, read};

/// What the new tab says until it is somewhere.
const WAITING: &str = "Starting the session…";

pub fn submitted(state: State) {
    if state.form.busy.get_untracked() || untrack(|| state.denial()).is_some() {
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
    let mut checks = Checks::default();
    checks.check(validate_reason(&request.reason));
    checks.check(validate_ticket(&request.ticket));
    if let Err(errors) = checks.passed() {
        return state.form.refuse(errors);
    }
    state.form.error.set(None);
    let tab = open_tab();
    let State { toasts, live, .. } = state;
    spawn_local(async move {
        let sent = state.form.send(fields_of(&Start { request: request.clone() })).await;
        match sent.answer.and_then(|text| read::<HandOff>(&text)) {
            Ok(hand_off) => {
                let shown = tab.is_some_and(|tab| tab.location().replace(&hand_off.url).is_ok());
                if sent.is_shown {
                    started(state, request, hand_off, shown);
                } else {
                    // The drawer was closed meanwhile; the session runs all the same.
                    toasts.say("Session started");
                }
                live.ask();
            }
            Err(error) => {
                if let Some(tab) = tab {
                    _ = tab.close();
                }
                if sent.is_shown {
                    refused(state, error);
                } else {
                    toasts.fail("The session was not started. ", error);
                }
            }
        }
    });
}

/// Control and Enter, or Command and Enter, anywhere in the form: starts.
pub fn chord(event: KeyboardEvent) {
    if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) && !event.repeat() {
        event.prevent_default();
        if let Some(form) = document().get_element_by_id(super::FORM) {
            _ = form.unchecked_into::<HtmlFormElement>().request_submit();
        }
    }
}

/// An empty tab that cannot reach back to this one, or nothing where the browser refused it.
fn open_tab() -> Option<Window> {
    let tab = window().open_with_url_and_target("about:blank", "_blank").ok().flatten()?;
    _ = Reflect::set(&tab, &JsValue::from_str("opener"), &JsValue::NULL);
    if let Some(document) = tab.document() {
        document.set_title(WAITING);
        furnish(&document);
    }
    Some(tab)
}

/// What the tab shows while it waits: light or dark as the portal is, so that nothing flashes between two pages that are.
/// The tab has no style sheet, and fetching one would take as long as the wait.
fn furnish(tab: &Document) -> Option<()> {
    let own = document().document_element()?;
    let theme = own.get_attribute("data-theme").unwrap_or_else(|| "light dark".to_owned());
    let root: HtmlElement = tab.document_element()?.unchecked_into();
    _ = root.style().set_property("color-scheme", &theme);
    _ = root.style().set_property("background", "Canvas");
    let body = tab.body()?;
    for (name, value) in [
        ("display", "grid"),
        ("place-content", "center"),
        ("justify-items", "center"),
        ("gap", "14px"),
        ("min-height", "100vh"),
        ("margin", "0"),
        ("font", "500 14px/20px system-ui, sans-serif"),
        ("color", "GrayText"),
    ] {
        _ = body.style().set_property(name, value);
    }
    body.set_text_content(Some(WAITING));
    if let Some(mark) = document().query_selector(".brand .mark").ok().flatten() {
        let mark: Element = mark.clone_node_with_deep(true).ok()?.unchecked_into();
        let drawn =
            [("width", "36"), ("height", "36"), ("fill", "none"), ("stroke", "currentColor"), ("stroke-width", "1.7")];
        for (name, value) in drawn {
            _ = mark.set_attribute(name, value);
        }
        _ = body.insert_before(&mark, body.first_child().as_ref());
    }
    Some(())
}

fn refused(state: State, error: ApiError) {
    // Where the error is about a field, the form knows which.
    if !matches!(error, ApiError::Invalid(_)) {
        focus("impersonate-reason");
    }
    state.form.error.set(Some(error));
}

/// Shows the running session as it was asked for, since what is chosen may have changed meanwhile.
fn started(state: State, request: StartImpersonation, hand_off: HandOff, shown: bool) {
    let (account, application) = state.names_of(&request.account, &request.application);
    let running = Running {
        session_id: hand_off.session_id,
        account,
        application,
        account_external_id: request.account,
        client_id: request.application,
        reason: request.reason.trim().to_owned(),
        ticket: request.ticket.trim().to_owned(),
        started_at: state.now.now_untracked(),
        deadline: hand_off.deadline,
        ended_at: None,
        blocked_url: (!shown).then_some(hand_off.url),
    };
    state.running.update(|sessions| sessions.insert(0, running));
    state.drop_draft();
    state.reason.set(String::new());
    state.ticket.set(String::new());
    state.just_started.set(true);
    state.opening.changed.run(());
}
