//! Renaming an account, and its end.

use axum::extract::Path;
use axum::response::Response;
use maud::{Markup, html};

use super::below;
use super::new::NAME;
use crate::model::account_page::{AccountDetail, AccountRemoval};
use crate::model::error::ApiError;
use crate::model::operator::Roles;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::{Draft, Question};
use crate::server::portal::manage::parts::{copyable, counted, page_head};
use crate::server::service::directory::account as service;

pub async fn page(at: At, Path((_, key)): Path<(String, String)>) -> Response {
    if let Err(error) = at.caller.require(Roles::can_edit) {
        return at.failed(error).await;
    }
    drawn(at, &key, Draft::stored(), None).await
}

/// The page as it is by now. With a refusal it has the status of that.
pub async fn drawn(at: At, key: &str, draft: Draft<'_>, refusal: Option<&ApiError>) -> Response {
    let account = match service::get(&at.caller, key).await {
        Ok(account) => account,
        Err(error) => return at.failed(error).await,
    };
    let removal = match at.caller.roles.can_administer() {
        true => service::removal(&at.caller, key).await.ok(),
        false => None,
    };
    let content = content(&at, &account, removal.as_ref(), draft);
    match refusal {
        Some(refusal) => at.refused(refusal, &account.name, content).await,
        None => at.page(&account.name, content).await,
    }
}

fn content(at: &At, account: &AccountDetail, removal: Option<&AccountRemoval>, draft: Draft<'_>) -> Markup {
    let path = at.path(&below(&account.external_id, Some(account.id)));
    let delete = html! { @if let Some(removal) = removal { (deletion(&path, removal)) } };
    html! {
        (page_head(&account.name, html! { (copyable(&account.external_id, "external id")) }, delete))
        form.card.section.form.page-form method="post" action=(format!("{path}/edit")) data-keep {
            (draft.version(account.version))
            (draft.text(NAME, &account.name))
            (draft.failure(&["name"]))
            div.form-foot { button.button.primary type="submit" { "Save" } a.button href=(path) { "Cancel" } }
        }
    }
}

fn deletion(path: &str, removal: &AccountRemoval) -> Markup {
    Question {
        id: "delete",
        button: html! { "Delete" },
        class: "button danger",
        title: &format!("Delete {}?", removal.name),
        text: html! {
            p {
                "Removes " (counted(removal.memberships, "membership")) " and what it has of "
                (counted(removal.applications, "application")) ", and ends " (counted(removal.impersonations, "impersonation"))
                ". Its users stay, with sessions of their own that go on without it."
            }
            p { "This cannot be undone." }
        },
        action: &format!("{path}/delete"),
        fields: html! {},
        go: "Delete account",
    }
    .drawn()
}

pub async fn save(at: At, Path((_, key)): Path<(String, String)>, entered: Entered) -> Response {
    let renamed = async {
        let account = service::get(&at.caller, &key).await?;
        service::rename(&at.caller, &account.external_id, entered.get("name"), entered.version()).await?;
        Ok(below(&account.external_id, Some(account.id)))
    };
    match renamed.await {
        Ok(path) => at.done(&path, Done::new("The account was saved.")),
        Err(error) => {
            let refusal = at.refusal(error);
            drawn(at, &key, Draft::refused(&entered, &refusal), Some(&refusal)).await
        }
    }
}
