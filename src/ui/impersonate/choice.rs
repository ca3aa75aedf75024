//! Account and application: two choices with a second line that explains the preselection.

use leptos::prelude::*;

use super::state::State;
use crate::model::denial::Denial;
use crate::model::impersonation::{DrawerAccount, DrawerApplication};
use crate::model::text::isolated;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::field::{label, rich_select};
use crate::ui::kit::form::option as option_view;
use crate::ui::kit::icon::icon;

pub fn account(state: State) -> AnyView {
    let options = state.drawer.with_value(|drawer| {
        let chosen = state.account.get_untracked();
        drawer
            .accounts
            .iter()
            .map(|account| {
                let selected = account.external_id == chosen;
                let text = if account.active {
                    format!("{} (active account)", isolated(&account.name))
                } else {
                    account.name.clone()
                };
                option_view(account.external_id.clone(), text, selected)
            })
            .collect_view()
    });
    let face = move || {
        state.with_account(|account| match account {
            Some(account) => two_lines(account.name.clone(), account_line(account)),
            None => two_lines("No account".to_owned(), "This user belongs to none".to_owned()),
        })
    };
    let page = state
        .drawer
        .with_value(|drawer| format!("/{}/users/{}", state.opening.environment.get_untracked(), drawer.user_id));
    view! {
        <div class="field">
            {label("impersonate-account", "Account", "")}
            {rich_select(
                "impersonate-account",
                "account",
                "building-2",
                face.erased(),
                options.erased(),
                Callback::new(move |external_id| state.choose_account(external_id)),
            )}
                {move || passed_over(state)}
                {move || state.lost.get().map(|text| view! { <p class="notice amber" role="status">{icon("info")} <span>{text}</span></p> })}
                <button
                    class="button small without-script"
                    type="submit"
                    name="impersonate"
                    value="account"
                    formmethod="get"
                    formaction=page
                    formtarget="_self"
                    formnovalidate=true
                >
                    "Show its applications"
                </button>
        </div>
    }
    .erased()
}

/// Why it is not the active account that is preselected.
fn passed_over(state: State) -> Option<AnyView> {
    let (name, denial) = state.passed_over()?;
    let (before, after) = match denial {
        Some(Denial::NoApplications) => {
            ("The active account, ", ", has no applications, so another one is preselected.")
        }
        Some(Denial::DisabledInAccount) => {
            ("The user is disabled in the active account, ", ", so another one is preselected.")
        }
        _ => ("The active account, ", ", is refused, so another one is preselected."),
    };
    Some(view! { <p class="hint">{before} <bdi>{name}</bdi> {after}</p> }.erased())
}

pub fn application(state: State) -> AnyView {
    let changed = Callback::new(move |client_id| state.choose_application(client_id));
    view! {
        <div class="field">
            {move || {
                state
                    .with_account(|account| match account {
                        Some(account) if !account.applications.is_empty() => applications(state, account, changed),
                        _ => none(),
                    })
            }}
        </div>
    }
    .erased()
}

fn applications(state: State, account: &DrawerAccount, changed: Callback<String>) -> AnyView {
    let chosen = state.application.get_untracked();
    let options = account
        .applications
        .iter()
        .map(|application| {
            let selected = application.client_id == chosen;
            let text = if application.is_default {
                format!("{} (default)", isolated(&application.name))
            } else {
                application.name.clone()
            };
            option_view(application.client_id.clone(), text, selected)
        })
        .collect_view();
    let has_default = account.applications.iter().any(|application| application.is_default);
    let face = move || {
        state.with_application(|application| match application {
            Some(application) => two_lines(application.name.clone(), application_line(application, has_default)),
            None => two_lines("Choose an application".to_owned(), String::new()),
        })
    };
    let hint = match account.applications.len() {
        1 => "The only application of this account.".to_owned(),
        count => format!("{count} applications belong to this account."),
    };
    view! {
        {label("impersonate-application", "Application", "")}
        {rich_select(
            "impersonate-application",
            "application",
            "app-window",
            face.erased(),
            options.erased(),
            changed,
        )}
        <p class="hint">{hint}</p>
    }
    .erased()
}

fn none() -> AnyView {
    view! {
        <span class="label">"Application"</span>
        <p class="empty-line">
            {icon("app-window")}
            <span>"This account has no applications."</span>
        </p>
    }
    .erased()
}

fn two_lines(first: String, second: String) -> AnyView {
    view! {
        <span class="truncate" dir="auto">{first}</span>
        <span class="dim truncate">{second}</span>
    }
    .erased()
}

fn account_line(account: &DrawerAccount) -> String {
    let roles = account.roles.join(", ");
    match (account.active, roles.is_empty()) {
        (true, true) => "Active account".to_owned(),
        (true, false) => format!("Active account · {roles}"),
        (false, true) => "No roles in this account".to_owned(),
        (false, false) => roles,
    }
}

fn application_line(application: &DrawerApplication, has_default: bool) -> String {
    let sign_in = if application.hosted { "hosted sign-in" } else { "embedded sign-in" };
    match (application.is_default, has_default) {
        (true, _) => format!("Default for this account · {sign_in}"),
        (false, true) => format!("Not the default · {sign_in}"),
        (false, false) => format!("No default is set · {sign_in}"),
    }
}
