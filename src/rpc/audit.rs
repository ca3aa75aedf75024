//! The audit trail of an environment.

use leptos::prelude::*;
use uuid::Uuid;

use crate::model::audit::{AuditItem, AuditPage, AuditQuery};
use crate::model::error::ApiError;

#[server(prefix = "/rpc", endpoint = "audit/list")]
pub async fn list_events(environment: String, query: AuditQuery) -> Result<AuditPage, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::audit::list(&caller, &query).await)
}

#[server(prefix = "/rpc", endpoint = "audit/get")]
pub async fn get_event(environment: String, event_id: Uuid) -> Result<AuditItem, ApiError> {
    use crate::server::http::caller;
    use crate::server::service;
    let caller = caller::operator_in(&environment).await?;
    caller::answer(&caller.origin, service::audit::get(&caller, event_id).await)
}
