//! Light, dark, or as the system says: kept in the browser, set on `<html>` before the first paint.

use leptos::prelude::*;

use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;

use crate::ui::component::menu::menu;
use crate::ui::kit::icon::icon;

/// Runs in the document's head, so that no wrong colour flashes.
pub const BEFORE_FIRST_PAINT: &str = "try{var t=localStorage.getItem('theme');if(t==='light'||t==='dark')document.documentElement.dataset.theme=t}catch(e){}";

const CHOICES: [(&str, &str, &str); 3] =
    [("light", "sun", "Light"), ("dark", "moon", "Dark"), ("system", "monitor", "System")];

/// The menu in the top bar. It needs script, so it shows itself only then.
pub fn theme_switch() -> AnyView {
    let chosen = RwSignal::new("system");
    effect(move || {
        let stored = stored();
        if let Some((word, ..)) = CHOICES.iter().find(|(word, ..)| Some(*word) == stored.as_deref()) {
            chosen.set(word);
        }
    });
    let items = CHOICES
        .into_iter()
        .map(|(word, glyph, label)| {
            view! {
                <button
                    type="button"
                    class="menu-item"
                    popovertarget="theme-menu"
                    popovertargetaction="hide"
                    aria-pressed=move || (chosen.get() == word).to_string()
                    on:click=move |_| {
                        chosen.set(word);
                        apply(word);
                    }
                >
                    {icon(glyph)}
                    <span>{label}</span>
                    <span class="menu-check">{icon("check")}</span>
                </button>
            }
        })
        .collect_view()
        .erased();
    view! {
        <div class="needs-script">
            {menu("theme-menu".to_owned(), "icon-button", "Colour theme".to_owned(), icon("sun-moon"), items)}
        </div>
    }
    .erased()
}

fn stored() -> Option<String> {
    window().local_storage().ok().flatten()?.get_item("theme").ok().flatten()
}

fn apply(word: &str) {
    let Some(root) = document().document_element() else { return };
    let storage = window().local_storage().ok().flatten();
    if word == "system" {
        _ = root.remove_attribute("data-theme");
        _ = storage.map(|storage| storage.remove_item("theme"));
    } else {
        _ = root.set_attribute("data-theme", word);
        _ = storage.map(|storage| storage.set_item("theme", word));
    }
}
