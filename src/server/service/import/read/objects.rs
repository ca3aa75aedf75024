//! JSON, user by user.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::super::input::Input;
use super::super::json;
use super::super::source::{Theirs, normal};
use super::head::top_of;
use super::{Entity, Reader};

/// How many are looked at to find out whose file it is: a product leaves out what one of its users does not have.
const SAMPLE: usize = 256;

impl<T: Entity> Reader<'_, T> {
    pub(super) fn json(&mut self, input: Input) {
        let encoding = input.encoding.name();
        let mut fields: BTreeSet<String> = BTreeSet::new();
        let (mut waiting, mut begun, mut known) = (Vec::new(), false, true);
        let read = json::read(input.text, &mut |line, object| {
            if begun {
                self.object(line, object, &mut fields);
                return self.wanted;
            }
            waiting.push((line, object));
            if waiting.len() >= SAMPLE {
                begun = true;
                known = self.begin(std::mem::take(&mut waiting), &mut fields);
            }
            known && self.wanted
        });
        let none = !begun && waiting.is_empty();
        if !waiting.is_empty() {
            known = self.begin(waiting, &mut fields);
        }
        match read {
            Err((line, message)) => self.problem(line, "", message, false),
            Ok(_) if none => self.problem(1, "", format!("the file holds no {}", self.kind()), false),
            Ok(true) => self.description.notes.push(
                "The file is one page of an answer, and names the next (@odata.nextLink): import the others, too."
                    .to_owned(),
            ),
            Ok(false) => {}
        }
        if known {
            self.note_fields(fields);
        }
        self.description.taken_for = format!("{} (JSON, {encoding})", self.taken_for());
    }

    /// Finds out whose file it is, and reads what was looked at for that. Gives whether it is one that is known.
    fn begin(&mut self, waiting: Vec<(u64, Map<String, Value>)>, fields: &mut BTreeSet<String>) -> bool {
        let mut names = BTreeSet::new();
        for (_, object) in &waiting {
            names.extend(json::names(object));
        }
        let first = waiting.first().map_or(1, |(line, _)| *line);
        if !self.take_fields(first, &names.into_iter().collect::<Vec<_>>()) {
            return false;
        }
        for (line, object) in waiting {
            if !self.wanted {
                break;
            }
            self.object(line, object, fields);
        }
        true
    }

    fn object(&mut self, line: u64, object: Map<String, Value>, fields: &mut BTreeSet<String>) {
        let Some(format) = self.format else {
            fields.extend(object.keys().cloned());
            let (cells, faults) = json::own_cells(T::COLUMNS, object);
            self.row(line, cells, faults);
            return;
        };
        let (names, cells) = json::flatten(object);
        for name in &names {
            if !fields.contains(top_of(name)) {
                fields.insert(top_of(name).to_owned());
            }
        }
        let normalised: Vec<String> = names.iter().map(|name| normal(name)).collect();
        self.translated(line, format, &Theirs { names: &normalised, cells: &cells });
    }
}
