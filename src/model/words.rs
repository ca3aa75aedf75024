//! Enums that travel as words: one list says the variant, the word of addresses, tables and JSON, and what people read.
//!
//! By hand instead of derived, so that the browser module has one small reader for all of them and nothing is compiled for it.

use std::fmt;

/// A word that the vocabulary does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownWord {
    /// The enum's name.
    pub vocabulary: &'static str,
    pub word: String,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}", self.word, self.vocabulary)
    }
}

impl std::error::Error for UnknownWord {}

/// Defines an enum with its `ALL`, `as_str` and `parse`, and how it is read and written: `Variant = "word"` each; words of
/// earlier versions that mean the same follow behind `|`. With
/// `=> "Label"` behind every word it has a `label`, too.
macro_rules! words {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$about:meta])* $variant:ident = $word:literal $(| $before:literal)* => $label:literal,)+
        }
    ) => {
        $crate::model::words::words! {
            $(#[$meta])*
            pub enum $name {
                $($(#[$about])* $variant = $word $(| $before)*,)+
            }
        }

        impl $name {
            /// What people read.
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $label,)+
                }
            }
        }
    };
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$about:meta])* $variant:ident = $word:literal $(| $before:literal)*,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// In the order of the list.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in addresses, tables, files and JSON.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            pub fn parse(word: &str) -> Option<Self> {
                $($(if word == $before {
                    return Some(Self::$variant);
                })*)+
                Self::ALL.into_iter().find(|known| known.as_str() == word)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::model::words::UnknownWord;

            fn try_from(word: String) -> Result<Self, Self::Error> {
                Self::parse(&word).ok_or($crate::model::words::UnknownWord { vocabulary: stringify!($name), word })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                Self::try_from(word).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use leptos::serde_json::{from_str, to_string};

    use super::UnknownWord;

    words! {
        pub enum Signal {
            Stop = "stop" => "Stop",
            GoOn = "go_on" | "go" => "Go on",
        }
    }

    #[test]
    fn a_word_is_read_as_it_was_written_and_no_other_one_is() {
        for signal in Signal::ALL {
            assert_eq!(Signal::parse(signal.as_str()), Some(signal));
            assert_eq!(Signal::try_from(signal.as_str().to_owned()), Ok(signal));
        }
        let unknown = UnknownWord { vocabulary: "Signal", word: "Stop".to_owned() };
        assert_eq!(unknown.to_string(), "\"Stop\" is no Signal");
        assert_eq!(Signal::try_from("Stop".to_owned()), Err(unknown));
        assert_eq!(Signal::GoOn.label(), "Go on");
    }

    #[test]
    fn a_word_of_an_earlier_version_is_read_and_never_written() {
        assert_eq!(Signal::parse("go"), Some(Signal::GoOn));
        assert_eq!(Signal::GoOn.as_str(), "go_on");
    }

    #[test]
    fn json_has_the_same_words() {
        let json = "[\"go_on\",\"stop\"]";
        let read = from_str::<Vec<Signal>>(json).expect("both are known");
        assert_eq!(read, [Signal::GoOn, Signal::Stop]);
        assert_eq!(to_string(&read).expect("JSON"), json);
        let error = from_str::<Vec<Signal>>("[\"gone\"]").expect_err("no such word").to_string();
        assert!(error.starts_with("\"gone\" is no Signal"), "{error}");
    }
}
