//! Reads the JSON that the portal's own server writes, with a small part of the code that a reader of any JSON needs.
//!
//! A reader of any JSON takes an object's fields in any order, so each type carries a table of its fields' names, a place for
//! each of them and a sentence for each that is missing or there twice. Ours are written by the same types, in the order of
//! their declaration: a field's name is compared with the one that is due, and the type reads its fields like a list. That
//! makes the browser module a tenth smaller.
//!
//! A field that the writer does not know yet, or has left out since it was empty, is read as nothing, zero or false, and an
//! error where its type has no such value; one that the reader does not know is passed over.

mod object;
mod variant;

use std::borrow::Cow;
use std::fmt::{self, Display};

use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde::{Serialize, forward_to_deserialize_any};

use self::object::Fields;
use self::variant::Variant;

/// Reads one value.
///
/// # Errors
/// [`Unreadable`] where the text is something else.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Unreadable> {
    let mut reader = Reader { text, at: 0 };
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// The text is not what was expected. It says no more: whoever looks for the cause has the text itself, and a sentence for
/// each type would be longer than this reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

impl Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not the JSON that was expected")
    }
}

impl std::error::Error for Unreadable {}

impl serde::de::Error for Unreadable {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: serde::de::Unexpected, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: serde::de::Unexpected, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

type Read<T> = Result<T, Unreadable>;

/// A text, and how far it is read.
struct Reader<'de> {
    text: &'de str,
    at: usize,
}

impl<'de> Reader<'de> {
    /// The next byte that is no space, which stays; 0 at the end.
    fn peek(&mut self) -> u8 {
        let rest = &self.text.as_bytes()[self.at..];
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at += spaces;
        rest.get(spaces).copied().unwrap_or_default()
    }

    fn eat(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        if self.eat(byte) { Ok(()) } else { Err(Unreadable) }
    }

    fn end(&mut self) -> Read<()> {
        if self.peek() == 0 && self.at == self.text.len() { Ok(()) } else { Err(Unreadable) }
    }

    /// A word or a number: `true`, `null`, `-12`.
    fn word(&mut self) -> &'de str {
        self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let word = rest.split(|next: char| !matches!(next, 'a'..='z' | '0'..='9' | '-' | '+' | '.' | 'E')).next();
        let word = word.unwrap_or_default();
        self.at += word.len();
        word
    }

    fn signed(&mut self) -> Read<i64> {
        self.word().parse().map_err(|_| Unreadable)
    }

    fn unsigned(&mut self) -> Read<u64> {
        self.word().parse().map_err(|_| Unreadable)
    }

    /// A string, borrowed where nothing in it is escaped.
    fn string(&mut self) -> Read<Cow<'de, str>> {
        self.expect(b'"')?;
        let mut whole = Cow::Borrowed("");
        loop {
            let rest = self.text.get(self.at..).ok_or(Unreadable)?;
            let length = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Unreadable)?;
            let (plain, from) = rest.split_at(length);
            self.at += length + 1;
            if from.starts_with('"') {
                return Ok(if whole.is_empty() { Cow::Borrowed(plain) } else { whole + plain });
            }
            let escaped = self.escaped()?;
            let whole = whole.to_mut();
            whole.push_str(plain);
            whole.push(escaped);
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self) -> Read<char> {
        let byte = self.text.as_bytes().get(self.at).copied().unwrap_or_default();
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return char::from_u32(first).ok_or(Unreadable);
                }
                let rest = self.text.get(self.at..).unwrap_or_default();
                self.at += if rest.starts_with("\\u") { 2 } else { return Err(Unreadable) };
                let second = self.hex()?.checked_sub(0xdc00).filter(|second| *second < 0x400).ok_or(Unreadable)?;
                char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + second).ok_or(Unreadable)?
            }
            _ => return Err(Unreadable),
        })
    }

    fn hex(&mut self) -> Read<u32> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| !digits.starts_with('+')).ok_or(Unreadable)?;
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Unreadable)
    }

    /// Passes over a value, however deep it is.
    fn pass(&mut self) -> Read<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                b'"' => drop(self.string()?),
                b'{' | b'[' => {
                    self.at += 1;
                    depth += 1;
                    continue;
                }
                b'}' | b']' if depth > 0 => {
                    self.at += 1;
                    depth -= 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                _ if self.word().is_empty() => return Err(Unreadable),
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Reads numbers of any width as the widest: a visitor refuses what does not fit.
macro_rules! numbers {
    ($read:ident $visit:ident: $($deserialize:ident)*) => {
        $(fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            visitor.$visit(self.$read()?)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    numbers! { signed visit_i64: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 }
    numbers! { unsigned visit_u64: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.word() {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Unreadable),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.peek() != b'n' {
            return visitor.visit_some(self);
        }
        self.deserialize_unit(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        if self.word() == "null" { visitor.visit_unit() } else { Err(Unreadable) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.expect(b'[')?;
        let value = visitor.visit_seq(Items { reader: self, is_first: true })?;
        self.expect(b']')?;
        Ok(value)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let mut fields = Fields::begin(self, fields)?;
        let value = visitor.visit_seq(&mut fields)?;
        fields.end()?;
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        let has_content = self.eat(b'{');
        let value = visitor.visit_enum(Variant::begin(self, variants, has_content)?)?;
        if has_content {
            self.expect(b'}')?;
        }
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.pass()?;
        visitor.visit_unit()
    }

    /// For what our types have nothing of.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Read<V::Value> {
        Err(Unreadable)
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit_struct tuple_struct map identifier
    }
}

struct Items<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
}

impl Items<'_, '_> {
    fn is_over(&mut self) -> Read<bool> {
        if self.reader.peek() == b']' {
            return Ok(true);
        }
        if !std::mem::take(&mut self.is_first) {
            self.reader.expect(b',')?;
        }
        Ok(false)
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        if self.is_over()? { Ok(None) } else { seed.deserialize(&mut *self.reader).map(Some) }
    }
}

/// How errors travel: JSON like everything else, read by this reader.
pub struct Json;

impl ContentType for Json {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Json {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Json {
    type Error = leptos::serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, Self::Error> {
        leptos::serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Json {
    type Error = Unreadable;

    fn decode(bytes: Bytes) -> Result<T, Unreadable> {
        read(std::str::from_utf8(&bytes).map_err(|_| Unreadable)?)
    }
}

#[cfg(test)]
mod tests;
