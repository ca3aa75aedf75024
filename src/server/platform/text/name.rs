//! Names of people and things: one line that can be read, and nothing in it that cannot.

use super::{TextError, composed, is_visible};
use crate::model::text::{is_directional, is_ignorable, shapes, trimmed, turns_direction};

/// The longest name of a person or a thing, in characters.
pub const NAME_MAX: usize = 200;

/// A name as it is kept: composed, without white space at its ends and without unseen characters, but for those that belong to
/// how a word or an emoji is written.
///
/// # Errors
/// A [`TextError`] that says what to mend.
pub fn name(typed: &str) -> Result<String, TextError> {
    let text = trimmed(typed);
    if text.is_empty() && typed.trim().is_empty() {
        return Err(TextError::Empty);
    }
    if let Some(c) = text.chars().find(|c| turns_direction(*c)) {
        return Err(TextError::Direction(c.into()));
    }
    if text.contains(char::is_control) {
        return Err(TextError::Control);
    }
    let name = composed(&readable(text));
    let name = name.trim();
    if !is_visible(name) {
        return Err(TextError::Invisible);
    }
    let length = name.chars().count();
    if length > NAME_MAX {
        return Err(TextError::TooLong { length, most: NAME_MAX });
    }
    Ok(name.to_owned())
}

/// Without what nobody sees. A joiner stays where it shapes something: behind a letter of a script whose letters join, or a
/// sign, and not between letters that stand alone.
fn readable(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut before = None;
    for c in text.chars() {
        let stays = if matches!(c, '\u{200c}' | '\u{200d}') {
            before.is_some_and(|before: char| !(before.is_ascii() || before.is_lowercase() || before.is_uppercase()))
        } else if shapes(c) {
            before.is_some_and(|before: char| !before.is_whitespace())
        } else {
            !is_ignorable(c) && !is_directional(c)
        };
        if stays {
            kept.push(c);
            before = Some(c);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_all_scripts_stay_as_they_are() {
        for text in [
            "Katarzyna Nowak",
            "José Núñez",
            "علی\u{200c}رضا",
            "क्\u{200d}षमा",
            "김민수",
            "渡邉\u{e0100}",
            "O’Neil",
            "דנה כהן",
            "👩\u{200d}🔧 Bo",
            "❤\u{fe0f} Ann",
            "ΓΙΩΡΓΟΣ",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        ] {
            assert_eq!(name(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_nobody_sees_is_not_kept() {
        for (typed, kept) in [
            ("\u{feff}Ida Netz\u{200b} ", "Ida Netz"),
            ("Ida\u{ad} Ne\u{2060}tz", "Ida Netz"),
            ("Ol\u{200d}ivia", "Olivia"),
            ("\u{200f}דנה\u{200e}", "דנה"),
            ("Jose\u{301}", "José"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
        ] {
            assert_eq!(name(typed).as_deref(), Ok(kept), "{typed:?}");
        }
    }

    #[test]
    fn a_name_of_nothing_or_with_a_turn_in_it_is_none() {
        for typed in [
            "\u{3164}",
            "\u{200b}",
            "\u{2800}",
            "\u{ad}",
            "\u{115f}",
            "\u{2060}",
            "\u{ffa0}",
            "\u{200d}",
            "\u{2800} \u{3164}",
            "\u{fe0f}",
        ] {
            assert_eq!(name(typed), Err(TextError::Invisible), "{typed:?}");
        }
        for typed in ["", " ", "\u{a0}", "\u{3000}"] {
            assert_eq!(name(typed), Err(TextError::Empty), "{typed:?}");
        }
        for c in
            ['\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}']
        {
            assert_eq!(name(&format!("Rita {c}delffuhS")), Err(TextError::Direction(c.into())));
        }
        assert_eq!(name("a\nb"), Err(TextError::Control));
        assert_eq!(name(&"n".repeat(201)), Err(TextError::TooLong { length: 201, most: 200 }));
    }

    proptest! {
        #[test]
        fn a_kept_name_can_be_read_and_stays(typed in ".{0,30}") {
            if let Ok(kept) = name(&typed) {
                prop_assert!(is_visible(&kept) && !kept.contains(turns_direction) && !kept.contains(char::is_control));
                prop_assert_eq!(name(&kept), Ok(kept.clone()));
            }
        }
    }
}
