//! Words that are looked for, as conditions of SQL.

use super::build::Statement;
use crate::server::platform::text::Word;

impl Statement<'_> {
    /// ` AND` the row of `alias`, which has `name` and `search_text`, has all of `words`.
    pub fn and_has(&mut self, alias: &str, words: &[Word]) -> &mut Self {
        for word in words {
            self.push(" AND (");
            for (index, key) in word.keys().enumerate() {
                let or = if index == 0 { "" } else { " OR " };
                self.push(format_args!("{or}{alias}.search_text LIKE ")).bind(pattern(key)).push(" ESCAPE '\\'");
            }
            if let Some(typed) = word.typed.as_ref().filter(|_| word.key.chars().count() < 3) {
                self.push(format_args!(" OR {alias}.name LIKE ")).bind(format!("%{}%", escaped(typed)));
                self.push(" ESCAPE '\\'");
            }
            self.push(")");
        }
        self
    }
}

/// A key as a pattern for LIKE. One or two letters mean the beginning of a word: everything has them somewhere. What is written
/// without spaces has its words anywhere.
pub fn pattern(key: &str) -> String {
    let beginning = if key.chars().count() < 3 && key.is_ascii() { " " } else { "" };
    format!("%{beginning}{}%", escaped(key))
}

/// The words that FTS5's trigram index answers as its query, and the words that it cannot answer: a trigram is three
/// characters, of which the first may be the space before a word.
pub fn phrases(words: &[Word]) -> (Option<String>, Vec<Word>) {
    let mut phrases = Vec::new();
    let mut others = Vec::new();
    for word in words {
        match word.keys().map(|key| phrase(key, word)).collect::<Option<Vec<_>>>() {
            Some(keys) => phrases.push(format!("({})", keys.join(" OR "))),
            None => others.push(word.clone()),
        }
    }
    ((!phrases.is_empty()).then(|| phrases.join(" AND ")), others)
}

fn phrase(key: &str, word: &Word) -> Option<String> {
    let quoted = key.replace('"', "\"\"");
    match key.chars().count() {
        3.. => Some(format!("\"{quoted}\"")),
        2 if key.is_ascii() && word.typed.is_none() => Some(format!("\" {quoted}\"")),
        _ => None,
    }
}

/// Text for LIKE with `\` as its escape.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
