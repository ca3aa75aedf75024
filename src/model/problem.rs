//! What applications get wrong, for whoever can mend it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    ClientId,
    RedirectUri,
    LogoutRedirectUri,
    AuthorizationRequest,
    ClientSecret,
    ClientAssertion,
    Grant,
    TokenRequest,
    Origin,
}

impl ProblemKind {
    pub const ALL: [Self; 9] = [
        Self::ClientId,
        Self::RedirectUri,
        Self::LogoutRedirectUri,
        Self::AuthorizationRequest,
        Self::ClientSecret,
        Self::ClientAssertion,
        Self::Grant,
        Self::TokenRequest,
        Self::Origin,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientId => "client_id",
            Self::RedirectUri => "redirect_uri",
            Self::LogoutRedirectUri => "post_logout_redirect_uri",
            Self::AuthorizationRequest => "authorization_request",
            Self::ClientSecret => "client_secret",
            Self::ClientAssertion => "client_assertion",
            Self::Grant => "grant",
            Self::TokenRequest => "token_request",
            Self::Origin => "origin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What was refused, as a head of it.
    pub fn label(self) -> &'static str {
        match self {
            Self::ClientId => "Unknown client_id",
            Self::RedirectUri => "Redirect URI that is not registered",
            Self::LogoutRedirectUri => "Address after sign-out that is not registered",
            Self::AuthorizationRequest => "Authorization request",
            Self::ClientSecret => "Client secret",
            Self::ClientAssertion => "Client assertion",
            Self::Grant => "Code or refresh token",
            Self::TokenRequest => "Token request",
            Self::Origin => "Page of an origin that is not registered",
        }
    }

    /// What to do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::ClientId => {
                "Import an application with this client id, or mend the id where the application is set up."
            }
            Self::RedirectUri => {
                "Addresses are compared letter by letter. Register this one, or mend it in the application."
            }
            Self::LogoutRedirectUri => {
                "Register it as an address after sign-out, or mend it in the application, which must also say its client_id."
            }
            Self::AuthorizationRequest => {
                "The application sends something that the standard or this server does not allow."
            }
            Self::ClientSecret => "The secret where the application is set up is not the one that is registered here.",
            Self::ClientAssertion => "Look at the keys that are registered here, and at the clock of the application.",
            Self::Grant => "A code works once, for a minute, for its own application, redirect URI and code_verifier.",
            Self::TokenRequest => "The application asks the token endpoint for something that it does not do.",
            Self::Origin => {
                "Pages may call from origins of registered addresses: register an address there, or call from a server."
            }
        }
    }
}

/// One mistake, however often it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemItem {
    pub kind: ProblemKind,
    /// What was refused, at most 300 characters. Empty where that would be a secret.
    pub value: String,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
    pub occurrences: i64,
    /// Of the last one, as in the log.
    pub request_id: String,
}
