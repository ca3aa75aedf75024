//! A change of one value: left as it is, taken away, or set.

use serde::{Deserialize, Serialize};

/// What is said about a value that may be there or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Given<T> {
    /// It stays as it is.
    #[default]
    Kept,
    Cleared,
    Set(T),
}

impl<T> Given<T> {
    pub fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Kept | Self::Cleared => None,
        }
    }

    /// The value afterwards, if there is one.
    pub fn over(&self, known: Option<T>) -> Option<T>
    where
        T: Clone,
    {
        match self {
            Self::Kept => known,
            Self::Cleared => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Given<U> {
        match self {
            Self::Kept => Given::Kept,
            Self::Cleared => Given::Cleared,
            Self::Set(value) => Given::Set(to(value)),
        }
    }
}
