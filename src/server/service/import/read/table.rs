//! CSV, row by row.

use super::super::dialect::{self, Dialect, bare};
use super::super::input::{BadText, Input};
use super::super::problem::counted;
use super::super::row::Column;
use super::super::source::{Fate, Theirs};
use super::quotes::Quotes;
use super::{Entity, Item, Reader, TOLD, head};

/// What the text around a row's cells says.
#[derive(Clone, Copy)]
struct Edges {
    /// Text follows the end of quotes.
    torn: bool,
    /// The file ends here, and not with the end of a line.
    cut: bool,
}

const TORN: &str =
    "has text after the end of quotes; inside quotes a quote is written twice (\"\"), not behind a backslash";

impl<T: Entity> Reader<'_, T> {
    pub(super) fn csv(&mut self, input: Input) {
        let Input { text, encoding, sample, .. } = input;
        let dialect = Dialect::detect(&sample, &|cells| head::score(T::COLUMNS, cells));
        drop(sample);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(dialect.separator)
            .from_reader(Quotes::new(text, dialect.separator));
        let mut record = csv::StringRecord::new();
        let mut preamble = dialect.preamble;
        let mut head: Option<Vec<Option<usize>>> = None;
        while self.wanted {
            match reader.read_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(error) => {
                    let line = reader.get_mut().text.line();
                    self.unreadable(line, error);
                    return;
                }
            }
            let end = reader.position().byte();
            let edges = Edges { torn: reader.get_mut().is_torn(end), cut: reader.get_ref().is_cut(end) };
            let line = reader.get_mut().text.line_of(record.position().map_or(0, csv::Position::byte));
            let mut cells: Vec<&str> = record.iter().collect();
            let is_blank = match head {
                Some(_) => cells.iter().all(|cell| bare(cell, true).is_empty()),
                None => cells.iter().all(|cell| dialect::is_blank(cell)),
            };
            if is_blank {
                self.blank += usize::from(head.is_some());
            } else if preamble > 0 {
                preamble -= 1;
            } else if let Some(positions) = &head {
                self.record(line, &cells, positions, edges);
                self.tell_position(reader.get_ref().text.read_so_far());
            } else {
                while cells.last().is_some_and(|cell| bare(cell, true).is_empty()) {
                    cells.pop();
                }
                if edges.torn {
                    self.problem(line, "", TORN, false);
                }
                let Some(positions) = self.take_head(line, &cells) else { return };
                self.width = cells.len();
                if self.headless {
                    self.record(line, &cells, &positions, edges);
                } else {
                    let unnamed = |(at, cell): (usize, &&str)| bare(cell, true).is_empty().then_some(at);
                    self.unnamed = cells.iter().enumerate().filter_map(unnamed).collect();
                }
                head = Some(positions);
            }
        }
        if head.is_none() && self.wanted {
            self.problem(1, "", "the file is empty; its first line names the columns", false);
        }
        self.description.taken_for =
            format!("{} ({}, separated by {})", self.taken_for(), encoding.name(), dialect.label());
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

    fn tell_position(&mut self, bytes: u64) {
        if self.counting.is_none() && self.description.rows.is_multiple_of(TOLD) {
            self.wanted &= (self.emit)(Item::Read(bytes));
        }
    }

    /// What is wrong with a row as a whole, before its cells are looked at.
    fn torn_or_cut(&self, cells: &[&str], positions: &[Option<usize>], edges: Edges) -> Option<String> {
        let width = if self.format.is_some() { self.names.len() } else { self.description.columns.len() };
        let extra = cells.get(width..).unwrap_or_default();
        // Spreadsheets leave empty cells at the end of a row out. What is required is never left out.
        let lacks = |(column, at): (&Column, &Option<usize>)| column.required && at.is_some_and(|at| at >= cells.len());
        let has = counted(cells.len(), "cell");
        if edges.torn {
            Some(TORN.to_owned())
        } else if T::COLUMNS.iter().zip(positions).any(lacks)
            || cells.len() < width.min(2)
            || !extra.iter().all(|cell| bare(cell, true).is_empty())
        {
            Some(format!("has {has} instead of {width}; is a quote missing?"))
        } else if edges.cut && cells.len() < self.width {
            Some(format!("has {has} instead of {}, and no end of the line; was the file cut off here?", self.width))
        } else if head::is_head(T::COLUMNS, self.format, cells) {
            Some("is a head line again: two files were put together here; take this line out".to_owned())
        } else {
            None
        }
    }

    /// One row of a CSV file. `positions` say where each column of ours stands, where the file is Understudy's own.
    fn record(&mut self, line: u64, cells: &[&str], positions: &[Option<usize>], edges: Edges) {
        if let Some(message) = self.torn_or_cut(cells, positions, edges) {
            // With a quote missing, other rows are in this one: to leave it out would lose them without a word.
            let is_one = !cells.iter().any(|cell| cell.contains(['\n', '\r']));
            return self.problem(line, "", message, is_one);
        }
        let says = |at: &usize| cells.get(*at).is_some_and(|cell| !bare(cell, true).is_empty());
        self.nameless += usize::from(self.unnamed.iter().any(says));
        let is_guarded = |at: usize| cells.get(at).is_some_and(|cell| cell.trim_start().starts_with('\''));
        if let Some(format) = self.format {
            let is_key = |name: &String| format.fate(name) == Fate::Taken(T::KEY);
            let guarded = self.names.iter().enumerate().any(|(at, name)| is_key(name) && is_guarded(at));
            let cells: Vec<String> =
                cells.iter().take(self.names.len()).map(|cell| bare(cell, guarded).to_owned()).collect();
            let names = std::mem::take(&mut self.names);
            self.translated(line, format, &Theirs { names: &names, cells: &cells });
            self.names = names;
            return;
        }
        let key = T::COLUMNS.iter().position(|column| column.name == T::KEY).and_then(|at| positions[at]);
        let guarded = key.is_some_and(is_guarded);
        let at = |at: usize| cells.get(at).copied().unwrap_or_default();
        let cell =
            |position: &Option<usize>| position.map_or_else(String::new, |place| bare(at(place), guarded).to_owned());
        let cells = positions.iter().map(cell).collect();
        self.row(line, cells, Vec::new());
    }
}
