//! An address that no route knows.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::kit::erase::Erase;
use crate::ui::kit::state::missing;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="page-alone">{missing()}</main>
    }
    .erased()
}

/// The same below an environment, whose frame stays around it.
#[component]
pub fn NotFoundHere() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        {missing()}
    }
    .erased()
}
