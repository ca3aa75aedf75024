//! Forms that post to a server function, with and without script.
//!
//! A form holds all that the function is asked, so that it is the same request either way: with script its fields are sent in
//! place, what was entered stays, each error is said at its field and the first of them gets the focus; without, the browser
//! sends them, and comes back to the page with the errors in its address.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::error::ServerFnUrlError;
use leptos::task::spawn_local;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::{FormData, HtmlElement, HtmlFormElement, UrlSearchParams};

use crate::model::error::ApiError;
use crate::model::validate::{Checks, FieldErrors};
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::call::{Call, Text, post};
use crate::ui::kit::clock::Clock;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::field::field_error;
use crate::ui::kit::state;

/// A form, or several of the same function of which one is sent at a time.
#[derive(Clone, Copy)]
pub struct Form {
    /// The server function's path.
    path: &'static str,
    pub busy: RwSignal<bool>,
    pub error: RwSignal<Option<ApiError>>,
    /// Says that the form was refused: once each time, while errors go one by one as their fields are touched.
    refused: RwSignal<()>,
    /// The fields that say themselves what is wrong with them.
    named: StoredValue<Vec<&'static str>>,
}

/// What became of a form that was sent.
pub struct Sent {
    pub answer: Result<Text, ApiError>,
    /// Whether the form is still on the page.
    pub is_shown: bool,
}

impl Form {
    /// The form of the server function `C`, with the errors that an earlier try without script left in the address.
    pub fn to<C: Call>() -> Self {
        Self::at(C::PATH)
    }

    fn at(path: &'static str) -> Self {
        let words = use_words().get_untracked();
        let left = (words.get("__path") == path)
            .then(|| ServerFnUrlError::<ApiError>::decode_err(words.get("__err")).from_address());
        let (busy, refused) = (RwSignal::new(false), RwSignal::new(()));
        Self { path, busy, error: RwSignal::new(left), refused, named: StoredValue::default() }
    }

    /// Looks once more at what came back in the address: a field says itself what is wrong with it, better than an address is
    /// believed to. What passes here was refused by the server all the same, and keeps what was said of it.
    pub fn look_again(self, checks: Checks) {
        if let (Some(ApiError::Invalid(left)), Err(found)) = (self.error.get_untracked(), checks.passed()) {
            let said =
                left.map(|error| found.iter().find(|found| found.field == error.field).cloned().unwrap_or(error));
            self.error.set(Some(ApiError::Invalid(said)));
        }
    }

    /// What is wrong with a field. Reactive.
    pub fn error_of(self, field: &str) -> Option<String> {
        self.error.with(|error| error.as_ref().and_then(|error| error.for_field(field)))
    }

    /// The line beneath a field, for its `aria-describedby`, that says what is wrong with it.
    pub fn error_line(self, id: &'static str, field: &'static str) -> AnyView {
        self.names(field);
        field_error(id, move || self.error_of(field))
    }

    /// `field` says itself what is wrong with it: [`Self::failure`] does not.
    pub fn names(self, field: &'static str) {
        self.named.update_value(|named| named.push(field));
    }

    /// For a field's `aria-invalid`.
    pub fn is_wrong(self, field: &'static str) -> impl Fn() -> String + Copy + Send + Sync + 'static {
        move || self.error_of(field).is_some().to_string()
    }

    /// What went wrong and is said at no field. Reactive.
    pub fn other_error(self) -> Option<ApiError> {
        match self.error.get()? {
            ApiError::Invalid(errors) => self
                .named
                .with_value(|named| named.iter().try_fold(errors, |errors, field| errors.without(field)))
                .map(ApiError::Invalid),
            error => Some(error),
        }
    }

    /// The same as a view, to stand above the form's button.
    pub fn failure(self) -> AnyView {
        (move || self.other_error().map(state::failure)).erased()
    }

    /// The field was touched: what was said of it is not true any more.
    pub fn touched(self, field: &str) {
        let left = self.error.with_untracked(|error| match error {
            Some(ApiError::Invalid(errors)) if errors.about(field).is_some() => Some(errors.clone().without(field)),
            _ => None,
        });
        if let Some(left) = left {
            self.error.set(left.map(ApiError::Invalid));
        }
    }

    /// What a check in the browser found: the server is not asked.
    pub fn refuse(self, errors: FieldErrors) {
        self.error.set(Some(ApiError::Invalid(errors)));
        self.refused.set(());
    }

    /// Sends a form's fields. Whoever calls it asks [`Self::busy`] before.
    pub async fn send(self, fields: String) -> Sent {
        self.busy.set(true);
        let answer = post(self.path, fields).await;
        let is_shown = self.busy.try_set(false).is_none();
        if is_shown {
            self.error.set(answer.as_ref().err().cloned());
            self.refused.set(());
        }
        Sent { answer, is_shown }
    }

    /// The form with these fields. With script, `done` runs if the function did what it was asked, unless the page has been
    /// left.
    pub fn view(self, class: &'static str, fields: AnyView, done: Callback<Text>) -> AnyView {
        let submitted = Callback::new(move |form: HtmlFormElement| {
            if self.busy.get_untracked() {
                return;
            }
            spawn_local(async move {
                let sent = self.send(fields_of(&form)).await;
                if let (Ok(text), true) = (sent.answer, sent.is_shown) {
                    done.run(text);
                }
            });
        });
        let plain = Plain { class, ..Plain::to(self.path) };
        plain.view(submitted, fields, Some(self))
    }
}

/// What a form is without script.
pub struct Plain {
    pub action: Signal<String>,
    pub class: &'static str,
    pub id: Option<&'static str>,
    pub target: Option<&'static str>,
    /// Whether script looks at the fields itself, in place of the browser.
    pub is_checked: bool,
}

impl Plain {
    /// A form to this path, and nothing else said of it.
    pub fn to(path: &str) -> Self {
        Self { action: Signal::stored(path.to_owned()), class: "", id: None, target: None, is_checked: false }
    }

    /// The form. With script, `submitted` gets it in place of the server; where `form` says what was refused, the first of
    /// these fields gets the focus.
    pub fn view(self, submitted: Callback<HtmlFormElement>, fields: AnyView, form: Option<Form>) -> AnyView {
        let element = NodeRef::<html::Form>::new();
        if let Some(form) = form {
            effect(move || {
                form.refused.track();
                if let (Some(ApiError::Invalid(errors)), Some(element)) = (&*form.error.read_untracked(), element.get())
                {
                    focus(&element, &errors.first().field);
                }
            });
        }
        let is_script = Clock::current().hydrated;
        let Self { action, class, id, target, is_checked } = self;
        let submit = move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) {
                submitted.run(form);
            }
        };
        view! {
            <form
                method="post"
                action=action
                class=class
                id=id
                target=target
                novalidate=move || is_checked && is_script.get()
                node_ref=element
                on:submit=submit
            >
                {fields}
            </form>
        }
        .erased()
    }
}

/// Moves the focus to a field of the form, where it has one of this name.
fn focus(form: &HtmlFormElement, field: &str) {
    let named = format!("[name=\"{field}\"]");
    if let Some(control) =
        form.query_selector(&named).ok().flatten().and_then(|field| field.dyn_into::<HtmlElement>().ok())
    {
        _ = control.focus();
    }
}

/// The fields of a form, as the browser sends them.
pub fn fields_of(form: &HtmlFormElement) -> String {
    FormData::new_with_form(form)
        .and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data))
        .map(|fields| String::from(fields.to_string()))
        .unwrap_or_default()
}

/// The same as words. Empty fields and unchecked boxes are not there.
pub fn words_of(form: &HtmlFormElement) -> Words {
    Words::parse(&fields_of(form))
}

/// One choice of a select.
pub fn option(value: String, text: String, selected: bool) -> AnyView {
    view! { <option value=value selected=selected>{text}</option> }.erased()
}
