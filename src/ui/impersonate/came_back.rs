//! What is said in the drawer that the server leads back to, where script did not start the session.

use crate::model::denial::Denial;
use crate::model::error::ApiError;
use crate::model::impersonation::{REASON_MAX, TICKET_MAX, validate_reason, validate_ticket};
use crate::model::validate::FieldError;
use crate::ui::kit::address::Words;

/// The words with which the server leads back to the drawer where script did not start the session.
pub fn error_of(words: &Words) -> Option<ApiError> {
    // What came back is looked at once more and says itself what is wrong with it. What was too long for an address did not
    // come back.
    let refused = |field: &str, validated: Option<FieldError>, most: usize| {
        let text = format!("The {field} was not accepted. It has {most} characters at most: type it anew.");
        Some(ApiError::Invalid(validated.unwrap_or_else(|| FieldError::new(field, text)).into()))
    };
    match words.get("error") {
        "" => None,
        "reason_empty" => validate_reason("").err().map(|error| ApiError::Invalid(error.into())),
        "reason" => {
            let came_back = Some(words.get("reason")).filter(|reason| !reason.is_empty());
            refused("reason", came_back.and_then(|reason| validate_reason(reason).err()), REASON_MAX)
        }
        "ticket" => refused("ticket", validate_ticket(words.get("ticket")).err(), TICKET_MAX),
        "rate_limited" => {
            Some(ApiError::invalid("", "Too many sessions started in a short time. Wait a minute and try again."))
        }
        "busy" => Some(ApiError::Busy { retry_after_seconds: 1 }),
        word => Denial::ALL.into_iter().find(|denial| denial.as_str() == word).map(ApiError::Denied).or_else(|| {
            Some(ApiError::invalid(
                "",
                "The session was not started. Try again; if it stays, ask whoever runs this portal.",
            ))
        }),
    }
}
