//! One call of an SDK: the environment it is for, what it sent, and which application it comes from.
//!
//! The SDKs mostly do not say who they are. What a call names comes first; else the page that it comes from tells, which
//! browsers write truthfully into `Origin`; a cookie or a code only chooses among what that leaves.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::cookies;
use super::error::{SdkError, SdkResult};
use super::origin::is_our_own;
use crate::model::problem::ProblemKind;
use crate::server::domain::application::Application;
use crate::server::domain::session::Session;
use crate::server::error::ServiceResult;
use crate::server::http::body;
use crate::server::oauth::access::{VerifiedToken, verify, verify_past};
use crate::server::oauth::parameters::Parameters;
use crate::server::oauth::problem;
use crate::server::oauth::provider::Provider;
use crate::server::oauth::unnoted::Unnoted;
use crate::server::service::registry::relying_party::{self, origin_of};
use crate::server::service::registry::sdk;
use crate::server::state::AppState;

const NAMED_BY_HEADER: &str = "frontegg-requested-application-id";

pub struct Call {
    pub provider: Provider,
    /// Members of the JSON body or fields of the form.
    pub input: Parameters,
    pub query: Parameters,
    pub method: Method,
}

impl FromRequest<AppState> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let provider = Provider::from_request_parts(&mut parts, state).await?;
        let query = Parameters::parse(parts.uri.query().unwrap_or_default());
        let kind = header_text(&parts.headers, "content-type").to_owned();
        let method = parts.method.clone();
        // Whoever sends what cannot be read may have said who it is all the same.
        let named = query.get("client_id").unwrap_or(header_text(&provider.headers, NAMED_BY_HEADER));
        let refuse = |refused: SdkError| {
            let mut response = refused.into_response();
            Unnoted::name(&mut response, Some(named).filter(|named| !named.is_empty()));
            response
        };
        let bytes = body::read(Request::from_parts(parts, body), state).await;
        let bytes = bytes.map_err(|_| {
            refuse(SdkError::body(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long or was cut off"))
        })?;
        let input = read(&kind, &bytes).map_err(refuse)?;
        if input.has_nul() || query.has_nul() {
            return Err(refuse(SdkError::request("a parameter has a NUL character in it")));
        }
        Ok(Self { provider, input, query, method })
    }
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        header_text(&self.provider.headers, name)
    }

    /// The origin of the page that calls, where a browser says one. Servers say none, or our own address.
    pub fn origin(&self) -> Option<&str> {
        Some(self.header("origin")).filter(|origin| !origin.is_empty() && !is_our_own(&self.provider.origin(), origin))
    }

    /// What the call itself names as its application.
    pub fn named(&self) -> Option<&str> {
        let client_id = self.input.get("client_id").or_else(|| self.query.get("client_id"));
        client_id.or_else(|| Some(self.header(NAMED_BY_HEADER)).filter(|name| !name.is_empty()))
    }

    /// The application that calls, whose page it is where a browser says so.
    pub async fn application(&self) -> SdkResult<Arc<Application>> {
        const UNKNOWN: &str = "It cannot be told which application this is. Name it by client_id, or register the \
                               address of its pages for exactly one application.";
        let found = self.find_application().await?;
        found.ok_or_else(|| {
            let said = format!("{UNKNOWN} It came from {:?}.", self.origin().unwrap_or("no page"));
            problem::note(&self.provider, None, ProblemKind::TokenRequest, &said);
            SdkError::request(UNKNOWN)
        })
    }

    /// [`Self::application`], where none can be told.
    pub async fn find_application(&self) -> SdkResult<Option<Arc<Application>>> {
        let (state, environment_id) = (&self.provider.state, self.provider.environment.id);
        let Some(client_id) = self.named() else { return Ok(self.unnamed_application().await?) };
        let found = relying_party::application(state, environment_id, client_id).await?;
        let found = found.ok_or_else(|| {
            problem::note(&self.provider, None, ProblemKind::ClientId, client_id);
            SdkError::client("no application of this environment has this client_id")
        })?;
        self.require_page_of(&found).await?;
        Ok(Some(found))
    }

    /// The application that calls, as far as page and cookies tell.
    pub async fn unnamed_application(&self) -> ServiceResult<Option<Arc<Application>>> {
        let (state, environment_id) = (&self.provider.state, self.provider.environment.id);
        let kept = sdk::kept(state, environment_id, &cookies::values(&self.provider)).await?;
        let Some(origin) = self.page().await? else {
            // No page to go by: a server forwards its user's cookie.
            let Some(first) = kept.first() else { return Ok(None) };
            let same = kept.iter().all(|other| other.application_id == first.application_id);
            return Ok(if same { sdk::application(state, environment_id, first.application_id).await? } else { None });
        };
        let mut here = sdk::applications_at(state, environment_id, &origin).await?;
        if here.len() > 1 {
            let signed_in = here.iter().position(|one| kept.iter().any(|kept| kept.application_id == one.id));
            match signed_in {
                Some(position) => return Ok(Some(here.swap_remove(position))),
                None => here.retain(|one| one.is_embedded()),
            }
        }
        Ok(if here.len() == 1 { here.pop() } else { None })
    }

    /// Refuses a browser's call that comes from a page of another application.
    pub async fn require_page_of(&self, application: &Application) -> SdkResult<()> {
        let Some(origin) = self.origin() else { return Ok(()) };
        let (state, environment_id) = (&self.provider.state, self.provider.environment.id);
        let here = sdk::applications_at(state, environment_id, origin).await?;
        if here.iter().any(|known| known.id == application.id) {
            return Ok(());
        }
        problem::note(&self.provider, Some(application), ProblemKind::Origin, origin);
        Err(SdkError::forbidden("The page that calls is not registered for this application."))
    }

    /// What a token of the tab that calls says of whether this session is its own: tabs share a cookie, and what it became
    /// since is another tab's. A user who signed in again is the same person.
    pub async fn shown(&self, session: &Session) -> ServiceResult<Shown> {
        let Some((_, token)) = self.header("authorization").split_once(' ') else { return Ok(Shown::Nobody) };
        let Some((verified, _)) = verify_late(&self.provider, token.trim()).await? else { return Ok(Shown::Nobody) };
        let Some(session_id) = verified.sid() else { return Ok(Shown::Nobody) };
        let user_id = verified.text("sub").and_then(|text| Uuid::try_parse(text).ok());
        let acted = session.is_impersonation() || verified.claims.contains_key("act");
        let same = session_id == session.id || !acted && user_id == Some(session.user_id);
        Ok(if same { Shown::This } else { Shown::Another })
    }

    /// Where the call comes from: a navigation has no `Origin`, but may have come from a page.
    async fn page(&self) -> ServiceResult<Option<String>> {
        if let Some(origin) = self.origin() {
            return Ok(Some(origin.to_owned()));
        }
        let (state, environment_id) = (&self.provider.state, self.provider.environment.id);
        let Some(referer) = origin_of(self.header("referer")) else { return Ok(None) };
        let known = relying_party::is_registered_origin(state, environment_id, &referer).await?;
        Ok(Some(referer).filter(|_| known))
    }
}

/// Whose a tab shows itself to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It shows nothing that can be read.
    Nobody,
    This,
    Another,
}

/// A token of the environment, however old, and whether its key is published no more: it says who is meant, and opens nothing.
pub async fn verify_late(provider: &Provider, token: &str) -> ServiceResult<Option<(Arc<VerifiedToken>, bool)>> {
    if let Some(verified) = verify(provider, token).await? {
        return Ok(Some((verified, false)));
    }
    Ok(verify_past(provider, token).await?.map(|verified| (Arc::new(verified), true)))
}

/// A browser cannot prove that it is a confidential client: its tokens are given to whoever has its secret, at the token
/// endpoint, and to no page or cookie.
pub fn require_public(application: &Application) -> SdkResult<()> {
    if application.is_public() {
        return Ok(());
    }
    Err(SdkError::client("this application has a secret: its server asks for tokens, and sends it"))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn read(kind: &str, bytes: &[u8]) -> SdkResult<Parameters> {
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if bytes.is_empty() {
        return Ok(Parameters::default());
    }
    let input = match kind.as_str() {
        "application/x-www-form-urlencoded" => match std::str::from_utf8(bytes) {
            Ok(text) => Parameters::parse(text),
            Err(_) => return Err(SdkError::request("the form is not UTF-8")),
        },
        "" | "application/json" => match serde_json::from_slice::<Option<Map<String, Value>>>(bytes) {
            Ok(object) => Parameters::of(object.unwrap_or_default().into_iter().filter_map(text_member)),
            Err(_) => return Err(SdkError::request("the body is no JSON object")),
        },
        _ => {
            let message = "the body must be application/json or application/x-www-form-urlencoded";
            return Err(SdkError::body(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    };
    if input.has_repeated() {
        return Err(SdkError::request("a parameter was sent more than once"));
    }
    Ok(input)
}

/// Everything that is asked for here is text; other members are an SDK's own business.
fn text_member((name, value): (String, Value)) -> Option<(String, String)> {
    match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    }
}

/// Whether the request is a browser going somewhere, not a script or a server asking.
pub fn is_navigation(headers: &HeaderMap) -> bool {
    match header_text(headers, "sec-fetch-mode") {
        "" => header_text(headers, header::ACCEPT.as_str()).contains("text/html"),
        mode => mode == "navigate",
    }
}
