//! My account's audit log: what happened in the account, for those of its users whose role allows it.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use super::my_sessions::{beside, notice, viewer};
use crate::model::audit::AuditItem;
use crate::server::domain::session::Session;
use crate::server::error::{ServiceError, ServiceResult};
use crate::server::http::page::{self, Page, icon};
use crate::server::oauth::parameters::{BrowserQuery, Parameters};
use crate::server::oauth::provider::Provider;
use crate::server::service::session::self_service::{self, AccountLog, READ_AUDIT};

const PAGE: &str = "/account/audit";
const TITLE: &str = "Account audit log";

pub async fn log(provider: Provider, BrowserQuery(parameters): BrowserQuery) -> Response {
    show(&provider, &parameters).await.unwrap_or_else(|error| page::failed(error, &provider.origin.request_id))
}

async fn show(provider: &Provider, parameters: &Parameters) -> ServiceResult<Response> {
    let viewer = match viewer(provider, parameters, PAGE).await? {
        Ok(viewer) => viewer,
        Err(asked) => return Ok(asked),
    };
    let cursor = parameters.get("cursor").unwrap_or_default();
    let caller = provider.user_of(&viewer);
    let log = match self_service::account_log(&caller, &viewer, cursor).await {
        Err(ServiceError::Forbidden) => None,
        log => Some(log?),
    };
    let account = self_service::account_name(&caller, &viewer).await?;
    let named = account.as_deref().unwrap_or("any account");
    let page = match log {
        Some(log) => log_page(provider, &viewer, named, &log),
        None => not_allowed(provider, &viewer, named),
    };
    Ok(page.beside(beside(provider, &viewer, account.as_deref(), PAGE)).into_response())
}

fn not_allowed(provider: &Provider, viewer: &Session, account: &str) -> Page<'static> {
    let body = html! {
        (notice(provider, viewer))
        div.hosted-card {
            div.empty {
                span.empty-glyph { (icon("lock")) }
                h1 { "Account audit log" }
                p {
                    "Your roles in " bdi { (account) } " do not include the permission " code { (READ_AUDIT) }
                    ". An administrator of the account can give you a role that does."
                }
            }
        }
    };
    Page::full(TITLE, body).status(StatusCode::FORBIDDEN)
}

fn log_page(provider: &Provider, viewer: &Session, account: &str, log: &AccountLog) -> Page<'static> {
    let link = |cursor: &str| format!("{}?session={}&cursor={cursor}", provider.path(PAGE), viewer.id);
    let body = html! {
        (notice(provider, viewer))
        div.stacked {
            h1 { (TITLE) }
            span.dim { "What happened in " bdi { (account) } }
        }
        div.hosted-card {
            table.table.hosted-log {
                thead { tr { th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" } th scope="col" { "From" } } }
                tbody {
                    @for event in &log.events { (row(provider, event)) }
                    @if log.events.is_empty() { tr { td colspan="4" { "Nothing has happened yet." } } }
                }
            }
        }
        nav.pager aria-label="Pages" {
            div.pager-links {
                @if let Some(cursor) = &log.previous { a.button.small rel="prev" href=(link(cursor)) { "Newer" } }
                @if let Some(cursor) = &log.next { a.button.small rel="next" href=(link(cursor)) { "Older" } }
            }
        }
    };
    Page::full(TITLE, body)
}

fn row(provider: &Provider, event: &AuditItem) -> Markup {
    let user = event.user_name.as_ref().filter(|name| **name != event.actor_name);
    html! {
        // The word for programs; people read the sentence.
        tr.impersonated[event.is_impersonated()] data-action=(event.action) {
            td { (page::ago(provider.state.now(), event.occurred_at)) }
            td {
                div.stacked {
                    span { bdi { (event.actor_name) } }
                    @if let Some(operator) = event.operator_name.as_ref().filter(|name| **name != event.actor_name) {
                        span { span.badge.amber { "Impersonated by " bdi { (operator) } } }
                    }
                    @if let Some(user) = user { span.dim { "about " bdi { (user) } } }
                }
            }
            td {
                div.stacked {
                    span { (event.description) }
                    @if let Some(reason) = &event.reason { span.dim.wrap { "Reason: " bdi { (reason) } } }
                }
            }
            td.wrap { (event.ip_address.as_deref().filter(|_| event.operator_name.is_none()).unwrap_or("–")) }
        }
    }
}
