//! The applications of an environment.

use leptos::prelude::*;

use super::application::deliveries::logout_class;
use super::application::problems::problems_of_nobody;
use crate::model::application::{ApplicationItem, ApplicationList, LISTED};
use crate::model::operator::Roles;
use crate::model::search::Searched;
use crate::rpc::applications::ListApplications;
use crate::ui::component::badge::badge;
use crate::ui::component::copy::copyable;
use crate::ui::component::table::{marked, named, row, table};
use crate::ui::kit::address::Words;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::filter::{Filters, search_box};
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::list::{List, Shape};
use crate::ui::kit::loaded::ahead::Need;
use crate::ui::kit::loaded::{loaded_quietly, loading};
use crate::ui::kit::state::{empty, empty_because, nothing};

static SHAPE: Shape<String> = Shape {
    page: "applications",
    title: "Applications",
    opens: "",
    over: &[],
    turned: &[],
    makes: Some(("New application", Roles::can_administer)),
    query: |words| words.get("q").to_owned(),
};

#[component]
pub fn ApplicationsPage() -> impl IntoView {
    let list = List::at(&SHAPE);
    let applications = loading(
        move || (list.frame.environment.get(), list.query.get()),
        |(environment, q)| ListApplications { environment, q },
    );
    let lead = view! { <p class="dim page-count">{loaded_quietly(applications, |list| counted(&list))}</p> };
    let filters = Filters::new(list.path);
    let toolbar = list.toolbar(filters, search_box(filters, "Name or client id", list.query), None);
    list.view(lead.erased(), toolbar, applications, move |applications| shown(list.frame, applications))
}

/// What the page shows at this address.
pub fn needs(environment: String, words: &Words) -> Vec<Need> {
    vec![Need::of(ListApplications { environment, q: SHAPE.query_at(words) })]
}

fn counted(list: &ApplicationList) -> AnyView {
    let first = if list.more { "The first " } else { "" };
    let what = match (list.is_filtered, list.rows.len()) {
        (false, 1) => "application signs users in here",
        (false, _) => "applications sign users in here",
        (true, 1) => "application found",
        (true, _) => "applications found",
    };
    format!("{first}{} {what}", list.rows.len()).erased()
}

fn shown(frame: Frame, applications: ApplicationList) -> AnyView {
    let ApplicationList { rows, more, is_filtered, searched, problems, now } = applications;
    let content = if rows.is_empty() && is_filtered { none_found(frame, &searched) } else { listed(frame, rows, more) };
    view! {
        {content}
        {problems_of_nobody(&problems, now)}
    }
    .erased()
}

fn none_found(frame: Frame, searched: &Searched) -> AnyView {
    let clear = view! { <a class="button" href=frame.path("applications")>"Clear search"</a> }.erased();
    let text = searched.nothing(
        "No application here has the client id",
        "No application has all of this in name and client id:",
        false,
    );
    view! { <div class="card">{empty_because("search", "No application found", text, clear)}</div> }.erased()
}

fn listed(frame: Frame, applications: Vec<ApplicationItem>, more: bool) -> AnyView {
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
    let others = more.then(|| {
        let text = format!("These are the first {LISTED} by name. The others are found by name or client id.");
        view! {
            <p class="list-note">
                {icon("info")}
                <span>{text}</span>
            </p>
        }
        .erased()
    });
    view! { <div class="card table-card">{table} {others}</div> }.erased()
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
