//! The one door for text: how addresses, names, passwords and required text are written down, compared, searched and
//! sorted, and how they stand inside a sentence.
//!
//! Everything that is kept is in NFC. What comes of a text (search and sort keys, the stored spelling of an address) goes by
//! [`VERSION`]: rows of another version are written anew when the server starts (`service/upkeep/text_refresh`).

mod address;
mod fold;
mod name;
mod nearest;
mod password;
mod search;
mod shown;
mod sign_in;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::model::text::is_shown;
pub use crate::model::text::{isolated, written};
pub use address::{canonical_host, domain, domain_of, email, same_person, spelling, spellings};
pub use fold::{search_key, search_text, sort_key, sort_key_beginning};
pub use name::{NAME_MAX, name};
pub use nearest::nearest;
pub use password::{password, password_as_before};
pub use search::{SEARCH_MAX, Search, Word};
pub use shown::{printable, sentence};
pub use sign_in::sign_in_name;

/// The version of everything that is stored because of a text's form. One more with every change of folding, of the
/// collation's data or of the stored spelling of addresses, and a migration that makes the indexes of stale rows anew: their
/// condition names this number.
pub const VERSION: i64 = 2;

/// What is wrong with a text, as the end of a sentence that begins with what the text is: "the name is empty".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("is empty")]
    Empty,
    #[error("has nothing in it that can be seen")]
    Invisible,
    #[error("has {length} characters; {most} is the most")]
    TooLong { length: usize, most: usize },
    #[error("has a line break or another control character")]
    Control,
    #[error("has a character in it that turns the direction of writing (U+{0:04X}); take it out")]
    Direction(u32),
    #[error("is not an e-mail address")]
    NotAnAddress,
    #[error("has an invisible character in it (U+{0:04X}); take it out")]
    Hidden(u32),
    #[error("has a sign in it that only looks like a letter (U+{0:04X}); type the letter itself")]
    Lookalike(u32),
    #[error("has a character in it that addresses cannot have (U+{0:04X})")]
    NotInAddresses(u32),
    #[error("has a dot where an address has none: at the beginning, before the @ or behind another dot")]
    Dots,
    #[error("is longer than an e-mail address can be: {most} bytes")]
    AddressTooLong { most: usize },
}

/// Whether there is anything to read: more than a mark without its letter, which the small table of both sides cannot tell
/// from one.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| is_shown(c) && !is_combining_mark(c))
}

/// `text` without NUL characters, which PostgreSQL refuses: each becomes the replacement character, so that what is looked
/// for with one is not found, as nothing that has one is ever stored.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Composed (NFC), as all text is kept: a name from a Mac is the same name.
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}
