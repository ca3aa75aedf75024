//! Users in JSON, read one at a time: a list, one object a line, or an object whose `users` is a list.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::input::Text;

/// What takes the users: the line on which one begins, and its fields. It says whether to go on.
pub type Sink<'a> = &'a mut dyn FnMut(u64, Map<String, Value>) -> bool;

/// Reads all users of a file.
///
/// # Errors
/// The line that cannot be read, and why.
pub fn read(text: Text, sink: Sink<'_>) -> Result<(), (u64, String)> {
    let line = Rc::new(Cell::new(1));
    let reader = Counted { text: BufReader::new(text), line: line.clone() };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let mut users = Users { sink, line: line.clone(), stopped: false };
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
    Ok(())
}

/// A reader that counts the lines that were taken from it. `serde_json` takes one byte at a time.
struct Counted {
    text: BufReader<Text>,
    line: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.text.read(buffer)?;
        let ends = buffer[..count].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.line.set(self.line.get() + ends);
        Ok(count)
    }
}

struct Users<'a> {
    sink: Sink<'a>,
    line: Rc<Cell<u64>>,
    stopped: bool,
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
        while list.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        let line = self.line.get();
        let mut fields = Map::new();
        let mut held_users = false;
        while let Some(key) = object.next_key::<String>()? {
            if key == "users" {
                held_users = true;
                object.next_value_seed(&mut *self)?;
            } else {
                fields.insert(key, object.next_value()?);
            }
        }
        if held_users { Ok(()) } else { self.take(line, fields) }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
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
        Value::Null => String::new(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text,
        Value::Array(list) if list.iter().all(|item| !item.is_array() && !item.is_object()) => {
            let words = list.into_iter().map(|item| item.as_str().map_or_else(|| item.to_string(), ToOwned::to_owned));
            words.collect::<Vec<_>>().join("|")
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
    };
    names.push(name);
    cells.push(text);
}
