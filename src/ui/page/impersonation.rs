//! Impersonation in an environment: what is running now, and the settings.

mod live;
mod settings;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::rpc::impersonation::GetOverview;
use crate::ui::kit::address::{Words, use_words};
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::live::Live;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{kept, loading};
use crate::ui::kit::state::{nothing, table_skeleton};

/// What the page shows.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    vec![Need::of(GetOverview { environment, cursor: words.get("cursor").to_owned() })]
}

#[component]
pub fn ImpersonationPage() -> impl IntoView {
    let frame = Frame::current();
    let words = use_words();
    let place = move || (frame.environment.get(), words.with(|words| words.get("cursor").to_owned()));
    let overview = loading(place, |(environment, cursor)| GetOverview { environment, cursor });
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
