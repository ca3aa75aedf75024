//! Applications: the list, one application's page, and telling it again about an ended session.

use leptos::prelude::*;
use uuid::Uuid;

use crate::model::application::{ApplicationDetail, ApplicationList};
use crate::model::error::ApiError;

#[server(prefix = "/rpc", endpoint = "applications/list")]
pub async fn list_applications(environment: String, #[server(default)] q: String) -> Result<ApplicationList, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::directory::application::list(&caller, &q).await)
}

#[server(prefix = "/rpc", endpoint = "applications/get")]
pub async fn get_application(environment: String, application_id: Uuid) -> Result<ApplicationDetail, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::directory::application::get(&caller, application_id).await)
}

/// Has the application told at once about the end of this session, if it does not know yet.
#[server(prefix = "/rpc", endpoint = "applications/retry-logout")]
pub async fn retry_logout(environment: String, application_id: Uuid, session_id: Uuid) -> Result<(), ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    let retried = service::delivery::back_channel_logout::retry(&caller, application_id, session_id).await;
    caller::answer(&caller.origin, retried)
}
