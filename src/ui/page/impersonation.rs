//! Impersonation in an environment: what is running now, and the settings.

mod live;
mod settings;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::rpc::impersonation::GetOverview;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::live::Live;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{kept, loading};
use crate::ui::kit::state::{nothing, table_skeleton};

/// What the page shows.
pub fn needs(environment: String) -> Vec<Need> {
    vec![Need::of(GetOverview { environment })]
}

#[component]
pub fn ImpersonationPage() -> impl IntoView {
    let frame = Frame::current();
    let overview = loading(move || frame.environment.get(), |environment| GetOverview { environment });
    let settings = settings::Settings::new(frame, overview);
    let live = live::Running::new(frame, overview);
    Live::current().changed(Callback::new(move |()| overview.refetch()));
    view! {
        <Title text="Impersonation"/>
        <header class="page-head">
            <div>
                <h1>"Impersonation"</h1>
                <p class="dim">"Who is in a user’s session here now, and who may step into one."</p>
            </div>
        </header>
        {kept(overview, table_skeleton, move |overview| {
            view! {
                {live::section(live, overview)}
                {settings::section(settings, overview)}
            }
            .erased()
        })}
        {nothing()}
    }
    .erased()
}
