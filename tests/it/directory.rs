//! Changing one user, account, role or application: by whom, what is written down, and what it means for who is signed in.

mod accounts;
mod applications;
mod bulk;
mod erased;
mod pages;
mod profile;
mod users;
mod versions;

use understudy::model::audit::AuditQuery;
use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::service::audit;
use understudy::server::service::caller::Caller;

use crate::support::TestApp;

const OLIVIA: &str = "olivia@understudy.example";
const ADAM: &str = "adam@understudy.example";
const ED: &str = "ed@understudy.example";
const VERA: &str = "vera@understudy.example";

/// The sentences of the newest events whose action begins like this, newest first.
async fn told(caller: &Caller, action: &str) -> Vec<String> {
    let query = AuditQuery { action: action.to_owned(), ..AuditQuery::default() };
    let page = audit::list(caller, &query).await.expect("a trail");
    page.rows.into_iter().map(|event| event.description).collect()
}

/// The fields that were refused, in order.
fn refused<T: std::fmt::Debug>(result: ServiceResult<T>) -> Vec<String> {
    match result {
        Err(ServiceError::Invalid(errors)) => errors.iter().map(|error| error.field.clone()).collect(),
        other => panic!("no refusal of fields: {other:?}"),
    }
}

async fn caller(app: &TestApp, email: &str) -> Caller {
    app.caller(email, "production").await
}
