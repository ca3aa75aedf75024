//! What an application got wrong at the protocol: counted and logged, and said on the page where there is one.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::error::OAuthError;
use super::page::Page;
use super::provider::Provider;
use crate::model::problem::ProblemKind;
use crate::server::service::problem::{self, Mistake};
use crate::server::service::relying_party::Application;

/// A request that is refused before anything may be sent to the application.
pub struct Refused<'a> {
    pub kind: ProblemKind,
    /// For whoever sees the page.
    pub sentence: &'static str,
    /// What was refused.
    pub value: &'a str,
}

impl<'a> Refused<'a> {
    /// A request that is not even complete.
    pub fn request(sentence: &'static str) -> Self {
        Self { kind: ProblemKind::AuthorizationRequest, sentence, value: "" }
    }

    pub fn new(kind: ProblemKind, sentence: &'static str, value: &'a str) -> Self {
        Self { kind, sentence, value }
    }

    /// Counts it and makes its page, which names what was refused and the request.
    pub fn page(&self, provider: &Provider, application: Option<&Application>, title: &str) -> Response {
        let what = if self.value.is_empty() { self.sentence } else { self.value };
        note(provider, application, self.kind, what);
        let shown: String = self.value.chars().filter(|c| !c.is_control()).take(300).collect();
        let body = html! {
            h1 { (title) }
            p.dim { (self.sentence) }
            @if !shown.is_empty() { p { code { bdi { (shown) } } } }
            p.dim { "Request " code { (provider.client.request_id) } }
        };
        Page::card(title, body).status(StatusCode::BAD_REQUEST).into_response()
    }
}

/// Counts a mistake of an application, or of whoever it was.
pub fn note(provider: &Provider, application: Option<&Application>, kind: ProblemKind, value: &str) {
    let mistake = Mistake {
        environment_id: provider.environment.id,
        application: application.map(|application| (application.id, application.client_id.as_str())),
        kind,
        value,
        request_id: &provider.client.request_id,
    };
    problem::note(&provider.state, &mistake);
}

/// Counts what a token endpoint refused, where it is the application's mistake. Who did not prove to be itself is counted
/// where that is found out.
pub fn note_refusal(provider: &Provider, application: &Application, error: &OAuthError) {
    let kind = match error {
        OAuthError::InvalidGrant(_) => ProblemKind::Grant,
        OAuthError::InvalidRequest(_)
        | OAuthError::UnauthorizedClient(_)
        | OAuthError::InvalidScope(_)
        | OAuthError::InvalidTarget
        | OAuthError::UnsupportedGrantType => ProblemKind::TokenRequest,
        _ => return,
    };
    note(provider, Some(application), kind, &format!("{}: {}", error.code(), error.description()));
}
