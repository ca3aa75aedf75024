//! A text field of a form as it came: not sent, or sent, be it empty.
//!
//! The codec of forms reads `name=` into an `Option` as `None`, as if the field had not been there. Where to empty a field
//! means something, that is another thing.

use serde::{Deserialize, Deserializer, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Typed(Option<String>);

impl Typed {
    pub fn text(self) -> Option<String> {
        self.0
    }
}

impl From<String> for Typed {
    fn from(text: String) -> Self {
        Self(Some(text))
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
