//! Impersonation in an environment: the two settings, and what is running now.

mod live;
mod settings;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::impersonation::GetOverview;
use crate::ui::component::loaded::ahead::Need;
use crate::ui::component::loaded::{loaded, loading};
use crate::ui::component::state::{nothing, table_skeleton};
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;

/// What the page shows.
pub fn needs(environment: String) -> Vec<Need> {
    vec![Need::of(GetOverview { environment })]
}

#[component]
pub fn ImpersonationPage() -> impl IntoView {
    let frame = Frame::current();
    let overview = loading(move || frame.environment.get(), |environment| GetOverview { environment });
    let settings = settings::Settings::new(frame, overview);
    let live = live::Live::new(frame, overview);
    view! {
        <Title text="Impersonation"/>
        <header class="page-head">
            <div>
                <h1>"Impersonation"</h1>
                <p class="dim">"Who may step into a user’s session here, and who is in one now."</p>
            </div>
        </header>
        {loaded(overview, table_skeleton, move |overview| {
            view! {
                {settings::section(settings, &overview)}
                {live::section(live, overview)}
            }
            .erased()
        })}
        {nothing()}
    }
    .erased()
}
