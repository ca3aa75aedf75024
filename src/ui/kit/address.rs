//! The words of a URL's query. Every list keeps its whole state there, so both sides must read and write them alike:
//! one encoder and one decoder, instead of the browser's here and a crate's there.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::model::percent::{decode, encode};

/// The query of a URL as names and values, in order. A name occurs once; the last value counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<(String, String)>);

impl Words {
    /// Reads `a=1&b=2`, with or without a leading `?`.
    pub fn parse(search: &str) -> Self {
        let mut words = Self::default();
        for pair in search.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            words.set(&decode(name), &decode(value));
        }
        words
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// Sets a word; an empty value removes it.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(key, _)| key != name);
        if !value.is_empty() {
            self.0.push((name.to_owned(), value.to_owned()));
        }
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(key, _)| !names.contains(&key.as_str()));
        self
    }

    /// `path` with these words behind it.
    pub fn on(&self, path: &str) -> String {
        let mut url = path.to_owned();
        for (index, (name, value)) in self.0.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&encode(name));
            url.push('=');
            url.push_str(&encode(value));
        }
        url
    }

    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// The words of the page's address, as they change.
pub fn use_words() -> Memo<Words> {
    let search = use_location().search;
    Memo::new(move |_| search.with(|search| Words::parse(search)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_round_trip_whatever_they_hold() {
        let words = Words::default().with("q", "50% & more + Zoë = שיר").with("sort", "-visits");
        assert_eq!(Words::parse(&words.on("")), words);
    }

    #[test]
    fn words_read_what_a_plain_form_sends() {
        let words = Words::parse("?q=amara+okafor&status=&account=northwind");
        assert_eq!(words.get("q"), "amara okafor");
        assert_eq!(words.on("/p/users"), "/p/users?q=amara%20okafor&account=northwind");
    }

    #[test]
    fn a_percent_sign_that_encodes_nothing_stays() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz"), "%zz");
    }
}
