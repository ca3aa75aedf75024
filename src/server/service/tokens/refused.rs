//! Why no token is issued, and of which session and user: for the application's developer in words, for the log with ids.

use uuid::Uuid;

use crate::server::db::DbError;
use crate::server::domain::session::Session;
use crate::server::error::ServiceError;
use crate::server::platform::rate_limit::Limited;

/// What does not fit. The text is for the application's developer; the ids are not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRefusal {
    pub why: &'static str,
    pub session_id: Option<Uuid>,
    pub user_id: Option<Uuid>,
}

impl TokenRefusal {
    pub const fn new(why: &'static str) -> Self {
        Self { why, session_id: None, user_id: None }
    }
}

/// Why no token is issued.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("{} (session {:?}, user {:?})", .0.why, .0.session_id, .0.user_id)]
    Grant(TokenRefusal),
    #[error("{} (session {:?}, user {:?})", .0.why, .0.session_id, .0.user_id)]
    Request(TokenRefusal),
    #[error("the scope is wider than what was granted")]
    Scope,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl TokenError {
    pub const fn grant(why: &'static str) -> Self {
        Self::Grant(TokenRefusal::new(why))
    }

    pub const fn request(why: &'static str) -> Self {
        Self::Request(TokenRefusal::new(why))
    }

    /// The same, as what is wrong with the request, where a grant is no part of it.
    pub fn of_request(self) -> Self {
        match self {
            Self::Grant(refused) => Self::Request(refused),
            other => other,
        }
    }

    /// The same, known to be about this session.
    pub fn in_session(mut self, session_id: Uuid) -> Self {
        if let Self::Grant(refused) | Self::Request(refused) = &mut self {
            refused.session_id = Some(session_id);
        }
        self
    }

    /// The same, known to be about this session and its user.
    pub fn about(mut self, session: &Session) -> Self {
        if let Self::Grant(refused) | Self::Request(refused) = &mut self {
            refused.user_id = Some(session.user_id);
        }
        self.in_session(session.id)
    }
}

impl From<Limited> for TokenError {
    fn from(limited: Limited) -> Self {
        Self::Service(limited.into())
    }
}

impl From<DbError> for TokenError {
    fn from(error: DbError) -> Self {
        Self::Service(error.into())
    }
}

pub type TokenResult<T> = Result<T, TokenError>;
