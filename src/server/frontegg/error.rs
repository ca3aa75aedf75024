//! Errors as the SDKs read them: `errors` is what they show. The standard's own word stands beside it, for whoever looks
//! at the network. A session that is over is always 401: on that an SDK signs out, on a 5xx it would try again.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::model::problem::ProblemKind;
use crate::server::error::{RETRY_AFTER_SECONDS, ServiceError};
use crate::server::http::access::ErrorCode;
use crate::server::oauth::error::OAuthError;
use crate::server::oauth::unnoted::Unnoted;
use crate::server::service::registry::problem::About;
use crate::server::service::tokens::TokenError;

#[derive(Debug)]
pub struct SdkError {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after_seconds: Option<u32>,
    /// What kind of mistake of the application it is, if it is one and not what a person did.
    problem: Option<ProblemKind>,
    /// Whose session it was about, for the log.
    about: About,
}

pub type SdkResult<T> = Result<T, SdkError>;

impl SdkError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after_seconds: None,
            problem: None,
            about: About::default(),
        }
    }

    fn mistake(self, kind: ProblemKind) -> Self {
        Self { problem: Some(kind), ..self }
    }

    /// Whose session it was about, as far as that is known.
    pub fn about(&self) -> About {
        self.about
    }

    /// What is said of it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether whoever called did something wrong, and did not only come too often.
    pub fn is_mistake(&self) -> bool {
        self.status.is_client_error() && self.status != StatusCode::TOO_MANY_REQUESTS
    }

    pub fn request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message).mistake(ProblemKind::TokenRequest)
    }

    pub fn body(status: StatusCode, message: impl Into<String>) -> Self {
        Self::new(status, "invalid_request", message).mistake(ProblemKind::TokenRequest)
    }

    /// Several could be meant, and nothing says who.
    pub fn unclear(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "account_selection_required", message)
    }

    /// Nobody is signed in, or not any more.
    pub fn over(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "login_required", message)
    }

    pub fn client(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", message).mistake(ProblemKind::TokenRequest)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "access_denied", message).mistake(ProblemKind::TokenRequest)
    }

    /// What is no mistake of the application's, or counted already.
    pub fn denied(message: impl Into<String>) -> Self {
        Self { problem: None, ..Self::forbidden(message) }
    }

    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }
}

impl IntoResponse for SdkError {
    fn into_response(self) -> Response {
        let refusal = ErrorCode(self.code);
        let body = json!({ "errors": [self.message], "error": self.code, "error_description": self.message });
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(refusal);
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(kind) = self.problem {
            Unnoted { kind, text: format!("{}: {}", self.code, self.message), client_id: None }.attach(&mut response);
        }
        response
    }
}

impl From<anyhow::Error> for SdkError {
    fn from(error: anyhow::Error) -> Self {
        tracing::error!(error = format!("{error:#}"), "a call of an SDK failed");
        let message = "Something failed on our side. The X-Request-Id header says which request it was.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", message)
    }
}

impl From<ServiceError> for SdkError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Unauthenticated => Self::over("The session has ended."),
            ServiceError::NotFound => Self::missing("There is nothing here, or you may not see it."),
            ServiceError::Forbidden => Self::denied("You may not do this in this session."),
            // What a person typed.
            ServiceError::Invalid(errors) => Self { problem: None, ..Self::request(errors.to_string()) },
            ServiceError::Conflict { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", "Somebody else changed this meanwhile.")
            }
            ServiceError::Denied(denial) => Self::denied(denial.sentence()),
            ServiceError::RateLimited { retry_after_seconds } => Self {
                retry_after_seconds: Some(retry_after_seconds),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "temporarily_unavailable",
                    format!("Too many attempts. Try again in {retry_after_seconds} seconds."),
                )
            },
            ServiceError::Busy { retry_after_seconds } => Self {
                retry_after_seconds: Some(retry_after_seconds),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    "The server is busy, and nothing was changed. Try again in a moment.",
                )
            },
            ServiceError::TooLong => Self {
                retry_after_seconds: Some(RETRY_AFTER_SECONDS),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    "This took too long and was stopped. Nothing was changed. Try again in a moment.",
                )
            },
            ServiceError::Internal(error) => error.into(),
        }
    }
}

impl From<TokenError> for SdkError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Grant(refused) => Self {
                about: About { session_id: refused.session_id, user_id: refused.user_id },
                ..Self::new(StatusCode::UNAUTHORIZED, "invalid_grant", refused.why)
            },
            TokenError::Request(refused) => Self::request(refused.why),
            TokenError::Scope => {
                Self::new(StatusCode::BAD_REQUEST, "invalid_scope", "the scope is wider than what was granted")
            }
            TokenError::Service(error) => error.into(),
        }
    }
}

impl From<OAuthError> for SdkError {
    fn from(error: OAuthError) -> Self {
        let status = match &error {
            OAuthError::Server(_) => StatusCode::INTERNAL_SERVER_ERROR,
            OAuthError::InvalidClient { .. }
            | OAuthError::ClientRefused(_)
            | OAuthError::InvalidGrant(_)
            | OAuthError::NoToken
            | OAuthError::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            OAuthError::InsufficientScope => StatusCode::FORBIDDEN,
            OAuthError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            OAuthError::Busy { .. } => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        match error {
            OAuthError::Server(error) => error.into(),
            error => {
                Self { problem: error.problem(), ..Self::new(status, error.code(), error.description().to_owned()) }
            }
        }
    }
}
