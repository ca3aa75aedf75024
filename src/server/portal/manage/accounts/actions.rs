//! What is done to one account by a button.

use axum::extract::Path;
use axum::response::Response;

use super::{below, edit};
use crate::server::error::ServiceResult;
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::portal::manage::entered::Entered;
use crate::server::portal::manage::form::Draft;
use crate::server::service::directory::account as service;

pub async fn assign(at: At, Path((_, key)): Path<(String, String)>, entered: Entered) -> Response {
    let assigned = async {
        let account = service::get(&at.caller, &key).await?;
        let (client_id, is_default) = (entered.get("client_id"), entered.has("default"));
        service::assign(&at.caller, &account.external_id, client_id, is_default, entered.version()).await?;
        Ok(below(&account.external_id, Some(account.id)))
    };
    let outcome = assigned.await;
    answer(at, &key, &entered, outcome, "The account has the application.").await
}

pub async fn withdraw(at: At, Path((_, key)): Path<(String, String)>, entered: Entered) -> Response {
    let withdrawn = async {
        let account = service::get(&at.caller, &key).await?;
        service::withdraw(&at.caller, &account.external_id, entered.get("client_id"), entered.version()).await?;
        Ok(below(&account.external_id, Some(account.id)))
    };
    let outcome = withdrawn.await;
    answer(at, &key, &entered, outcome, "The application was taken from the account.").await
}

async fn answer(at: At, key: &str, entered: &Entered, outcome: ServiceResult<String>, done: &str) -> Response {
    match outcome {
        Ok(path) => at.done(&format!("{path}?tab=applications"), Done::new(done)),
        Err(error) => refused(at, key, entered, error).await,
    }
}

pub async fn delete(at: At, Path((_, key)): Path<(String, String)>, entered: Entered) -> Response {
    let deleted = async {
        let account = service::get(&at.caller, &key).await?;
        service::delete(&at.caller, &account.external_id).await?;
        Ok(account.name)
    };
    match deleted.await {
        Ok(name) => at.done("accounts", Done::new(format!("The account {name} was deleted."))),
        Err(error) => refused(at, &key, &entered, error).await,
    }
}

/// What has no field of its own is said above the account's form.
async fn refused(at: At, key: &str, entered: &Entered, error: crate::server::error::ServiceError) -> Response {
    let refusal = at.refusal(error);
    edit::drawn(at, key, Draft::refused(entered, &refusal), Some(&refusal)).await
}
