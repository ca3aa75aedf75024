//! What runs in the environment, as the server tells it: the badge, the lists and the drawer follow by themselves.
//!
//! The stream itself is a script of the document ([`SCRIPT`]); here its messages become signals.

use std::sync::LazyLock;

use leptos::prelude::*;

use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::effect::effect;
use leptos::wasm_bindgen::{JsCast, JsValue};
use leptos::web_sys::CustomEvent;
use leptos::web_sys::js_sys::{Function, Reflect};

/// Runs in every document, before the browser module: without comments and indents, which nobody reads there.
pub static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("live.js").lines().map(str::trim_start);
    lines.filter(|line| !line.starts_with("//")).collect::<Vec<_>>().join("\n")
});

#[derive(Clone, Copy)]
pub struct Live {
    /// How many impersonations run, once the server has said it.
    pub count: RwSignal<Option<i64>>,
    /// Changes with what runs. Empty until the server has said it.
    mark: RwSignal<String>,
}

impl Live {
    pub fn provide() -> Self {
        let live = Self { count: RwSignal::new(None), mark: RwSignal::new(String::new()) };
        provide_context(live);
        effect(move || {
            window_event_listener_untyped("understudy:live", move |event| {
                let said = event.dyn_into::<CustomEvent>().ok().and_then(|event| event.detail().as_string());
                let said = said.unwrap_or_default();
                if let Some((count, mark)) = said.split_once(' ') {
                    live.count.set(count.parse().ok());
                    if live.mark.read_untracked().as_str() != mark {
                        live.mark.set(mark.to_owned());
                    }
                }
            });
        });
        live
    }

    pub fn current() -> Self {
        expect_context::<Self>()
    }

    /// Follows this environment from here on, as long as the caller is there.
    pub fn follow(self, environment: Memo<String>) {
        let mut before = None::<String>;
        effect(move || {
            let environment = environment.get();
            // At first the mark is the page's own already: without it, the first message would count as nothing new.
            if before.replace(environment.clone()).is_some_and(|before| before != environment) {
                self.forget();
            }
            call("watchLive", &format!("/{environment}/live"));
        });
        on_cleanup(move || {
            if IN_BROWSER {
                call("watchLive", "");
                self.forget();
            }
        });
    }

    fn forget(self) {
        self.count.set(None);
        self.mark.set(String::new());
    }

    /// What the page was made with: the first message that says otherwise is a change.
    pub fn begin_at(self, mark: &str) {
        if self.mark.with_untracked(String::is_empty) {
            self.mark.set(mark.to_owned());
        }
    }

    /// Asks at once: something was just done here.
    pub fn ask(self) {
        call("askLive", "");
    }

    /// Runs `then` whenever what runs has changed, as long as the caller is there.
    pub fn changed(self, then: Callback<()>) {
        let mut before = None::<String>;
        effect(move || {
            let mark = self.mark.get();
            let changed = before.replace(mark.clone()).is_some_and(|before| !before.is_empty() && before != mark);
            if changed && !mark.is_empty() {
                then.run(());
            }
        });
    }
}

/// Calls a function of [`SCRIPT`].
fn call(name: &str, argument: &str) {
    let function = Reflect::get(&window(), &JsValue::from_str(name)).ok();
    if let Some(function) = function.and_then(|function| function.dyn_into::<Function>().ok()) {
        _ = function.call1(&JsValue::NULL, &JsValue::from_str(argument));
    }
}
