//! Errors of the protocol endpoints: one table from what went wrong to code and status (RFC 6749 section 5.2, RFC 6750
//! section 3.1). Descriptions are for the application's developer and never hold what was sent.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::unnoted::Unnoted;
use crate::model::problem::ProblemKind;
use crate::server::error::{RETRY_AFTER_SECONDS, ServiceError};
use crate::server::http::access::ErrorCode;
use crate::server::service::registry::problem::About;
use crate::server::service::tokens::{TokenError, TokenRefusal};

#[derive(Debug)]
pub enum OAuthError {
    InvalidRequest(String),
    /// `basic` where the client tried the Authorization header: then the answer names the scheme.
    InvalidClient {
        basic: bool,
    },
    /// Why the client's proof is not accepted, where saying so helps its developer and nobody else.
    ClientRefused(&'static str),
    UnauthorizedClient(&'static str),
    InvalidGrant(TokenRefusal),
    InvalidScope(&'static str),
    /// Tokens for somebody else than the client itself (RFC 8693 section 2.2.2).
    InvalidTarget,
    UnsupportedGrantType,
    /// The body is longer than any request of the protocol.
    TooLarge,
    /// The bearer token of a request is missing: the answer names the scheme and no error.
    NoToken,
    InvalidToken(&'static str),
    /// The access token is good, but not for this.
    InsufficientScope,
    RateLimited {
        retry_after_seconds: u32,
    },
    /// The server has more to do than it can; nothing was changed.
    Busy {
        retry_after_seconds: u32,
    },
    Server(anyhow::Error),
}

pub type OAuthResult<T> = Result<T, OAuthError>;

impl OAuthError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::TooLarge => "invalid_request",
            Self::InvalidClient { .. } | Self::ClientRefused(_) => "invalid_client",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::InvalidScope(_) => "invalid_scope",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::NoToken | Self::InvalidToken(_) => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::RateLimited { .. } | Self::Busy { .. } => "temporarily_unavailable",
            Self::Server(_) => "server_error",
        }
    }

    /// What kind of mistake of the application it is, if it is one: that a token has expired or that there are too many
    /// requests is none.
    pub fn problem(&self) -> Option<ProblemKind> {
        match self {
            Self::InvalidGrant(_) => Some(ProblemKind::Grant),
            Self::InvalidClient { .. } => Some(ProblemKind::ClientSecret),
            Self::ClientRefused(_) => Some(ProblemKind::ClientAssertion),
            Self::InvalidRequest(_)
            | Self::UnauthorizedClient(_)
            | Self::InvalidScope(_)
            | Self::InvalidTarget
            | Self::UnsupportedGrantType
            | Self::TooLarge
            | Self::InsufficientScope => Some(ProblemKind::TokenRequest),
            Self::NoToken | Self::InvalidToken(_) | Self::RateLimited { .. } | Self::Busy { .. } | Self::Server(_) => {
                None
            }
        }
    }

    /// Whom a refused grant is about, as far as it is known.
    pub fn about(&self) -> About {
        match self {
            Self::InvalidGrant(refused) => About { session_id: refused.session_id, user_id: refused.user_id },
            _ => About::default(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidClient { .. } | Self::ClientRefused(_) | Self::NoToken | Self::InvalidToken(_) => {
                StatusCode::UNAUTHORIZED
            }
            Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Server(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    pub fn description(&self) -> &str {
        match self {
            Self::InvalidRequest(text) => text,
            Self::InvalidClient { .. } => "the client is unknown or did not prove to be itself",
            Self::ClientRefused(text)
            | Self::UnauthorizedClient(text)
            | Self::InvalidGrant(TokenRefusal { why: text, .. })
            | Self::InvalidScope(text)
            | Self::InvalidToken(text) => text,
            Self::InvalidTarget => "tokens are issued for the client itself only",
            Self::UnsupportedGrantType => "this grant_type is not supported; the metadata lists those that are",
            Self::TooLarge => "the body is longer than 64 KiB",
            Self::InsufficientScope => "the access token needs the scope openid",
            Self::NoToken => "send an access token in the Authorization header",
            Self::RateLimited { .. } => "too many requests; wait as long as Retry-After says",
            Self::Busy { .. } => "the server is busy and nothing was changed; wait as long as Retry-After says",
            Self::Server(_) => "something failed on our side; the X-Request-Id header says which request it was",
        }
    }

    fn challenge(&self) -> Option<String> {
        match self {
            Self::InvalidClient { basic: true } => Some("Basic realm=\"understudy\", charset=\"UTF-8\"".to_owned()),
            Self::NoToken => Some("Bearer realm=\"understudy\"".to_owned()),
            Self::InvalidToken(text) => {
                Some(format!("Bearer realm=\"understudy\", error=\"invalid_token\", error_description=\"{text}\""))
            }
            Self::InsufficientScope => {
                Some("Bearer realm=\"understudy\", error=\"insufficient_scope\", scope=\"openid\"".to_owned())
            }
            _ => None,
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        if let Self::InvalidToken(why) = &self {
            // Anybody can send any number of these.
            tracing::debug!(reason = *why, "a token was refused");
        }
        if let Self::Server(error) = &self {
            tracing::error!(error = format!("{error:#}"), "a protocol endpoint failed");
        }
        let body = Json(json!({ "error": self.code(), "error_description": self.description() }));
        let mut response = match &self {
            // Who sent no token is told the scheme and nothing else (RFC 6750 section 3.1).
            Self::NoToken => self.status().into_response(),
            _ => (self.status(), body).into_response(),
        };
        if let Some(value) = self.challenge().and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        if let Self::RateLimited { retry_after_seconds } | Self::Busy { retry_after_seconds } = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds));
        }
        response.extensions_mut().insert(ErrorCode(self.code()));
        if let Some(kind) = self.problem() {
            let text = format!("{}: {}", self.code(), self.description());
            Unnoted { kind, text, client_id: None }.attach(&mut response);
        }
        response
    }
}

/// A body beyond the limit is refused before any endpoint reads it; this says so in the protocol's own words.
pub fn too_large(response: impl IntoResponse) -> Response {
    let response = response.into_response();
    if response.status() == StatusCode::PAYLOAD_TOO_LARGE { OAuthError::TooLarge.into_response() } else { response }
}

impl From<ServiceError> for OAuthError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unauthenticated => Self::InvalidToken("the session has ended"),
            ServiceError::RateLimited { retry_after_seconds } => Self::RateLimited { retry_after_seconds },
            ServiceError::Busy { retry_after_seconds } => Self::Busy { retry_after_seconds },
            // An application asks for one thing at a time: where that takes long, the database has too much to do.
            ServiceError::TooLong => Self::Busy { retry_after_seconds: RETRY_AFTER_SECONDS },
            ServiceError::Invalid(errors) => Self::InvalidRequest(errors.to_string()),
            ServiceError::Internal(error) => Self::Server(error),
            other => Self::Server(anyhow::anyhow!(other)),
        }
    }
}

impl From<TokenError> for OAuthError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Grant(refused) => Self::InvalidGrant(refused),
            TokenError::Request(refused) => Self::InvalidRequest(refused.why.to_owned()),
            TokenError::Scope => Self::InvalidScope("the scope is wider than what was granted"),
            TokenError::Service(error) => error.into(),
        }
    }
}
