//! Words that are looked for, as conditions of SQL. Only constants and placeholder numbers are put together here: no text of
//! the caller's reaches the SQL.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::platform::text::Word;

/// A value behind a placeholder.
#[derive(Clone, Debug)]
pub enum Value {
    Id(Uuid),
    Text(String),
    Number(i64),
    Time(DateTime<Utc>),
}

/// A statement that is put together with its values, in the order of their placeholders.
#[derive(Debug, Default)]
pub struct Statement {
    pub text: String,
    pub values: Vec<Value>,
}

impl Statement {
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    pub fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a placeholder and its value.
    pub fn bind(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    pub fn bind_all(&mut self, values: impl IntoIterator<Item = Value>) -> &mut Self {
        for (index, value) in values.into_iter().enumerate() {
            self.push(if index == 0 { "" } else { ", " }).bind(value);
        }
        self
    }

    /// ` AND` the row of `alias`, which has `name` and `search_text`, has all of `words`.
    pub fn and_has(&mut self, alias: &str, words: &[Word]) -> &mut Self {
        for word in words {
            self.push(" AND (");
            for (index, key) in word.keys().enumerate() {
                self.push(if index == 0 { "" } else { " OR " }).push(&format!("{alias}.search_text LIKE "));
                self.bind(Value::Text(pattern(key))).push(" ESCAPE '\\'");
            }
            if let Some(typed) = word.typed.as_ref().filter(|_| word.key.chars().count() < 3) {
                self.push(&format!(" OR {alias}.name LIKE ")).bind(Value::Text(format!("%{}%", escaped(typed))));
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

/// Binds the values of a [`Statement`] to a query of either database.
macro_rules! bound {
    ($query:expr, $values:expr) => {{
        let mut query = $query;
        for value in $values {
            query = match value {
                $crate::server::db::search::Value::Id(id) => query.bind(*id),
                $crate::server::db::search::Value::Text(text) => query.bind(text.clone()),
                $crate::server::db::search::Value::Number(number) => query.bind(*number),
                $crate::server::db::search::Value::Time(time) => query.bind(*time),
            };
        }
        query
    }};
}

pub(crate) use bound;
