//! Reads one file from the top to the bottom, and gives its rows on in batches, so that a file of any size needs little room.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;
use serde::Serialize;

use super::dialect::{Dialect, bare};
use super::head;
use super::input::{BadText, Input, Text, open};
use super::problem::{Problem, counted, plain};
use super::row::{Column, Row, Shape};
use super::source::{Format, Origin, Ours, Theirs, normal};
use super::{Content, Rows, json};

/// How files are to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub from: Option<Origin>,
    pub encoding: Option<&'static Encoding>,
    /// Column of ours, and what its empty cells are taken to say.
    pub set: Vec<(String, String)>,
}

/// One kind of thing that files hold.
pub trait Entity: Sized {
    const COLUMNS: &'static [Column];
    const KEY: &'static str;
    /// How many are looked up and written together.
    const BATCH: usize;

    fn parse(row: &mut Row<'_>) -> Self;
    fn key(&self) -> &str;
    /// Takes in another row about the same, where a format has several.
    fn merge(&mut self, other: Self);
    fn rows(batch: Vec<Self>) -> Rows;
}

pub enum Item {
    Batch(Rows),
    /// And whether it is about one row only, which could be left out.
    Problem(Problem, bool),
    Read(u64),
    Done(Description),
}

/// What a file was taken for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Description {
    pub taken_for: String,
    pub columns: Vec<ColumnNote>,
    /// Sentences about what was left behind.
    pub notes: Vec<String>,
    pub rows: usize,
    /// Rows that were left out for what is wrong with them.
    pub bad_rows: usize,
}

#[derive(Clone, Debug, Serialize)]
pub struct ColumnNote {
    pub column: String,
    /// The column of ours that it goes into.
    pub into: Option<&'static str>,
    /// Why it was passed over.
    pub passed_over: Option<&'static str>,
}

/// Reads a file of `T`s. `emit` says whether anybody still wants more.
pub fn read<T: Entity>(
    file: &str,
    content: Content,
    reading: &Reading,
    latest: DateTime<Utc>,
    emit: &mut dyn FnMut(Item) -> bool,
) {
    let input = match open(content, reading.encoding) {
        Ok(input) => input,
        Err(message) => {
            emit(Item::Problem(Problem { file: file.to_owned(), line: 1, column: String::new(), message }, false));
            return;
        }
    };
    let mut reader = Reader::<T> {
        file,
        reading,
        latest,
        shape: Shape { columns: T::COLUMNS, called: vec![None; T::COLUMNS.len()], foreign: false, adds: false },
        headless: false,
        format: None,
        names: Vec::new(),
        ours: Ours::new(T::COLUMNS),
        seen: HashMap::new(),
        hasher: RandomState::new(),
        batch: Vec::new(),
        emit,
        wanted: true,
        blank: 0,
        passed_over: BTreeMap::new(),
        description: Description::default(),
    };
    let begins_with = input.sample.trim_start().chars().next();
    if matches!(begins_with, Some('{' | '[')) {
        reader.json(input);
    } else {
        reader.csv(input);
    }
    reader.finish();
}

pub(super) struct Reader<'a, T> {
    pub(super) file: &'a str,
    pub(super) reading: &'a Reading,
    latest: DateTime<Utc>,
    pub(super) shape: Shape,
    pub(super) format: Option<&'static Format>,
    /// The first row is a row already.
    pub(super) headless: bool,
    /// Of another product's columns, as [`normal`] gives them.
    pub(super) names: Vec<String>,
    ours: Ours,
    /// Hashes of keys, and the lines on which they stand: a million addresses would take too much room.
    seen: HashMap<u64, u64>,
    hasher: RandomState,
    batch: Vec<T>,
    emit: &'a mut dyn FnMut(Item) -> bool,
    pub(super) wanted: bool,
    blank: usize,
    passed_over: BTreeMap<&'static str, usize>,
    pub(super) description: Description,
}

impl<T: Entity> Reader<'_, T> {
    pub(super) fn problem(&mut self, line: u64, column: &str, message: impl Into<String>, of_row: bool) {
        let (column, message) = (column.to_owned(), message.into());
        let problem = Problem { file: self.file.to_owned(), line, column, message };
        if of_row {
            self.description.bad_rows += 1;
        }
        self.wanted &= (self.emit)(Item::Problem(problem, of_row));
    }

    fn csv(&mut self, input: Input) {
        let Input { text, encoding, sample } = input;
        let dialect = Dialect::detect(&sample, &|cells| head::score(T::COLUMNS, cells));
        drop(sample);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(dialect.separator).from_reader(text);
        let mut record = csv::StringRecord::new();
        let mut preamble = dialect.preamble;
        let mut head: Option<Vec<Option<usize>>> = None;
        while self.wanted {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let line = reader.get_mut().line();
                    self.unreadable(line, error);
                    return;
                }
            }
            let line = reader.get_mut().line_of(record.position().map_or(0, csv::Position::byte));
            let mut cells: Vec<&str> = record.iter().collect();
            if cells.iter().all(|cell| bare(cell, true).is_empty()) {
                self.blank += usize::from(head.is_some());
            } else if preamble > 0 {
                preamble -= 1;
            } else if let Some(positions) = &head {
                self.record(line, &cells, positions);
                self.tell_position(reader.get_ref());
            } else {
                while cells.last().is_some_and(|cell| bare(cell, true).is_empty()) {
                    cells.pop();
                }
                let Some(positions) = self.take_head(line, &cells) else { return };
                if self.headless {
                    self.record(line, &cells, &positions);
                }
                head = Some(positions);
            }
        }
        if head.is_none() && self.wanted {
            self.problem(1, "", "the file is empty; its first line names the columns", false);
        }
        let what = self.format.map_or_else(|| format!("Understudy's own {}", self.kind()), |f| f.label.to_owned());
        self.description.taken_for = format!("{what} ({}, separated by {})", encoding.name(), dialect.label());
    }

    fn kind(&self) -> &'static str {
        T::rows(Vec::new()).kind().as_str()
    }

    fn unreadable(&mut self, line: u64, error: csv::Error) {
        let (line, message) = match error.into_kind() {
            csv::ErrorKind::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<BadText>()) {
                Some(bad) => (bad.line, bad.to_string()),
                None => (line, format!("cannot be read: {error}")),
            },
            other => (line, format!("cannot be read: {other:?}")),
        };
        self.problem(line, "", message, false);
    }

    fn tell_position(&mut self, text: &Text) {
        if self.description.rows.is_multiple_of(4096) {
            self.wanted &= (self.emit)(Item::Read(text.read_so_far()));
        }
    }

    /// One row of a CSV file. `positions` say where each column of ours stands, where the file is Understudy's own.
    fn record(&mut self, line: u64, cells: &[&str], positions: &[Option<usize>]) {
        let width = if self.format.is_some() { self.names.len() } else { self.description.columns.len() };
        let extra = cells.get(width..).unwrap_or_default();
        // Spreadsheets leave empty cells at the end of a row out. What is required is never left out.
        let lacks = |(column, at): (&Column, &Option<usize>)| column.required && at.is_some_and(|at| at >= cells.len());
        let cut = T::COLUMNS.iter().zip(positions).any(lacks) || cells.len() < width.min(2);
        if cut || !extra.iter().all(|cell| bare(cell, true).is_empty()) {
            let message = format!("has {} instead of {width}; is a quote missing?", counted(cells.len(), "cell"));
            return self.problem(line, "", message, true);
        }
        if head::is_head(T::COLUMNS, self.format, cells) {
            let message = "is a head line again: two files were put together here; take this line out";
            return self.problem(line, "", message, true);
        }
        if let Some(format) = self.format {
            let email = self.names.iter().position(|name| format.fate(name) == super::source::Fate::Taken(T::KEY));
            let guarded = email.and_then(|at| cells.get(at)).is_some_and(|cell| cell.trim_start().starts_with('\''));
            let cells: Vec<String> = cells.iter().take(width).map(|cell| bare(cell, guarded).to_owned()).collect();
            let names = std::mem::take(&mut self.names);
            self.translated(line, format, &Theirs { names: &names, cells: &cells });
            self.names = names;
            return;
        }
        let key = T::COLUMNS.iter().position(|column| column.name == T::KEY).and_then(|at| positions[at]);
        let at = |at: usize| cells.get(at).copied().unwrap_or_default();
        let guarded = key.is_some_and(|key| at(key).trim_start().starts_with('\''));
        let cell =
            |position: &Option<usize>| position.map_or_else(String::new, |place| bare(at(place), guarded).to_owned());
        let cells = positions.iter().map(cell).collect();
        self.row(line, cells);
    }

    fn translated(&mut self, line: u64, format: &'static Format, theirs: &Theirs<'_>) {
        self.ours.clear();
        (format.translate)(theirs, &mut self.ours);
        match self.ours.passed_over {
            Some(why) => *self.passed_over.entry(why).or_default() += 1,
            None => {
                let cells = self.ours.cells.clone();
                self.row(line, cells);
            }
        }
    }

    /// One row in the order of our columns.
    fn row(&mut self, line: u64, mut cells: Vec<String>) {
        for (column, value) in &self.reading.set {
            if let Some(at) = T::COLUMNS.iter().position(|known| known.name == column)
                && cells[at].is_empty()
            {
                cells[at].clone_from(value);
            }
        }
        self.description.rows += 1;
        let mut row =
            Row { shape: &self.shape, file: self.file, line, cells: &cells, latest: self.latest, problems: Vec::new() };
        let entity = T::parse(&mut row);
        for (column, cell) in T::COLUMNS.iter().zip(&cells) {
            // PostgreSQL stores none, and whoever wrote it meant something else.
            if cell.contains('\0') {
                row.problem(column.name, "has a NUL character");
            }
        }
        let key = entity.key().to_lowercase();
        let hash = self.hasher.hash_one(&key);
        let first = self.seen.get(&hash).copied().filter(|_| row.is_good(T::KEY));
        if let Some(first) = first.filter(|_| !self.shape.adds) {
            row.problem(T::KEY, format!("{} is in line {first} already", super::problem::quoted(&key)));
        }
        if row.is_good(T::KEY) || first.is_some() {
            self.seen.entry(hash).or_insert(line);
        }
        let problems = row.problems;
        if !problems.is_empty() {
            self.description.bad_rows += 1;
            for problem in problems {
                self.wanted &= (self.emit)(Item::Problem(problem, true));
            }
            return;
        }
        if first.is_some()
            && let Some(same) = self.batch.iter_mut().find(|other| other.key() == entity.key())
        {
            same.merge(entity);
            return;
        }
        self.batch.push(entity);
        if self.batch.len() >= T::BATCH {
            self.give();
        }
    }

    fn give(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        if !batch.is_empty() {
            self.wanted &= (self.emit)(Item::Batch(T::rows(batch)));
        }
    }

    fn json(&mut self, input: Input) {
        let encoding = input.encoding.name();
        let mut fates: BTreeSet<String> = BTreeSet::new();
        let mut first = true;
        let read = json::read(input.text, &mut |line, fields| {
            let (names, cells) = json::flatten(fields);
            if std::mem::take(&mut first) && !self.take_fields(line, &names) {
                return false;
            }
            fates.extend(
                names
                    .iter()
                    .map(|name| top_of(name))
                    .filter(|name| !fates.contains(*name))
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            );
            if let Some(format) = self.format {
                let normalised: Vec<String> = names.iter().map(|name| normal(name)).collect();
                self.translated(line, format, &Theirs { names: &normalised, cells: &cells });
            } else {
                let cell = |column: &Column| {
                    let at = names.iter().position(|name| name.eq_ignore_ascii_case(column.name));
                    at.map_or_else(String::new, |at| cells[at].trim().to_owned())
                };
                self.row(line, T::COLUMNS.iter().map(cell).collect());
            }
            self.wanted
        });
        if let Err((line, message)) = read {
            self.problem(line, "", message, false);
        } else if first {
            self.problem(1, "", "the file holds no users", false);
        }
        self.note_fields(fates);
        let what = self.format.map_or_else(|| format!("Understudy's own {}", self.kind()), |f| f.label.to_owned());
        self.description.taken_for = format!("{what} (JSON, {encoding})");
    }

    fn finish(mut self) {
        self.give();
        let notes = &mut self.description.notes;
        if let Some(format) = self.format.filter(|format| !format.note.is_empty()) {
            notes.push(format.note.to_owned());
        }
        if self.blank > 0 {
            notes.push(format!("{} passed over.", counted(self.blank, "blank row")));
        }
        for (why, count) in &self.passed_over {
            notes.push(format!("{} passed over, because each {why}.", counted(*count, "user")));
        }
        for (what, count) in &self.ours.left {
            notes.push(format!(
                "{}: {what} cannot be taken. They need a set-password link each (understudy user set-password-link).",
                counted(*count, "user")
            ));
        }
        self.description.columns.retain(|note| !note.column.is_empty());
        for note in &mut self.description.columns {
            note.column = plain(&note.column);
        }
        (self.emit)(Item::Done(self.description));
    }
}

/// The outermost field that a flattened one is a part of.
pub(super) fn top_of(name: &str) -> &str {
    let name = name.strip_prefix("profile.").unwrap_or(name);
    name.split('.').next().unwrap_or(name)
}
