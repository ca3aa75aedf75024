//! Text as both databases can hold it.

/// `text` without NUL characters, which PostgreSQL refuses: each becomes the replacement character, so that what is looked
/// for with one is not found, as nothing that has one is ever stored.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
