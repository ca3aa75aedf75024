//! The applications of an environment.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::applications::list_applications;
use crate::model::application::{ApplicationItem, ApplicationsPage as Page, DeliveryState};
use crate::ui::component::badge::badge;
use crate::ui::component::copy::copyable;
use crate::ui::component::icon::icon;
use crate::ui::component::loaded::{loaded, loaded_quietly, loading};
use crate::ui::component::state::{empty, nothing, table_skeleton};
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    let frame = Frame::current();
    let applications = loading(move || frame.environment.get(), list_applications);
    view! {
        <Title text="Applications"/>
        <header class="page-head">
            <div>
                <h1>"Applications"</h1>
                <p class="dim page-count">{loaded_quietly(applications, |page| counted(&page))}</p>
            </div>
        </header>
        {loaded(applications, table_skeleton, move |page| list(frame, page))}
    }
    .erased()
}

fn counted(page: &Page) -> AnyView {
    let count = page.rows.len();
    let more = if page.more { "The first " } else { "" };
    let noun = if count == 1 { "application signs" } else { "applications sign" };
    format!("{more}{count} {noun} users in here").erased()
}

fn list(frame: Frame, page: Page) -> AnyView {
    if page.rows.is_empty() {
        let text =
            "Import some with “understudy import --environment … applications.csv”; then accounts can have them.";
        return view! { <div class="card">{empty("app-window", "No applications yet", text, nothing())}</div> }
            .erased();
    }
    let rows = page.rows.into_iter().map(|application| row(frame, application)).collect_view();
    view! {
        <div class="card table-card">
            <table class="table applications-table" aria-label="Applications">
                <thead>
                    <tr>
                        <th scope="col">"Application"</th>
                        <th scope="col" class="col-login">"Sign-in"</th>
                        <th scope="col" class="col-client">"Client"</th>
                        <th scope="col" class="col-sessions">"Impersonations"</th>
                        <th scope="col" class="col-accounts number">"Accounts"</th>
                        <th scope="col" class="col-logout">"Back-channel logout"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .erased()
}

fn row(frame: Frame, application: ApplicationItem) -> AnyView {
    let href = format!("{}/{}", frame.path("applications").get_untracked(), application.id);
    let accounts = if application.accounts > 1_000 { "1,000+".to_owned() } else { application.accounts.to_string() };
    let noun = if application.accounts == 1 { " account" } else { " accounts" };
    view! {
        <tr>
            <td class="col-application">
                <div class="with-icon">
                    {icon("app-window")}
                    <div class="stacked">
                        <a class="truncate row-link" dir="auto" href=href title=application.name.clone()>
                            {application.name.clone()}
                        </a>
                        <span class="dim">{copyable(application.client_id, "client id")}</span>
                    </div>
                </div>
            </td>
            <td class="col-login">{if application.hosted { "Hosted" } else { "Embedded" }}</td>
            <td class="col-client">{badge("outline", application.proof.label())}</td>
            <td class="col-sessions">{if application.keep_session_alive { "60 min" } else { "5 min" }}</td>
            <td class="col-accounts number">
                {accounts}
                <span class="card-only">{noun}</span>
            </td>
            <td class="col-logout">{logout(application.told, application.last_delivery)}</td>
        </tr>
    }
    .erased()
}

fn logout(told: bool, last: Option<DeliveryState>) -> AnyView {
    let (class, words) = match (told, last) {
        (false, _) => return view! { <span class="dim">"Not set up"</span> }.erased(),
        (true, None) => ("status open", "Nothing sent yet"),
        (true, Some(state)) => (delivery_class(state), state.label()),
    };
    view! { <span class=class title="What became of the latest message">{words}</span> }.erased()
}

/// How the state of a message is marked.
pub fn delivery_class(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Sending | DeliveryState::Retrying => "status open",
        DeliveryState::Delivered => "status good",
        DeliveryState::Failed => "status bad",
    }
}
