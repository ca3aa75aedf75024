//! The drawer: a native dialog at the window's right edge. Its open state is the page's address, so the server can render it
//! open for readers without script; the browser then makes it modal.

use leptos::html::Dialog;
use leptos::prelude::*;

use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::ui::kit::icon::icon;

/// A drawer of the dialog element. Closing it, be it by a click beside it, leads to `close_url`; where it is gone, however
/// that came, the focus goes to the element that the selector `opener` finds, where it would be lost.
pub fn drawer(
    class: &'static str,
    label: &'static str,
    close_url: Memo<String>,
    opener: Signal<String>,
    content: AnyView,
) -> AnyView {
    let dialog = NodeRef::<Dialog>::new();
    let navigate = use_navigate();
    effect(move || {
        if let Some(dialog) = dialog.get() {
            _ = dialog.remove_attribute("open");
            _ = dialog.show_modal();
        }
    });
    // Back, or a link in it, takes the drawer away without closing it.
    let last = StoredValue::new(opener.get_untracked());
    effect(move || last.set_value(opener.get()));
    on_cleanup(move || {
        if IN_BROWSER && let Some(opener) = last.try_get_value() {
            request_animation_frame(move || focus_if_lost(&opener));
        }
    });
    view! {
        <dialog
            class=format!("drawer {class}")
            open=true
            closedby="any"
            aria-label=label
            node_ref=dialog
            on:close=move |_| {
                navigate(
                    &close_url.get_untracked(),
                    NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() },
                );
                let opener = last.get_value();
                request_animation_frame(move || focus_if_lost(&opener));
            }
        >
            {content}
        </dialog>
    }
    .erased()
}

/// The cross in a drawer's head: a link without script, the dialog's own closing with it.
pub fn close_button(close_url: Memo<String>) -> AnyView {
    view! {
        <a class="icon-button drawer-close" href=move || close_url.get() aria-label="Close" on:click=close_dialog>
            {icon("x")}
        </a>
    }
    .erased()
}

/// Closes the dialog around the clicked link instead of following it; the dialog's `close` event does that.
pub fn close_dialog(event: leptos::ev::MouseEvent) {
    if let Some(dialog) = document().query_selector("dialog.drawer[open]").ok().flatten() {
        event.prevent_default();
        use leptos::wasm_bindgen::JsCast;
        dialog.unchecked_into::<leptos::web_sys::HtmlDialogElement>().close();
    }
}

/// Moves the focus to what the selector finds, where it would be lost.
fn focus_if_lost(opener: &str) {
    let lost = document().active_element().is_none_or(|element| element.tag_name() == "BODY");
    if lost {
        focus_first(opener);
    }
}

/// Moves the focus to the first element that the selector finds, if there is one.
pub fn focus_first(selector: &str) {
    focus_on(document().query_selector(selector).ok().flatten());
}

/// Moves the focus to the element with this id, if it is there.
pub fn focus(id: &str) {
    focus_on(document().get_element_by_id(id));
}

fn focus_on(element: Option<leptos::web_sys::Element>) {
    use leptos::wasm_bindgen::JsCast;
    if let Some(element) = element {
        _ = element.unchecked_into::<leptos::web_sys::HtmlElement>().focus();
    }
}
