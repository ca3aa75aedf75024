//! What is done about one operator by a button.

use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;

use super::invite::shown;
use super::one::refused;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::portal::done::Done;
use crate::server::portal::manage::at::At;
use crate::server::service::operator::{self as service, Ended};

pub async fn link(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    match service::make_link(&at.caller.at_server(), id).await {
        Ok(link) => shown(at, &link).await,
        Err(error) => not_done(at, id, error).await,
    }
}

pub async fn suspend(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let outcome = service::disable(&at.caller.at_server(), id).await;
    let undo = at.path(&format!("operators/{id}/enable"));
    let said =
        |ended: Ended| Done::new(format!("The operator is suspended: {}.", ended.sentence())).undone_by(undo, &[]);
    answer(at, id, &format!("operators/{id}"), outcome.map(said)).await
}

pub async fn enable(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let outcome = service::enable(&at.caller.at_server(), id).await;
    answer(at, id, &format!("operators/{id}"), outcome.map(|()| Done::new("The operator may sign in again."))).await
}

pub async fn sign_out(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let outcome = service::sign_out_everywhere(&at.caller.at_server(), id).await;
    let said = |ended: Ended| Done::new(format!("The operator is signed out everywhere: {}.", ended.sentence()));
    answer(at, id, &format!("operators/{id}"), outcome.map(said)).await
}

pub async fn remove(at: At, Path((_, id)): Path<(String, Uuid)>) -> Response {
    let outcome = service::remove(&at.caller.at_server(), id).await;
    let said = |ended: Ended| Done::new(format!("The operator was removed: {}.", ended.sentence()));
    answer(at, id, "operators", outcome.map(said)).await
}

async fn answer(at: At, id: Uuid, below: &str, outcome: ServiceResult<Done>) -> Response {
    match outcome {
        Ok(done) => at.done(below, done),
        Err(error) => not_done(at, id, error).await,
    }
}

/// What stands against it, above the operator's page; a page of its own for who may not.
async fn not_done(at: At, id: Uuid, error: ServiceError) -> Response {
    match error {
        error @ ServiceError::Invalid(_) => {
            let refusal = at.refusal(error);
            refused(at, id, refusal).await
        }
        error => at.failed(error).await,
    }
}
