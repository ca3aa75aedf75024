//! Where a page begins, as an opaque word of the URL: direction, sort value and id. A malformed one is the first page.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::server::platform::clock::from_micros;

/// No name or address makes a longer word.
const LONGEST: usize = 8 * 1024;
/// Microseconds of the years from 1970 to 9999: databases end somewhere beyond, each elsewhere.
const TIMES: RangeInclusive<i64> = 0..=253_402_300_799_999_999;

/// The sort value of a row: where a page by key begins.
#[derive(Clone, Debug, PartialEq)]
pub enum SortValue {
    Text(String),
    Number(i64),
    Time(DateTime<Utc>),
    /// In a list that has parts before it has an order: the number of the part, and the value in it.
    Ranked(u8, Box<SortValue>),
}

impl SortValue {
    fn encode(&self) -> String {
        match self {
            Self::Text(text) => format!("t{text}"),
            Self::Number(number) => format!("n{number}"),
            Self::Time(time) => format!("d{}", time.timestamp_micros()),
            Self::Ranked(part, value) => format!("r{part:03}{}", value.encode()),
        }
    }

    fn decode(word: &str) -> Option<Self> {
        let rest = word.get(1..)?;
        Some(match word.get(..1)? {
            "t" => Self::Text(rest.to_owned()),
            "n" => Self::Number(rest.parse().ok()?),
            "d" => Self::Time(from_micros(rest.parse().ok().filter(|micros| TIMES.contains(micros))?)),
            // A part is in no part.
            "r" if rest.get(3..4) != Some("r") => {
                Self::Ranked(rest.get(..3)?.parse().ok()?, Box::new(Self::decode(rest.get(3..)?)?))
            }
            _ => return None,
        })
    }
}

/// A place in a sorted list, and which way the page goes from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// The page lies before this place.
    pub backwards: bool,
    pub value: SortValue,
    pub id: Uuid,
}

impl Cursor {
    pub fn encode(&self) -> String {
        let direction = if self.backwards { 'b' } else { 'f' };
        URL_SAFE_NO_PAD.encode(format!("{direction}{}{}", self.id.simple(), self.value.encode()))
    }

    pub fn decode(word: &str) -> Option<Self> {
        if word.len() > LONGEST {
            return None;
        }
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(word).ok()?).ok()?;
        let backwards = match text.get(..1)? {
            "b" => true,
            "f" => false,
            _ => return None,
        };
        let id = Uuid::try_parse(text.get(1..33)?).ok()?;
        Some(Self { backwards, value: SortValue::decode(text.get(33..)?)?, id })
    }

    pub fn at_time(backwards: bool, time: DateTime<Utc>, id: Uuid) -> Self {
        Self { backwards, value: SortValue::Time(time), id }
    }
}

/// One page out of rows that were read one over the limit: puts them in reading order and tells whether there are
/// pages on both sides.
pub struct Window<T> {
    pub rows: Vec<T>,
    pub has_next: bool,
    pub has_previous: bool,
}

impl<T> Window<T> {
    /// `rows` as the database gave them: in reading order, or reversed where the page lies before its cursor.
    pub fn new(rows: Vec<T>, limit: usize, cursor: Option<&Cursor>) -> Self {
        Self::of(Bounded::new(rows, limit as i64), cursor)
    }

    /// [`Self::new`] of rows of which it is known whether there are more.
    pub fn of(rows: Bounded<T>, cursor: Option<&Cursor>) -> Self {
        let (mut rows, more) = rows.apart();
        match cursor {
            Some(cursor) if cursor.backwards => {
                rows.reverse();
                Self { rows, has_next: true, has_previous: more }
            }
            cursor => Self { rows, has_next: more, has_previous: cursor.is_some() },
        }
    }
}

/// The first rows of a list that is read up to a limit. Who takes them is told whether there are more, to say so.
#[derive(Debug)]
pub struct Bounded<T> {
    rows: Vec<T>,
    more: bool,
}

impl<T> Bounded<T> {
    /// `read` has one over the limit, where there are as many.
    pub fn new(mut read: Vec<T>, limit: i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or_default();
        let more = read.len() > limit;
        read.truncate(limit);
        Self { rows: read, more }
    }

    /// Whether there is nothing in it and nothing behind it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && !self.more
    }

    /// The rows, and whether there are more than these.
    pub fn apart(self) -> (Vec<T>, bool) {
        (self.rows, self.more)
    }

    /// The same with other rows made of these.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn try_map<U, E>(self, make: impl FnOnce(Vec<T>) -> Result<Vec<U>, E>) -> Result<Bounded<U>, E> {
        Ok(Bounded { rows: make(self.rows)?, more: self.more })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = SortValue> {
        prop_oneof![
            ".{0,40}".prop_map(SortValue::Text),
            any::<i64>().prop_map(SortValue::Number),
            (0_i64..4_000_000_000_000_000).prop_map(|micros| SortValue::Time(from_micros(micros))),
            (any::<u8>(), ".{0,40}").prop_map(|(part, text)| SortValue::Ranked(part, Box::new(SortValue::Text(text)))),
        ]
    }

    proptest! {
        #[test]
        fn a_cursor_comes_back_as_it_went(backwards: bool, value in any_value(), id: u128) {
            let cursor = Cursor { backwards, value, id: Uuid::from_u128(id) };
            prop_assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        }

        #[test]
        fn a_time_beyond_all_years_is_no_cursor(micros in prop_oneof![i64::MIN..0, 253_402_300_800_000_000..=i64::MAX]) {
            let word = URL_SAFE_NO_PAD.encode(format!("f{}d{micros}", Uuid::nil().simple()));
            prop_assert_eq!(Cursor::decode(&word), None);
        }

        #[test]
        fn a_list_says_that_there_is_more_exactly_where_there_is(read in 0_usize..9) {
            let (rows, more) = Bounded::new(vec![(); read], 4).apart();
            prop_assert_eq!((rows.len(), more), (read.min(4), read > 4));
        }

        #[test]
        fn junk_is_no_cursor_and_no_panic(word in ".{0,80}") {
            let _ = Cursor::decode(&word);
        }
    }
}
