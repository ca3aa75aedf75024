//! Head lines: which columns a file has, what each of them is, and what is wrong with them.

use std::collections::BTreeSet;

use super::{ColumnNote, Entity, Reader};
use crate::server::platform::text::nearest;
use crate::server::service::import::dialect::bare;
use crate::server::service::import::problem::{plain, quoted};
use crate::server::service::import::row::Column;
use crate::server::service::import::source::{FORMATS, Fate, Format, Product, normal};

/// Names that no other product has. `password_hash` is also Auth0's.
const ONLY_OURS: [&str; 6] = ["locked", "accounts", "mfa_enrolled", "active_account", "last_visit_at", "visits"];

/// How many of `cells` are names of columns, ours or anybody's.
pub fn score(columns: &[Column], cells: &[String]) -> usize {
    let known = |cell: &&String| {
        let (own, theirs) = (own_name(cell), normal(cell));
        columns.iter().any(|column| column.name == own)
            || FORMATS.iter().any(|format| format.columns.iter().any(|(name, _)| *name == theirs))
    };
    cells.iter().filter(known).count()
}

fn own_name(cell: &str) -> String {
    bare(cell, true).to_lowercase()
}

/// Whether a row is a head line and not a row.
pub fn is_head(columns: &[Column], format: Option<&Format>, cells: &[&str]) -> bool {
    let named = |cell: &&str| match format {
        None => columns.iter().any(|column| column.name == own_name(cell)),
        Some(format) => {
            let name = normal(cell);
            format.columns.iter().any(|(known, _)| *known == name)
        }
    };
    let mut cells = cells.iter().filter(|cell| !bare(cell, true).is_empty()).peekable();
    cells.peek().is_some() && cells.all(named)
}

impl<T: Entity> Reader<'_, T> {
    /// Whose file it is. Nothing where it says so itself, and no other product's tables are asked.
    /// One with a name that only we have is ours, whatever else is in it.
    fn choose(&mut self, names: &[String], is_ours: bool) {
        self.format = match self.reading.from {
            _ if T::KEY != "email" => None,
            Some(product) => Format::of(product),
            None if is_ours => None,
            None => Format::recognise(names),
        };
        self.shape.foreign = self.format.is_some();
        self.shape.adds = self.format.is_some_and(|format| format.adds);
    }

    /// Whether to go on, now that it is known whose file it is.
    fn goes_on(&mut self, line: u64) -> bool {
        let merges = self.format.is_some_and(|format| format.merges);
        if merges && self.is_read_once {
            let message =
                "has to be read twice, which a pipe does not allow; give it as a file, or as - by standard input";
            self.problem(line, "", message, false);
            return false;
        }
        self.wanted
    }

    /// Reads the head line: the position of each column of ours, or nothing where the file is none that could be read.
    pub(in crate::server) fn take_head(&mut self, line: u64, cells: &[&str]) -> Option<Vec<Option<usize>>> {
        let names: Vec<String> = cells.iter().map(|cell| normal(cell)).collect();
        let known = |cell: &&str| T::COLUMNS.iter().any(|column| column.name == own_name(cell));
        let all_ours = cells.iter().filter(|cell| !bare(cell, true).is_empty()).all(known);
        let only_ours = cells.iter().any(|cell| ONLY_OURS.contains(&own_name(cell).as_str()));
        self.choose(&names, all_ours || only_ours);
        if !self.goes_on(line) {
            return None;
        }
        if T::KEY == "email" && self.reading.from != Some(Product::Understudy) {
            let told = self.format.filter(|format| !format.headless.is_empty());
            let data: Vec<String> = cells.iter().map(|cell| bare(cell, true).to_owned()).collect();
            let fits = |found: &&Format| self.format.is_none_or(|format| format.product == found.product);
            let found = Format::recognise_headless(&data).filter(fits);
            if let Some(format) = found.or(told.filter(|_| !names.iter().any(|name| name == "email"))) {
                self.format = Some(format);
                self.shape.foreign = true;
                self.headless = true;
                self.names = format.headless.iter().map(|name| (*name).to_owned()).collect();
                let names = self.names.clone();
                self.note_columns(&names, format);
                return Some(Vec::new());
            }
        }
        match self.format {
            Some(format) => {
                self.names = names;
                let shown: Vec<String> = cells.iter().map(|cell| bare(cell, true).to_owned()).collect();
                self.note_columns(&shown, format);
                if self
                    .shape
                    .called
                    .iter()
                    .zip(T::COLUMNS)
                    .all(|(called, column)| column.name != T::KEY || called.is_none())
                {
                    let message = format!("none of its columns holds the {} of {}", T::KEY, format.label);
                    self.problem(line, "", message, false);
                    return None;
                }
                Some(Vec::new())
            }
            None => self.own_head(line, cells),
        }
    }

    fn note_columns(&mut self, shown: &[String], format: &'static Format) {
        for (name, _) in format.columns {
            let Fate::Taken(into) = format.fate(name) else { continue };
            let Some(at) = shown.iter().position(|cell| normal(cell) == *name) else { continue };
            if let Some(column) = T::COLUMNS.iter().position(|column| column.name == into)
                && self.shape.called[column].is_none()
            {
                self.shape.called[column] = Some(shown[at].clone());
            }
        }
        for column in shown {
            let note = match format.fate(&normal(column)) {
                Fate::Taken(into) => ColumnNote { column: column.clone(), into: Some(into), passed_over: None },
                Fate::Passed(why) => ColumnNote { column: column.clone(), into: None, passed_over: Some(why) },
            };
            self.description.columns.push(note);
        }
    }

    fn own_head(&mut self, line: u64, cells: &[&str]) -> Option<Vec<Option<usize>>> {
        let mut positions: Vec<Option<usize>> = vec![None; T::COLUMNS.len()];
        let all = T::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
        let mut unknown = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            let shown = bare(cell, true);
            let name = own_name(cell);
            let column = T::COLUMNS.iter().position(|column| column.name == name);
            let into = column.map(|column| T::COLUMNS[column].name);
            self.description.columns.push(ColumnNote { column: shown.to_owned(), into, passed_over: None });
            match column {
                None if name.is_empty() => {}
                None => unknown.push(shown.to_owned()),
                Some(column) if positions[column].is_some() => self.problem(line, &name, "is there twice", false),
                Some(column) => {
                    positions[column] = Some(at);
                    self.shape.called[column] = Some(name);
                }
            }
        }
        if positions.iter().all(Option::is_none) {
            let first = quoted(cells.first().map_or("", |cell| bare(cell, true)));
            let guess = |name: &String| {
                let guess = nearest(name, T::COLUMNS.iter().map(|column| column.name))?;
                Some(format!("; by {} you may mean {guess}", quoted(name)))
            };
            let guesses: String = unknown.iter().filter_map(guess).take(8).collect();
            let message =
                format!("begins with {first}, which is no head line: name the columns first{guesses}. There are {all}");
            self.problem(line, "", message, false);
            return None;
        }
        let free = || T::COLUMNS.iter().zip(&self.shape.called).filter(|(_, called)| called.is_none());
        let guesses: Vec<(String, Option<&str>)> = unknown
            .into_iter()
            .map(|name| {
                let guess = nearest(&name, free().map(|(column, _)| column.name));
                (name, guess)
            })
            .collect();
        for (name, guess) in guesses {
            let message = match guess {
                Some(guess) => format!("is no known column; did you mean {guess}? There are {all}"),
                None => format!("is no known column; there are {all}"),
            };
            self.problem(line, &plain(&name), message, false);
        }
        for (column, at) in T::COLUMNS.iter().zip(&positions) {
            if column.required && at.is_none() {
                self.problem(line, column.name, "this column is missing", false);
            }
        }
        Some(positions)
    }

    /// As [`Self::take_head`], for all fields of the first users of a JSON file.
    pub(in crate::server) fn take_fields(&mut self, line: u64, names: &[String]) -> bool {
        let all_ours = names.iter().all(|name| T::COLUMNS.iter().any(|column| column.name.eq_ignore_ascii_case(name)));
        let normalised: Vec<String> = names.iter().map(|name| normal(name)).collect();
        let only_ours = names.iter().any(|name| ONLY_OURS.contains(&name.to_lowercase().as_str()));
        let is_told = self.reading.from == Some(Product::Understudy) || T::KEY != "email";
        self.choose(&normalised, all_ours || only_ours);
        if !self.goes_on(line) {
            return false;
        }
        if self.format.is_none() && !(all_ours || only_ours || is_told) {
            let all = T::COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>().join(", ");
            let message = if names.iter().any(|name| name == "realm") {
                "is a realm without users; export it with `--users realm_file`".to_owned()
            } else {
                format!("is no export that is known; say whose it is with --from, or name the fields {all}")
            };
            self.problem(line, "", message, false);
            return false;
        }
        for (column, called) in T::COLUMNS.iter().zip(&mut self.shape.called) {
            let theirs = |format: &Format| {
                let named = |(name, fate): &(&str, Fate)| {
                    (*fate == Fate::Taken(column.name))
                        .then(|| names.iter().find(|field| normal(field) == *name))
                        .flatten()
                };
                format.columns.iter().find_map(named)
            };
            *called = match self.format {
                Some(format) => theirs(format).cloned(),
                None => Some(column.name.to_owned()),
            };
        }
        true
    }

    pub(in crate::server) fn note_fields(&mut self, fields: BTreeSet<String>) {
        for column in fields {
            let fate = match self.format {
                Some(format) => format.fate(&normal(&column)),
                None => T::COLUMNS
                    .iter()
                    .find(|known| known.name.eq_ignore_ascii_case(&column))
                    .map_or(Fate::Passed("is no known column"), |known| Fate::Taken(known.name)),
            };
            let (into, passed_over) = match fate {
                Fate::Taken(into) => (Some(into), None),
                Fate::Passed(why) => (None, Some(why)),
            };
            self.description.columns.push(ColumnNote { column, into, passed_over });
        }
    }
}

/// The outermost field that a flattened one is a part of.
pub fn top_of(name: &str) -> &str {
    let name = name.strip_prefix("profile.").unwrap_or(name);
    name.split('.').next().unwrap_or(name)
}
