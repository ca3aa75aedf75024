//! Short confirmations in a corner, read out by screen readers, gone by themselves.

use std::time::Duration;

use leptos::prelude::*;

use crate::model::error::ApiError;
use crate::ui::kit::erase::Erase;

use crate::ui::kit::icon::icon;
use crate::ui::kit::rows::{Row, rows};
use crate::ui::kit::state::{sign_in_again, sign_in_link};

#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Vec<Toast>>);

#[derive(Clone)]
struct Toast {
    id: u32,
    is_bad: bool,
    text: String,
    /// Where the sign-in has ended: the way to a new one.
    sign_in: Option<String>,
}

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
        self.push(false, text.into(), None, 4);
    }

    /// Something failed: stays longer, and longest where there is a way to follow.
    pub fn fail(self, what: &str, error: ApiError) {
        match error {
            ApiError::Unauthenticated => {
                let address = window().location();
                let (path, search) = (address.pathname().unwrap_or_default(), address.search().unwrap_or_default());
                let text = format!("{what}Your sign-in has ended.");
                self.push(true, text, Some(sign_in_again(&path, &search)), 30);
            }
            error => self.push(true, format!("{what}{error}"), None, 9),
        }
    }

    fn push(self, is_bad: bool, text: String, sign_in: Option<String>, seconds: u64) {
        let id = self.0.with_untracked(|toasts| toasts.last().map_or(0, |toast| toast.id + 1));
        self.0.update(|toasts| toasts.push(Toast { id, is_bad, text, sign_in }));
        set_timeout(
            move || self.0.update(|toasts| toasts.retain(|toast| toast.id != id)),
            Duration::from_secs(seconds),
        );
    }
}

/// Where they appear. Once per document.
pub fn toaster(toasts: Toasts) -> AnyView {
    view! {
        <div class="toaster" role="status" aria-live="polite">
            {rows(move || toasts.0.get().into_iter().map(|toast| Row::new(toast.id.to_string(), || drawn(toast))).collect())}
        </div>
    }
    .erased()
}

fn drawn(toast: Toast) -> AnyView {
    view! {
        <p class="toast" class:bad=toast.is_bad>
            {icon(if toast.is_bad { "circle-alert" } else { "check" })}
            <span>{toast.text} " " {toast.sign_in.map(sign_in_link)}</span>
        </p>
    }
    .erased()
}
