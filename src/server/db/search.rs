//! Words that are looked for, as conditions of SQL.

use super::build::Statement;
use crate::server::platform::text::Word;

impl Statement<'_> {
    /// ` AND` the row of `alias`, which has `name` and `search_text`, has all of `words`.
    pub fn and_has(&mut self, alias: &str, words: &[Word]) -> &mut Self {
        self.and_has_in(&format!("{alias}.search_text"), &format!("{alias}.name"), words)
    }

    /// ` AND` a row whose text and name these expressions are has all of `words`.
    pub fn and_has_in(&mut self, text: &str, name: &str, words: &[Word]) -> &mut Self {
        for word in words {
            self.push(" AND (");
            for (index, key) in word.keys().enumerate() {
                let or = if index == 0 { "" } else { " OR " };
                self.push(format_args!("{or}{text} LIKE ")).bind(pattern(key)).push(" ESCAPE '\\'");
            }
            if let Some(typed) = word.typed.as_ref().filter(|_| word.key.chars().count() < 3) {
                self.push(format_args!(" OR {name} LIKE ")).bind(format!("%{}%", escaped(typed)));
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

/// What a trigram index finds of a word: each of its keys, as it stands in the text. `None` where it has none of them: a trigram is
/// three characters, of which the first may be the space before a word.
pub fn indexed_keys(word: &Word) -> Option<Vec<String>> {
    word.keys()
        .map(|key| match key.chars().count() {
            3.. => Some(key.to_owned()),
            2 if key.is_ascii() && word.typed.is_none() => Some(format!(" {key}")),
            _ => None,
        })
        .collect()
}

/// A query of FTS5: all of `words`, of each word one of its keys.
pub fn query(words: &[Vec<String>]) -> String {
    let quoted = |key: &String| format!("\"{}\"", key.replace('"', "\"\""));
    let any = |keys: &Vec<String>| format!("({})", keys.iter().map(quoted).collect::<Vec<_>>().join(" OR "));
    words.iter().map(any).collect::<Vec<_>>().join(" AND ")
}

/// Text for LIKE with `\` as its escape.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
