//! Form fields: a label, the control, and beneath it a hint or what is wrong.

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;

use crate::ui::kit::icon::icon;

/// The label, with "required" or "optional" beside it where that needs saying.
pub fn label(id: &'static str, text: &'static str, note: &'static str) -> AnyView {
    view! {
        <label class="label" for=id>
            {text}
            <span class="label-note">{note}</span>
        </label>
    }
    .erased()
}

/// What is wrong with a field. The element is always there, so that it is read out when it fills.
pub fn field_error(id: &'static str, error: impl Fn() -> Option<String> + Send + Sync + Copy + 'static) -> AnyView {
    view! {
        <p class="field-error" id=id aria-live="polite">
            {move || {
                error()
                    .map(|message| {
                        view! {
                            {icon("circle-alert")}
                            <span>{message}</span>
                        }
                    })
            }}
        </p>
    }
    .erased()
}

/// A choice with two lines: drawn over a native select, which stays what keyboard, screen reader and form use.
pub fn rich_select(
    id: &'static str,
    name: &'static str,
    glyph: &'static str,
    face: AnyView,
    options: AnyView,
    change: Callback<String>,
) -> AnyView {
    view! {
        <div class="rich-select">
            <select id=id name=name class="input" on:change=move |event| change.run(event_target_value(&event))>
                {options}
            </select>
            <div class="rich-select-face" aria-hidden="true">
                {icon(glyph)}
                <div class="rich-select-text">{face}</div>
                {icon("chevrons-up-down")}
            </div>
        </div>
    }
    .erased()
}

/// On or off: a checkbox drawn as a switch.
pub fn switch(
    name: &'static str,
    described_by: &'static str,
    label: &'static str,
    state: RwSignal<bool>,
    disabled: bool,
) -> AnyView {
    view! {
        <label class="switch">
            <input
                type="checkbox"
                role="switch"
                name=name
                value="true"
                aria-describedby=described_by
                disabled=disabled
                checked=state.get_untracked()
                prop:checked=move || state.get()
                on:change=move |event| state.set(event_target_checked(&event))
            />
            <span class="switch-track" aria-hidden="true"></span>
            <span class="switch-label">{label}</span>
        </label>
    }
    .erased()
}
