//! What is wrong with files, and how text of a file may be shown.

use std::fmt;

use serde::Serialize;

/// A longer list would only be scrolled past.
const LISTED: usize = 200;
/// The longest piece of a file that a message shows, in characters.
const SHOWN: usize = 80;

/// What is wrong, and where: `file:line column: message`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub file: String,
    pub line: u64,
    pub column: String,
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message } = self;
        let space = if column.is_empty() { "" } else { " " };
        write!(f, "{file}:{line}{space}{}: {message}", plain(column))
    }
}

/// Everything that is wrong; the first 200 are kept, the rest is counted.
#[derive(Debug, Default)]
pub struct Problems {
    pub listed: Vec<Problem>,
    pub total: usize,
    /// How many of them are about one row each, which could be left out.
    pub of_rows: usize,
}

impl Problems {
    pub fn add(&mut self, problem: Problem) {
        self.total += 1;
        if self.listed.len() < LISTED {
            self.listed.push(problem);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The listed ones, a line each, and how many more there are.
    pub fn lines(&self) -> String {
        let mut lines: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
        if self.total > self.listed.len() {
            lines.push(format!("… and {} more", self.total - self.listed.len()));
        }
        lines.join("\n")
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.lines())?;
        write!(f, "Nothing was imported. {} to mend.", counted(self.total, "problem"))?;
        if self.of_rows == self.total {
            write!(f, " To import the other rows and leave these out, add --skip-bad-rows.")?;
        }
        Ok(())
    }
}

/// `1 row`, `2 rows`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A piece of a file in quotes, as a message may hold it: short, and without anything that a terminal would obey.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text))
}

/// A piece of a file without control characters and without those that turn the direction of what follows.
pub fn plain(text: &str) -> String {
    let mut shown = String::new();
    for (at, c) in text.chars().enumerate() {
        if at == SHOWN {
            shown.push('…');
            break;
        }
        match c {
            '"' => shown.push_str("\\\""),
            c if c.is_control() || is_invisible(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}

/// Marks, embeddings and isolates of direction, joiners, and spaces of no width.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{061c}')
}

/// The one of `known` that `name` was probably meant to be.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let bare = |text: &str| -> Vec<char> { text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect() };
    let wanted = bare(name);
    let near = |candidate: &str| {
        let candidate = bare(candidate);
        let contains =
            |long: &[char], short: &[char]| short.len() >= 4 && long.windows(short.len()).any(|w| w == short);
        let apart = distance(&wanted, &candidate);
        if contains(&wanted, &candidate) || contains(&candidate, &wanted) { apart.min(2) } else { apart }
    };
    let best = known.map(|candidate| (near(candidate), candidate)).min_by_key(|(distance, _)| *distance)?;
    (best.0 <= wanted.len().div_ceil(3).min(4)).then_some(best.1)
}

/// How many letters have to be put in, taken out or replaced (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{nearest, plain};

    #[test]
    fn a_misspelt_column_is_guessed_and_a_strange_one_is_not() {
        let known = ["email", "name", "email_verified", "password_hash", "accounts", "created_at"];
        let guess = |name| nearest(name, known.into_iter());
        assert_eq!(guess("emailverifed"), Some("email_verified"));
        assert_eq!(guess("E-Mail"), Some("email"));
        assert_eq!(guess("Password"), Some("password_hash"));
        assert_eq!(guess("acounts"), Some("accounts"));
        assert_eq!(guess("createdAt"), Some("created_at"));
        assert_eq!(guess("shoe size"), None);
    }

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(plain("a\u{1b}[31m\0\u{202e}b"), "a\\u{1b}[31m\\u{0}\\u{202e}b");
    }
}
