//! Forms that post to a server function. Without script the browser sends them and comes back to the page, with an error in
//! its address; with script the call is made in place and what was typed stays.

use std::pin::Pin;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{FormData, HtmlFormElement, UrlSearchParams};

use crate::model::error::ApiError;
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::erase::Erase;

/// Where the form's call is.
#[derive(Clone, Copy)]
pub struct Call {
    pub busy: RwSignal<bool>,
    pub error: RwSignal<Option<ApiError>>,
}

/// A call under way, and what to do with its answer.
type Answering = Pin<Box<dyn Future<Output = Result<Box<dyn FnOnce()>, ApiError>>>>;

impl Call {
    /// The call to the server function at `path`, with the error that an earlier one left in the address.
    pub fn to(path: &str) -> Self {
        let words = use_words().get_untracked();
        let left = (words.get("__path") == path)
            .then(|| ServerFnUrlError::<ApiError>::decode_err(words.get("__err")).from_address());
        Self { busy: RwSignal::new(false), error: RwSignal::new(left) }
    }

    /// What went wrong.
    pub fn failure(self) -> Option<ApiError> {
        self.error.get()
    }

    /// Makes the call, unless one is under way. `done` runs if it succeeds and the page is still there.
    pub fn run<T: 'static>(
        self,
        call: impl Future<Output = Result<T, ApiError>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.run_erased(Box::pin(async move {
            let value = call.await?;
            Ok(Box::new(move || done(value)) as Box<dyn FnOnce()>)
        }));
    }

    /// The same for every type: what is generic is paid for in the browser module each time.
    fn run_erased(self, call: Answering) {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        spawn_local(async move {
            let answer = call.await;
            if self.busy.try_set(false).is_some() {
                return;
            }
            match answer {
                Ok(done) => {
                    self.error.set(None);
                    done();
                }
                Err(error) => self.error.set(Some(error)),
            }
        });
    }
}

/// A form that posts to `action`; with script, `submitted` gets its fields instead.
pub fn post_form(action: &'static str, class: &'static str, submitted: Callback<Words>, fields: AnyView) -> AnyView {
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) {
            submitted.run(words_of(&form));
        }
    };
    view! {
        <form method="post" action=action class=class on:submit=submit>
            {fields}
        </form>
    }
    .erased()
}

/// The fields of a form as words. Empty fields and unchecked boxes are not there.
pub fn words_of(form: &HtmlFormElement) -> Words {
    FormData::new_with_form(form)
        .and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data))
        .map(|params| Words::parse(&String::from(params.to_string())))
        .unwrap_or_default()
}

/// One choice of a select.
pub fn option(value: String, text: String, selected: bool) -> AnyView {
    view! { <option value=value selected=selected>{text}</option> }.erased()
}
