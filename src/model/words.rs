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
            $($(#[$about:meta])* $variant:ident = $word:literal => $label:literal,)+
        }
    ) => {
        $crate::model::words::words! {
            $(#[$meta])*
            pub enum $name {
                $($(#[$about])* $variant = $word,)+
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
    use super::UnknownWord;
    use crate::model::session::EndReason;

    #[test]
    fn a_word_is_read_as_it_was_written_and_no_other_one_is() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::parse(reason.as_str()), Some(reason));
            assert_eq!(EndReason::try_from(reason.as_str().to_owned()), Ok(reason));
        }
        let unknown = UnknownWord { vocabulary: "EndReason", word: "Expired".to_owned() };
        assert_eq!(unknown.to_string(), "\"Expired\" is no EndReason");
        assert_eq!(EndReason::try_from("Expired".to_owned()), Err(unknown));
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn json_has_the_same_words() {
        use crate::model::problem::ProblemKind;

        let read = serde_json::from_str::<Vec<ProblemKind>>;
        let json = "[\"post_logout_redirect_uri\",\"grant\"]";
        assert_eq!(read(json).ok(), Some(vec![ProblemKind::LogoutRedirectUri, ProblemKind::Grant]));
        assert_eq!(serde_json::to_string(&read(json).unwrap_or_default()).ok().as_deref(), Some(json));
        let error = read("[\"grants\"]").expect_err("no such word").to_string();
        assert!(error.starts_with("\"grants\" is no ProblemKind"), "{error}");
    }
}
