//! Users in JSON, read one at a time: a list, one object a line, or an object whose `users` is a list.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::input::Text;
use super::problem::quoted;
use super::row::Column;
use crate::server::platform::text::nearest;

/// What takes the users: the line on which one begins, and its fields. It says whether to go on.
pub type Sink<'a> = &'a mut dyn FnMut(u64, Map<String, Value>) -> bool;

/// Reads all users of a file. Gives whether it names a next page.
///
/// # Errors
/// The line that cannot be read, and why.
pub fn read(text: Text, sink: Sink<'_>) -> Result<bool, (u64, String)> {
    let line = Rc::new(Cell::new(1));
    let room = Rc::new(Cell::new(LONGEST_FILE_OBJECT));
    let reader = Counted { text: BufReader::new(text), line: line.clone(), room: room.clone() };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut users = Users { sink, line: line.clone(), room, depth: 0, stopped: false, has_more: false };
    while !users.stopped && deserializer.end().is_err() {
        if let Err(error) = (&mut users).deserialize(&mut deserializer) {
            if users.stopped {
                break;
            }
            let message = match error.classify() {
                serde_json::error::Category::Io => io::Error::from(error).to_string(),
                _ => format!("is no good JSON: {error}"),
            };
            return Err((line.get(), message));
        }
    }
    Ok(users.has_more)
}

/// Bytes of one user, of which all are held at once, and in memory take many times the place.
const LONGEST_USER: usize = 1 << 20;
/// The same where the object may be the file's, with settings beside its users.
const LONGEST_FILE_OBJECT: usize = 8 << 20;

/// A reader that counts the lines that were taken from it, and ends where an object has no end. `serde_json` takes one byte at
/// a time.
struct Counted {
    text: BufReader<Text>,
    line: Rc<Cell<u64>>,
    /// Bytes that may follow until another object begins.
    room: Rc<Cell<usize>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        let ends = buffer[..count].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.line.set(self.line.get() + ends);
        match self.room.get().checked_sub(count) {
            Some(room) => self.room.set(room),
            None => return Err(io::Error::other("is in an object that does not end: a user has 1 MiB at most")),
        }
        Ok(count)
    }
}

struct Users<'a> {
    sink: Sink<'a>,
    line: Rc<Cell<u64>>,
    room: Rc<Cell<usize>>,
    /// How many objects and lists the text is in.
    depth: usize,
    stopped: bool,
    has_more: bool,
}

impl Users<'_> {
    fn take<E: serde::de::Error>(&mut self, line: u64, fields: Map<String, Value>) -> Result<(), E> {
        if (self.sink)(line, fields) {
            return Ok(());
        }
        self.stopped = true;
        Err(E::custom("nobody wants more"))
    }
}

impl<'de> DeserializeSeed<'de> for &mut Users<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Users<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("users: a list, or an object each")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        // What is in a list is no file of its own.
        self.depth += 1;
        while list.next_element_seed(&mut *self)?.is_some() {}
        self.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let line = self.line.get();
        let mut fields = Map::new();
        let mut held_users = false;
        self.depth += 1;
        self.room.set(if self.depth == 1 { LONGEST_FILE_OBJECT } else { LONGEST_USER });
        while let Some(key) = object.next_key::<String>()? {
            // Microsoft Graph answers with a `value` beside remarks about it.
            let is_answer = |fields: &Map<String, Value>| fields.keys().all(|name| name.starts_with("@odata."));
            if key == "users" || (key == "value" && self.depth == 1 && is_answer(&fields)) {
                held_users = true;
                object.next_value_seed(&mut *self)?;
                self.room.set(LONGEST_FILE_OBJECT);
                continue;
            }
            let value = object.next_value()?;
            if fields.contains_key(&key) {
                return Err(serde::de::Error::custom(format_args!("{} is there twice", quoted(&key))));
            }
            fields.insert(key, value);
        }
        self.depth -= 1;
        self.has_more |= held_users && fields.contains_key("@odata.nextLink");
        if held_users { Ok(()) } else { self.take(line, fields) }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The names of all fields, as [`flatten`] gives them.
pub fn names(fields: &Map<String, Value>) -> Vec<String> {
    flatten(fields.clone()).0
}

/// The cells of an object in our own words, in the order of our columns, and what is wrong with its fields.
pub fn own_cells(columns: &[Column], fields: Map<String, Value>) -> (Vec<String>, Vec<(String, String)>) {
    let mut cells = vec![None; columns.len()];
    let mut faults = Vec::new();
    for (name, value) in fields {
        let Some(at) = columns.iter().position(|column| column.name.eq_ignore_ascii_case(&name)) else {
            let guess = nearest(&name, columns.iter().map(|column| column.name));
            let guess = guess.map_or_else(String::new, |guess| format!("; did you mean {guess}?"));
            faults.push((name, format!("is no known field{guess}")));
            continue;
        };
        match own_cell(&columns[at], value) {
            Ok(_) if cells[at].is_some() => faults.push((name, "is there twice".to_owned())),
            Ok(text) => cells[at] = Some(text),
            Err(message) => faults.push((name, message)),
        }
    }
    (cells.into_iter().map(Option::unwrap_or_default).collect(), faults)
}

/// A value as the cell of a CSV file would hold it.
fn own_cell(column: &Column, value: Value) -> Result<String, String> {
    let (list, separator) = match (value, column.list) {
        (Value::Array(list), Some(separator)) => (list, separator),
        (Value::Array(_), None) => return Err("is a list, where one value belongs".to_owned()),
        (Value::Object(object), _) if column.name == "jwks" => return Ok(Value::Object(object).to_string()),
        (Value::Object(_), _) => return Err("is an object, where one value belongs".to_owned()),
        (value, _) => return Ok(scalar(value).trim().to_owned()),
    };
    let mut words = Vec::new();
    for item in list {
        if item.is_array() || item.is_object() {
            return Err("holds something other than words".to_owned());
        }
        let word = scalar(item).trim().to_owned();
        if word.contains(|c: char| c == separator || (separator == ' ' && c.is_whitespace())) {
            return Err(format!("holds {}, which is more than one", quoted(&word)));
        }
        words.push(word);
    }
    Ok(words.join(&separator.to_string()))
}

fn scalar(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// The fields as columns: `a.b` for a field in a field, `a.0.b` for one in a list, and short words of a list joined by `|`.
pub fn flatten(fields: Map<String, Value>) -> (Vec<String>, Vec<String>) {
    let (mut names, mut cells) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        put(name, value, &mut names, &mut cells);
    }
    (names, cells)
}

fn put(name: String, value: Value, names: &mut Vec<String>, cells: &mut Vec<String>) {
    let text = match value {
        Value::Array(list) if list.iter().all(|item| !item.is_array() && !item.is_object()) => {
            list.into_iter().map(scalar).collect::<Vec<_>>().join("|")
        }
        Value::Array(list) => {
            for (at, item) in list.into_iter().enumerate() {
                put(format!("{name}.{at}"), item, names, cells);
            }
            return;
        }
        Value::Object(fields) => {
            for (inner, value) in fields {
                put(format!("{name}.{inner}"), value, names, cells);
            }
            return;
        }
        value => scalar(value),
    };
    names.push(name);
    cells.push(text);
}
