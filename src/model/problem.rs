//! What applications get wrong, for whoever can mend it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// What was refused.
    #[derive(Hash)]
    pub enum ProblemKind {
        ClientId = "client_id" => "Unknown client_id",
        RedirectUri = "redirect_uri" => "Redirect URI that is not registered",
        LogoutRedirectUri = "post_logout_redirect_uri" => "Address after sign-out that is not registered",
        AuthorizationRequest = "authorization_request" => "Authorization request",
        ClientSecret = "client_secret" => "Client secret",
        ClientAssertion = "client_assertion" => "Client assertion",
        Grant = "grant" => "Code or refresh token",
        TokenRequest = "token_request" => "Token request",
        Origin = "origin" => "Page of an origin that is not registered",
    }
}

impl ProblemKind {
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
