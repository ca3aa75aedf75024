//! The accounts a user belongs to, with roles and applications.

use leptos::prelude::*;

use crate::model::percent::encode;
use crate::model::user::{UserAccount, UserDetail};
use crate::ui::component::badge::badge;
use crate::ui::kit::erase::Erase;
use crate::ui::kit::frame::Frame;
use crate::ui::kit::icon::icon;
use crate::ui::kit::state::{empty, nothing};

pub fn accounts(frame: Frame, user: &UserDetail) -> AnyView {
    let content = if user.accounts.is_empty() {
        empty(
            "building-2",
            "No accounts",
            "The user belongs to no account, so there is nothing to impersonate them in.",
            nothing(),
        )
    } else {
        let items = user.accounts.iter().map(|one| account(frame, one)).collect_view();
        view! { <ul class="account-list">{items}</ul> }.erased()
    };
    view! {
        <section class="card section flush" aria-labelledby="accounts-title">
            <h2 class="section-title" id="accounts-title">
                <span>"Accounts"</span>
                <span class="count">{user.accounts.len().to_string()}</span>
            </h2>
            {content}
        </section>
    }
    .erased()
}

fn account(frame: Frame, account: &UserAccount) -> AnyView {
    let roles = if account.roles.is_empty() {
        view! { <span class="dim">"No roles"</span> }.erased()
    } else {
        view! { <span class="dim">{account.roles.join(", ")}</span> }.erased()
    };
    let applications = if account.applications.is_empty() {
        view! { <span class="dim">"No applications"</span> }.erased()
    } else {
        account
            .applications
            .iter()
            .map(|application| {
                view! {
                    <span class="application" title=application.client_id.clone()>
                        {icon("app-window")}
                        <bdi>{application.name.clone()}</bdi>
                        {application.is_default.then(|| badge("outline", "Default"))}
                    </span>
                }
            })
            .collect_view()
            .erased()
    };
    let name = match account.external_id.as_str() {
        // What means something else in an address leads nowhere.
        "new" | "." | ".." => account.name.clone().erased(),
        id => {
            let (accounts, id) = (frame.path("accounts"), encode(id));
            let href = move || format!("{}/{id}", accounts.get());
            view! { <a class="link" rel="external" href=href>{account.name.clone()}</a> }.erased()
        }
    };
    view! {
        <li class="account" class:off=account.disabled>
            <div class="account-head">
                {icon("building-2")}
                <strong class="truncate" dir="auto" title=account.external_id.clone()>{name}</strong>
                {account.active.then(|| badge("accent", "Active account"))}
                {account.disabled.then(|| badge("bad", "Disabled here"))}
            </div>
            <p class="account-roles">{roles}</p>
            <div class="account-applications">{applications}</div>
        </li>
    }
    .erased()
}
