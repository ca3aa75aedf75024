//! An address that no route knows.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::component::state::missing;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found"/>
        <main class="page-alone">{missing()}</main>
    }
    .into_any()
}
