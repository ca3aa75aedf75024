//! What was looked for, and what to say where nothing was found.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Accounts by whose names users are found, at most: with more, the words say too little about an account.
pub const NAMED_ACCOUNTS: usize = 100;
/// Counting users who match stops there: nobody reads further.
pub const USERS_MATCHED: i64 = 1_000;

/// How many there are, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Amount {
    Exactly(i64),
    MoreThan(i64),
}

impl Amount {
    /// The number that it has in either case.
    pub fn number(self) -> i64 {
        match self {
            Self::Exactly(number) | Self::MoreThan(number) => number,
        }
    }

    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exactly(_))
    }
}

/// A search as the server understood it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// Each of them must be found.
    pub words: Vec<String>,
    /// An id that was found in what was typed: then nothing else counts.
    pub id: Option<Uuid>,
    /// What was typed is longer than anything that is looked through.
    pub too_long: bool,
    /// What was typed has no letter and no digit.
    pub only_signs: bool,
    /// More accounts than [`NAMED_ACCOUNTS`] have the words in their names: their members were not looked for.
    #[serde(default)]
    pub many_accounts: bool,
    /// What stands for a day and is none: nothing was looked for.
    #[serde(default)]
    pub no_day: Option<String>,
}

impl Searched {
    /// What to say where members of accounts were left out.
    pub fn left_out(&self) -> Option<String> {
        self.many_accounts.then(|| {
            format!(
                "More than {NAMED_ACCOUNTS} accounts have this in their names, so their members are not among what was \
                 found. Choose an account to see its members."
            )
        })
    }

    /// Why nothing was found. `by_id` and `by_words` say what was looked through, up to what was looked for: "No user has".
    pub fn nothing(&self, by_id: &str, by_words: &str, filtered: bool) -> String {
        let mut sentence = match self.id {
            _ if self.too_long => {
                return "This is too long to be looked for: 200 characters and 12 words are the most.".to_owned();
            }
            _ if self.only_signs => return "Signs alone are not looked for. Type a letter or a digit too.".to_owned(),
            _ if self.no_day.is_some() => {
                let typed = self.no_day.as_deref().unwrap_or_default();
                return format!("“{typed}” is no day. Write days like this: 2026-11-23.");
            }
            Some(id) => format!("{by_id} {id}."),
            None if self.words.is_empty() => return "Nothing matches the filters. Take one away.".to_owned(),
            None => {
                let words: Vec<String> = self.words.iter().map(|word| format!("“{word}”")).collect();
                format!("{by_words} {}.", words.join(" and "))
            }
        };
        if let Some(left_out) = self.left_out() {
            sentence.push(' ');
            sentence.push_str(&left_out);
        }
        if filtered {
            sentence.push_str(" The filters count too: take one away, or try part of a word.");
        }
        sentence
    }
}

#[cfg(test)]
mod tests {
    use super::Searched;

    #[test]
    fn nothing_found_says_what_was_looked_for() {
        let searched = Searched { words: vec!["kat".into(), "zzz".into()], ..Searched::default() };
        assert_eq!(searched.nothing("No user has the id", "No user has", false), "No user has “kat” and “zzz”.");
        let searched = Searched { id: Some(uuid::Uuid::nil()), ..Searched::default() };
        assert!(searched.nothing("No user has the id", "No user has", true).contains("0000. The filters"));
        let searched = Searched { no_day: Some("23.11.".into()), ..Searched::default() };
        assert!(searched.nothing("No event has the id", "No event has", true).contains("“23.11.” is no day"));
        let searched = Searched { words: vec!["zeta".into()], many_accounts: true, ..Searched::default() };
        assert!(searched.nothing("No user has the id", "No user has", false).contains("Choose an account"));
    }
}
