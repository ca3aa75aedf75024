//! Icons: one sprite, drawn by reference. A name is lucide's own.

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;

/// A glyph of the style's 16 px that says nothing to a screen reader; the text beside it does.
pub fn icon(name: &'static str) -> AnyView {
    view! {
        <svg class="icon" aria-hidden="true">
            <use href=format!("/icons.svg#{name}")></use>
        </svg>
    }
    .erased()
}

/// Understudy's mark, drawn in place so that it never waits.
pub fn mark() -> AnyView {
    view! {
        <svg class="mark" width="22" height="22" viewBox="0 0 24 24" aria-hidden="true">
            <path
                class="mark-back"
                d="M10 4.6c3.6-.2 7-1 10-2.2.9 2.6 1.6 5.6 1.4 8.6-.2 3.300-1.900 5.400-5.400 6.600"
            ></path>
            <path
                class="mark-front"
                d="M2.300 7.600c3.700 1.200 7.800 1.200 11.900 0 .9 3.100 1.300 6.200.5 9-.8 2.700-3 4.700-6.400 5.100-3.300-.3-5.500-2.300-6.300-5-.8-2.800-.5-6 .3-9.100Z"
            ></path>
            <path class="mark-face" d="M4.900 12.100c.8-.8 1.900-.8 2.600 0M9.700 12.100c.8-.8 1.900-.8 2.600 0M5.800 16.200c1.500 1.500 3.900 1.500 5.300 0"></path>
        </svg>
    }
    .erased()
}
