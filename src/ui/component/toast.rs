//! Short confirmations in a corner, read out by screen readers, gone by themselves.

use std::time::Duration;

use leptos::prelude::*;

use crate::ui::erase::Erase;

use super::icon::icon;

#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Vec<(u32, bool, String)>>);

impl Toasts {
    pub fn provide() -> Self {
        let toasts = Self(RwSignal::new(Vec::new()));
        provide_context(toasts);
        toasts
    }

    pub fn current() -> Self {
        expect_context::<Self>()
    }

    pub fn say(self, text: impl Into<String>) {
        self.push(false, text.into(), 4);
    }

    /// Something failed: stays longer.
    pub fn warn(self, text: impl Into<String>) {
        self.push(true, text.into(), 9);
    }

    fn push(self, bad: bool, text: String, seconds: u64) {
        let id = self.0.with_untracked(|toasts| toasts.last().map_or(0, |(id, ..)| id + 1));
        self.0.update(|toasts| toasts.push((id, bad, text)));
        set_timeout(
            move || self.0.update(|toasts| toasts.retain(|(other, ..)| *other != id)),
            Duration::from_secs(seconds),
        );
    }
}

/// Where they appear. Once per document.
pub fn toaster(toasts: Toasts) -> AnyView {
    view! {
        <div class="toaster" role="status" aria-live="polite">
            <For each=move || toasts.0.get() key=|(id, ..)| *id let((_, bad, text))>
                <p class="toast" class:bad=bad>
                    {icon(if bad { "circle-alert" } else { "check" })}
                    <span>{text}</span>
                </p>
            </For>
        </div>
    }
    .erased()
}
