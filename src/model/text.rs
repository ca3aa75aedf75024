//! Text as a reader sees it: which characters show nothing, and which only turn the direction of writing.
//!
//! Both sides ask this before a reason is sent and when it arrives, so it is a small table and no Unicode library: the
//! server's tests hold it against Unicode's own (Default_Ignorable_Code_Point, UAX #44).

/// Bytes of an e-mail address at most: a path of RFC 5321, section 4.5.3.1.3, has 256, its two brackets among them.
pub const EMAIL_MAX: usize = 254;

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

/// Whether the character is a letter, a digit or one of the signs that people write with. What has no meaning yet, what is a
/// program's own, the blank of braille and a mark without its letter are none of these.
pub fn is_shown(c: char) -> bool {
    !is_ignorable(c) && (c.is_alphanumeric() || is_sign(c))
}

/// Punctuation and symbols of the blocks that keyboards lead to, letters and digits between them included.
const fn is_sign(c: char) -> bool {
    matches!(
        c,
        '!'..='~'
            | '\u{a1}'..='\u{f7}'
            | '\u{5be}'
            | '\u{5f3}'..='\u{5f4}'
            | '\u{606}'..='\u{60f}'
            | '\u{61b}'
            | '\u{61e}'..='\u{61f}'
            | '\u{66a}'..='\u{66d}'
            | '\u{6d4}'
            | '\u{964}'..='\u{965}'
            | '\u{2010}'..='\u{2027}'
            | '\u{2030}'..='\u{205e}'
            | '\u{207a}'..='\u{208e}'
            | '\u{20a0}'..='\u{20c0}'
            | '\u{2100}'..='\u{218b}'
            | '\u{2190}'..='\u{2426}'
            | '\u{2440}'..='\u{244a}'
            | '\u{2460}'..='\u{27ff}'
            | '\u{2801}'..='\u{2b73}'
            | '\u{2e00}'..='\u{2e5d}'
            | '\u{3001}'..='\u{3020}'
            | '\u{3030}'
            | '\u{303d}'..='\u{303f}'
            | '\u{30a0}'
            | '\u{30fb}'
            | '\u{fe10}'..='\u{fe19}'
            | '\u{fe30}'..='\u{fe52}'
            | '\u{fe54}'..='\u{fe66}'
            | '\u{fe68}'..='\u{fe6b}'
            | '\u{ff01}'..='\u{ff65}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{ffe8}'..='\u{ffee}'
            | '\u{1f000}'..='\u{1f02b}'
            | '\u{1f0a0}'..='\u{1f0ae}'
            | '\u{1f1e6}'..='\u{1f1ff}'
            | '\u{1f300}'..='\u{1f6d7}'
            | '\u{1f6e0}'..='\u{1f6ec}'
            | '\u{1f6f0}'..='\u{1f6fc}'
            | '\u{1f7e0}'..='\u{1f7eb}'
            | '\u{1f900}'..='\u{1fa53}'
            | '\u{1fa70}'..='\u{1fa74}'
            | '\u{1fa78}'..='\u{1fa7c}'
            | '\u{1fa80}'..='\u{1fa86}'
            | '\u{1fa90}'..='\u{1faac}'
            | '\u{1fab0}'..='\u{1faba}'
            | '\u{1fac0}'..='\u{1fac5}'
            | '\u{1fad0}'..='\u{1fad9}'
            | '\u{1fae0}'..='\u{1fae7}'
            | '\u{1faf0}'..='\u{1faf6}'
    )
}

/// Whether there is anything to read.
pub fn is_visible(text: &str) -> bool {
    text.chars().any(is_shown)
}

/// How much is said, in letters and digits. A sign for a syllable or a whole word counts two: a Chinese or Korean word of two
/// signs is one of several letters elsewhere. Signs between letters say nothing.
pub fn weight(text: &str) -> usize {
    text.chars().filter(|c| !is_ignorable(*c) && c.is_alphanumeric()).map(weight_of).sum()
}

/// Of a letter or digit. A Korean syllable that was typed in its parts is one all the same: the first part stands for it.
const fn weight_of(c: char) -> usize {
    match c {
        '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' => 0,
        // Korean, Ethiopic, Cherokee, Canadian and Vai syllables, kana, Chinese characters and their iteration mark, Yi.
        '\u{1100}'..='\u{115e}'
        | '\u{1200}'..='\u{139f}'
        | '\u{13a0}'..='\u{167f}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{a000}'..='\u{a63f}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ab70}'..='\u{abbf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9d}'
        | '\u{20000}'..='\u{3ffff}' => 2,
        _ => 1,
    }
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

const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// `text` for the middle of a sentence that is no markup: a title, a tooltip, a line of a log (UAX #9, section 6.3). What runs
/// from left to right anyway stays as it is.
pub fn isolated(text: &str) -> String {
    if !can_turn(text) {
        return text.to_owned();
    }
    let mut isolated = String::with_capacity(text.len() + 6);
    isolated.push(FIRST_STRONG_ISOLATE);
    isolated.extend(text.chars().filter(|c| !turns_direction(*c)));
    isolated.push(POP_ISOLATE);
    isolated
}

/// Whether any character runs from right to left or says a direction (the blocks of UAX #9 whose default is R or AL).
pub fn can_turn(text: &str) -> bool {
    !text.is_empty()
        && text.chars().any(|c| {
            is_directional(c)
                || matches!(
                    c,
                    '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}'
                )
        })
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
        let is_private = |c: char| matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
        let is_unseen = |c: &char| is_ignorable(*c) || c.is_whitespace() || c.is_control() || is_private(*c);
        let mut unseen = String::new();
        for c in ('\0'..=char::MAX).filter(is_unseen) {
            unseen.push(c);
            assert!(!is_visible(&c.to_string()), "U+{:04X}", u32::from(c));
        }
        assert!(!is_visible(&unseen) && !is_visible(""));
        for text in [
            ".",
            "a",
            "می\u{200c}روم",
            "क्\u{200d}ष",
            "👩\u{200d}🔧",
            "ㅤx",
            "é",
            "?",
            "–",
            "€",
            "。",
            "؟",
            "7",
            "٧",
            "👍",
            "→",
            "🇩🇪",
        ] {
            assert!(is_visible(text), "{text:?}");
        }
    }

    #[test]
    fn a_word_weighs_enough_in_every_script_and_a_sign_nothing() {
        for text in [
            "bug",
            "#512",
            "GH-7",
            "SUP-4821",
            "确认",
            "確認",
            "調査",
            "확인",
            "\u{1112}\u{116a}\u{11a8}\u{110b}\u{1175}\u{11ab}",
            "テスト",
            "عطل",
            "באג",
            "ጥገና",
        ] {
            assert!(weight(text) >= 3, "{text}: {}", weight(text));
        }
        for text in [
            "",
            "x",
            "ok",
            "?!?!",
            "...",
            "👍👍👍",
            "…—…",
            "x\u{200b}\u{200b}\u{200b}",
            "x\u{301}\u{302}\u{303}",
            "字",
            "네",
            "\u{1102}\u{1166}",
            "\u{3164}\u{3164}\u{3164}",
        ] {
            assert!(weight(text) < 3, "{text:?}: {}", weight(text));
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
