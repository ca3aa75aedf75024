//! Reads one file from the top to the bottom, and gives its rows on in batches, so that a file of any size needs little room.
//!
//! A file of users is read twice: once to know whose rows come again, for only these have to be remembered. Where several rows
//! may be about one user, those users wait for their last row: what is compared with the database is always the whole of what
//! a file says.

pub(in crate::server) mod head;
mod left;
mod objects;
mod quotes;
mod repeats;
mod table;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use chrono::{DateTime, Utc};
use encoding_rs::Encoding;
use serde::Serialize;

use super::input::open;
use super::problem::{Problem, plain};
use super::row::{Column, Row, Shape};
use super::source::{Format, Ours, Product, Theirs};
use super::{Content, Rows};
use repeats::Repeats;

/// After how many rows it is told how far the reading is.
const TOLD: usize = 4096;

/// How files are to be read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    pub from: Option<Product>,
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
    /// The key alone.
    fn key_of(row: &mut Row<'_>) -> String {
        Self::parse(row).key().to_owned()
    }
    /// Takes in another row about the same, where a format has several. Gives what could not be kept.
    fn merge(&mut self, _other: Self) -> Option<&'static str> {
        None
    }
    fn rows(batch: Vec<Self>) -> Rows;
}

pub enum Item {
    Batch(Rows),
    /// And whether it is about one row only, which could be left out.
    Problem(Problem, bool),
    Read(u64),
    /// So many rows were looked at so far, to know which come again.
    Counted(u64),
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
    let hasher = RandomState::new();
    let again = if T::KEY == "email" && content.is_there_again() {
        match repeats::<T>(file, content.clone(), reading, latest, emit, &hasher) {
            Ok(again) => Some(again),
            Err(error) => {
                let message = format!("cannot be sorted in the folder for temporary files: {error}");
                emit(Item::Problem(Problem { file: file.to_owned(), line: 1, column: String::new(), message }, false));
                return;
            }
        }
    } else {
        None
    };
    let mut reader = Reader::<T>::new(file, reading, latest, emit, hasher);
    reader.is_read_once = again.is_none();
    reader.again = again.unwrap_or_default();
    reader.run(content);
    reader.finish();
}

/// Which keys come more than once, as hashes, and how often.
fn repeats<T: Entity>(
    file: &str,
    content: Content,
    reading: &Reading,
    latest: DateTime<Utc>,
    emit: &mut dyn FnMut(Item) -> bool,
    hasher: &RandomState,
) -> std::io::Result<HashMap<u64, usize>> {
    let mut counts_only = |item: Item| !matches!(item, Item::Counted(_)) || emit(item);
    let mut reader = Reader::<T>::new(file, reading, latest, &mut counts_only, hasher.clone());
    reader.counting = Some(Repeats::new(hasher.hash_one(file)));
    reader.run(content);
    reader.counting.unwrap_or_default().found()
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
    /// How many cells the head line has, and which of them have no name.
    width: usize,
    unnamed: Vec<usize>,
    /// Rows that say something under a head cell without a name.
    nameless: usize,
    ours: Ours,
    /// Hashes of keys, and the lines on which they stand: of those that come again, or of all where a file can be read only once.
    seen: HashMap<u64, u64>,
    /// Hashes of keys that come more than once, and how many rows about each are still to come.
    again: HashMap<u64, usize>,
    /// What waits for the last of its rows.
    held: HashMap<u64, T>,
    /// Of whom a bad row does not say whether they are locked: the good ones alone do not decide it.
    unclear: HashSet<u64>,
    merged: usize,
    /// While the file is read for the first time.
    pub(super) counting: Option<Repeats>,
    pub(super) is_read_once: bool,
    hasher: RandomState,
    batch: Vec<T>,
    emit: &'a mut dyn FnMut(Item) -> bool,
    pub(super) wanted: bool,
    blank: usize,
    passed_over: BTreeMap<&'static str, usize>,
    /// Columns of times that could not be read: how many, and the first line.
    unread_times: BTreeMap<&'static str, (usize, u64)>,
    pub(super) description: Description,
}

impl<'a, T: Entity> Reader<'a, T> {
    fn new(
        file: &'a str,
        reading: &'a Reading,
        latest: DateTime<Utc>,
        emit: &'a mut dyn FnMut(Item) -> bool,
        hasher: RandomState,
    ) -> Self {
        Self {
            file,
            reading,
            latest,
            shape: Shape { columns: T::COLUMNS, called: vec![None; T::COLUMNS.len()], foreign: false, adds: false },
            headless: false,
            format: None,
            names: Vec::new(),
            width: 0,
            unnamed: Vec::new(),
            nameless: 0,
            ours: Ours::new(T::COLUMNS),
            seen: HashMap::new(),
            again: HashMap::new(),
            held: HashMap::new(),
            unclear: HashSet::new(),
            merged: 0,
            counting: None,
            is_read_once: false,
            hasher,
            batch: Vec::new(),
            emit,
            wanted: true,
            blank: 0,
            passed_over: BTreeMap::new(),
            unread_times: BTreeMap::new(),
            description: Description::default(),
        }
    }

    fn run(&mut self, content: Content) {
        let input = match open(content, self.reading.encoding) {
            Ok(input) => input,
            Err(message) => return self.problem(1, "", message, false),
        };
        if matches!(input.sample.trim_start().chars().next(), Some('{' | '[')) {
            self.json(input);
        } else {
            self.csv(input);
        }
    }

    pub(super) fn problem(&mut self, line: u64, column: &str, message: impl Into<String>, of_row: bool) {
        let (column, message) = (column.to_owned(), message.into());
        let problem = Problem { file: self.file.to_owned(), line, column, message };
        if of_row {
            self.description.bad_rows += 1;
        }
        self.wanted &= (self.emit)(Item::Problem(problem, of_row));
    }

    fn kind(&self) -> &'static str {
        T::rows(Vec::new()).kind().as_str()
    }

    fn taken_for(&self) -> String {
        self.format.map_or_else(|| format!("Understudy's own {}", self.kind()), |format| format.label.to_owned())
    }

    fn translated(&mut self, line: u64, format: &'static Format, theirs: &Theirs<'_>) {
        self.ours.clear();
        (format.translate)(theirs, &mut self.ours);
        let why = self.ours.passed_over.or_else(|| self.ours.get(T::KEY).is_empty().then_some("has no e-mail address"));
        match why {
            Some(why) => *self.passed_over.entry(why).or_default() += 1,
            None => {
                let cells = self.ours.cells.clone();
                let called = |column: &str| T::COLUMNS.iter().position(|known| known.name == column);
                let called = |column: &str| called(column).and_then(|at| self.shape.called[at].clone());
                let faults = self.ours.faults.iter();
                let faults =
                    faults.map(|(column, fault)| (called(column).unwrap_or_default(), fault.clone())).collect();
                self.row(line, cells, faults);
            }
        }
    }

    /// One row in the order of our columns, and what was found wrong with it already, by the file's own names.
    fn row(&mut self, line: u64, mut cells: Vec<String>, faults: Vec<(String, String)>) {
        for (column, value) in &self.reading.set {
            if let Some(at) = T::COLUMNS.iter().position(|known| known.name == column)
                && cells[at].is_empty()
            {
                cells[at].clone_from(value);
            }
        }
        let fault = |(column, message)| Problem { file: self.file.to_owned(), line, column, message };
        let mut row = Row {
            shape: &self.shape,
            file: self.file,
            line,
            cells: &cells,
            latest: self.latest,
            problems: faults.into_iter().map(fault).collect(),
            unread_times: Vec::new(),
        };
        if let Some(repeats) = &mut self.counting {
            self.wanted &= repeats.add(self.hasher.hash_one(T::key_of(&mut row)));
            self.description.rows += 1;
            if self.description.rows.is_multiple_of(TOLD) {
                self.wanted &= (self.emit)(Item::Counted(self.description.rows as u64));
            }
            return;
        }
        let entity = T::parse(&mut row);
        for (column, cell) in T::COLUMNS.iter().zip(&cells) {
            // PostgreSQL stores none, and whoever wrote it meant something else.
            if cell.contains('\0') {
                row.problem(column.name, "has a NUL character");
            }
        }
        let hash = self.hasher.hash_one(entity.key());
        self.description.rows += 1;
        if self.format.is_none_or(|format| !format.merges) {
            if let Some(first) = self.seen.get(&hash).filter(|_| row.is_good(T::KEY)) {
                let key = super::problem::quoted(entity.key());
                row.problem(T::KEY, format!("{key} is in line {first} already"));
            } else if row.is_good(T::KEY) && (self.is_read_once || self.again.contains_key(&hash)) {
                self.seen.insert(hash, line);
            }
        } else if !row.is_good("locked") && self.again.contains_key(&hash) {
            self.unclear.insert(hash);
        }
        let Row { problems, unread_times, .. } = row;
        for column in unread_times {
            self.unread_times.entry(column).or_insert((0, line)).0 += 1;
        }
        let is_good = problems.is_empty();
        self.description.bad_rows += usize::from(!is_good);
        for problem in problems {
            self.wanted &= (self.emit)(Item::Problem(problem, true));
        }
        self.take(line, hash, is_good.then_some(entity));
    }

    /// Takes a row, or notes that one was bad, and gives on what no further row is about.
    fn take(&mut self, line: u64, hash: u64, entity: Option<T>) {
        if self.format.is_none_or(|format| !format.merges) {
            return self.push(entity);
        }
        let Some(to_come) = self.again.get_mut(&hash) else { return self.push(entity) };
        *to_come = to_come.saturating_sub(1);
        let is_last = *to_come == 0;
        match (self.held.entry(hash), entity) {
            (Entry::Occupied(mut held), Some(entity)) => {
                self.merged += 1;
                if let Some(what) = held.get_mut().merge(entity) {
                    self.ours.leave(what);
                }
            }
            (Entry::Vacant(place), Some(entity)) => {
                place.insert(entity);
            }
            (_, None) => {}
        }
        if is_last {
            let whole = self.held.remove(&hash);
            if self.unclear.remove(&hash) && whole.is_some() {
                let message =
                    "is about a user of whom another row does not say whether to come in: none of them is taken";
                return self.problem(line, "", message, true);
            }
            self.push(whole);
        }
    }

    fn push(&mut self, entity: Option<T>) {
        self.batch.extend(entity);
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

    fn finish(mut self) {
        for whole in std::mem::take(&mut self.held).into_values() {
            self.push(Some(whole));
        }
        self.give();
        self.note_what_was_left();
        self.description.columns.retain(|note| !note.column.is_empty());
        for note in &mut self.description.columns {
            note.column = plain(&note.column);
        }
        (self.emit)(Item::Done(self.description));
    }
}
