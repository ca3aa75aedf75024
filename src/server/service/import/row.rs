//! One row: cells by name, read as what they should hold.
//!
//! Reading goes on after a bad cell: whoever mends a file wants to hear of all its faults at once. An empty cell and a
//! column that the file does not have mean the same, that things stay as they are; `-` clears what may be cleared.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use super::problem::{Problem, quoted};
use super::words::{moment, no_moment, truth};
use crate::server::platform::text::{self, TextError};
use crate::server::service::directory::given::Given;

const KEY_MAX: usize = 100;
/// Bytes of an address, as many as any browser sends.
const URI_MAX: usize = 2_000;
/// Bytes of a permission.
const WORD_MAX: usize = 200;
/// The word that takes away what is there.
const CLEAR: &str = "-";

/// A column that a kind of file may have.
#[derive(Debug)]
pub struct Column {
    pub name: &'static str,
    pub required: bool,
    /// What it holds, for the template.
    pub help: &'static str,
    /// A value for the template's example row.
    pub example: &'static str,
    /// What stands between the values of a cell that may have several.
    pub list: Option<char>,
}

impl Column {
    /// The column with cells of several values, separated by `by`.
    pub const fn listed(self, by: char) -> Self {
        Self { list: Some(by), ..self }
    }
}

pub const fn required(name: &'static str, example: &'static str, help: &'static str) -> Column {
    Column { name, required: true, help, example, list: None }
}

pub const fn optional(name: &'static str, example: &'static str, help: &'static str) -> Column {
    Column { name, required: false, help, example, list: None }
}

/// How the columns of a file are called here and there.
#[derive(Debug)]
pub struct Shape {
    pub columns: &'static [Column],
    /// The file's own name for each, where it has one.
    pub called: Vec<Option<String>>,
    /// It is another product's file: what it lacks is no fault of its author's.
    pub foreign: bool,
    /// Memberships are added to those that are there.
    pub adds: bool,
}

impl Shape {
    fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known.name == column)
    }
}

pub struct Row<'a> {
    pub shape: &'a Shape,
    pub file: &'a str,
    pub line: u64,
    /// In the order of the columns.
    pub cells: &'a [String],
    /// No time may be later.
    pub latest: DateTime<Utc>,
    pub problems: Vec<Problem>,
    /// Columns of times that could not be read and were passed over.
    pub unread_times: Vec<&'static str>,
}

impl Row<'_> {
    /// Whether nothing was found wrong with a cell.
    pub fn is_good(&self, column: &str) -> bool {
        let called = self.shape.position(column).and_then(|at| self.shape.called[at].as_deref()).unwrap_or(column);
        !self.problems.iter().any(|problem| problem.column == called)
    }

    /// Notes what is wrong with a cell, under the file's own name for it. About a column that is missing altogether the
    /// head line was complained of already.
    pub fn problem(&mut self, column: &str, message: impl Into<String>) {
        let called = self.shape.position(column).and_then(|at| self.shape.called[at].clone());
        let column = match called {
            Some(called) => called,
            None if self.shape.foreign || !self.cell(column).is_empty() => column.to_owned(),
            None => return,
        };
        self.problems.push(Problem { file: self.file.to_owned(), line: self.line, column, message: message.into() });
    }

    /// The bare text, empty where the file lacks the column.
    pub fn cell(&self, column: &str) -> &str {
        self.shape.position(column).and_then(|at| self.cells.get(at)).map_or("", String::as_str)
    }

    /// The text of a cell that may be cleared.
    pub fn text(&self, column: &str) -> Given<String> {
        match self.cell(column) {
            "" => Given::Kept,
            CLEAR => Given::Cleared,
            text => Given::Set(text.to_owned()),
        }
    }

    /// A name: one line, 1 to 200 characters. In another product's file it may be missing.
    pub fn name(&mut self, column: &str) -> Option<String> {
        match text::name(self.cell(column)) {
            Ok(name) => return Some(name),
            Err(TextError::Empty) if self.shape.foreign => {}
            Err(error) => self.problem(column, error.to_string()),
        }
        None
    }

    /// A key: letters, digits and `._-`, nothing that the lists in other cells are separated by.
    pub fn key(&mut self, column: &str) -> String {
        let text = self.cell(column).to_owned();
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if text.is_empty() {
            self.problem(column, "is empty");
        } else if text.len() > KEY_MAX || !text.chars().all(allowed) || text == CLEAR {
            let text = quoted(&text);
            self.problem(column, format!("{text} is no key: use 1 to {KEY_MAX} letters, digits, dots, _ and -"));
        }
        text
    }

    pub fn email(&mut self, column: &str) -> String {
        let typed = self.cell(column).to_owned();
        match text::email(&typed) {
            Ok(email) => return email,
            Err(TextError::Empty) => self.problem(column, "is empty"),
            Err(error) => self.problem(column, format!("{} {error}", quoted(&typed))),
        }
        typed
    }

    /// Truth; in our own files `-` is no.
    pub fn boolean(&mut self, column: &str) -> Option<bool> {
        let text = self.cell(column).to_owned();
        let is = match text.as_str() {
            "" => return None,
            CLEAR if !self.shape.foreign => Some(false),
            text => truth(text),
        };
        if is.is_none() {
            self.problem(column, format!("{} is neither true nor false", quoted(&text.to_lowercase())));
        }
        is
    }

    pub fn count(&mut self, column: &str) -> Option<i64> {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return None;
        }
        let number = text.parse::<u32>();
        if number.is_err() {
            self.problem(column, format!("{} is not a whole number", quoted(&text)));
        }
        number.ok().map(i64::from)
    }

    /// A moment between the second day of 1970 and tomorrow: what lies outside was misread or never set. One of another
    /// product's file that cannot be read is passed over: nobody can be asked to mend the product.
    pub fn time(&mut self, column: &'static str) -> Option<DateTime<Utc>> {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return None;
        }
        let fault = match moment(&text) {
            None => no_moment(&text),
            Some(time) if time < DateTime::UNIX_EPOCH + TimeDelta::days(1) || time > self.latest => {
                "is not between 1970-01-02 and tomorrow"
            }
            Some(time) => return Some(time),
        };
        if self.shape.foreign {
            self.unread_times.push(column);
        } else {
            self.problem(column, format!("{} {fault}", quoted(&text)));
        }
        None
    }

    /// One of `words`.
    pub fn word(&mut self, column: &str, words: &[&'static str]) -> Option<String> {
        let text = self.cell(column).to_owned();
        if text.is_empty() {
            return None;
        }
        let known = words.iter().find(|word| word.eq_ignore_ascii_case(&text));
        if known.is_none() {
            self.problem(column, format!("{} is none of {}", quoted(&text), words.join(", ")));
        }
        known.map(|word| (*word).to_owned())
    }

    /// An http or https address, as it is written.
    pub fn web_url(&mut self, column: &str) -> Given<String> {
        let given = self.text(column);
        if let Given::Set(text) = &given {
            let valid = Url::parse(text).is_ok_and(|url| {
                matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
            });
            if !valid || text.contains(char::is_whitespace) || !is_written_out(text) {
                self.problem(column, format!("{} is not an http or https address", quoted(text)));
            } else {
                self.bounded(column, "an address", text, URI_MAX);
            }
        }
        given
    }

    /// What the indexes of PostgreSQL could not hold, nobody wrote by hand. `most` is in bytes.
    fn bounded(&mut self, column: &str, what: &str, text: &str, most: usize) {
        if text.len() > most {
            let (length, shown) = (text.len(), quoted(text));
            self.problem(column, format!("{shown} has {length} bytes; {what} has {most} at most"));
        }
    }

    /// Words separated by white space, each once, in order.
    pub fn words(&mut self, column: &str) -> Given<Vec<String>> {
        let given = self.text(column).map(|text| {
            let mut words: Vec<String> = text.split_whitespace().map(ToOwned::to_owned).collect();
            words.sort();
            words.dedup();
            words
        });
        for word in given.set().map(Vec::as_slice).unwrap_or_default() {
            self.bounded(column, "a permission", word, WORD_MAX);
        }
        given
    }

    /// Addresses separated by white space. Native applications have schemes of their own.
    pub fn redirect_uris(&mut self, column: &str) -> Given<Vec<String>> {
        let given = self.text(column);
        let given = given.map(|text| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<String>>());
        let mut seen = HashSet::new();
        for uri in given.set().map(Vec::as_slice).unwrap_or_default() {
            match redirect_fault(uri).or_else(|| (!seen.insert(uri)).then_some("is there twice")) {
                Some(fault) => self.problem(column, format!("{} {fault}", quoted(uri))),
                None => self.bounded(column, "an address", uri, URI_MAX),
            }
        }
        given
    }
}

fn redirect_fault(uri: &str) -> Option<&'static str> {
    match Url::parse(uri) {
        Err(_) => Some("is not an absolute address"),
        Ok(url) if matches!(url.scheme(), "javascript" | "data" | "vbscript" | "file" | "blob" | "about") => {
            Some("has a scheme that must not be redirected to")
        }
        Ok(url) if url.fragment().is_some() => Some("has a fragment, which redirect URIs must not have"),
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_none() => Some("has no host"),
        Ok(_) if uri.contains('*') => Some("has a *: redirect URIs are compared letter by letter"),
        Ok(_) if !is_written_out(uri) => Some(
            "is no address as RFC 3986 has them: after http: or https: comes //, and |, <, >, \" and \\ are never in one",
        ),
        Ok(_) => None,
    }
}

/// Whether an address means the same to whoever compares it by letters and to a browser, which mends what is wrong with it.
fn is_written_out(uri: &str) -> bool {
    let is_web = |scheme: &str| uri.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    let has_slashes = !(is_web("http:") || is_web("https:")) || is_web("http://") || is_web("https://");
    has_slashes && !uri.contains(['|', '<', '>', '"', '\\'])
}
