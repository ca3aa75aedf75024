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

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        assert_eq!(plain("a\u{1b}[31m\0\u{202e}b"), "a\\u{1b}[31m\\u{0}\\u{202e}b");
    }
}
