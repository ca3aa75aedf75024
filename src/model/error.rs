//! The one error that travels from a server function to the browser. It carries words and data, never sources.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

use super::denial::Denial;
use super::json::Json;
use super::validate::{FieldError, FieldErrors};

/// For whoever signs in with an e-mail or a password that is not right, whichever.
pub const WRONG_PASSWORD: &str = "The e-mail or the password is wrong.";
/// For whoever saves protected permissions that are not accepted, where the page cannot say which.
pub const NOT_PROTECTED: &str = "The protected permissions were not accepted, and nothing was changed: either no role here has \
                                 one of them, or one was taken off, which only an Owner may do.";
/// For whoever gives a reason that is empty, or one that is not accepted, where the page cannot say which.
const NO_REASON: &str = "Say why you are signing in as this user, in 500 characters at most.";
const NO_TICKET: &str = "The ticket was not accepted. It has 100 characters at most: type it anew.";
const NOT_ACCEPTED: &str =
    "This was not accepted as it was sent, and nothing was changed. Look at what you entered, and try again.";
/// What is said of a field whose error was left in an address.
const KNOWN: [(&str, &str); 4] = [
    ("password", WRONG_PASSWORD),
    ("protected_permissions", NOT_PROTECTED),
    ("reason", NO_REASON),
    ("ticket", NO_TICKET),
];

/// What a server function answers when it does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum ApiError {
    #[error("Your sign-in has ended. Sign in again to go on.")]
    Unauthenticated,
    /// The same for what does not exist and what the caller may not see.
    #[error("There is nothing here, or you may not see it.")]
    NotFound,
    #[error("Your role does not allow this. Ask an Owner of the environment.")]
    Forbidden,
    /// Fields of a form are wrong.
    #[error("{0}")]
    Invalid(FieldErrors),
    /// What was to be changed is another version than the one that was looked at.
    #[error(
        "Somebody changed this meanwhile: you saw version {seen}, and it is version {now} now. Look again, then save."
    )]
    Conflict { seen: i64, now: i64 },
    #[error("{}", .0.sentence())]
    Denied(Denial),
    #[error("Too many attempts. Wait {retry_after_seconds} seconds and try again.")]
    RateLimited { retry_after_seconds: u32 },
    #[error("The server is busy, and nothing was changed. Try again in a moment.")]
    Busy { retry_after_seconds: u32 },
    /// What was asked would have taken the database too long.
    #[error(
        "This takes too long to find, so it was stopped. Ask for less: type more of a name, a whole e-mail address or an \
         id, or leave a filter out."
    )]
    TooLong,
    /// Our fault. It was logged with the same id.
    #[error("Something went wrong on our side, and nothing was changed. Try again; if it stays, quote {request_id}.")]
    Internal { request_id: String },
    /// The call did not reach the server, or its answer did not reach us.
    #[error("The server could not be reached. Check the connection and try again.")]
    Unreachable,
    /// Something answered, but not as this portal answers: the server failed on the way, or a proxy before it.
    #[error("The server answered with an error of its own. Try again; if it stays, tell whoever runs this portal.")]
    Failed,
}

impl ApiError {
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(FieldError::new(field, message).into())
    }

    /// An error that was left in a page's address, where anybody can write one: a word of it is believed, no sentence.
    #[must_use]
    pub fn from_address(self) -> Self {
        match self {
            Self::Invalid(errors) => Self::Invalid(errors.map(|error| {
                let (field, message) =
                    KNOWN.into_iter().find(|(field, _)| error.field == *field).unwrap_or(("", NOT_ACCEPTED));
                FieldError::new(field, message)
            })),
            Self::RateLimited { retry_after_seconds } => {
                Self::RateLimited { retry_after_seconds: retry_after_seconds.min(3600) }
            }
            Self::Internal { request_id } if !is_request_id(&request_id) => Self::Unreachable,
            other => other,
        }
    }

    /// The message for one form field, where this error is about that field, too.
    pub fn for_field(&self, name: &str) -> Option<String> {
        match self {
            Self::Invalid(errors) => errors.about(name).map(str::to_owned),
            _ => None,
        }
    }
}

fn is_request_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl FromServerFnError for ApiError {
    type Encoder = Json;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(message) | ServerFnErrorErr::MissingArg(message) => {
                Self::invalid("", format!("The request could not be read: {message}"))
            }
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::json;

    #[test]
    fn no_sentence_from_an_address_is_shown() {
        let evil = "Call 555-0100 to unlock your account";
        for error in [
            ApiError::invalid("", evil),
            ApiError::invalid("password", evil),
            ApiError::invalid("reason", evil),
            ApiError::Internal { request_id: evil.to_owned() },
        ] {
            assert!(!error.from_address().to_string().contains("555"));
        }
        let several: Vec<_> = ["reason", "name", "", "password"].map(|field| FieldError::new(field, evil)).into();
        let several = ApiError::Invalid(several.try_into().expect("four")).from_address();
        assert_eq!(
            several.to_string(),
            format!("{NO_REASON} {NOT_ACCEPTED} {WRONG_PASSWORD}"),
            "and each is said once"
        );
        let wrong = ApiError::invalid("password", WRONG_PASSWORD);
        assert_eq!(wrong.clone().from_address(), wrong);
        let stale = ApiError::Conflict { seen: 1, now: 2 };
        assert_eq!(stale.clone().from_address(), stale);
        assert_eq!(ApiError::Forbidden.from_address(), ApiError::Forbidden);
        let ours = ApiError::Internal { request_id: "019aaf00000070008000000000000000".to_owned() };
        assert_eq!(ours.clone().from_address(), ours);
    }

    #[test]
    fn errors_are_read_in_each_of_their_forms() {
        let several = vec![FieldError::new("reason", "Say \"why\"."), FieldError::new("ticket", "Too long 😀.")];
        for error in [
            ApiError::NotFound,
            ApiError::Invalid(several.try_into().expect("two")),
            ApiError::Denied(Denial::Off),
            ApiError::RateLimited { retry_after_seconds: 60 },
            ApiError::TooLong,
            ApiError::Internal { request_id: "019a".to_owned() },
        ] {
            let text = leptos::serde_json::to_string(&error).expect("JSON");
            assert_eq!(json::read::<ApiError>(&text), Ok(error), "{text}");
        }
        assert_eq!(json::read::<ApiError>(r#""Unknown""#), Err(json::Unreadable));
    }
}
