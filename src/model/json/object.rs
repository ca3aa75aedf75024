//! An object whose fields come in the order of their declaration.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{Read, Reader, Unreadable};

/// The fields of an object, as the list of their values.
pub struct Fields<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// Those that are due.
    due: &'static [&'static str],
    /// A name that was read, and whose value was not.
    name: Option<Cow<'de, str>>,
    is_first: bool,
}

impl<'r, 'de> Fields<'r, 'de> {
    pub fn begin(reader: &'r mut Reader<'de>, due: &'static [&'static str]) -> Read<Self> {
        reader.expect(b'{')?;
        Ok(Self { reader, due, name: None, is_first: true })
    }

    /// Whether the value of the field that is due comes next. What nobody knows is passed over before.
    fn is_next(&mut self, due: &str) -> Read<bool> {
        loop {
            if self.name.is_none() && !self.read_name()? {
                return Ok(false);
            }
            match self.name.as_deref() {
                Some(name) if name == due => {
                    self.name = None;
                    return Ok(true);
                }
                Some(name) if self.due.contains(&name) => return Ok(false),
                _ => self.pass()?,
            }
        }
    }

    /// The next name, unless the object is over.
    fn read_name(&mut self) -> Read<bool> {
        if self.reader.peek() == b'}' {
            return Ok(false);
        }
        if !std::mem::take(&mut self.is_first) {
            self.reader.expect(b',')?;
        }
        self.name = Some(self.reader.string()?);
        self.reader.expect(b':')?;
        Ok(true)
    }

    fn pass(&mut self) -> Read<()> {
        self.name = None;
        self.reader.pass()
    }

    /// Passes over what is left.
    pub fn end(mut self) -> Read<()> {
        while self.name.is_some() || self.read_name()? {
            self.pass()?;
        }
        self.reader.expect(b'}')
    }
}

impl<'de> SeqAccess<'de> for Fields<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        let Some((due, rest)) = self.due.split_first() else { return Ok(None) };
        self.due = rest;
        let value = if self.is_next(due)? { seed.deserialize(&mut *self.reader) } else { seed.deserialize(Missing) };
        value.map(Some)
    }
}

/// A field that is not there.
struct Missing;

macro_rules! nothing {
    ($visit:ident $value:expr; $($deserialize:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.$visit($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Missing {
    type Error = Unreadable;

    nothing! { visit_i64 0; deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 }
    nothing! { visit_u64 0; deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }
    nothing! { visit_bool false; deserialize_bool }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_none()
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Read<V::Value> {
        Err(Unreadable)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct seq tuple tuple_struct map struct
        enum identifier ignored_any
    }
}
