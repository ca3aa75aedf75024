//! The applications of an environment.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::api::applications::ListApplications;
use crate::model::application::{ApplicationItem, ApplicationList, LISTED, LogoutState};
use crate::ui::component::badge::badge;
use crate::ui::component::copy::copyable;
use crate::ui::component::loaded::ahead::Need;
use crate::ui::component::loaded::{loaded, loaded_quietly, loading};
use crate::ui::component::state::{empty, nothing, table_skeleton};
use crate::ui::component::table::{marked, named, row, table};
use crate::ui::erase::Erase;
use crate::ui::frame::Frame;
use crate::ui::page::application::problems::problems_of_nobody;

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    let frame = Frame::current();
    let applications = loading(move || frame.environment.get(), |environment| ListApplications { environment });
    view! {
        <Title text="Applications"/>
        <header class="page-head">
            <div>
                <h1 id="applications-title">"Applications"</h1>
                <p class="dim page-count">{loaded_quietly(applications, |list| counted(list.rows.len()))}</p>
            </div>
        </header>
        {loaded(applications, table_skeleton, move |applications| list(frame, applications))}
    }
    .erased()
}

/// What the page shows.
pub fn needs(environment: String) -> Vec<Need> {
    vec![Need::of(ListApplications { environment })]
}

fn counted(count: usize) -> AnyView {
    let first = if count == LISTED { "The first " } else { "" };
    let noun = if count == 1 { "application signs" } else { "applications sign" };
    format!("{first}{count} {noun} users in here").erased()
}

fn list(frame: Frame, applications: ApplicationList) -> AnyView {
    let ApplicationList { rows, problems, now } = applications;
    view! {
        {listed(frame, rows)}
        {problems_of_nobody(&problems, now)}
    }
    .erased()
}

fn listed(frame: Frame, applications: Vec<ApplicationItem>) -> AnyView {
    if applications.is_empty() {
        let text =
            "Import some with “understudy import --environment … applications.csv”; then accounts can have them.";
        return view! { <div class="card">{empty("app-window", "No applications yet", text, nothing())}</div> }
            .erased();
    }
    let heads = [
        ("col-application", "Application"),
        ("col-login", "Sign-in"),
        ("col-client", "Client"),
        ("col-sessions", "Impersonations"),
        ("col-accounts number", "Accounts"),
        ("col-logout", "Back-channel logout"),
    ];
    let rows = applications.into_iter().map(|application| application_row(frame, application)).collect();
    let table = table("table applications-table", "applications-title", &heads, rows);
    view! { <div class="card table-card">{table}</div> }.erased()
}

fn application_row(frame: Frame, application: ApplicationItem) -> AnyView {
    let href = format!("{}/{}", frame.path("applications").get_untracked(), application.id);
    let accounts = if application.accounts > 1_000 { "1,000+".to_owned() } else { application.accounts.to_string() };
    let noun = if application.accounts == 1 { " account" } else { " accounts" };
    let accounts = view! { {accounts} <span class="card-only">{noun}</span> }.erased();
    let client_id = view! { <span class="dim">{copyable(application.client_id, "client id")}</span> }.erased();
    let cells = [
        ("col-application", named("app-window", href, application.name, client_id)),
        ("col-login", if application.hosted { "Hosted" } else { "Embedded" }.erased()),
        ("col-client", badge("outline", application.proof.label())),
        ("col-sessions", if application.keep_session_alive { "60 min" } else { "5 min" }.erased()),
        ("col-accounts number", accounts),
        ("col-logout", marked(logout_class(application.logout), application.logout.label().to_owned())),
    ];
    row(false, cells)
}

/// How a state is marked.
pub fn logout_class(state: LogoutState) -> &'static str {
    match state {
        LogoutState::Off => "dim",
        LogoutState::Unused | LogoutState::Sending | LogoutState::Retrying => "status open",
        LogoutState::Delivered => "status good",
        LogoutState::Failed => "status bad",
    }
}
