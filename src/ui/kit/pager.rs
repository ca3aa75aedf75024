//! The foot of a list: what is shown, and links to the pages beside it. Cursors come from the server.

use leptos::prelude::*;

use crate::ui::kit::erase::Erase;

use crate::ui::kit::icon::icon;

pub fn pager(
    summary: String,
    previous: Option<String>,
    next: Option<String>,
    names: (&'static str, &'static str),
) -> AnyView {
    view! {
        <nav class="pager" aria-label="Pages">
            <p>{summary}</p>
            <div class="pager-links">
                {step(previous, "prev", view! { {icon("chevron-left")} <span>{names.0}</span> }.erased())}
                {step(next, "next", view! { <span>{names.1}</span> {icon("chevron-right")} }.erased())}
            </div>
        </nav>
    }
    .erased()
}

fn step(href: Option<String>, rel: &'static str, face: AnyView) -> AnyView {
    match href {
        Some(href) => view! { <a class="button small" rel=rel href=href>{face}</a> }.erased(),
        None => view! { <span class="button small disabled" aria-disabled="true">{face}</span> }.erased(),
    }
}
