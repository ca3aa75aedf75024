//! What somebody looks for, as support staff type and paste it.

use unicode_normalization::char::is_combining_mark;
use uuid::Uuid;

use super::address::domain;
use super::fold::{search_key, spellings};
use crate::model::search::Searched;
use crate::model::text::is_ignorable;

/// The longest search, in characters; nothing that is looked for is longer.
pub const SEARCH_MAX: usize = 200;
/// The most words of a search.
const WORDS: usize = 12;

/// What was looked for, read.
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

impl Search {
    /// What a page says was looked for.
    pub fn said(&self) -> Searched {
        Searched {
            words: self.words.iter().map(|word| word.key.clone()).collect(),
            id: self.id,
            too_long: self.too_long,
            only_signs: self.only_signs,
            ..Searched::default()
        }
    }
}

/// One word that is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub key: String,
    /// Other keys of it, which will do as well: of ö as oe, without apostrophes.
    pub also: Vec<String>,
    /// As it was typed, composed, where that has other letters than the key: one or two of them mean themselves.
    pub typed: Option<String>,
}

impl Word {
    /// All its keys, of which one must be found.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.key).chain(&self.also).map(String::as_str)
    }
}

impl Search {
    /// Reads a name in either order, `Name <address>`, an address or an id with what a mail, a log line or a link has around
    /// it: labels, quotes and brackets of all kinds, signs of a sentence, percent-encoding.
    pub fn of(typed: &str) -> Self {
        if typed.chars().count() > SEARCH_MAX {
            return Self { too_long: true, ..Self::default() };
        }
        let apart: String = decoded(typed).chars().map(|c| if is_between(c) { ' ' } else { upright(c) }).collect();
        if let Some(id) = apart.split_whitespace().find_map(id_in) {
            return Self { id: Some(id), ..Self::default() };
        }
        // What a label ends with may stand by itself, as in French.
        let line = apart.split_whitespace().collect::<Vec<_>>().join(" ").replace(" :", ":").replace(" =", "=");
        let mut words: Vec<Word> = Vec::new();
        let mut pieces = line.split(' ').peekable();
        while let Some(piece) = pieces.next() {
            let names_next = piece.ends_with([':', '=']) && !piece.contains('@');
            if !(names_next && pieces.peek().is_some_and(|next| next.contains('@'))) {
                add(&mut words, address_in(piece).trim_matches(is_edge));
            }
        }
        if words.len() > WORDS {
            return Self { too_long: true, ..Self::default() };
        }
        let only_signs = words.is_empty() && !typed.chars().all(|c| c.is_whitespace() || is_ignorable(c));
        Self { words, only_signs, ..Self::default() }
    }

    /// The words, or the id as one, in both its spellings: what others gave an id to is found by it like by a name.
    pub fn words_or_id(&self) -> Vec<Word> {
        match self.id {
            Some(id) => vec![Word { key: id.to_string(), also: vec![id.simple().to_string()], typed: None }],
            None => self.words.clone(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_none() && self.words.is_empty() && !self.too_long && !self.only_signs
    }
}

/// Adds what is to be found of one word. A text without spaces of its own can have some once it is decomposed.
fn add(words: &mut Vec<Word>, word: &str) {
    let word = in_unicode(word);
    let mut spellings = spellings(&word);
    let key = search_key(&word);
    spellings.retain(|spelling| *spelling != key && !spelling.contains(' ') && !key.contains(' '));
    for part in key.split(' ') {
        let part = part.trim_matches(is_edge);
        if !part.contains(char::is_alphanumeric) || words.iter().any(|known| known.key == part) {
            continue;
        }
        let typed = Some(super::composed(&word)).filter(|typed| !typed.is_ascii());
        words.push(Word { key: part.to_owned(), also: spellings.clone(), typed });
    }
}

/// What stands between words and in none of them: brackets and quotes of all scripts, commas.
fn is_between(c: char) -> bool {
    matches!(
        c,
        '<' | '>' | '"' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';' | '|' | '\0' | '«' | '»' | '‹' | '›'
            | '\u{201a}' | '\u{201c}'..='\u{201f}' | '،' | '؛' | '、' | '，' | '；' | '｜' | '＂' | '＜' | '＞'
            | '（' | '）' | '［' | '］' | '｛' | '｝' | '〈'..='】' | '〔'..='〟' | '｢' | '｣' | '､' | '⟨' | '⟩'
    )
}

/// The signs of addresses and labels as a Japanese or Chinese keyboard types them.
fn upright(c: char) -> char {
    match c {
        '＠' | '﹫' => '@',
        '：' | '﹕' => ':',
        '＝' | '﹦' => '=',
        '／' => '/',
        '＆' => '&',
        '？' => '?',
        c => c,
    }
}

/// A sign that ends or begins nothing that is found. What begins a domain (`@`) or belongs to an address (`#EXT#`) is none.
fn is_edge(c: char) -> bool {
    !(c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '@' | '#' | '+' | '$' | '%' | '&'))
}

/// The address in a word of a link or a log line, such as `login_hint=…`, `SMTP:…` or `mailto:…?subject=`; otherwise what
/// stands behind `client_id=`.
fn address_in(word: &str) -> &str {
    let is_address = |part: &&str| part.contains('@') && part.contains(char::is_alphanumeric);
    word.split(['=', ':', '/', '\\', '&', '?']).find(is_address).unwrap_or_else(|| {
        let word = word.trim_end_matches('=');
        word.rsplit_once('=').map_or(word, |(_, value)| value)
    })
}

/// The id in a word of a log line, such as `sid=…`, `sid_…` or `urn:uuid:…`. One in front of an `@` is an address.
fn id_in(word: &str) -> Option<Uuid> {
    let parts = word.split(['=', ':', '/', '\'', '&', '?']).filter(|part| !part.contains('@'));
    parts.flat_map(|part| part.split(|c: char| !(c.is_ascii_hexdigit() || c == '-'))).find_map(|part| {
        let part = part.trim_matches('-');
        match part.len() {
            // Shorter forms are not ids but numbers.
            32 => Uuid::try_parse(part).ok(),
            _ => part.as_bytes().windows(36).find_map(|part| Uuid::try_parse_ascii(part).ok()),
        }
    })
}

/// Without percent-encoding (RFC 3986, section 2.1), also of a link inside a link. Letters and digits are never encoded, so
/// that `%61` stands for itself, and what would be no text stays as it is.
fn decoded(typed: &str) -> String {
    let once = |text: &str| {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, behind)) = rest.split_first() {
            let code = behind.get(..2).filter(|code| *first == b'%' && code.iter().all(u8::is_ascii_hexdigit));
            let byte = code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
            match byte.filter(|byte| !byte.is_ascii_alphanumeric()) {
                Some(byte) => {
                    bytes.push(byte);
                    rest = &behind[2..];
                }
                None => {
                    bytes.push(*first);
                    rest = behind;
                }
            }
        }
        String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
    };
    if typed.contains('%') { once(&once(typed)) } else { typed.to_owned() }
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

    use super::super::search_text;
    use super::*;

    #[test]
    fn what_is_pasted_is_read_as_what_was_meant() {
        let words = |typed: &str| Search::of(typed).words.into_iter().map(|word| word.key).collect::<Vec<_>>();
        for typed in [
            "Katarzyna Nowak <k.nowak@northwind.example>",
            "katarzyna  nowak mailto:K.Nowak@northwind.example?subject=x",
            "\u{201c}Katarzyna\u{201d} \"Nowak\", (k.nowak@northwind.example).",
            "katarzyna nowak k.nowak@northwind.example\u{200b}",
            "katarzyna\u{a0}nowak; k.nowak@northwind.example.",
            "Katarzyna Nowak - k.nowak@northwind.example",
            "Katarzyna Nowak – k.nowak@northwind.example",
            "Katarzyna Nowak / k.nowak@northwind.example/",
            "👋 Katarzyna Nowak • k.nowak@northwind.example 👩\u{200d}🔧",
            "Katarzyna Nowak e-mail: k.nowak@northwind.example",
            "Katarzyna Nowak, E-Mail : k.nowak@northwind.example",
            "Katarzyna Nowak メール：k.nowak@northwind.example",
            "*Katarzyna* _Nowak_ `k.nowak@northwind.example`…",
            "‘Katarzyna’ ‹Nowak› 【k.nowak＠northwind.example】。",
            "（Katarzyna、Nowak）「k.nowak@northwind.example」",
            "katarzyna%20nowak%20%3Ck.nowak%40northwind.example%3E",
        ] {
            assert_eq!(words(typed), ["katarzyna", "nowak", "k.nowak@northwind.example"], "{typed}");
        }
        assert_eq!(words("info@xn--bcher-kva.example"), ["info@bucher.example"]);
        for typed in [
            "‘k.nowak@northwind.example’",
            "email:k.nowak@northwind.example",
            "SMTP:K.Nowak@northwind.example",
            "user=k.nowak@northwind.example",
            "mailto:k.nowak%40northwind.example?cc=x@b.example",
            "https://id.example/authorize?client_id=c&login_hint=k.nowak%40northwind.example&prompt=none",
            "?return_to=%2Fauthorize%3Flogin_hint%3Dk.nowak%2540northwind.example%26scope%3Dopenid",
            "k.nowak@northwind.example=",
            "NORTHWIND\\k.nowak@northwind.example\\",
            "k.nowak@northwind.example，",
        ] {
            assert_eq!(words(typed), ["k.nowak@northwind.example"], "{typed}");
        }
        assert_eq!(words("a%41b@b.example"), ["a%41b@b.example"]);
        assert_eq!(words("@northwind.example"), ["@northwind.example"]);
        assert_eq!(words("client_id=northwind-console user="), ["northwind-console", "user"]);
        assert_eq!(words("k.nowak @ northwind.example"), ["k.nowak", "northwind.example"]);
        assert_eq!(words("#EXT#"), ["#ext#"]);
        assert_eq!(words("o'neil+test@b.example"), ["o'neil+test@b.example"]);
        assert!(Search::of(" \u{200b} ").is_empty() && Search::of("\"").only_signs);
        assert!(Search::of("– 👋 %").only_signs);
    }

    #[test]
    fn an_id_is_found_in_whatever_line_it_was_copied_with() {
        let id = Uuid::from_u128(0x0197_a111_2222_7333_8444_5555_6666_7777);
        for typed in [
            id.to_string(),
            format!("sid={id}"),
            format!("\"sub\":\"{id}\","),
            format!("urn:uuid:{id}"),
            format!("sid_{id}"),
            format!("sid-{id}-"),
            format!("sid%3D{id}%26x"),
            format!("return_to=%2Fx%3Fsid%253D{id}"),
            format!("op_{}", id.simple()),
            format!("request {id}."),
            id.simple().to_string().to_uppercase(),
        ] {
            assert_eq!(Search::of(&typed).id, Some(id), "{typed}");
        }
        assert_eq!(Search::of("12345678").id, None);
        assert_eq!(Search::of(&format!("{id}@services.example")).id, None);
    }

    #[test]
    fn a_search_has_an_end() {
        assert!(Search::of(&"a".repeat(SEARCH_MAX + 1)).too_long);
        assert!(Search::of(&(0..20).map(|n| format!("w{n} ")).collect::<String>()).too_long);
    }

    #[test]
    fn a_word_is_looked_for_in_its_other_spellings_too() {
        let also = |typed: &str| Search::of(typed).words.remove(0).also;
        assert_eq!(also("Jörg"), ["joerg"]);
        assert_eq!(also("O’Brien"), ["obrien"]);
        assert_eq!(also("nowak"), [""; 0]);
    }

    proptest! {
        #[test]
        fn words_have_something_to_be_found_by(text in "\\PC{0,40}") {
            for key in Search::of(&text).words.iter().flat_map(Word::keys) {
                prop_assert!(!key.contains(char::is_whitespace) && key.contains(char::is_alphanumeric), "{:?}", key);
            }
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
