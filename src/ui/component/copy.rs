//! Ids that copy with one click.

use std::time::Duration;

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;

use crate::ui::component::toast::Toasts;
use crate::ui::kit::icon::icon;

/// `text` in figures of one width, with a button that copies it.
pub fn copyable(text: String, what: &'static str) -> AnyView {
    let copied = RwSignal::new(false);
    let value = text.clone();
    let toasts = Toasts::current();
    view! {
        <span class="copyable">
            <code>{text}</code>
            <button
                type="button"
                class="icon-button small needs-script"
                aria-label=format!("Copy {what}")
                title=format!("Copy {what}")
                class:done=move || copied.get()
                on:click=move |_| {
                    to_clipboard(toasts, &value, what);
                    copied.set(true);
                    set_timeout(move || copied.set(false), Duration::from_millis(1_600));
                }
            >
                <span class="when-idle">{icon("copy")}</span>
                <span class="when-done">{icon("check")}</span>
            </button>
        </span>
    }
    .erased()
}

/// Copies and says so.
pub fn to_clipboard(toasts: Toasts, text: &str, what: &str) {
    _ = window().navigator().clipboard().write_text(text);
    let mut said = what.to_owned();
    if let Some(first) = said.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    toasts.say(said + " copied");
}
