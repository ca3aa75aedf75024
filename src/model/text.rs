//! Text as a reader sees it: which characters show nothing, and which only turn the direction of writing.
//!
//! Both sides ask this before a reason is sent and when it arrives, so it is a small table and no Unicode library: the
//! server's tests hold it against Unicode's own (Default_Ignorable_Code_Point, UAX #44).

/// Whether fonts show nothing in the character's place: Default_Ignorable_Code_Point. Hangul fillers are letters to Unicode
/// and among them; joiners and variation selectors are too, though they change what stands beside them.
pub const fn is_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// Whether nothing of the character can be seen. Beside white space and what is ignorable: signs whose glyph is empty, such
/// as the blank of braille and of hieroglyphs, and the marks of annotations.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_ignorable(c)
        || matches!(
            c,
            '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{13441}'..='\u{13442}' | '\u{16fe4}' | '\u{1d159}'
        )
}

/// Whether there is anything to read.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !is_blank(c))
}

/// Whether the character opens or closes a stretch of another direction (UAX #9, embeddings, overrides and isolates): left
/// open, it turns round whatever is written behind it.
pub const fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether the character does nothing but say a direction.
pub const fn is_directional(c: char) -> bool {
    turns_direction(c) || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}')
}

/// Whether the character joins or chooses a shape: it shows nothing and yet belongs to the text, as in Persian and Hindi
/// words, emoji and Japanese names.
pub const fn shapes(c: char) -> bool {
    matches!(
        c,
        '\u{200c}'..='\u{200d}'
            | '\u{34f}'
            | '\u{180b}'..='\u{180f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{e0020}'..='\u{e007f}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

/// What somebody wrote in several lines, as it may be kept: one kind of line end, so that a browser's form and its script
/// count alike, nothing that turns the direction of writing, nothing unseen at either end.
pub fn written(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let text: String = text.chars().filter(|c| !turns_direction(*c)).collect();
    trimmed(&text).to_owned()
}

/// Without white space and unseen characters at either end, such as a copied zero-width space.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || (is_ignorable(c) && !shapes(c)))
}

/// Characters that no keyboard means: a database or a terminal would read them as something else than text.
pub fn has_control_characters(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_seen_of_fillers_joiners_and_blanks() {
        for text in [
            "",
            " ",
            "\u{a0}",
            "\u{3164}",
            "\u{200b}",
            "\u{2800}",
            "\u{ad}",
            "\u{115f}",
            "\u{1160}",
            "\u{2060}",
            "\u{ffa0}",
            "\u{feff}",
            "\u{200d}\u{200c}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{3000}",
            "\u{202e}",
            "\u{180e}",
        ] {
            assert!(!is_visible(text), "{text:?}");
        }
        for text in [".", "a", "می\u{200c}روم", "क्\u{200d}ष", "👩\u{200d}🔧", "ㅤx", "é"] {
            assert!(is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn what_was_written_keeps_its_joiners_and_loses_its_turns() {
        assert_eq!(written(" \u{200b}as asked\r\non the phone\u{feff}\r\n"), "as asked\non the phone");
        assert_eq!(written("Rita \u{202e}delffuhS"), "Rita delffuhS");
        assert_eq!(written("می\u{200c}روم"), "می\u{200c}روم");
        assert_eq!(written("❤\u{fe0f}"), "❤\u{fe0f}");
    }
}
