//! Actions that an application reports into the audit trail, with the access token of the session in which they were done.

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access;
use super::error::OAuthResult;
use super::problem::Unnoted;
use super::provider::Provider;
use crate::model::problem::ProblemKind;
use crate::server::error::ServiceError;
use crate::server::service::relying_party::Application;
use crate::server::service::report::{self, Report, Reporter};

/// 204 when it is written; 422 with the field where the report cannot be.
pub async fn report(provider: Provider, body: Bytes) -> OAuthResult<Response> {
    let (access, subject) = access::bearer(&provider, None).await?;
    let application = &access.application;
    if !is_json(&provider) {
        return Ok(refused(
            application,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "body",
            "the body must be application/json",
        ));
    }
    let report: Report = match serde_json::from_slice(&body) {
        Ok(report) => report,
        Err(error) => return Ok(refused(application, StatusCode::UNPROCESSABLE_ENTITY, "body", &error.to_string())),
    };
    let (environment_id, session_id) = (provider.environment.id, subject.session.id);
    let from_page = ["origin", "sec-fetch-mode"].iter().any(|name| provider.headers.contains_key(*name));
    let reporter = if access.application.is_public() || from_page { Reporter::Browser } else { Reporter::Server };
    let client = &provider.client;
    let written = report::record(&provider.state, environment_id, session_id, application, &report, reporter, client);
    match written.await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(ServiceError::Invalid { field, message }) => {
            Ok(refused(application, StatusCode::UNPROCESSABLE_ENTITY, &field, &message))
        }
        Err(error) => Err(error.into()),
    }
}

fn is_json(provider: &Provider) -> bool {
    let value = provider.headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str);
    let value = value.and_then(Result::ok).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
}

fn refused(application: &Application, status: StatusCode, field: &str, message: &str) -> Response {
    let body = json!({ "error": "invalid_request", "error_description": message, "field": field });
    let mut response = (status, Json(body)).into_response();
    let client_id = Some(application.client_id.clone());
    Unnoted { kind: ProblemKind::TokenRequest, text: format!("{field}: {message}"), client_id }.attach(&mut response);
    response
}
