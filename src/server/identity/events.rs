//! Actions that an application reports into the audit trail, with the access token of the session in which they were done.
//!
//! The token as a bearer is enough for what anybody may say who has it. A client that authenticates, as at the token
//! endpoint, sends it as the member `access_token`, and may raise an alarm. Headers that only browsers are said to send prove
//! nothing: whoever has the token writes them, or leaves them away.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::domain::subject::Subject;
use crate::server::error::ServiceError;
use crate::server::oauth::access::{self, Access};
use crate::server::oauth::client_auth;
use crate::server::oauth::error::{OAuthError, OAuthResult};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::provider::Provider;
use crate::server::oauth::unnoted::Unnoted;
use crate::server::service::session::report::{self, Report, Reporter};

/// What a client sends beside its report: the members of a JSON object, named as a form's fields at the token endpoint.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Proof {
    client_id: Option<String>,
    client_secret: Option<String>,
    client_assertion: Option<String>,
    client_assertion_type: Option<String>,
    access_token: Option<String>,
}

impl Proof {
    fn of(body: &[u8]) -> Parameters {
        let proof: Self = serde_json::from_slice(body).unwrap_or_default();
        let members = [
            ("client_id", proof.client_id),
            ("client_secret", proof.client_secret),
            ("client_assertion", proof.client_assertion),
            ("client_assertion_type", proof.client_assertion_type),
            ("access_token", proof.access_token),
        ];
        Parameters::of(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))))
    }
}

/// 204 when it is written; 422 with the field where the report cannot be.
pub async fn report(provider: Provider, body: Bytes) -> OAuthResult<Response> {
    let (access, subject, reporter) = reporter(&provider, &body).await?;
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
    let caller = provider.user_of(&subject.session);
    match report::record(&caller, subject.session.id, application, &report, reporter).await {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(ServiceError::Invalid(errors)) => {
            Ok(refused(application, StatusCode::UNPROCESSABLE_ENTITY, &errors.first().field, &errors.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The session in which it was done, and who says so.
async fn reporter(provider: &Provider, body: &[u8]) -> OAuthResult<(Access, Arc<Subject>, Reporter)> {
    let proof = Proof::of(body);
    let by_header = provider.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let is_client = match by_header.and_then(|value| value.split_once(' ')) {
        Some((scheme, _)) => scheme.eq_ignore_ascii_case("basic"),
        None => proof.get("client_id").or(proof.get("client_assertion")).is_some(),
    };
    if !is_client {
        let (access, subject) = access::bearer(provider, None).await?;
        return Ok((access, subject, Reporter::Session));
    }
    if proof.has_nul() {
        return Err(OAuthError::InvalidRequest("a member has a NUL character in it".to_owned()));
    }
    let client = client_auth::confidential_client(provider, &proof).await?;
    let token = proof.get("access_token");
    let token = token.ok_or_else(|| OAuthError::InvalidRequest("access_token is missing".to_owned()))?;
    let (access, subject) = access::holder(provider, token).await?;
    if access.application.id != client.id {
        return Err(OAuthError::InvalidToken("the access token is another client's"));
    }
    Ok((access, subject, Reporter::Application))
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
