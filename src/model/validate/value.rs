//! What single values of the directory must be, as far as that can be told without knowing Unicode's tables or how browsers
//! read addresses: the same for a form, a file and a program. What is refused says why, to be read behind the name of the value
//! or the value itself.

use crate::model::text::{is_directional, is_ignorable};

/// Bytes of a key.
const KEY_MAX: usize = 100;
/// Bytes of a permission, or of an id of another directory.
const WORD_MAX: usize = 200;
/// The word that takes away what is there, in files.
pub const CLEAR: &str = "-";
pub const LOGIN_METHODS: [&str; 2] = ["hosted", "embedded"];
pub const ALGORITHMS: [&str; 2] = ["RS256", "ES256"];

/// A key: letters, digits and `._-`, nothing that lists in files are separated by.
pub fn key(text: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match text {
        "" => Err("is empty".to_owned()),
        _ if text.len() > KEY_MAX || !text.chars().all(allowed) || text == CLEAR => {
            Err(format!("is no key: use 1 to {KEY_MAX} letters, digits, dots, _ and -"))
        }
        _ => Ok(()),
    }
}

/// What another directory calls somebody: compared letter by letter, so that it stays as it was given. Nothing in it can make it
/// look like another, or turn around the sentence in which it stands.
pub fn external_id(text: &str) -> Result<(), String> {
    let is_unseen = |c: char| c.is_control() || is_directional(c) || is_ignorable(c);
    if text.is_empty() || text.trim() != text || text.contains(is_unseen) {
        return Err("is no id: it is one line of characters that can be seen, without spaces around it".to_owned());
    }
    bounded("an id", text, WORD_MAX)
}

/// A permission: one word.
pub fn permission(word: &str) -> Result<(), String> {
    if word.is_empty() || word.contains(char::is_whitespace) {
        return Err("is no permission: that is one word".to_owned());
    }
    bounded("a permission", word, WORD_MAX)
}

/// One of `words`.
pub fn word(text: &str, words: &[&'static str]) -> Result<(), String> {
    if words.contains(&text) { Ok(()) } else { Err(format!("is none of {}", words.join(", "))) }
}

/// What the indexes of PostgreSQL could not hold, nobody wrote by hand. `most` is in bytes.
pub fn bounded(what: &str, text: &str, most: usize) -> Result<(), String> {
    let length = text.len();
    if length > most { Err(format!("has {length} bytes; {what} has {most} at most")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_holds_nothing_that_separates_keys() {
        for good in ["northwind", "a.b_c-d", "7", "--", &"k".repeat(100)] {
            assert_eq!(key(good), Ok(()), "{good}");
        }
        for faulty in ["", "-", "a b", "a:b", "a;b", "a+b", "ü", "a\0", &"k".repeat(101)] {
            assert!(key(faulty).is_err(), "{faulty}");
        }
    }

    #[test]
    fn a_permission_is_one_word_of_bounded_length() {
        assert_eq!(permission("account.audit.read"), Ok(()));
        assert!(permission("").is_err() && permission("two words").is_err() && permission("a\u{a0}b").is_err());
        let refusal = permission(&"p".repeat(201)).expect_err("too long");
        assert_eq!(refusal, "has 201 bytes; a permission has 200 at most");
    }

    #[test]
    fn an_external_id_may_have_spaces_and_signs_inside_only() {
        for good in ["00u1", "cn=Ann Arbor,ou=Staff", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "Ünal"] {
            assert_eq!(external_id(good), Ok(()), "{good}");
        }
        for faulty in ["", " a", "a ", "a\tb", "a\0", "a\u{202e}b", "a\u{200b}b", "a\u{2066}"] {
            assert!(external_id(faulty).is_err(), "{faulty:?}");
        }
    }

    #[test]
    fn who_writes_another_word_is_told_which_there_are() {
        assert_eq!(word("hosted", &LOGIN_METHODS), Ok(()));
        assert_eq!(word("Hosted", &LOGIN_METHODS), Err("is none of hosted, embedded".to_owned()));
    }
}
