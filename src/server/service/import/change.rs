//! What an import would change, told one by one and counted.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::problem::plain;
use crate::server::service::directory::change::{Facts, Protection, What};

/// A change that is told one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub file: String,
    pub line: u64,
    /// E-mail, external id, client id or key.
    pub key: String,
    pub what: What,
    pub about: String,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, key, what, about } = self;
        write!(f, "{file}:{line} {}: {}", what.facts().column, what.sentence(&plain(key), &plain(about)))
    }
}

/// How much of each kind changes.
#[derive(Clone, Debug, Default)]
pub struct Counts(pub BTreeMap<What, usize>);

impl Counts {
    pub fn add(&mut self, what: What) {
        *self.0.entry(what).or_default() += 1;
    }

    /// What must be allowed and is not, each with how often.
    pub fn unallowed(&self, allowed: &[Protection]) -> BTreeMap<Protection, usize> {
        let mut unallowed = BTreeMap::new();
        for (what, count) in &self.0 {
            if let Some(protection) = what.facts().asks.filter(|protection| !allowed.contains(protection)) {
                *unallowed.entry(protection).or_default() += count;
            }
        }
        unallowed
    }

    /// A line a column: `locked: 1 locked, 2 unlocked`.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<(&str, Vec<String>)> = Vec::new();
        for (what, count) in &self.0 {
            let Facts { column, counted, .. } = what.facts();
            // `1 membership removed`, `2 memberships removed`.
            let one = |text: &str| text.split_once("s ").map(|(noun, rest)| format!("{noun} {rest}"));
            let words = match (count, column) {
                (1, "accounts" | "applications") => format!("1 {}", one(counted).unwrap_or_else(|| counted.to_owned())),
                _ => format!("{count} {counted}"),
            };
            match lines.iter_mut().find(|(known, _)| *known == column) {
                Some((_, list)) => list.push(words),
                None => lines.push((column, vec![words])),
            }
        }
        lines.into_iter().map(|(column, words)| format!("{column}: {}", words.join(", "))).collect()
    }
}
