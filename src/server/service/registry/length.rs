//! How long a text may be that somebody looks for: beyond it nothing could be found, and a database gives up.

use crate::server::error::{ServiceError, ServiceResult};

/// Characters of a search text, or of a word that filters, at most. Names and addresses are shorter.
pub const SEARCH: usize = 500;

/// Characters of a list of words to leave out, at most.
pub const LIST: usize = 4_000;

/// # Errors
/// [`ServiceError::Invalid`] for `field` where `text` has more than `most` characters.
pub fn require(field: &str, text: &str, most: usize) -> ServiceResult<()> {
    let length = text.chars().count();
    if length > most {
        let message = format!("What you look for has {length} characters; {most} is the most. Take some away.");
        return Err(ServiceError::invalid(field, message));
    }
    Ok(())
}
