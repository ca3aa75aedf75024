//! `/`: nothing to see, only a way on. The server redirects before this is drawn; a sign-in within the page comes through.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::rpc::operator::GetHome;
use crate::ui::kit::effect::effect;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::loaded::{loaded, loading};
use crate::ui::kit::state::nothing;

/// Leads to the first environment's users.
#[component]
pub fn Home() -> impl IntoView {
    let home = loading(|| (), |()| GetHome {});
    let navigate = use_navigate();
    effect(move || {
        if let Some(Ok(path)) = home.get() {
            navigate(&path, NavigateOptions { replace: true, ..NavigateOptions::default() });
        }
    });
    let link = |path: String| view! { <a class="button" href=path>"Continue to Understudy"</a> }.erased();
    view! { <main class="page-alone">{loaded(home, nothing, link)}</main> }.erased()
}
