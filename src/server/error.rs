//! What a use case answers when it fails, and the one place that decides what of it goes over the wire.

use super::db::DbError;
use super::platform::rate_limit::Limited;
use crate::model::denial::Denial;
use crate::model::error::ApiError;
use crate::model::validate::{FieldError, FieldErrors};

/// A failed use case. Everything but [`ServiceError::Internal`] is the caller's to mend.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("not signed in")]
    Unauthenticated,
    #[error("not found")]
    NotFound,
    #[error("forbidden")]
    Forbidden,
    #[error("{0}")]
    Invalid(FieldErrors),
    /// Somebody else has edited it since version `seen`; nothing was written.
    #[error("version {seen} was seen, and it is version {now} by now")]
    Conflict { seen: i64, now: i64 },
    #[error("denied: {}", .0.as_str())]
    Denied(Denial),
    #[error("rate limited for {retry_after_seconds} s")]
    RateLimited { retry_after_seconds: u32 },
    /// The server has more to do than it can; nothing was changed.
    #[error("busy for {retry_after_seconds} s")]
    Busy { retry_after_seconds: u32 },
    /// The database would have needed too long for what was asked, and was told to stop; nothing was changed.
    #[error("too much to read")]
    TooLong,
    #[error(transparent)]
    Internal(anyhow::Error),
}

/// After how many seconds a caller should try again what the database had no time for.
pub const RETRY_AFTER_SECONDS: u32 = 2;

pub type ServiceResult<T> = Result<T, ServiceError>;

impl From<DbError> for ServiceError {
    fn from(error: DbError) -> Self {
        anyhow::Error::from(error).into()
    }
}

impl DbError {
    /// What a use case answers where a unique index refused what it wrote: somebody else was faster.
    pub fn or_taken(self, taken: impl FnOnce() -> ServiceError) -> ServiceError {
        if self.is_unique_violation() { taken() } else { self.into() }
    }
}

impl From<anyhow::Error> for ServiceError {
    /// A write whose turn did not come is no fault of ours to be reported, only a reason to try again; nor is a statement that
    /// was ended, which is a reason to ask for less.
    fn from(error: anyhow::Error) -> Self {
        match error.downcast_ref::<DbError>() {
            Some(DbError::TooLong) => {
                tracing::warn!("the database needed too long for what a request asked, and was told to stop");
                Self::TooLong
            }
            Some(busy) if busy.is_busy() => {
                tracing::warn!(error = format!("{error:#}"), "a write was refused because others took too long");
                Self::Busy { retry_after_seconds: RETRY_AFTER_SECONDS }
            }
            _ => Self::Internal(error),
        }
    }
}

impl From<Limited> for ServiceError {
    fn from(Limited { retry_after_seconds }: Limited) -> Self {
        Self::RateLimited { retry_after_seconds }
    }
}

impl From<FieldErrors> for ServiceError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<FieldError> for ServiceError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.into())
    }
}

impl ServiceError {
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        FieldError::new(field, message).into()
    }

    /// What became of a use case, in a word.
    pub fn word_of<T>(outcome: &ServiceResult<T>) -> &'static str {
        outcome.as_ref().err().map_or("ok", Self::word)
    }

    /// The same of what failed.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Invalid { .. } => "invalid",
            Self::Conflict { .. } => "conflict",
            Self::Denied(_) => "denied",
            Self::RateLimited { .. } => "rate_limited",
            Self::Busy { .. } => "busy",
            Self::TooLong => "too_long",
            Self::Internal(_) => "failed",
        }
    }

    /// The error as the caller may see it. Our own faults are logged here, once, under the request's id.
    pub fn into_api(self, request_id: &str) -> ApiError {
        match self {
            Self::Unauthenticated => ApiError::Unauthenticated,
            Self::NotFound => ApiError::NotFound,
            Self::Forbidden => ApiError::Forbidden,
            Self::Invalid(errors) => ApiError::Invalid(errors),
            Self::Conflict { seen, now } => ApiError::Conflict { seen, now },
            Self::Denied(denial) => ApiError::Denied(denial),
            Self::RateLimited { retry_after_seconds } => ApiError::RateLimited { retry_after_seconds },
            Self::Busy { retry_after_seconds } => ApiError::Busy { retry_after_seconds },
            Self::TooLong => ApiError::TooLong,
            Self::Internal(error) => {
                tracing::error!(request.id = request_id, error = format!("{error:#}"), "a use case failed");
                ApiError::Internal { request_id: request_id.to_owned() }
            }
        }
    }
}
