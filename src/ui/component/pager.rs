//! The foot of a list: what is shown, and links to the pages beside it. Cursors come from the server.

use leptos::prelude::*;

use super::icon::icon;

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
                {step(previous, "prev", view! { {icon("chevron-left")} <span>{names.0}</span> }.into_any())}
                {step(next, "next", view! { <span>{names.1}</span> {icon("chevron-right")} }.into_any())}
            </div>
        </nav>
    }
    .into_any()
}

fn step(href: Option<String>, rel: &'static str, face: AnyView) -> AnyView {
    match href {
        Some(href) => view! { <a class="button small" rel=rel href=href>{face}</a> }.into_any(),
        None => view! { <span class="button small disabled" aria-disabled="true">{face}</span> }.into_any(),
    }
}
