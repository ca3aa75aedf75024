//! My account's audit log: what happened in the account, for those of its users whose role allows it.

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::account::{header, to_sign_in, viewer};
use super::page::{self, Page};
use super::parameters::Parameters;
use super::provider::Provider;
use crate::model::audit::AuditItem;
use crate::server::db::session::StandingRow;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::service::self_service::{self, AccountLog, READ_AUDIT};

const PAGE: &str = "/account/audit";

pub async fn log(provider: Provider, RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(&query.unwrap_or_default());
    show(&provider, &parameters).await.unwrap_or_else(|error| page::failed(error, &provider.client.request_id))
}

async fn show(provider: &Provider, parameters: &Parameters) -> ServiceResult<Response> {
    let Some(viewer) = viewer(provider, parameters).await? else { return Ok(to_sign_in(provider, PAGE)) };
    let cursor = parameters.get("cursor").unwrap_or_default();
    match self_service::account_log(&provider.state, &viewer, cursor).await {
        Ok(log) => Ok(log_page(provider, &viewer, &log)),
        Err(ServiceError::Forbidden) => Ok(not_allowed(provider, &viewer)),
        Err(error) => Err(error),
    }
}

fn not_allowed(provider: &Provider, viewer: &StandingRow) -> Response {
    let account = viewer.account_name.as_deref().unwrap_or("any account");
    let body = html! {
        (header(provider, viewer, PAGE))
        p {
            "Your roles in " (account) " do not include the permission " code { (READ_AUDIT) }
            ". An administrator of the account can give you a role that does."
        }
    };
    Page::new("Account audit log", body).wide().status(StatusCode::FORBIDDEN).into_response()
}

fn log_page(provider: &Provider, viewer: &StandingRow, log: &AccountLog) -> Response {
    let link = |cursor: &str| format!("{}?session={}&cursor={cursor}", provider.path(PAGE), viewer.id);
    let body = html! {
        (header(provider, viewer, PAGE))
        table.table {
            caption { "What happened in " (log.account_name) }
            thead { tr { th { "Time" } th { "Who" } th { "What" } th { "User" } th { "From" } } }
            tbody {
                @for event in &log.events { (row(provider, event)) }
                @if log.events.is_empty() { tr { td colspan="5" { "Nothing has happened yet." } } }
            }
        }
        nav aria-label="Pages" {
            @if let Some(cursor) = &log.previous { a.button rel="prev" href=(link(cursor)) { "Newer" } }
            @if let Some(cursor) = &log.next { a.button rel="next" href=(link(cursor)) { "Older" } }
        }
    };
    Page::new("Account audit log", body).wide().into_response()
}

fn row(provider: &Provider, event: &AuditItem) -> Markup {
    html! {
        tr.impersonated[event.is_impersonated()] {
            td { (page::ago(provider.state.now(), event.occurred_at)) }
            td {
                (event.actor_name)
                @if let Some(operator) = &event.operator_name {
                    @if *operator != event.actor_name { br; span.badge { "Impersonated by " (operator) } }
                }
            }
            td {
                (event.description) br; small { code { (event.action) } }
                @if let Some(reason) = &event.reason { br; span { "Reason: " (reason) } }
            }
            td { (event.user_name.as_deref().unwrap_or("–")) }
            td { (event.ip_address.as_deref().unwrap_or("–")) }
        }
    }
}
