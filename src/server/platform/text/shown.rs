//! Text as it is put inside other text: isolated, so that a name never turns the words around it.

use crate::model::text::{can_turn, isolated, turns_direction};

/// A sentence that was written down with these names in it, each of them isolated. Sentences are kept as they were written;
/// what they look like is decided when they are shown.
pub fn sentence(written: &str, names: &[Option<&str>]) -> String {
    let mut turning: Vec<&str> = names.iter().flatten().copied().filter(|name| can_turn(name)).collect();
    if turning.is_empty() {
        return if written.contains(turns_direction) { isolated(written) } else { written.to_owned() };
    }
    // Longest first: a name may be the beginning of another.
    turning.sort_by_key(|name| std::cmp::Reverse(name.len()));
    turning.dedup();
    let mut shown = String::with_capacity(written.len() + 16);
    let mut rest = written;
    while let Some(c) = rest.chars().next() {
        match turning.iter().find(|name| rest.starts_with(**name)) {
            Some(name) => {
                shown.push_str(&isolated(name));
                rest = &rest[name.len()..];
            }
            None => {
                if !turns_direction(c) {
                    shown.push(c);
                }
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    shown
}

/// Text for a terminal: without the characters that move its cursor, colour it or turn its lines round. Lines and tabulators
/// stay.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || turns_direction(*c))).collect()
}

#[cfg(test)]
mod tests {
    use icu_properties::props::{BidiClass, DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup as Group};
    use icu_properties::{CodePointMapData, CodePointSetData};

    use super::*;
    use crate::model::text::{is_ignorable, is_shown};

    #[test]
    fn the_small_tables_say_what_unicode_says() {
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        let direction = CodePointMapData::<BidiClass>::new();
        for c in '\0'..=char::MAX {
            assert_eq!(is_ignorable(c), ignorable.contains(c), "U+{:04X}", u32::from(c));
            let class = direction.get(c);
            if matches!(class, BidiClass::RightToLeft | BidiClass::ArabicLetter | BidiClass::RightToLeftOverride) {
                assert!(can_turn(&c.to_string()), "U+{:04X}", u32::from(c));
            }
            let turns = matches!(
                class,
                BidiClass::LeftToRightEmbedding
                    | BidiClass::RightToLeftEmbedding
                    | BidiClass::LeftToRightOverride
                    | BidiClass::RightToLeftOverride
                    | BidiClass::PopDirectionalFormat
                    | BidiClass::LeftToRightIsolate
                    | BidiClass::RightToLeftIsolate
                    | BidiClass::FirstStrongIsolate
                    | BidiClass::PopDirectionalIsolate
            );
            assert_eq!(turns_direction(c), turns, "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_counts_as_seen_is_a_letter_a_digit_a_sign_or_a_vowel_of_a_syllable() {
        let category = CodePointMapData::<GeneralCategory>::new();
        let seen = Group::Letter.union(Group::Number).union(Group::Punctuation).union(Group::Symbol);
        for c in ('\0'..=char::MAX).filter(|c| is_shown(*c)) {
            let category = category.get(c);
            assert!(seen.union(Group::Mark).contains(category), "U+{:04X} {category:?}", u32::from(c));
            let alone = crate::server::platform::text::is_visible(&c.to_string());
            assert_eq!(alone, seen.contains(category), "U+{:04X} {category:?}", u32::from(c));
        }
    }

    #[test]
    fn a_name_turns_nothing_but_itself() {
        let rita = "Rita \u{202e}delffuhS";
        let written = format!("Olivia started impersonating {rita} in Northwind, for at most 60 minutes");
        let shown = sentence(&written, &[Some("Olivia"), Some(rita), None, Some("Northwind")]);
        assert_eq!(
            shown,
            "Olivia started impersonating \u{2068}Rita delffuhS\u{2069} in Northwind, for at most 60 minutes"
        );
        assert_eq!(sentence("דנה signed in", &[Some("דנה")]), "\u{2068}דנה\u{2069} signed in");
        assert_eq!(sentence("Ann signed in", &[Some("Ann")]), "Ann signed in");
        assert!(!sentence("A sign-in as \u{202e}x failed", &[]).contains('\u{202e}'));
    }

    #[test]
    fn a_terminal_gets_no_orders() {
        assert_eq!(printable("a\u{1b}[31mb\r\n\u{202e}c\u{9b}d\te"), "a[31mb\ncd\te");
    }
}
