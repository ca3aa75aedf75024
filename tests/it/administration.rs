//! Administering operators and environments: who may, what is written down, what ends, and the first run of an installation.

mod concurrently;
mod environments;
mod first_run;
mod links;
mod operators;
mod pages;

use understudy::model::operator::{Role, Roles};
use understudy::server::domain::grants::Place;
use understudy::server::error::{ServiceError, ServiceResult};
use understudy::server::service::caller::{Caller, ServerCaller};
use understudy::server::service::operator;
use uuid::Uuid;

use crate::support::TestApp;

const OLIVIA: &str = "olivia@understudy.example";
const ADAM: &str = "adam@understudy.example";
const ED: &str = "ed@understudy.example";
const IVY: &str = "ivy@understudy.example";
const VERA: &str = "vera@understudy.example";

/// The operator at work on what belongs to no environment.
async fn server_caller(app: &TestApp, email: &str) -> ServerCaller {
    of(&app.caller(email, "production").await)
}

fn of(caller: &Caller) -> ServerCaller {
    caller.at_server()
}

async fn operator_id(app: &TestApp, email: &str) -> Uuid {
    let mut conn = app.state.db.read().await.expect("a connection");
    operator::by_email(&mut conn, email).await.expect("a query").expect("the operator").id
}

async fn environment_id(app: &TestApp, slug: &str) -> Uuid {
    let mut conn = app.state.db.read().await.expect("a connection");
    let row = understudy::server::db::environment::by_slug(&mut conn, slug).await.expect("a query");
    row.expect("the environment").id
}

fn roles(roles: &[Role]) -> Roles {
    roles.iter().copied().collect()
}

/// Makes somebody an Owner of one place, as whoever administers the server.
async fn own(app: &TestApp, email: &str, place: Place) {
    let system = ServerCaller::system(&app.state);
    operator::change_roles(&system, email, place, &[Role::Owner], &[]).await.expect("a role");
}

#[track_caller]
fn forbidden<T: std::fmt::Debug>(result: ServiceResult<T>) {
    assert!(matches!(result, Err(ServiceError::Forbidden)), "{result:?}");
}

/// The fields that were refused, in order.
#[track_caller]
fn refused<T>(result: ServiceResult<T>) -> Vec<String> {
    match result {
        Err(ServiceError::Invalid(errors)) => errors.iter().map(|error| error.field.clone()).collect(),
        Err(other) => panic!("no refusal of fields: {other:?}"),
        Ok(_) => panic!("it was done"),
    }
}
