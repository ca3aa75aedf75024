//! What an application got wrong at the protocol: counted and logged, and said on the page where there is one.
//!
//! Where it is known whose mistake it is, it is noted there. Every other refusal carries what is to be said of it out to the
//! one place that all answers pass, so that no endpoint, extractor or limit can refuse anything without a trace.

use axum::extract::{RawPathParams, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;

use super::basic;
use super::error::OAuthError;
use super::parameters::Parameters;
use super::provider::{Provider, environment_in};
use super::unnoted::{Noted, Unnoted};
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::error::ServiceResult;
use crate::server::http::cors::request_id;
use crate::server::http::page::Page;
use crate::server::service::registry::problem::{self, About, Mistake};
use crate::server::service::registry::relying_party;
use crate::server::state::AppState;

/// Notes what is refused and was not noted yet.
pub async fn note_refusals(
    State(state): State<AppState>,
    path: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let at = request.uri().path().to_owned();
    let authorization = request.headers().get(header::AUTHORIZATION).cloned();
    let request_id = request_id(request.headers());
    let response = next.run(request).await;
    let unnoted = match response.extensions().get::<Unnoted>() {
        Some(unnoted) => unnoted.clone(),
        // Refused by a layer, before any endpoint.
        None if response.status() == StatusCode::PAYLOAD_TOO_LARGE => Unnoted {
            kind: ProblemKind::TokenRequest,
            text: "the body is longer than 64 KiB".to_owned(),
            client_id: None,
        },
        None => return response,
    };
    if !noted.is_marked() {
        let client_id = unnoted.client_id.or_else(|| basic::client_id(authorization.as_ref()));
        let text = format!("{}: {}", endpoint(&at), unnoted.text);
        let mistake =
            Late { kind: unnoted.kind, text: &text, client_id: client_id.as_deref(), request_id: &request_id };
        if let Err(error) = Box::pin(note_late(&state, environment_in(&path), &mistake)).await {
            tracing::warn!(error = format!("{error:#}"), "whose mistake it is could not be looked up");
        }
    }
    response
}

/// What is refused where applications send browsers is about their requests there.
pub async fn of_authorization(mut response: Response) -> Response {
    if let Some(unnoted) = response.extensions_mut().get_mut::<Unnoted>() {
        unnoted.kind = ProblemKind::AuthorizationRequest;
    }
    response
}

/// What is refused at our own forms is no application's mistake.
pub async fn of_nobody(mut response: Response) -> Response {
    response.extensions_mut().remove::<Unnoted>();
    response
}

/// A mistake of which only names are known.
struct Late<'a> {
    kind: ProblemKind,
    text: &'a str,
    client_id: Option<&'a str>,
    request_id: &'a str,
}

async fn note_late(state: &AppState, slug: &str, mistake: &Late<'_>) -> ServiceResult<()> {
    let Some(environment) = relying_party::environment(state, slug).await? else { return Ok(()) };
    let application = match mistake.client_id.filter(|client_id| !client_id.contains('\0')) {
        Some(client_id) => relying_party::application(state, environment.id, client_id).await?,
        None => None,
    };
    let known = application.as_ref().map(|application| (application.id, application.client_id.as_str()));
    let Late { kind, text, request_id, .. } = *mistake;
    let about = About::default();
    let mistake = Mistake { environment_id: environment.id, application: known, kind, value: text, request_id, about };
    problem::note(state, &mistake);
    Ok(())
}

/// The last words of a path, which tell the endpoint.
fn endpoint(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(before, _)| &path[before.len()..])
}

/// A request that is refused before anything may be sent to the application.
pub struct RefusedRequest<'a> {
    pub kind: ProblemKind,
    /// For whoever sees the page.
    pub sentence: &'static str,
    /// What was refused.
    pub value: &'a str,
}

impl<'a> RefusedRequest<'a> {
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
            p.dim { "Request " code { (provider.origin.request_id) } }
        };
        Page::card(title, body).status(StatusCode::BAD_REQUEST).into_response()
    }
}

/// Counts a mistake of an application, or of whoever it was.
pub fn note(provider: &Provider, application: Option<&Application>, kind: ProblemKind, value: &str) {
    note_about(provider, application, kind, value, About::default());
}

/// [`note`] of what was about somebody's session.
pub fn note_about(
    provider: &Provider,
    application: Option<&Application>,
    kind: ProblemKind,
    value: &str,
    about: About,
) {
    provider.noted.mark();
    let mistake = Mistake {
        environment_id: provider.environment.id,
        application: application.map(|application| (application.id, application.client_id.as_str())),
        kind,
        value,
        request_id: &provider.origin.request_id,
        about,
    };
    problem::note(&provider.state, &mistake);
}

/// Counts what a token endpoint refused, where it is the application's mistake, with what was sent. Who did not prove to be
/// itself is counted where that is found out.
pub fn note_refusal(provider: &Provider, application: &Application, error: &OAuthError, form: &Parameters) {
    let Some(kind) = error.problem() else { return };
    let refused = match (error, form.get("grant_type")) {
        (OAuthError::UnsupportedGrantType, Some(sent)) => {
            format!("{}: {}, not {sent:?}", error.code(), error.description())
        }
        _ => format!("{}: {}", error.code(), error.description()),
    };
    note_about(provider, Some(application), kind, &refused, error.about());
}
