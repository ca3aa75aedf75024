//! A CSV file as rows of named cells, and the list of everything that is wrong with it.
//!
//! Reading goes on after a bad cell: whoever mends a file wants to hear of all its faults at once.

use std::collections::{HashMap, HashSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use url::Url;

use crate::server::text;

/// A longer list would only be scrolled past.
const LISTED: usize = 200;
const KEY_MAX: usize = 100;

/// A column that a kind of file may have.
pub struct Column {
    pub name: &'static str,
    pub required: bool,
}

pub const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

pub const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

/// What is wrong, and where: `file:line column: message`.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        write!(f, "{file}:{line}{space}{column}: {message}")
    }
}

/// Everything that is wrong; the first 200 are kept, the rest is counted.
#[derive(Debug, Default)]
pub struct Problems {
    pub listed: Vec<Problem>,
    pub total: usize,
}

impl Problems {
    pub fn push(&mut self, file: &str, line: u64, column: &str, message: impl Into<String>) {
        self.total += 1;
        if self.listed.len() < LISTED {
            let (file, column, message) = (file.to_owned(), column.to_owned(), message.into());
            self.listed.push(Problem { file, line, column, message });
        }
    }

    pub fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.listed {
            writeln!(f, "{problem}")?;
        }
        if self.total > self.listed.len() {
            writeln!(f, "… and {} more", self.total - self.listed.len())?;
        }
        write!(f, "Nothing was imported. {} to mend.", counted(self.total, "problem"))
    }
}

/// `1 row`, `2 rows`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A file with known columns. What it lacks reads as empty.
pub struct Sheet {
    pub file: String,
    positions: HashMap<&'static str, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
}

impl Sheet {
    /// Reads `bytes` as CSV. Unknown, repeated and missing columns, rows of another length and text that is not UTF-8
    /// are problems; what can be read is read nevertheless.
    pub fn read(file: &str, bytes: &[u8], columns: &'static [Column], problems: &mut Problems) -> Self {
        let mut sheet = Self { file: file.to_owned(), positions: HashMap::new(), rows: Vec::new() };
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() as u64;
                problems.push(file, line, "", "is not UTF-8; save the file as UTF-8");
                return sheet;
            }
        };
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut lines = Lines { text: text.as_bytes(), at: 0, line: 1 };
        let mut width = None;
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    problems.push(file, lines.line, "", format!("cannot be read: {error}"));
                    return sheet;
                }
            };
            let line = lines.of(record.position().map_or(0, csv::Position::byte));
            match width {
                None => {
                    width = Some(record.len());
                    sheet.take_head(line, &record, columns, problems);
                }
                Some(width) if record.len() == width => sheet.rows.push((line, record)),
                Some(width) => {
                    let cells = counted(record.len(), "cell");
                    problems.push(file, line, "", format!("has {cells} instead of {width}; is a quote missing?"));
                }
            }
        }
        if width.is_none() {
            problems.push(file, 1, "", "the file is empty; its first line names the columns");
        }
        sheet
    }

    fn take_head(&mut self, line: u64, head: &csv::StringRecord, columns: &'static [Column], problems: &mut Problems) {
        for (position, name) in head.iter().enumerate() {
            let name = name.trim().to_lowercase();
            let Some(column) = columns.iter().find(|column| column.name == name) else {
                let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
                problems.push(&self.file, line, &name, format!("is no known column; there are {}", known.join(", ")));
                continue;
            };
            if self.positions.insert(column.name, position).is_some() {
                problems.push(&self.file, line, &name, "is there twice");
            }
        }
        for column in columns.iter().filter(|column| column.required && !self.has(column.name)) {
            problems.push(&self.file, line, column.name, "this column is missing");
        }
    }

    /// Whether the file has this column. What it does not have, an import leaves as it is.
    pub fn has(&self, column: &str) -> bool {
        self.positions.contains_key(column)
    }

    /// Reads every row with `read`. A key that comes twice is a problem.
    pub fn parse<T>(
        &self,
        key: &'static str,
        problems: &mut Problems,
        mut read: impl FnMut(&mut Row<'_>) -> T,
    ) -> Vec<T> {
        let mut seen: HashMap<String, u64> = HashMap::new();
        let mut parsed = Vec::with_capacity(self.rows.len());
        for (line, record) in &self.rows {
            let mut row = Row { sheet: self, line: *line, record, problems };
            let value = row.cell(key).to_lowercase();
            if let Some(first) = seen.get(&value).filter(|_| !value.is_empty()) {
                row.problem(key, format!("{value:?} is in line {first} already"));
            }
            parsed.push(read(&mut row));
            seen.entry(value).or_insert(*line);
        }
        parsed
    }
}

/// Line numbers of byte positions, counted once from the top to the bottom.
struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that begins at `byte`, or after the line ends and empty lines that stand there.
    fn of(&mut self, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while self.at < self.text.len() && (self.at < byte || matches!(self.text[self.at], b'\r' | b'\n')) {
            self.line += u64::from(self.text[self.at] == b'\n');
            self.at += 1;
        }
        self.line
    }
}

/// One row: cells by name, read as what they should hold. A bad cell is noted and reads as a harmless value.
pub struct Row<'a> {
    sheet: &'a Sheet,
    pub line: u64,
    record: &'a csv::StringRecord,
    problems: &'a mut Problems,
}

impl Row<'_> {
    /// Notes what is wrong with a cell. About a column that the file lacks, the head line was complained of already.
    pub fn problem(&mut self, column: &str, message: impl Into<String>) {
        if !self.sheet.has(column) {
            return;
        }
        self.problems.push(&self.sheet.file, self.line, column, message);
    }

    /// The trimmed text, empty where the file lacks the column.
    pub fn cell(&self, column: &str) -> &str {
        self.sheet.positions.get(column).and_then(|at| self.record.get(*at)).unwrap_or_default().trim()
    }

    /// A name: one line, 1 to 200 characters.
    pub fn name(&mut self, column: &str) -> String {
        let typed = self.cell(column).to_owned();
        text::name(&typed).unwrap_or_else(|error| {
            self.problem(column, error.to_string());
            typed
        })
    }

    /// A key: letters, digits and `._-`, nothing that the lists in other cells are separated by.
    pub fn key(&mut self, column: &str) -> String {
        let text = self.cell(column).to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() {
            self.problem(column, "is empty");
        } else if text.len() > KEY_MAX || !text.chars().all(allowed) {
            self.problem(column, format!("{text:?} is no key: use 1 to {KEY_MAX} letters, digits, dots, _ and -"));
        }
        text
    }

    pub fn email(&mut self, column: &str) -> String {
        let typed = self.cell(column).to_owned();
        text::email(&typed).unwrap_or_else(|error| {
            self.problem(column, format!("{typed:?} {error}"));
            typed
        })
    }

    pub fn boolean(&mut self, column: &str, empty: bool) -> bool {
        match self.cell(column).to_lowercase().as_str() {
            "" => empty,
            "true" | "yes" | "1" => true,
            "false" | "no" | "0" => false,
            other => {
                self.problem(column, format!("{other:?} is neither true nor false"));
                empty
            }
        }
    }

    pub fn count(&mut self, column: &str) -> i64 {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return 0;
        }
        let number = text.parse::<u32>();
        if number.is_err() {
            self.problem(column, format!("{text:?} is not a whole number"));
        }
        number.map_or(0, i64::from)
    }

    pub fn time(&mut self, column: &str) -> Option<DateTime<Utc>> {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return None;
        }
        let time = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc().trunc_subsecs(6)).ok();
        let day = || NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|day| day.and_utc());
        let time = time.or_else(day);
        if time.is_none() {
            self.problem(column, format!("{text:?} is no time; write it like 2026-11-23T08:30:00Z or 2026-11-23"));
        }
        time
    }

    /// One of `words`, the first where the cell is empty.
    pub fn word(&mut self, column: &str, words: &[&'static str]) -> &'static str {
        let first = words.first().copied().unwrap_or_default();
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return first;
        }
        let known = words.iter().copied().find(|word| *word == text);
        if known.is_none() {
            self.problem(column, format!("{text:?} is none of {}", words.join(", ")));
        }
        known.unwrap_or(first)
    }

    /// An http or https address, as it is written; nothing where the cell is empty.
    pub fn web_url(&mut self, column: &str) -> Option<String> {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return None;
        }
        let valid = Url::parse(&text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        });
        if !valid || text.contains(char::is_whitespace) {
            self.problem(column, format!("{text:?} is not an http or https address"));
        }
        Some(text)
    }

    /// Addresses separated by white space. Native applications have schemes of their own.
    pub fn redirect_uris(&mut self, column: &str) -> Vec<String> {
        let uris: Vec<String> = self.cell(column).split_whitespace().map(ToOwned::to_owned).collect();
        let mut seen = HashSet::new();
        for uri in &uris {
            let fault = match Url::parse(uri) {
                Err(_) => Some("is not an absolute address"),
                Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about") => {
                    Some("has a scheme that must not be redirected to")
                }
                Ok(url) if url.fragment().is_some() => Some("has a fragment, which redirect URIs must not have"),
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_none() => Some("has no host"),
                Ok(_) if uri.contains('*') => Some("has a *: redirect URIs are compared letter by letter"),
                Ok(_) if !seen.insert(uri) => Some("is there twice"),
                Ok(_) => None,
            };
            if let Some(fault) = fault {
                self.problem(column, format!("{uri:?} {fault}"));
            }
        }
        uris
    }
}
