//! What is done to one user by a button.

use axum::extract::Path;
use axum::response::Response;
use maud::html;
use uuid::Uuid;

use super::edit::{Drafts, drawn};
use super::fields::chosen_roles;
use crate::model::error::ApiError;
use crate::model::time::exact;
use crate::model::validate::FieldError;
use crate::server::error::ServiceResult;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::Draft;
use crate::server::portal::manage::parts::{copyable, empty, page_head};
use crate::server::service::directory::user::{self as service, Membership};
use crate::server::service::session::password_link::{self, Purpose};

pub async fn lock(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    match service::lock(&at.caller, id, entered.get("reason"), entered.version()).await {
        Ok(written) => {
            let version = written.version.to_string();
            let undo = at.path(&format!("users/{id}/unlock"));
            let done = Done::new("The user was locked.").undone_by(undo, &[("version", &version)]);
            at.done(&format!("users/{id}/edit"), done)
        }
        Err(error) => {
            let refusal = at.refusal(error);
            let drafts = Drafts { lock: Draft::refused(&entered, &refusal), ..Drafts::default() };
            drawn(at, id, drafts, Some(&refusal)).await
        }
    }
}

pub async fn unlock(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let outcome = service::unlock(&at.caller, id, entered.version()).await;
    answer(at, id, &entered, outcome.map(drop), "The user was unlocked.").await
}

pub async fn verify(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let outcome = service::verify(&at.caller, id, entered.version()).await;
    answer(at, id, &entered, outcome.map(drop), "The address counts as verified.").await
}

async fn answer(at: At, id: Uuid, entered: &Entered, outcome: ServiceResult<()>, done: &str) -> Response {
    match outcome {
        Ok(()) => at.done(&format!("users/{id}/edit"), Done::new(done)),
        Err(error) => {
            let refusal = at.refusal(error);
            let drafts = Drafts { other: Draft::refused(entered, &refusal), ..Drafts::default() };
            drawn(at, id, drafts, Some(&refusal)).await
        }
    }
}

/// Sets a membership as it is to be; a new one comes from a form that says so.
pub async fn set_membership(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let account = entered.get("account").to_owned();
    let membership = Membership { account, roles: chosen_roles(&entered), disabled: entered.has("disabled"), line: 0 };
    let refusal = match service::set_membership(&at.caller, id, membership, entered.version()).await {
        Ok(_) => return at.done(&format!("users/{id}/edit"), Done::new("The membership was saved.")),
        Err(error) => match at.refusal(error) {
            // The form calls it by its own name.
            ApiError::Invalid(errors) => ApiError::Invalid(errors.map(|error| match error.field.as_str() {
                "accounts" => FieldError::new("account", error.message),
                _ => error,
            })),
            refusal => refusal,
        },
    };
    let draft = Draft::refused(&entered, &refusal);
    let drafts = match entered.has("new") {
        true => Drafts { membership: draft, ..Drafts::default() },
        false => Drafts { other: draft, ..Drafts::default() },
    };
    drawn(at, id, drafts, Some(&refusal)).await
}

pub async fn remove_membership(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let outcome = service::remove_membership(&at.caller, id, entered.get("account"), entered.version()).await;
    answer(at, id, &entered, outcome.map(drop), "The user was removed from the account.").await
}

/// Shows the link on the page that answers, and nowhere else.
pub async fn link(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    let (purpose, title) = match entered.get("purpose") {
        "reset" => (Purpose::Reset, "Password reset link"),
        _ => (Purpose::Invitation, "Invitation link"),
    };
    let link = match password_link::make_for(&at.caller, id, purpose).await {
        Ok(link) => link,
        Err(error) => {
            let refusal = at.refusal(error);
            let drafts = Drafts { other: Draft::refused(&entered, &refusal), ..Drafts::default() };
            return drawn(at, id, drafts, Some(&refusal)).await;
        }
    };
    let content = html! {
        (page_head(title, html! { "For " bdi { (link.user_name) } ", " bdi { (link.email) } "." }, html! {}))
        div.card.section {
            div.secret {
                strong { "Copy it now: it is shown once." }
                (copyable(&link.address(&at.caller), "link"))
            }
            p.dim {
                "It works once, until " time datetime=(link.expires_at.to_rfc3339()) { (exact(link.expires_at)) }
                ". Whoever opens it becomes the user: send it to the user's own address."
            }
            div.form-foot { a.button.primary href=(at.path(&format!("users/{id}/edit"))) { "Done" } }
        }
    };
    at.page(title, content).await
}

/// Says so on a page of its own: the list of users says nothing that was done elsewhere.
pub async fn delete(at: At, Path((_, id)): Path<(String, Uuid)>, entered: Entered) -> Response {
    match service::delete(&at.caller, id).await {
        Ok(()) => {
            let back = html! { a.button.primary href=(at.path("users")) { "Back to users" } };
            let text = "Sessions and memberships are gone, and the audit trail no longer says who this was.";
            let content = html! {
                (page_head("The user was deleted", html! {}, html! {}))
                div.card { (empty("check", "The user was deleted.", text, back)) }
            };
            at.page("The user was deleted", content).await
        }
        Err(error) => {
            let refusal = at.refusal(error);
            let drafts = Drafts { other: Draft::refused(&entered, &refusal), ..Drafts::default() };
            drawn(at, id, drafts, Some(&refusal)).await
        }
    }
}
