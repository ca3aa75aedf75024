//! Keys for searching and sorting, made once when a row is written, so that both databases find and order alike.
//!
//! A search key is what is left of a text when accents, case, width and unseen characters are gone; a sort key is the
//! collation key of the Unicode Collation Algorithm (UTS #10, CLDR root), as a reader of any language expects it.

use std::collections::HashMap;
use std::sync::LazyLock;

use icu_casemap::CaseMapper;
use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{Collator, CollatorBorrowed, CollatorPreferences};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::model::text::is_ignorable;

/// The longest sort key, in bytes before it is written in hex: beyond some hundred letters names of one beginning are equal.
const SORT_KEY_MAX: usize = 128;

/// Letters of the Latin alphabets that no decomposition leads to plain ones, and what people without them type instead: those
/// that the collation takes for the same letter, found by asking it, and four that it takes for letters of their own.
static LETTERS: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    const PLAIN: [&str; 29] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v",
        "w", "x", "y", "z", "ae", "oe", "ss",
    ];
    let mut letters: HashMap<char, &'static str> = [('ı', "i"), ('þ', "th"), ('ŋ', "n"), ('ə', "e")].into();
    let Some(collator) = collator(Strength::Primary) else { return letters };
    let latin = ('\u{c0}'..='\u{24f}').chain('\u{1e00}'..='\u{1eff}').filter(|c| c.is_lowercase());
    for letter in latin {
        let text = letter.to_string();
        if let Some(plain) = PLAIN.into_iter().find(|plain| collator.compare(&text, plain).is_eq()) {
            letters.entry(letter).or_insert(plain);
        }
    }
    letters
});

static SORTING: LazyLock<Option<CollatorBorrowed<'static>>> = LazyLock::new(|| collator(Strength::Tertiary));

fn collator(strength: Strength) -> Option<CollatorBorrowed<'static>> {
    let mut options = CollatorOptions::default();
    options.strength = Some(strength);
    // The data is in the binary: there is always one.
    Collator::try_new(CollatorPreferences::default(), options).ok()
}

/// What a text is found by: without accents, case, width and unseen characters, words one space apart.
pub fn search_key(text: &str) -> String {
    if text.is_ascii() {
        return key_of_ascii(text);
    }
    // An acute accent by itself is an apostrophe to whoever types it; decomposed it would be a space.
    let apart = text.chars().map(|c| if c == '\u{b4}' { '\'' } else { c });
    let plain: String = apart.nfkd().filter(|c| !is_left_out(*c)).map(even).collect();
    let folded = CaseMapper::new().fold_string(&plain);
    let mut key = String::with_capacity(folded.len());
    for word in folded.split_whitespace() {
        if !key.is_empty() {
            key.push(' ');
        }
        for c in word.chars() {
            if c.is_ascii() {
                key.push(c);
                continue;
            }
            match LETTERS.get(&c) {
                Some(letters) => key.push_str(letters),
                None => key.push(c),
            }
        }
    }
    key
}

/// [`search_key`] of what has no accent, no width and no unseen character: most texts, of which an import brings millions.
fn key_of_ascii(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split(|c: char| c == ' ' || c.is_control()).filter(|word| !word.is_empty()) {
        if !key.is_empty() {
            key.push(' ');
        }
        key.extend(word.chars().map(|c| even(c).to_ascii_lowercase()));
    }
    key
}

/// One apostrophe, one hyphen and one space, of the many that word processors put in their places; one letter where
/// keyboards of Arabic and of Persian have each its own; one digit of each value; hiragana for katakana.
fn even(c: char) -> char {
    match c {
        '\u{2018}'
        | '\u{2019}'
        | '\u{201b}'
        | '\u{2b9}'
        | '\u{2bb}'..='\u{2bd}'
        | '\u{2ca}'
        | '\u{2cb}'
        | '\u{2032}'
        | '\u{2035}'
        | '\u{a78b}'
        | '\u{a78c}'
        | '`' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        'ک' => 'ك',
        'ی' | 'ى' => 'ي',
        'ة' | 'ہ' | 'ھ' | 'ە' => 'ه',
        'ٱ' => 'ا',
        '\u{660}'..='\u{669}' => moved(c, '\u{660}', '0'),
        '\u{6f0}'..='\u{6f9}' => moved(c, '\u{6f0}', '0'),
        'ァ'..='ヶ' | 'ヽ'..='ヾ' => moved(c, 'ァ', 'ぁ'),
        c if c.is_control() => ' ',
        c => c,
    }
}

/// The character that stands where `c` does, in the row that begins with `there` for the one that begins with `here`.
fn moved(c: char, here: char, there: char) -> char {
    let place = u32::from(c).wrapping_sub(u32::from(here));
    char::from_u32(u32::from(there).wrapping_add(place)).unwrap_or(c)
}

/// What is not typed by whoever looks for a name: accents, what nobody sees, the stretch of an Arabic word, and the dots that
/// stand inside a word (Catalan `l·l`) or between the names of somebody from abroad (Chinese, Japanese).
fn is_left_out(c: char) -> bool {
    is_accent(c) || is_ignorable(c) || matches!(c, '\u{640}' | '\u{b7}' | '\u{2027}' | '\u{30fb}')
}

/// Marks that people leave out when they type: accents, the points of Hebrew and Arabic, strokes laid over a letter. Not those
/// that make a syllable another one, as in Hindi, Thai and Japanese (canonical combining classes, UAX #44).
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
}

/// What several texts of one row are found by together. It begins with a space, as each of its words does, so that a trigram
/// index finds the beginnings of words of two letters. Each text is in it in all its [`spellings`].
pub fn search_text(parts: &[&str]) -> String {
    let mut text = String::new();
    for spelling in parts.iter().flat_map(|part| spellings(part)) {
        text.push(' ');
        text.push_str(&spelling);
    }
    text
}

/// The keys of a text, each once, its own first: with German and Nordic letters as two, and without apostrophes.
pub fn spellings(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for key in [Some(search_key(text)), spelt_out(text).map(|spelt| search_key(&spelt))].into_iter().flatten() {
        let bare = key.replace('\'', "");
        for key in [key, bare] {
            if !key.is_empty() && !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    keys
}

fn spelt_out(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let letters = |c: char| match c {
        'ä' | 'Ä' => Some("ae"),
        'ö' | 'Ö' | 'ø' | 'Ø' => Some("oe"),
        'ü' | 'Ü' => Some("ue"),
        'å' | 'Å' => Some("aa"),
        _ => None,
    };
    let composed = super::composed(text);
    composed.contains(|c| letters(c).is_some()).then(|| {
        let mut spelt = String::with_capacity(composed.len() + 8);
        for c in composed.chars() {
            match letters(c) {
                Some(letters) => spelt.push_str(letters),
                None => spelt.push(c),
            }
        }
        spelt
    })
}

/// Where a text stands among others, as hexadecimal text that compares byte by byte.
pub fn sort_key(text: &str) -> String {
    hexadecimal(&collation_key(text))
}

/// What the keys of all texts begin with that begin as this one does, but for accents and case: its letters, without the levels
/// behind them (UTS #10, section 4.3, step S3.2: a zero, written as 1, stands between levels).
pub fn sort_key_beginning(text: &str) -> String {
    let key = collation_key(text);
    hexadecimal(key.split(|byte| *byte == 1).next().unwrap_or_default())
}

fn collation_key(text: &str) -> Vec<u8> {
    let mut key = Vec::new();
    if let Some(collator) = SORTING.as_ref() {
        let Ok(()) = collator.write_sort_key_to(text.trim(), &mut key);
    }
    key.truncate(SORT_KEY_MAX);
    key
}

fn hexadecimal(bytes: &[u8]) -> String {
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_beginning_is_one_of_whoever_begins_so() {
        let beginning = sort_key_beginning("kim");
        for name in ["Kim", "kim 5", "Kimberley Ng", "KÍM Ørsted"] {
            assert!(sort_key(name).starts_with(&beginning), "{name}");
        }
        for name in ["Rae Kim", "Ki", "Kin", ""] {
            assert!(!sort_key(name).starts_with(&beginning), "{name}");
        }
    }

    #[test]
    fn a_name_is_found_without_the_letters_that_a_keyboard_lacks() {
        for (name, typed) in [
            ("İpek Işık", "ipek isik"),
            ("Jose\u{301} Nu\u{301}n\u{303}ez", "jose nunez"),
            ("Łukasz Żak", "lukasz zak"),
            ("Émile Åberg", "emile aberg"),
            ("ΓΙΩΡΓΟΣ ΝΊΚΟΣ", "γιωργοσ νικοσ"),
            ("γιώργος νίκος", "γιωργοσ νικοσ"),
            ("Nguyễn Đức", "nguyen duc"),
            ("Søren Ægir Þór", "soren aegir thor"),
            ("Œuvré Straße", "oeuvre strasse"),
            ("Ｋａｔａｒｚｙｎａ", "katarzyna"),
            ("Ann O’Neil–Smith", "ann o'neil-smith"),
            ("Фёдор", "федор"),
            ("Kaʻiulani Ka‘ahumanu", "ka'iulani ka'ahumanu"),
            ("Əliyev", "eliyev"),
            ("Meritxell Paral·lel Coŀlell", "meritxell parallel collell"),
            ("Bjo\u{308}rn\u{200b}  Ko\u{ad}ch", "bjorn koch"),
            ("\u{212a}elvin \u{212b}ngström", "kelvin angstrom"),
        ] {
            assert_eq!(search_key(name), typed, "{name}");
        }
    }

    #[test]
    fn what_two_keyboards_write_is_found_by_either() {
        for (one, other) in [
            ("کریمی", "كريمي"),
            ("ليلى", "ليلی"),
            ("فاطمة", "فاطمه"),
            ("محـــمد", "محمد"),
            ("أحمد", "احمد"),
            ("۱۲۳ ٤٥", "123 45"),
            ("タナカ ガブリエル", "たなか がぶりえる"),
            ("ﾀﾅｶ", "たなか"),
            ("ジョン・スミス", "じょんすみす"),
            ("卡尔·马克思", "卡尔马克思"),
        ] {
            assert_eq!(search_key(one), search_key(other), "{one} {other}");
        }
    }

    #[test]
    fn a_text_is_kept_in_all_its_spellings() {
        assert_eq!(
            search_text(&["Jörg O’Brien", "jo@b.example"]),
            " jorg o'brien jorg obrien joerg o'brien joerg obrien jo@b.example"
        );
        assert_eq!(search_text(&["Ann", ""]), " ann");
    }

    #[test]
    fn syllables_stay_what_they_are() {
        for (one, other) in [("कि", "क"), ("が", "か"), ("กา", "กี")] {
            assert_ne!(search_key(one), search_key(other));
        }
    }

    #[test]
    fn names_are_sorted_as_a_reader_expects() {
        let sorted = [
            "Émile Åberg",
            "İpek Işık",
            "José Núñez",
            "Jose\u{301} Pérez",
            "Łukasz Żak",
            "Øyvind",
            "Zacharias Zorn",
            "ΓΙΩΡΓΟΣ ΝΊΚΟΣ",
            "Фёдор",
            "王伟",
        ];
        for pair in sorted.windows(2) {
            assert!(sort_key(pair[0]) < sort_key(pair[1]), "{pair:?}");
        }
        assert!(sort_key(&"字".repeat(200)).len() <= 2 * SORT_KEY_MAX);
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,40}") {
            let key = search_key(&text);
            prop_assert_eq!(search_key(&key), key.clone());
        }

        #[test]
        fn a_key_does_not_depend_on_what_stands_beside_it(text in "[\\x00-\\x7f]{0,40}") {
            let beside = search_key(&format!("{text} \u{e9}"));
            let key = search_key(&text);
            prop_assert_eq!(beside, if key.is_empty() { "e".to_owned() } else { format!("{key} e") });
        }
    }
}
