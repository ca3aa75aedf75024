//! Ending impersonations: a form that works without script and then ends at once; with script, it can be undone for a moment.
//!
//! Until the moment has passed the session runs. Whoever leaves the page meanwhile ends it there and then: what was asked
//! for happens in any case but the one in which it was taken back.

use std::time::Duration;

use leptos::leptos_dom::helpers::TimeoutHandle;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::js_sys::Date;
use leptos::web_sys::{HtmlFormElement, UrlSearchParams};
use uuid::Uuid;

use crate::model::error::ApiError;
use crate::rpc::impersonation::End;
use crate::ui::component::toast::Toasts;
use crate::ui::kit::call::{Call, ask};
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::form::Plain;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::live::Live;

/// How long an end can be taken back. The button's bar in the style sheet runs as long.
const GRACE: Duration = Duration::from_secs(5);

/// For so many milliseconds the second click of a double click, or a key that is held, does not take it back.
const SAME_PRESS: f64 = 400.0;

/// Ends that were asked for. They live as long as the document: the page that asked may be left within it.
#[derive(Clone, Copy)]
pub struct Endings {
    asked: RwSignal<Vec<Asked>>,
    toasts: Toasts,
    live: Live,
}

#[derive(Clone)]
struct Asked {
    session_id: Uuid,
    environment: String,
    /// In the browser's milliseconds.
    at: f64,
    timer: Option<TimeoutHandle>,
    is_sent: bool,
}

impl Endings {
    pub fn provide(toasts: Toasts, live: Live) -> Self {
        let endings = Self { asked: RwSignal::new(Vec::new()), toasts, live };
        provide_context(endings);
        effect(move || {
            window_event_listener_untyped("pagehide", move |_| endings.send_all());
        });
        endings
    }

    /// Nothing where nobody asked for it, else whether it can no longer be taken back.
    fn standing(self, session_id: Uuid) -> Option<bool> {
        self.asked.read().iter().find(|asked| asked.session_id == session_id).map(|asked| asked.is_sent)
    }

    fn ask(self, environment: String, session_id: Uuid, ended: Callback<Uuid>) {
        let timer = set_timeout_with_handle(move || self.send(session_id, ended), GRACE).ok();
        self.asked
            .update(|asked| asked.push(Asked { session_id, environment, at: Date::now(), timer, is_sent: false }));
    }

    fn take_back(self, session_id: Uuid) {
        let now = Date::now();
        self.asked.update(|all| {
            all.retain(|asked| {
                let is_it = asked.session_id == session_id && !asked.is_sent && now - asked.at > SAME_PRESS;
                if let Some(timer) = asked.timer.filter(|_| is_it) {
                    timer.clear();
                }
                !is_it
            });
        });
    }

    fn send(self, session_id: Uuid, ended: Callback<Uuid>) {
        let mut environment = None;
        self.asked.update(|all| {
            if let Some(asked) = all.iter_mut().find(|asked| asked.session_id == session_id) {
                asked.is_sent = true;
                environment = Some(asked.environment.clone());
            }
        });
        let Some(environment) = environment else { return };
        spawn_local(async move {
            let answer = ask(End { environment, session_id }).await;
            match &answer {
                Ok(()) => self.toasts.say("Session ended"),
                Err(ApiError::NotFound) => self.toasts.say("The session was already over"),
                // Whoever pressed the button may have looked away: what it was for did not happen.
                Err(error) => self.toasts.fail("The session was not ended. ", error.clone()),
            }
            self.asked.update(|all| all.retain(|asked| asked.session_id != session_id));
            if matches!(answer, Ok(()) | Err(ApiError::NotFound)) {
                // The page that asked may be gone.
                _ = ended.try_run(session_id);
                self.live.ask();
            }
        });
    }

    /// The page is being left: what waits is sent in a way that outlives it.
    fn send_all(self) {
        let all = self.asked.try_update(std::mem::take).unwrap_or_default();
        for asked in all.into_iter().filter(|asked| !asked.is_sent) {
            if let Ok(fields) = UrlSearchParams::new() {
                fields.append("environment", &asked.environment);
                fields.append("session_id", &asked.session_id.to_string());
                _ = window().navigator().send_beacon_with_opt_url_search_params(End::PATH, Some(&fields));
            }
        }
    }
}

/// The button *End* for one session, as `whom` it runs. `ended` runs once the server has ended it, or says that it is over
/// anyway.
pub fn end_form(
    session_id: Uuid,
    label: &'static str,
    whom: &str,
    class: &'static str,
    ended: Callback<Uuid>,
) -> AnyView {
    let frame = Frame::current();
    let endings = expect_context::<Endings>();
    let standing = Memo::new(move |_| endings.standing(session_id));
    let submitted = Callback::new(move |form: HtmlFormElement| {
        if !is_of(&form, session_id) {
            return;
        }
        match standing.get_untracked() {
            None => endings.ask(frame.environment.get_untracked(), session_id, ended),
            Some(false) => endings.take_back(session_id),
            Some(true) => {}
        }
    });
    let face = move || match standing.get() {
        None => label,
        Some(false) => "Undo",
        Some(true) => "Ending…",
    };
    // Begins with what is written on the button, so that whoever speaks to the browser is understood.
    let whom = whom.to_owned();
    let name = move || match standing.get() {
        None if label == "End" => format!("End the session as {whom}"),
        None => format!("{label} as {whom}"),
        Some(false) => format!("Undo ending the session as {whom}"),
        Some(true) => format!("Ending… the session as {whom}"),
    };
    let fields = view! {
            <input type="hidden" name="environment" value=move || frame.environment.get()/>
            <input type="hidden" name="session_id" value=session_id.to_string()/>
            <button
                type="submit"
                class=class
                class:undo=move || standing.get() == Some(false)
                data-session=session_id.to_string()
                aria-label=name
                disabled=move || standing.get() == Some(true)
            >
                {icon("octagon-x")}
                <span>{face}</span>
            </button>
            <span class="visually-hidden" role="status">
                {move || (standing.get() == Some(false)).then_some("The session ends in five seconds, unless you undo it.")}
            </span>
    };
    let plain = Plain { class: "end-form", ..Plain::to(End::PATH) };
    plain.view(submitted, fields.erased(), None)
}

/// Whether the form's button is this session's. It is, unless the page was put together wrongly; ending somebody else's
/// session would be worse than ending none.
fn is_of(form: &HtmlFormElement, session_id: Uuid) -> bool {
    let button = form.query_selector("[data-session]").ok().flatten();
    let said = button.and_then(|button| button.get_attribute("data-session"));
    said.is_none_or(|said| said == session_id.to_string())
}

/// The button *Open again* for a running session of the operator's own: a plain form into a new tab, which a browser takes
/// for no pop-up, with or without script.
pub fn reopen_form(session_id: Uuid, whom: &str, class: &'static str) -> AnyView {
    let name = format!("Open again the session as {whom}");
    let frame = Frame::current();
    let action = move || frame.environment.with(|environment| format!("/{environment}/sessions/{session_id}/reopen"));
    view! {
        <form method="post" action=action target="_blank" class="end-form">
            <button
                type="submit"
                class=class
                title="Opens the same session in another tab: same end, same reason"
                aria-label=name
            >
                {icon("external-link")}
                <span>"Open again"</span>
            </button>
        </form>
    }
    .erased()
}
