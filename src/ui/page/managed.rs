//! A page that only the server draws: administration, which most people never open, costs the browser module nothing. Its
//! content comes ready made from `server::portal::manage`; here it gets its title and its place in the portal's frame.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::ui::kit::IN_BROWSER;
use crate::ui::kit::erase::Erase;

/// What such a page shows, for the page that is drawn around it.
#[derive(Clone)]
pub struct Managed {
    /// The document's title, and the end of the breadcrumb.
    pub title: String,
    /// Markup, as it stands in the page.
    pub html: Arc<str>,
}

/// The managed page that the server draws.
#[component]
pub fn ManagedPage() -> impl IntoView {
    use_context::<Managed>().map(|Managed { title, html }| {
        view! {
            <Title text=title/>
            <div class="managed" inner_html=html.to_string()></div>
        }
        .erased()
    })
}

/// The title of the managed page that the server draws, if it draws one.
pub fn title() -> Option<String> {
    if IN_BROWSER { None } else { use_context::<Managed>().map(|managed| managed.title) }
}

/// Whether the server draws a page by itself.
pub fn is_drawn() -> bool {
    !IN_BROWSER && use_context::<Managed>().is_some()
}
