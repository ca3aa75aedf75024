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
use uuid::Uuid;

use super::address::domain;
use crate::model::text::{is_ignorable, is_visible};

/// The longest search, in characters; nothing that is looked for is longer.
pub const SEARCH_MAX: usize = 200;
/// The most words of a search.
const WORDS: usize = 12;
/// The longest sort key, in bytes before it is written in hex: beyond some hundred letters names of one beginning are equal.
const SORT_KEY_MAX: usize = 128;

/// Letters of the Latin alphabets that no decomposition leads to plain ones, and what people without them type instead: those
/// that the collation takes for the same letter, found by asking it, and three that it takes for letters of their own.
static LETTERS: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    const PLAIN: [&str; 29] = [
        "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t", "u", "v",
        "w", "x", "y", "z", "ae", "oe", "ss",
    ];
    let mut letters: HashMap<char, &'static str> = [('ı', "i"), ('þ', "th"), ('ŋ', "n")].into();
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
    // An acute accent by itself is an apostrophe to whoever types it; decomposed it would be a space.
    let apart = text.chars().map(|c| if c == '\u{b4}' { '\'' } else { c });
    let plain: String = apart.nfkd().filter(|c| !is_accent(*c) && !is_ignorable(*c)).map(even).collect();
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

/// One apostrophe, one hyphen and one space, of the many that word processors put in their places.
fn even(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2bc}' | '\u{2b9}' | '\u{2032}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// Marks that people leave out when they type: accents, the points of Hebrew and Arabic, strokes laid over a letter. Not those
/// that make a syllable another one, as in Hindi, Thai and Japanese (canonical combining classes, UAX #44).
fn is_accent(c: char) -> bool {
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
}

/// What several texts of one row are found by together. It begins with a space, as each of its words does, so that a trigram
/// index finds the beginnings of words of two letters. German and Nordic letters are found by their two-letter spelling too.
pub fn search_text(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        let key = search_key(part);
        if !key.is_empty() {
            text.push(' ');
            text.push_str(&key);
        }
        let spelt = spelt_out(part);
        if let Some(spelt) = spelt.map(|spelt| search_key(&spelt)).filter(|spelt| *spelt != key) {
            text.push(' ');
            text.push_str(&spelt);
        }
    }
    text
}

fn spelt_out(text: &str) -> Option<String> {
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
    let mut key = Vec::new();
    if let Some(collator) = SORTING.as_ref() {
        let Ok(()) = collator.write_sort_key_to(text.trim(), &mut key);
    }
    key.truncate(SORT_KEY_MAX);
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What somebody looks for, as support staff type and paste it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// An id among what was pasted: then that, and no words.
    pub id: Option<Uuid>,
    /// What must be found, each of them.
    pub words: Vec<Word>,
    /// More than [`SEARCH_MAX`] characters or too many words: nothing is that long.
    pub too_long: bool,
    /// Nothing but signs that no name is found by.
    pub only_signs: bool,
}

/// One word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub key: String,
    /// As it was typed, composed, where that has other letters than the key: one or two of them mean themselves.
    pub typed: Option<String>,
}

impl Search {
    /// Reads a name in either order, `Name <address>`, `mailto:`, quotes, an address at the end of a sentence, an id of a log
    /// line.
    pub fn of(typed: &str) -> Self {
        if typed.chars().count() > SEARCH_MAX {
            return Self { too_long: true, ..Self::default() };
        }
        let apart = typed.replace(
            [
                '<', '>', '"', '\u{201c}', '\u{201d}', '\u{201e}', '\u{ab}', '\u{bb}', '(', ')', '[', ']', '{', '}',
                ',', ';', '|', '\0',
            ],
            " ",
        );
        if let Some(id) = apart.split_whitespace().find_map(id_in) {
            return Self { id: Some(id), ..Self::default() };
        }
        let mut words: Vec<Word> = Vec::new();
        for word in apart.split_whitespace() {
            let word = word.trim_matches(|c: char| is_ignorable(c) || c == '\'' || c == '\u{2019}');
            let link = word.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
            let word = match link {
                Some(scheme) => word[scheme.len()..].split('?').next().unwrap_or_default(),
                None => word,
            };
            for key in search_key(&in_unicode(word)).split(' ') {
                let key = key.trim_end_matches(['.', ':', '!', '?']).trim_start_matches([':', '!', '?']);
                if !key.is_empty() && !words.iter().any(|known| known.key == key) {
                    let typed = Some(super::composed(word)).filter(|typed| !typed.is_ascii());
                    words.push(Word { key: key.to_owned(), typed });
                }
            }
        }
        if words.len() > WORDS {
            return Self { too_long: true, ..Self::default() };
        }
        let only_signs = words.is_empty() && is_visible(typed);
        Self { words, only_signs, ..Self::default() }
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.words.is_empty() && !self.too_long && !self.only_signs
    }
}

/// The id in a word of a log line, such as `sid=…` or `urn:uuid:…`.
fn id_in(word: &str) -> Option<Uuid> {
    let known = |part: &str| {
        let part = part.trim_matches(|c: char| !c.is_ascii_hexdigit());
        // Shorter forms are not ids but numbers.
        matches!(part.len(), 32 | 36).then(|| Uuid::try_parse(part).ok()).flatten()
    };
    word.split(['=', ':', '/', '\'', '&', '?']).find_map(known)
}

/// A word with its domain in Unicode, as addresses are stored.
fn in_unicode(word: &str) -> String {
    if !word.to_ascii_lowercase().contains("xn--") {
        return word.to_owned();
    }
    let (local, host) = word.rsplit_once('@').map_or(("", word), |(local, host)| (local, host));
    let at = if word.contains('@') { "@" } else { "" };
    match domain(host.trim_end_matches('.')) {
        Some(host) => format!("{local}{at}{host}"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
            ("Bjo\u{308}rn\u{200b}  Ko\u{ad}ch", "bjorn koch"),
            ("\u{212a}elvin \u{212b}ngström", "kelvin angstrom"),
        ] {
            assert_eq!(search_key(name), typed, "{name}");
        }
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

    #[test]
    fn what_is_pasted_is_read_as_what_was_meant() {
        let words = |typed: &str| Search::of(typed).words.into_iter().map(|word| word.key).collect::<Vec<_>>();
        for typed in [
            "Katarzyna Nowak <k.nowak@northwind.example>",
            "katarzyna  nowak mailto:K.Nowak@northwind.example?subject=x",
            "\u{201c}Katarzyna\u{201d} \"Nowak\", (k.nowak@northwind.example).",
            "katarzyna nowak k.nowak@northwind.example\u{200b}",
            "katarzyna\u{a0}nowak; k.nowak@northwind.example.",
        ] {
            assert_eq!(words(typed), ["katarzyna", "nowak", "k.nowak@northwind.example"], "{typed}");
        }
        assert_eq!(words("info@xn--bcher-kva.example"), ["info@bucher.example"]);
        assert_eq!(words("#EXT#"), ["#ext#"]);
        assert_eq!(words("o'neil+test@b.example"), ["o'neil+test@b.example"]);
        assert!(Search::of(" \u{200b} ").is_empty() && Search::of("\"").only_signs);
    }

    #[test]
    fn an_id_is_found_in_whatever_line_it_was_copied_with() {
        let id = Uuid::from_u128(0x0197_a111_2222_7333_8444_5555_6666_7777);
        for typed in [
            id.to_string(),
            format!("sid={id}"),
            format!("\"sub\":\"{id}\","),
            format!("urn:uuid:{id}"),
            format!("request {id}."),
            id.simple().to_string().to_uppercase(),
        ] {
            assert_eq!(Search::of(&typed).id, Some(id), "{typed}");
        }
        assert_eq!(Search::of("12345678").id, None);
    }

    #[test]
    fn a_search_has_an_end() {
        assert!(Search::of(&"a".repeat(SEARCH_MAX + 1)).too_long);
        assert!(Search::of(&(0..20).map(|n| format!("w{n} ")).collect::<String>()).too_long);
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in "\\PC{0,40}") {
            let key = search_key(&text);
            prop_assert_eq!(search_key(&key), key.clone());
            let words = Search::of(&text).words;
            prop_assert!(words.iter().all(|word| !word.key.contains(char::is_whitespace) && !word.key.is_empty()));
        }

        #[test]
        fn whoever_types_a_name_finds_it(name in "[\\p{L}\\p{M}]{1,20} [\\p{L}]{1,20}") {
            let stored = search_text(&[&name, "a@b.example"]);
            for word in Search::of(&name).words {
                prop_assert!(stored.contains(&word.key), "{:?} in {:?}", word, stored);
            }
        }
    }
}
