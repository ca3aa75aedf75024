//! One row: cells by name, read as what they should hold.
//!
//! Reading goes on after a bad cell: whoever mends a file wants to hear of all its faults at once. An empty cell and a
//! column that the file does not have mean the same, that things stay as they are; `-` clears what may be cleared.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::problem::{Problem, quoted};
use super::words::{moment, no_moment, truth};
use crate::model::validate::value::{self, CLEAR};
use crate::server::platform::text::{self, TextError};
use crate::server::service::directory::given::Given;
use crate::server::service::directory::validate;

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
        match value::key(&text) {
            Ok(()) => {}
            Err(fault) if text.is_empty() => self.problem(column, fault),
            Err(fault) => self.problem(column, format!("{} {fault}", quoted(&text))),
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
            self.require(column, text, validate::web_url(text));
        }
        given
    }

    /// Notes what a value is not.
    pub fn require(&mut self, column: &str, text: &str, checked: Result<(), String>) {
        if let Err(fault) = checked {
            self.problem(column, format!("{} {fault}", quoted(text)));
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
            self.require(column, word, value::permission(word));
        }
        given
    }

    /// Addresses separated by white space. Native applications have schemes of their own.
    pub fn redirect_uris(&mut self, column: &str) -> Given<Vec<String>> {
        let given = self.text(column);
        let given = given.map(|text| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<String>>());
        let mut seen = HashSet::new();
        for uri in given.set().map(Vec::as_slice).unwrap_or_default() {
            let mut twice = || if seen.insert(uri) { Ok(()) } else { Err("is there twice".to_owned()) };
            self.require(column, uri, validate::redirect_uri(uri).and_then(|()| twice()));
        }
        given
    }
}
