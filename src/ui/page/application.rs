//! One application: how to connect it, how it is set up, who has it, and whether it hears of ended sessions.

pub mod deliveries;
mod facts;
pub mod problems;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use uuid::Uuid;

use crate::model::application::ApplicationDetail;
use crate::model::text::isolated;
use crate::rpc::applications::GetApplication;
use crate::ui::component::copy::copyable;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{Loading, given, loaded, loading};
use crate::ui::kit::state::page_skeleton;

#[component]
pub fn ApplicationPage() -> impl IntoView {
    let frame = Frame::current();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id").and_then(|id| id.parse::<Uuid>().ok())));
    let application: Loading<ApplicationDetail> =
        loading(move || (frame.environment.get(), id.get()), |(environment, id)| of(environment, id));
    let retrying = deliveries::Retrying::new(frame, application);
    view! {
        <Title text="Application"/>
        {loaded(application, page_skeleton, move |application| sections(frame, retrying, application))}
    }
    .erased()
}

/// What the page shows at this address.
pub fn needs(environment: String, id: &str) -> Vec<Need> {
    vec![Need::of(of(environment, id.parse().ok()))]
}

/// The application's name, where the server draws the page.
pub fn name(environment: String, id: &str) -> Option<String> {
    given(&of(environment, id.parse().ok())).map(|detail| detail.application.name)
}

/// What is no id is nobody's: the server says so, with the status that belongs to it.
fn of(environment: String, id: Option<Uuid>) -> GetApplication {
    GetApplication { environment, application_id: id.unwrap_or_default() }
}

fn sections(frame: Frame, retrying: deliveries::Retrying, detail: ApplicationDetail) -> AnyView {
    let application = &detail.application;
    let path = format!("{}/{}", frame.path("applications").get_untracked(), application.id);
    frame.shows(path.clone(), application.name.clone());
    view! {
        <Title text=isolated(&application.name)/>
        <header class="profile-head">
            <span class="app-mark">{icon("app-window")}</span>
            <div class="profile-text">
                <h1 dir="auto">{application.name.clone()}</h1>
                <p class="profile-line dim">{copyable(application.client_id.clone(), "client id")}</p>
            </div>
            <div class="page-actions">
                <a class="button" href=format!("{path}/connect") rel="external">"Connect"</a>
                {detail.can_retry.then(|| view! { <a class="button" href=format!("{path}/edit") rel="external">"Edit"</a> })}
            </div>
        </header>
        <div class="columns application-columns">
            <div class="column">
                {facts::settings(&detail)}
                {problems::problems(&detail.problems, detail.now)}
                {deliveries::deliveries(retrying, &detail)}
            </div>
            <div class="column aside">
                {facts::connect(&detail)}
                {facts::accounts(&detail)}
            </div>
        </div>
    }
    .erased()
}
