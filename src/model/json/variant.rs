//! One of several: a word, or an object of one field that is named like it.

use serde::de::value::U32Deserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use super::{Read, Reader, Unreadable};

pub struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// Which of the variants, by its place in their declaration.
    place: u32,
}

impl<'r, 'de> Variant<'r, 'de> {
    pub fn begin(reader: &'r mut Reader<'de>, variants: &'static [&'static str], has_content: bool) -> Read<Self> {
        let word = reader.string()?;
        let place = variants.iter().position(|variant| *variant == word).and_then(|place| u32::try_from(place).ok());
        if has_content {
            reader.expect(b':')?;
        }
        Ok(Self { reader, place: place.ok_or(Unreadable)? })
    }
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let place: U32Deserializer<Unreadable> = self.place.into_deserializer();
        Ok((seed.deserialize(place)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Read<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Read<T::Value> {
        seed.deserialize(self.reader)
    }

    /// Ours have none.
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Read<V::Value> {
        Err(Unreadable)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Read<V::Value> {
        self.reader.deserialize_struct("", fields, visitor)
    }
}
