//! One account, with what belongs to it behind tabs: each of them is a page of a list by itself.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::below;
use super::sections;
use crate::model::account_page::AccountDetail;
use crate::model::session::SessionKind;
use crate::server::error::ServiceResult;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::parts::{ago_or, copyable, counted, page_head};
use crate::server::service::directory::account as service;
use crate::ui::kit::address::Words;

/// What belongs to an account, by its word in the address.
const TABS: [(&str, &str); 5] = [
    ("", "Members"),
    ("applications", "Applications"),
    ("sessions", "Login sessions"),
    ("impersonations", "Impersonations"),
    ("log", "Its own audit log"),
];

pub async fn page(at: At, Path((_, key)): Path<(String, String)>) -> Response {
    match content(&at, &key).await {
        Ok((title, content)) => at.page(&title, content).await,
        Err(error) => at.failed(error).await,
    }
}

async fn content(at: &At, key: &str) -> ServiceResult<(String, Markup)> {
    let account = service::get(&at.caller, key).await?;
    let (tab, cursor) = (at.words.get("tab"), at.words.get("cursor"));
    let part = match tab {
        "applications" => sections::applications(at, &account),
        "sessions" => {
            let sessions = service::sessions(&at.caller, key, SessionKind::Password, cursor).await?;
            sections::sessions(at, &sessions, false)
        }
        "impersonations" => {
            let sessions = service::sessions(&at.caller, key, SessionKind::Impersonation, cursor).await?;
            sections::sessions(at, &sessions, true)
        }
        "log" => sections::log(at, &service::log(&at.caller, key, cursor).await?),
        _ => sections::members(at, &account).await?,
    };
    let content = html! {
        (head(at, &account))
        nav.tabs aria-label="Parts of the account" {
            @for (word, label) in TABS {
                @let is_here = word == tab || (word.is_empty() && !TABS.iter().any(|(known, _)| *known == tab));
                a href=(Words::default().with("tab", word).on(at.here())) aria-current=[is_here.then_some("page")] { (label) }
            }
        }
        (part)
    };
    Ok((account.name, content))
}

fn head(at: &At, account: &AccountDetail) -> Markup {
    let lead = html! {
        (copyable(&account.external_id, "external id")) " · " (counted(account.users, "user")) " · last activity "
        (ago_or(account.now, account.active_at, "never"))
    };
    let edit = format!("{}/edit", at.path(&below(&account.external_id, Some(account.id))));
    page_head(&account.name, lead, html! { @if at.caller.roles.can_edit() { a.button href=(edit) { "Edit" } } })
}
